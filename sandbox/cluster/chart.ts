/**
 * The product's chart on a cluster without nodes: CRDs, RBAC and admission policies exactly as users get them, and a Deployment of no
 * replicas, because the operator runs beside the cluster. Installs with the real helm; knows no value of the chart but `replicas`.
 */
import { join } from 'node:path';
import type { ClusterAccess } from './access.ts';
import { CommandError } from './run.ts';

/** Where the chart goes. */
export interface ChartOptions {
  /** Namespace of the operator, made when missing. Default: sluice-system. */
  readonly namespace?: string;
  /** Name of the release. Default: sluice. */
  readonly release?: string;
  /** More values of the chart, as for helm's --set. */
  readonly set?: Readonly<Record<string, string>>;
}

/** Namespace of the operator in the sandbox. */
export const operatorNamespace = 'sluice-system';

const chart = join(import.meta.dirname, '../../charts/sluice');

/**
 * Installs or upgrades the chart and waits until all of its CRDs are served.
 * @throws CommandError with helm's words.
 */
export async function applyChart(cluster: ClusterAccess, options: ChartOptions = {}): Promise<void> {
  const { namespace = operatorNamespace, release = 'sluice', set = {} } = options;
  const values = Object.entries({ replicas: '0', ...set }).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const install = (): Promise<string> =>
    cluster.helm(['upgrade', release, chart, '--install', '--namespace', namespace, '--create-namespace', ...values]);
  await install().catch(async (error: unknown) => {
    if (!(error instanceof CommandError) || !error.stderr.includes('another operation')) throw error;
    await forgetInterrupted(cluster, { namespace, release });
    await install();
  });
  const crds = (await cluster.kubectl(['get', 'crds', '--output', 'name']))
    .split('\n')
    .filter((name) => name.endsWith('.sluice.dev'));
  if (crds.length > 0) await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...crds]);
}

// A helm that was killed leaves its release "pending" for ever, and every later one refuses to work on it.
async function forgetInterrupted(
  cluster: ClusterAccess,
  { namespace, release }: { namespace: string; release: string },
): Promise<void> {
  const selector = `owner=helm,name=${release},status in (pending-install,pending-upgrade,pending-rollback)`;
  await cluster.kubectl(['delete', 'secrets', '--namespace', namespace, '--selector', selector]);
}
