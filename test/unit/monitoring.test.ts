/**
 * Metrics, alerts, dashboard and runbooks agree with each other: what is drawn and alerted on is exported, and each alert has a runbook. That the rules fire when
 * they should is tested with Prometheus' own promtool (test/e2e/alerts.test.ts).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { allMetrics } from '../../scripts/generate/metrics.ts';
import type { Environment, ShareItem } from '../../src/api/index.ts';
import { kinds } from '../../src/api/kinds.ts';
import { HEALTH_STATUSES, ITEM_PHASES } from '../../src/api/share-item.ts';
import { createShareMetrics, type MetricSources } from '../../src/metrics.ts';
import { registerProcess } from '../../src/metrics-process.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
  readonly fieldConfig?: {
    readonly defaults: { readonly noValue?: string };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly value: { readonly fixedColor: string } }[];
    }[];
  };
}

const alerts = (parse(read('charts/sluice/files/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const dashboard = JSON.parse(read('charts/sluice/files/dashboard.json')) as { readonly panels: readonly Panel[] };
const drawn = dashboard.panels.filter(({ type }) => type !== 'row');
const metrics = allMetrics();

/** Labels that a scrape adds. */
const targetLabels = ['job', 'namespace', 'instance', 'pod'];

/** Names of metrics in a query: words that are no functions, labels or label values. */
function metricNames(query: string): string[] {
  const withoutLabels = query.replaceAll(/\{[^}]*\}/g, '').replaceAll(/\b(?:by|on|without|ignoring) \([^)]*\)/g, '');
  return [...withoutLabels.matchAll(/\b[a-z]+_[a-z_]+\b(?! ?\()/g)].map(([name]) => name);
}

function labelNames(query: string): string[] {
  const matched = [...query.matchAll(/[{,]\s*(\w+)(?:=|!=|=~|!~)"/g)].map(([, label = '']) => label);
  const grouped = [...query.matchAll(/\b(?:by|on|without) \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
  return [...matched, ...grouped].filter((label) => label !== 'le');
}

const queries: readonly (readonly [string, string])[] = [
  ...alerts.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...drawn.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
];

describe('what is exported', () => {
  test('has the metrics that operators have everywhere, and those of shares', () => {
    expect(metrics.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'controller_runtime_reconcile_total',
        'controller_runtime_reconcile_errors_total',
        'controller_runtime_reconcile_time_seconds',
        'workqueue_depth',
        'workqueue_queue_duration_seconds',
        'leader_election_master_status',
        'rest_client_requests_total',
        'sluice_aws_requests_total',
        'sluice_share_items',
        'sluice_time_to_grant_seconds',
      ]),
    );
  });

  // https://prometheus.io/docs/practices/naming/
  test.each(metrics.map((metric) => [metric.name, metric] as const))('%s is named as Prometheus asks for', (name, metric) => {
    expect(name).toMatch(/^[a-z][a-z_]*[a-z]$/);
    expect(name.endsWith('_total')).toBe(metric.type === 'counter');
    if (metric.type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/);
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|count|sum|bucket)(_|$)/);
    expect(metric.help.length).toBeGreaterThan(10);
    for (const label of metric.labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
  });
});

describe('what is asked of Prometheus', () => {
  test.each(queries)('%s uses what is exported only', (_, query) => {
    const used = metricNames(query).map((name) => {
      const base = name.replace(/_(bucket|sum|count)$/, '');
      return metrics.find((metric) => metric.name === name || (metric.type === 'histogram' && metric.name === base)) ?? name;
    });
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((each) => typeof each === 'string')).toEqual([]);
    const known = new Set([...targetLabels, ...used.flatMap((each) => (typeof each === 'string' ? [] : each.labels))]);
    expect(labelNames(query).filter((label) => !known.has(label))).toEqual([]);
  });

  test('phases, healths and conditions are asked for by names that exist', () => {
    const environment = kinds.find(({ kind }) => kind === 'Environment')?.conditions ?? [];
    const known: Readonly<Record<string, readonly string[]>> = {
      phase: ITEM_PHASES,
      health: [...HEALTH_STATUSES, ''],
      condition: [...environment, 'Stalled'],
    };
    const asked = queries.flatMap(([, query]) =>
      [...query.matchAll(/(phase|health|condition)(?:=|!=|=~)"([^"]*)"/g)].flatMap(([, label = '', values = '']) =>
        values.split('|').map((value) => ({ label, value })),
      ),
    );
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter(({ label, value }) => known[label]?.includes(value) !== true)).toEqual([]);
  });

  test('of names that other operators export as well, only the series of our targets count', () => {
    const foreign = alerts.filter(({ expr }) => metricNames(expr).some((name) => !name.startsWith('sluice_')));
    expect(foreign.length).toBeGreaterThan(3);
    for (const { expr } of foreign) expect(expr).toContain('and on (job, instance) sluice_info');
  });
});

describe('alerts', () => {
  const headings = [...read('docs/runbooks.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);

  test('have a runbook each, and each runbook has its alert', () => {
    expect(headings.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });

  test.each(alerts.map((rule) => [rule.alert, rule] as const))(
    '%s says what is wrong, how bad it is, and where to read on',
    (name, rule) => {
      expect(name).toMatch(/^Sluice[A-Z][A-Za-z]+$/);
      expect(rule.annotations['runbook_url']).toBe(`docs/runbooks.md#${name.toLowerCase()}`);
      expect(rule.annotations['summary']).toMatch(/\.$/);
      expect(rule.annotations['description']).toMatch(/\.$/);
      expect(['critical', 'warning', 'info']).toContain(rule.labels['severity']);
      expect(rule.for).toMatch(/^\d+[mh]$/);
      // The runbook begins with the severity, so that page and rule can't drift apart.
      const section = read('docs/runbooks.md').split(`## ${name}\n`)[1]?.trim() ?? '';
      expect(section.toLowerCase().startsWith(rule.labels['severity'] ?? '?')).toBe(true);
    },
  );
});

describe('the dashboard', () => {
  test('has panels with a title, a description and queries to a data source that is chosen', () => {
    expect(drawn.length).toBeGreaterThan(10);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { title, description, datasource, targets = [] } of drawn) {
      expect(description?.length, title).toBeGreaterThan(4);
      expect(targets.length, title).toBeGreaterThan(0);
      for (const each of [datasource, ...targets.map((target) => target.datasource)]) expect(each?.uid).toBe('${datasource}');
    }
  });

  test('has panels that lie within the width and not upon each other', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          const cell = `${String(x)},${String(y)}`;
          expect(taken.get(cell), title).toBeUndefined();
          taken.set(cell, title);
        }
    }
  });

  test.each([
    ['Shares by phase', ITEM_PHASES, ['ShareFailed', 'RevokeFailed']],
    ['Shares by health', HEALTH_STATUSES, ['Unhealthy']],
  ] as const)(
    'gives each state in «%s» its own colour, and a red one to those that somebody has to act on',
    (title, states, bad) => {
      const overrides = drawn.find((panel) => panel.title === title)?.fieldConfig?.overrides ?? [];
      const colours = new Map(
        overrides.map(({ matcher, properties }) => [matcher.options, properties[0]?.value.fixedColor ?? '']),
      );
      expect([...colours.keys()].toSorted()).toEqual([...states].toSorted());
      expect(new Set(colours.values()).size).toBe(states.length);
      expect(states.filter((state) => /red$/.test(colours.get(state) ?? '')).toSorted()).toEqual([...bad].toSorted());
    },
  );

  test('says what it means that a panel is empty, where that is what one hopes for', () => {
    const hopeful = drawn.filter(({ targets = [] }) => targets.every(({ expr }) => / (>|==) [01]\b|conflicting/.test(expr)));
    expect(hopeful.length).toBeGreaterThan(2);
    expect(hopeful.filter(({ fieldConfig }) => fieldConfig?.defaults.noValue === undefined)).toEqual([]);
  });

  test('asks of the chosen jobs only', () => {
    for (const { title, targets = [] } of drawn) for (const { expr } of targets) expect(expr, title).toContain('job=~"$job"');
  });
});

const now = Date.parse('2027-01-01T00:00:00Z');
const at = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();

function scrape(sources: Partial<MetricSources>): Promise<string> {
  const registry = new Registry();
  const memory = { items: new Map(), sweeps: new Map(), conflicts: new Map() };
  createShareMetrics(registry, { memory, items: () => [], environments: () => [], clock: { now: () => now }, ...sources });
  return registry.metrics();
}

const item = (spec: object, conditions: readonly object[] = []): ShareItem =>
  ({ spec, status: { conditions } }) as unknown as ShareItem;

describe('what is measured of shares', () => {
  test('given items at work, then the longest time is told; Stalled and ended work do not count', async () => {
    const conditions = (type: string, status: string, since: number): object[] => [
      { type, status, lastTransitionTime: at(-since) },
    ];
    const items = [
      item({}, conditions('Reconciling', 'True', 5)),
      item({}, conditions('Reconciling', 'True', 20)),
      item({}, conditions('Stalled', 'True', 600)),
      item({}, conditions('Reconciling', 'False', 700)),
      item({}),
    ];
    expect(await scrape({ items: () => items })).toContain('\nsluice_share_items_reconciling_seconds 1200\n');
    expect(await scrape({})).toContain('\nsluice_share_items_reconciling_seconds 0\n');
  });

  test('given shares that end, then each window counts them until they have ended', async () => {
    const day = 24 * 60;
    const items = [
      item({ consent: { expireTime: at(0.5 * day) } }),
      item({ consent: { expireTime: at(6 * day) } }),
      item({ consent: { expireTime: at(29 * day) } }),
      item({ consent: { expireTime: at(31 * day) } }),
      item({ consent: { expireTime: at(-1), ended: { reason: 'Expired' } } }),
      item({ consent: {} }),
      item({}),
    ];
    const text = await scrape({ items: () => items });
    for (const line of ['{within="1d"} 1', '{within="7d"} 2', '{within="30d"} 3'])
      expect(text).toContain(`sluice_share_items_expiring${line}\n`);
  });

  test('given Environments, then their conditions are 1 where True, and go with them', async () => {
    const environments: Environment[] = [
      {
        metadata: { name: 'sales' },
        status: {
          conditions: [
            { type: 'Ready', status: 'False' },
            { type: 'PermissionsMissing', status: 'True' },
          ],
        },
      } as unknown as Environment,
    ];
    const registry = new Registry();
    const memory = { items: new Map(), sweeps: new Map(), conflicts: new Map() };
    createShareMetrics(registry, { memory, items: () => [], environments: () => environments, clock: { now: () => now } });
    const text = await registry.metrics();
    expect(text).toContain('sluice_environment_condition{environment="sales",condition="Ready"} 0\n');
    expect(text).toContain('sluice_environment_condition{environment="sales",condition="PermissionsMissing"} 1\n');
    environments.pop();
    expect(await registry.metrics()).not.toContain('environment="sales"');
  });

  test('given calls to AWS, then those that were throttled are counted apart, from zero on', async () => {
    const registry = new Registry();
    const memory = { items: new Map(), sweeps: new Map(), conflicts: new Map() };
    const measured = createShareMetrics(registry, { memory, items: () => [], environments: () => [], clock: { now: () => now } });
    const call = { service: 'IAM', operation: 'GetPolicy', accountId: '111122223333', requestId: undefined };
    measured.called({ ...call, code: 'OK' });
    expect(await registry.metrics()).toContain('sluice_aws_throttled_total{service="IAM",account="111122223333"} 0\n');
    measured.called({ ...call, code: 'Throttling', failure: 'throttled' });
    measured.called({ ...call, code: 'AccessDenied', failure: 'denied' });
    expect(await registry.metrics()).toContain('sluice_aws_throttled_total{service="IAM",account="111122223333"} 1\n');
  });

  test('the process tells for whom it works and what it costs, and CPU time only grows', async () => {
    const registry = new Registry();
    registerProcess(registry, { installation: 'prod0001' });
    const cpu = async (): Promise<number> => Number(/^process_cpu_seconds_total (.+)$/m.exec(await registry.metrics())?.[1]);
    const before = await cpu();
    expect(before).toBeGreaterThan(0);
    expect(await cpu()).toBeGreaterThanOrEqual(before);
    const text = await registry.metrics();
    expect(text).toContain('sluice_info{installation="prod0001"} 1\n');
    expect(Number(/^process_resident_memory_bytes (.+)$/m.exec(text)?.[1])).toBeGreaterThan(10_000_000);
  });
});
