/** What a busy operator exports, twice, from the code that exports it: a share of each phase, calls to AWS, a refusal, an orphan, a quarrel. */
import { Registry } from 'prom-client';
import type { Environment, ShareItem } from '../../../src/api/index.ts';
import type { ItemMemory, Sweep } from '../../../src/controllers/memory.ts';
import { createKubeMetrics } from '../../../src/kube/metrics.ts';
import { registerProcess } from '../../../src/metrics-process.ts';
import { createShareMetrics, registerRates, type MetricSources } from '../../../src/metrics.ts';

/** One series, as promtool takes it. */
export interface Series {
  readonly series: string;
  readonly values: string;
}

const now = Date.parse('2027-01-01T00:00:00Z');
const phases = { PendingApproval: '', ShareSucceeded: 'Healthy', ShareFailed: '', RevokeFailed: 'Unhealthy' } as const;
const account = '111122223333';

/** The series of one target over a quarter of an hour, scraped once a minute: gauges stand still, counters grow. */
export async function busyOperator(): Promise<readonly Series[]> {
  const registry = new Registry();
  const kube = createKubeMetrics(registry);
  registerProcess(registry, { installation: 'prod0001' });
  registerRates(registry, { rates: () => [{ accountId: account, service: 'IAM', rate: 25, ceiling: 50 }] });
  const shares = createShareMetrics(registry, sources());
  const leader = kube.leader('sluice-leader');
  const [queue, controller] = [kube.queue('shareitem'), kube.controller('shareitem')];
  const work = (): void => {
    leader.leading(true);
    queue.depthChanged(0, 1);
    controller.started();
    controller.ended('error', 10);
    kube.transport.requested({ code: '200', method: 'GET', host: 'api', ms: 5 });
    shares.called({ service: 'IAM', operation: 'GetPolicy', accountId: account, code: 'OK', requestId: undefined });
    shares.called({
      service: 'IAM',
      operation: 'GetPolicy',
      accountId: account,
      code: 'Throttling',
      failure: 'throttled',
      requestId: undefined,
    });
    shares.granted(2);
  };
  work();
  const before = await registry.metrics();
  work();
  return seriesOf(before, await registry.metrics());
}

function sources(): MetricSources {
  const reports = Object.entries(phases).map(
    ([phase, health]) => [phase, { report: { phase, healthStatus: health || undefined } }] as const,
  );
  const item = {
    spec: { consent: { expireTime: '2027-01-02T00:00:00Z' } },
    status: { conditions: [{ type: 'Reconciling', status: 'True', lastTransitionTime: '2026-12-31T23:00:00Z' }] },
  };
  const environment = {
    metadata: { name: 'sales' },
    status: {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'PermissionsMissing', status: 'True' },
      ],
    },
  };
  return {
    memory: {
      items: new Map(reports as unknown as [string, ItemMemory][]),
      sweeps: new Map([['sales', { orphans: [{ kind: 'BucketPolicy' }] } as unknown as Sweep]]),
      conflicts: new Map([['bucket-policy/acme-orders', {} as never]]),
    },
    items: () => [item as unknown as ShareItem],
    environments: () => [environment as unknown as Environment],
    clock: { now: () => now },
  };
}

/** Two scrapes as series that go on like that, with the labels that a PodMonitor adds. */
function seriesOf(before: string, after: string): Series[] {
  const samples = (text: string): Map<string, number> =>
    new Map([...text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)].map(([, series = '', value]) => [series, Number(value)]));
  const first = samples(before);
  return [...samples(after)].map(([series, value]) => {
    const target = 'job="sluice",namespace="sluice-system",instance="10.0.0.1:8080",pod="sluice-0"';
    const [, name = '', labels = ''] = /^([a-z_]+)(?:\{(.*)\})?$/.exec(series) ?? [];
    const start = first.get(series) ?? value;
    return {
      series: `${name}{${[labels, target].filter((each) => each !== '').join(',')}}`,
      values: `${String(start)}+${String(value - start)}x15`,
    };
  });
}
