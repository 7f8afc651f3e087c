/**
 * Where the API server is and who we are to it: from a kubeconfig (kubeconfig.ts reads it) or from the pod's service account.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { PluginCredentials } from './credential-plugins.ts';
import { readKubeconfig, type ChosenContext, type KubeconfigCluster, type KubeconfigUser } from './kubeconfig.ts';

/** What one request needs to be trusted. Certificates are PEM. Never log it. */
export interface Credentials {
  /** Authorization and impersonation. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsIdentity;
}

/** How the connection is secured. Another identity needs another connection. */
export interface TlsIdentity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the server's certificate, if it isn't its host name. */
  readonly servername?: string;
  /** The kubeconfig says insecure-skip-tls-verify. */
  readonly insecure: boolean;
}

/** A cluster and our identity in it. */
export interface ClusterConfig {
  /** Base URL; may have a path. */
  readonly server: string;
  /** The namespace of the kubeconfig's context or of the pod; undefined if neither says one. */
  readonly namespace?: string;
  /** URL of an HTTP proxy. */
  readonly proxyUrl?: string;
  /** Current credentials. Files are read anew and plugins asked anew, so that rotation needs no restart; callers cache briefly. */
  credentials(): Promise<Credentials>;
}

/** Options of {@link loadClusterConfig}. */
export interface LoadOptions {
  /** Path of a kubeconfig; wins over everything else. */
  readonly kubeconfig?: string;
  /** Another context than the current one. */
  readonly context?: string;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its service account. @default '/var/run/secrets/kubernetes.io/serviceaccount' */
  readonly serviceAccountFolder?: string;
}

/** Every pod has it there: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds the cluster, in the order of client-go: the given file, $KUBECONFIG, the pod's service account, ~/.kube/config.
 * @throws Error if there is none, or if it can't be used; the message says what to do.
 */
export function loadClusterConfig(options: LoadOptions = {}): ClusterConfig {
  const env = options.env ?? process.env;
  const file = options.kubeconfig ?? kubeconfigFile(env);
  if (file !== undefined) return fromKubeconfig(file, options.context);
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host) return inPod(host, env['KUBERNETES_SERVICE_PORT'] ?? '443', options.serviceAccountFolder ?? serviceAccountFolder);
  throw new Error('no cluster found: pass --kubeconfig, set KUBECONFIG, or run in a pod with a service account');
}

/** A cluster without authentication, such as one behind `kubectl proxy` or in a test. */
export function plainClusterConfig(server: string): ClusterConfig {
  return { server, credentials: () => Promise.resolve({ headers: {}, tls: { insecure: false } }) };
}

function kubeconfigFile(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env['KUBECONFIG']) return env['KUBECONFIG'];
  if (env['KUBERNETES_SERVICE_HOST']) return undefined;
  const usual = join(env['HOME'] ?? homedir(), '.kube', 'config');
  return existsSync(usual) ? usual : undefined;
}

/** The kubelet renews the token long before it expires, and CA bundles are exchanged: both are read anew each time. */
function inPod(host: string, port: string, folder: string): ClusterConfig {
  const namespaceFile = join(folder, 'namespace');
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : '';
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(namespace === '' ? {} : { namespace }),
    credentials: async () => ({
      headers: { authorization: `Bearer ${(await readFile(join(folder, 'token'), 'utf8')).trim()}` },
      tls: { ca: await readFile(join(folder, 'ca.crt'), 'utf8'), insecure: false },
    }),
  };
}

function fromKubeconfig(path: string, contextName: string | undefined): ClusterConfig {
  const files = path.split(':').filter((file) => file !== '');
  const context = readKubeconfig(files, contextName);
  const { cluster, namespace } = context;
  if (cluster.proxyUrl?.startsWith('socks')) {
    throw new Error(`cluster "${cluster.name}" asks for a SOCKS proxy, which is not supported: use an HTTP proxy`);
  }
  let plugin: Promise<() => Promise<PluginCredentials>> | undefined;
  const askPlugin = async (): Promise<PluginCredentials> => {
    plugin ??= import('./credential-plugins.ts').then((module) => module.createCredentialPlugin(files, contextName));
    return (await plugin)();
  };
  return {
    server: cluster.server.replace(/\/+$/, ''),
    ...(namespace === undefined ? {} : { namespace: namespace.trim() }),
    ...(cluster.proxyUrl === undefined ? {} : { proxyUrl: cluster.proxyUrl }),
    credentials: () => credentialsOf(context, askPlugin),
  };
}

async function credentialsOf(
  { cluster, user }: ChosenContext,
  askPlugin: () => Promise<PluginCredentials>,
): Promise<Credentials> {
  // Without TLS everybody on the way could read them; only a static token makes sense there, and `kubectl proxy` needs none.
  if (cluster.server.startsWith('http:')) return { headers: await bearer(user), tls: { insecure: false } };
  const { headers, ...identity } = user.plugin ? await askPlugin() : { headers: {} };
  return {
    headers: { ...impersonation(user), ...headers, ...basicAuth(user), ...(user.plugin ? {} : await bearer(user)) },
    tls: { ...(await tlsIdentity(cluster, user)), ...identity },
  };
}

/** A file is read anew each time: its token may have been renewed. It wins over a token beside it, as in client-go. */
async function bearer({ token, tokenFile }: KubeconfigUser): Promise<Record<string, string>> {
  const current = tokenFile === undefined ? token : await readFile(tokenFile, 'utf8');
  return current === undefined ? {} : { authorization: `Bearer ${current.trim()}` };
}

function impersonation({ impersonate }: KubeconfigUser): Record<string, string> {
  return impersonate === undefined ? {} : { 'impersonate-user': impersonate };
}

function basicAuth({ username, password }: KubeconfigUser): Record<string, string> {
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

async function tlsIdentity(cluster: KubeconfigCluster, user: KubeconfigUser): Promise<TlsIdentity> {
  const [ca, cert, key] = await Promise.all([
    pem(cluster.caData, cluster.caFile),
    pem(user.certData, user.certFile),
    pem(user.keyData, user.keyFile),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
    insecure: cluster.insecure,
  };
}

/** Data wins over a file, as in client-go. */
async function pem(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined ? undefined : readFile(file, 'utf8');
}
