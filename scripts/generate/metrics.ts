/** docs/reference/metrics.md: every metric that the operator exports, asked of the code that registers them. */
import { Registry } from 'prom-client';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { registerProcess } from '../../src/metrics-process.ts';
import { createShareMetrics, registerRates } from '../../src/metrics.ts';

/** A metric as it is registered. */
export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

/** Every metric of the operator, by name. */
export function allMetrics(): readonly MetricDescription[] {
  const registry = new Registry();
  createKubeMetrics(registry);
  registerProcess(registry, { installation: '' });
  registerRates(registry, { rates: () => [] });
  const memory = { items: new Map(), sweeps: new Map(), conflicts: new Map() };
  createShareMetrics(registry, { memory, items: () => [], environments: () => [], clock: { now: () => 0 } });
  // What prom-client's types leave out; a test compares the labels with those of a real scrape.
  const metrics = registry.getMetricsAsArray() as unknown as readonly (Omit<MetricDescription, 'labels'> & {
    readonly labelNames: readonly string[];
  })[];
  return metrics
    .map(({ name, type, help, labelNames }) => ({ name, type, help, labels: labelNames.filter((label) => label !== 'le') }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The page. */
export function metricsPage(): string {
  const metrics = allMetrics();
  const table = (rows: readonly MetricDescription[]): string[] => [
    '| metric | type | labels | what it says |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map((each) => `\`${each}\``).join(', ')} | ${help} |`,
    ),
  ];
  const own = ({ name }: MetricDescription): boolean => name.startsWith('sluice_');
  return [
    '# Metrics',
    '',
    'What the operator serves at `/metrics`. Generated from the code that registers them by `npm run generate`. What to look at, and what to do when it is wrong, is in',
    '[Runbooks](../runbooks.md); how they are scraped is in the [platform guide](../guide/platform.md#metrics-dashboard-and-alerts).',
    '',
    '## Of shares and AWS',
    '',
    'By the replica that leads; `sluice_info` by each.',
    '',
    ...table(metrics.filter(own)),
    '',
    '## Of the Kubernetes runtime and the process',
    '',
    'By each replica, under the names, labels and buckets of controller-runtime, client-go and the Prometheus client libraries: dashboards made for operators work.',
    '',
    ...table(metrics.filter((metric) => !own(metric))),
    '',
  ].join('\n');
}
