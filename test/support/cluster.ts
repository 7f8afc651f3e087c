/**
 * A real API server for a test, and how a test works with it: that of its lane (lanes.ts), or one that the caller has started. Each test makes namespaces of its own
 * with `uniqueNamespace`, since all files of a lane share one cluster; what has no namespace (CRDs, admission policies) is installed once, by `installChart`.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { accessCluster } from '../../sandbox/cluster/access.ts';
import type { ClusterAccess, KubectlOptions } from '../../sandbox/cluster/access.ts';
import { applyChart } from '../../sandbox/cluster/chart.ts';
import type { ChartOptions } from '../../sandbox/cluster/chart.ts';
import { launchCluster } from './lanes.ts';
import type { SharedCluster } from './lanes.ts';

/** The cluster that the functions below work with. */
let current: SharedCluster | undefined;

/** For a program of its own, such as the benchmarks: starts a cluster that the functions below use from then on. Returns what stops it. */
export async function startOwnCluster(log: (line: string) => void): Promise<() => Promise<void>> {
  const { shared: own, stop } = await launchCluster(log);
  useCluster(own);
  return stop;
}

/** The functions below work with this cluster from now on. */
export function useCluster(given: SharedCluster): void {
  current = given;
}

function shared(): SharedCluster {
  if (current === undefined) throw new Error('There is no cluster yet: call useCluster or startOwnCluster first.');
  return current;
}

/** The shared cluster, as its administrator. */
export function cluster(): ClusterAccess {
  const { kubeconfig, dir, kubectl: kubectlPath, helm } = shared();
  return accessCluster({ kubeconfig, dir, binaries: { kubectl: kubectlPath, helm } });
}

/** Path of the administrator's kubeconfig. */
export function kubeconfig(): string {
  return shared().kubeconfig;
}

/**
 * Runs the real kubectl and returns its output: `await kubectl(['get', 'datasets', '-n', ns], { as: 'alice', groups: ['sales'] })`.
 * @throws CommandError whose message holds the command line and kubectl's own words.
 */
export function kubectl(args: readonly string[], options?: KubectlOptions): Promise<string> {
  return cluster().kubectl(args, options);
}

/** Applies objects (server-side) as the administrator, or as the user that `options` says. */
export async function apply(objects: readonly object[], options: Omit<KubectlOptions, 'input'> = {}): Promise<string> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  return kubectl(['apply', '--server-side', '--filename', '-'], { ...options, input });
}

/** Reads one object. `T` is what the caller takes it for: nothing checks it. */
export async function get<T = Record<string, unknown>>(resource: string, name: string, namespace?: string): Promise<T> {
  const scope = namespace === undefined ? [] : ['--namespace', namespace];
  return JSON.parse(await kubectl(['get', resource, name, '--output', 'json', ...scope])) as T;
}

/** Creates a namespace of a name that no other test has, with these labels, and returns the name. */
export async function uniqueNamespace(prefix = 'test', labels: Readonly<Record<string, string>> = {}): Promise<string> {
  const name = `${prefix}-${randomBytes(5).toString('hex')}`;
  const metadata = { name, labels };
  await kubectl(['create', '--filename', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }) });
  return name;
}

/**
 * Installs the chart's CRDs, RBAC and admission policies, with no operator running, and waits until the CRDs are served.
 * Idempotent: the second call upgrades.
 */
export function installChart(options?: ChartOptions): Promise<void> {
  return applyChart(cluster(), options);
}

/** Writes a kubeconfig of a ServiceAccount into the run's temporary folder and returns its path. */
export function serviceAccountKubeconfig(namespace: string, name: string): Promise<string> {
  const path = join(shared().dir, 'users', `${namespace}-${name}.kubeconfig`);
  return cluster().serviceAccountKubeconfig(namespace, name, path);
}
