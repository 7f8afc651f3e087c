/**
 * Talking to a cluster as its administrator, as any other user, or as a ServiceAccount, with the real kubectl. Works for the local
 * cluster and for one that the user brings along: all it needs is a kubeconfig. For people and tests; the operator has its own client.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

/** How to act, and what to pipe in. Without `as` the call is the administrator's. */
export interface KubectlOptions {
  /** User to impersonate: "alice", "system:serviceaccount:sales:default". */
  readonly as?: string;
  readonly groups?: readonly string[];
  /** Standard input, for `-f -`. */
  readonly input?: string;
  /** Another kubeconfig than the administrator's. */
  readonly kubeconfig?: string;
}

/** A cluster that can be worked with. */
export interface ClusterAccess {
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /**
   * Runs kubectl and returns what it prints.
   * @throws CommandError with kubectl's own words.
   */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<string>;
  /** Runs helm and returns what it prints. */
  readonly helm: (args: readonly string[]) => Promise<string>;
  /**
   * Writes a kubeconfig with a token of an existing ServiceAccount, from the TokenRequest API, valid for a year.
   * @returns `path`.
   */
  readonly serviceAccountKubeconfig: (namespace: string, name: string, path: string) => Promise<string>;
}

/** Which programs and which cluster. `dir` takes caches, so that nothing is written to the user's home. */
export interface AccessOptions {
  readonly kubeconfig: string;
  readonly dir: string;
  readonly binaries: { readonly kubectl: string; readonly helm: string };
}

/** Everything that works with a kubeconfig alone. */
export function accessCluster({ kubeconfig, dir, binaries }: AccessOptions): ClusterAccess {
  const env = toolEnvironment(dir, kubeconfig);
  const kubectl: ClusterAccess['kubectl'] = (args, options = {}) =>
    run(binaries.kubectl, [...args, ...identity(options)], { env, ...(options.input !== undefined && { input: options.input }) });
  return {
    kubeconfig,
    kubectl,
    helm: (args) => run(binaries.helm, args, { env }),
    serviceAccountKubeconfig: async (namespace, name, path) => {
      const token = await kubectl(['create', 'token', name, '--namespace', namespace, '--duration', '8760h']);
      const view = await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '--output', 'json']);
      const { clusters } = JSON.parse(view) as { clusters: readonly { cluster: Record<string, unknown> }[] };
      const cluster = clusters[0]?.cluster;
      if (!cluster) throw new Error(`${kubeconfig} names no cluster in its current context.`);
      writeKubeconfig(path, { cluster, user: { token: token.trim() }, namespace });
      return path;
    },
  };
}

function identity({ as, groups = [], kubeconfig }: KubectlOptions): string[] {
  return [
    ...(as === undefined ? [] : ['--as', as]),
    ...groups.flatMap((group) => ['--as-group', group]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ];
}

// A discovery cache is kept by address, and two clusters may well get the same port one after the other: so each has its own.
function toolEnvironment(dir: string, kubeconfig: string): NodeJS.ProcessEnv {
  const helm = join(dir, 'helm');
  return {
    ...process.env,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(dir, 'kubectl-cache'),
    HELM_CACHE_HOME: join(helm, 'cache'),
    HELM_CONFIG_HOME: join(helm, 'config'),
    HELM_DATA_HOME: join(helm, 'data'),
  };
}

/** The parts of a kubeconfig that has one context. */
export interface KubeconfigParts {
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
  readonly namespace?: string;
}

/** Writes a kubeconfig that only its owner can read. JSON is YAML, and needs no quoting rules. */
export function writeKubeconfig(path: string, { cluster, user, namespace }: KubeconfigParts): void {
  const name = 'sluice';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace !== undefined && { namespace }) } }],
    'current-context': name,
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}
