/**
 * One real API server for all cluster tests, and how a test works with it. Vitest calls `setup` once per run of the project
 * "cluster" (globalSetup); tests call the rest. Each test makes namespaces of its own with `uniqueNamespace`, since the cluster is
 * shared; what has no namespace (CRDs, admission policies) is installed once, by `installChart`.
 * SLUICE_TEST_KUBECONFIG names another cluster to use instead.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { accessCluster } from '../../sandbox/cluster/access.ts';
import type { ClusterAccess, KubectlOptions } from '../../sandbox/cluster/access.ts';
import { ensureBinaries } from '../../sandbox/cluster/binaries.ts';
import { applyChart } from '../../sandbox/cluster/chart.ts';
import type { ChartOptions } from '../../sandbox/cluster/chart.ts';
import { startCluster } from '../../sandbox/cluster/cluster.ts';

interface SharedCluster {
  readonly kubeconfig: string;
  /** Folder for caches and for kubeconfigs of ServiceAccounts. */
  readonly dir: string;
  readonly kubectl: string;
  readonly helm: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    cluster: SharedCluster;
  }
}

/** Starts the shared cluster; vitest calls what it returns at the end. It is gone with the test run, however that ends. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const log = (line: string): void => project.vitest.logger.log(line);
  const { kubectl, helm } = await ensureBinaries(log);
  // Nothing of the developer's own cluster is ever touched by accident: KUBECONFIG alone isn't enough.
  const given = process.env['SLUICE_TEST_KUBECONFIG'];
  const own = given ? undefined : await startCluster({ dir, log });
  project.provide('cluster', { kubeconfig: given ?? join(dir, 'kubeconfig'), dir, kubectl, helm });
  return async () => own?.stop();
}

/** The cluster of a program that vitest does not run. */
let outsideVitest: SharedCluster | undefined;

/** For a program of its own, such as the benchmarks: starts a cluster that the functions below use from then on. Returns what stops it. */
export async function startOwnCluster(log: (line: string) => void): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const { kubectl, helm } = await ensureBinaries(log);
  const own = await startCluster({ dir, log });
  outsideVitest = { kubeconfig: join(dir, 'kubeconfig'), dir, kubectl, helm };
  return () => own.stop();
}

/** The functions below work with this cluster from now on: for tests that start one of their own. */
export function useCluster(given: SharedCluster): void {
  outsideVitest = given;
}

function shared(): SharedCluster {
  return outsideVitest ?? inject('cluster');
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
