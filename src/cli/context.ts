/**
 * What every command works with: terminal, clock, and the cluster as the flags of kubectl say it. Nothing is read here that a command does not ask for.
 */
import type { Clock } from '../clock.ts';
import { createClient, type Client } from '../kube/client.ts';
import type { ClusterConfig, Credentials } from '../kube/cluster-config.ts';
import { createTransport } from '../kube/transport.ts';
import type { Terminal } from './terminal.ts';

/** Forms of output. `table` is for people. */
export type Output = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/** The flags that all commands which talk to a cluster have in common; names and meanings are kubectl's. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly as?: string;
  readonly output?: Exclude<Output, 'table'>;
}

/** A cluster to talk to. */
export interface Connection {
  readonly client: Client;
  /** The namespace of the kubeconfig's context, or default. */
  readonly namespace: string;
  close(): Promise<void>;
}

/** What the program is started with; tests bring their own. */
export interface Host {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly connect: (flags: ClusterFlags) => Promise<Connection>;
}

/** What a command gets. */
export interface Context {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  readonly client: Client;
  readonly namespace: string;
  readonly allNamespaces: boolean;
  readonly output: Output;
}

/** Connects to the cluster of the flags; opens no connection before the first request. */
export async function connectCluster(flags: ClusterFlags): Promise<Connection> {
  // Half a second to load, which help, completion of flags and offline plans need not wait for.
  const { loadClusterConfig } = await import('../kube/cluster-config.ts');
  const config = loadClusterConfig({
    ...(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig }),
    ...(flags.context === undefined ? {} : { context: flags.context }),
  });
  const transport = createTransport({ config: impersonating(config, flags), userAgent: 'kubectl-share' });
  return { client: createClient(transport), namespace: config.namespace ?? 'default', close: () => transport.close() };
}

/** For what is done without a cluster: every request would fail, and none is made. */
export function offlineConnection(): Connection {
  const config = { server: 'http://127.0.0.1:0', credentials: () => Promise.reject(new Error('no cluster is asked')) };
  const transport = createTransport({ config });
  return { client: createClient(transport), namespace: 'default', close: () => transport.close() };
}

/** The command's context on a connection. */
export function contextOf(host: Host, connection: Connection, flags: ClusterFlags): Context {
  return {
    terminal: host.terminal,
    clock: host.clock,
    signal: host.signal,
    client: connection.client,
    namespace: flags.namespace ?? connection.namespace,
    allNamespaces: flags.allNamespaces ?? false,
    output: flags.output ?? 'table',
  };
}

/** The namespace to list in; undefined: all. */
export function scopeOf({ namespace, allNamespaces }: Context): { readonly namespace?: string } {
  return allNamespaces ? {} : { namespace };
}

function impersonating(config: ClusterConfig, { as }: ClusterFlags): ClusterConfig {
  if (as === undefined) return config;
  const credentials = async (): Promise<Credentials> => {
    const own = await config.credentials();
    return { ...own, headers: { ...own.headers, 'impersonate-user': as } };
  };
  return { ...config, credentials };
}
