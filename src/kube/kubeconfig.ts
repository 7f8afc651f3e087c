/**
 * Reads kubeconfig files (kubectl's format, https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/): which cluster, which user, and what they say. It runs no credential
 * plugins (credential-plugins.ts) and opens no connection.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

/** A cluster as the file names it. Paths are absolute, data is base64. */
export interface KubeconfigCluster {
  readonly name: string;
  readonly server: string;
  readonly caFile?: string;
  readonly caData?: string;
  readonly tlsServerName?: string;
  readonly proxyUrl?: string;
  readonly insecure: boolean;
}

/** A user as the file names it. Never log it. */
export interface KubeconfigUser {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly certFile?: string;
  readonly certData?: string;
  readonly keyFile?: string;
  readonly keyData?: string;
  readonly username?: string;
  readonly password?: string;
  readonly impersonate?: string;
  /** Its credentials come from a program (`exec`) or from a provider that has to be asked (`auth-provider`). */
  readonly plugin: boolean;
}

/** What a context says. */
export interface ChosenContext {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace?: string;
}

type Fields = Readonly<Record<string, unknown>>;

interface Entry {
  readonly name: string;
  readonly fields: Fields;
  /** What its relative paths are relative to. */
  readonly folder: string;
}

interface Contents {
  readonly current: string | undefined;
  readonly clusters: readonly Entry[];
  readonly users: readonly Entry[];
  readonly contexts: readonly Entry[];
}

/**
 * The context of that name, or the current one. Of several files the first one that names something wins, as with kubectl.
 * @throws Error if a file can't be read or there is no such context; the message says what to do.
 */
export function readKubeconfig(files: readonly string[], contextName?: string): ChosenContext {
  if (files.length === 0) throw new Error('KUBECONFIG holds no file name: give the path of a kubeconfig');
  const all = files.map(readContents);
  const chosen = contextName ?? all.map(({ current }) => current).find((each) => each !== undefined) ?? '';
  const find = (kind: 'clusters' | 'users' | 'contexts', name: string | undefined): Entry | undefined =>
    all.flatMap((one) => one[kind]).find((entry) => entry.name === name);
  const context = find('contexts', chosen)?.fields;
  const cluster = find('clusters', textOf(context?.['cluster']));
  if (context === undefined || textOf(cluster?.fields['server']) === undefined || cluster === undefined) {
    const known = all.flatMap(({ contexts }) => contexts.map(({ name }) => name)).join(', ') || 'none';
    throw new Error(`${files.join(':')} has no usable context "${chosen}"; its contexts are: ${known}`);
  }
  const namespace = textOf(context['namespace']);
  return {
    cluster: clusterOf(cluster),
    user: userOf(find('users', textOf(context['user']))),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function readContents(file: string): Contents {
  const fields = recordOf(parseFile(file)) ?? {};
  const folder = dirname(resolve(file));
  const entries = (list: string, member: string): Entry[] => {
    const values: unknown = fields[list];
    return (Array.isArray(values) ? (values as readonly unknown[]) : []).flatMap((value) => {
      const entry = recordOf(value);
      const name = textOf(entry?.['name']);
      return name === undefined ? [] : [{ name, fields: recordOf(entry?.[member]) ?? {}, folder }];
    });
  };
  return {
    current: textOf(fields['current-context']),
    clusters: entries('clusters', 'cluster'),
    users: entries('users', 'user'),
    contexts: entries('contexts', 'context'),
  };
}

/** What is wrong with the text is not told: it may be next to a token. */
function parseFile(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return parse(text) as unknown;
  } catch {
    throw new Error(`the kubeconfig ${file} is not valid YAML: check it with "kubectl config view --kubeconfig ${file}"`);
  }
}

function clusterOf({ name, fields, folder }: Entry): KubeconfigCluster {
  return {
    name,
    server: textOf(fields['server']) ?? '',
    insecure: fields['insecure-skip-tls-verify'] === true,
    ...texts(fields, { caData: 'certificate-authority-data', tlsServerName: 'tls-server-name', proxyUrl: 'proxy-url' }),
    ...paths(fields, folder, { caFile: 'certificate-authority' }),
  };
}

function userOf(entry: Entry | undefined): KubeconfigUser {
  if (entry === undefined) return { plugin: false };
  const { fields, folder } = entry;
  const provider = recordOf(fields['auth-provider']);
  const config = recordOf(provider?.['config']);
  return {
    // A provider that only names a file is what clients in pods are configured with.
    plugin: fields['exec'] !== undefined || (provider !== undefined && textOf(config?.['tokenFile']) === undefined),
    ...paths(config ?? {}, folder, { tokenFile: 'tokenFile' }),
    ...paths(fields, folder, { tokenFile: 'tokenFile', certFile: 'client-certificate', keyFile: 'client-key' }),
    ...texts(fields, { certData: 'client-certificate-data', keyData: 'client-key-data', token: 'token' }),
    ...texts(fields, { username: 'username', password: 'password', impersonate: 'as' }),
  };
}

type Texts<Name extends string> = { readonly [Key in Name]?: string };

function texts<Name extends string>(fields: Fields, names: Readonly<Record<Name, string>>): Texts<Name> {
  return mapped(names, (field) => textOf(fields[field]));
}

function paths<Name extends string>(fields: Fields, folder: string, names: Readonly<Record<Name, string>>): Texts<Name> {
  return mapped(names, (field) => {
    const path = textOf(fields[field]);
    return path === undefined ? undefined : resolve(folder, path);
  });
}

function mapped<Name extends string>(
  names: Readonly<Record<Name, string>>,
  read: (field: string) => string | undefined,
): Texts<Name> {
  const found = Object.entries<string>(names).flatMap(([name, field]) => {
    const value = read(field);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found) as Texts<Name>;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function recordOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
