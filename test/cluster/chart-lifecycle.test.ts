/**
 * The life of an installation: upgraded from an older chart, rolled back, removed and installed again, with a share that is asked for, lived with and taken back
 * meanwhile. The operator is a process under the release's own ServiceAccount, so it can do no more than the chart lets it.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { allMetrics } from '../../scripts/generate/metrics.ts';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { cluster, get, installChart, kubectl, serviceAccountKubeconfig } from '../support/cluster.ts';
import { startSluice, until, type Sluice } from '../support/sluice.ts';
import { liveShare, watcher } from '../support/workflow.ts';

const chart = join(import.meta.dirname, '../../charts/sluice');
const dir = mkdtempSync(join(tmpdir(), 'sluice-chart-'));
let sluice: Sluice;

beforeAll(async () => {
  writeOlderChart();
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
  await installChart();
  rmSync(dir, { recursive: true });
});

/** A chart as a version before might have been: another version number, one field fewer in a kind, one value fewer, and one right more. */
function writeOlderChart(): void {
  cpSync(chart, dir, { recursive: true });
  const edit = (file: string, change: (text: string) => string): void => {
    const path = join(dir, file);
    const text = readFileSync(path, 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`there is nothing to change in ${file}`);
    writeFileSync(path, changed);
  };
  edit('Chart.yaml', (text) => {
    const document = parseDocument(text);
    document.set('version', '0.0.1');
    document.set('appVersion', '0.0.1');
    return document.toString();
  });
  // The text of the field `orphans` of Environment.spec, up to the next field of the same depth.
  edit('templates/crds/environments.yaml', (text) => text.replace(/^( +)orphans:\n(?:\1 +.*\n)+/m, ''));
  edit('values.yaml', (text) => text.replace(/^networkPolicy:\n(?:  .*\n)+/m, ''));
  rmSync(join(dir, 'templates/networkpolicy.yaml'));
  edit('templates/rbac/operator.yaml', (text) => text.replace('resources: [namespaces]', 'resources: [namespaces, nodes]'));
}

async function helm(...args: string[]): Promise<string> {
  return cluster().helm([...args, '--namespace', operatorNamespace]);
}

/** As the platform guide says; the values of the first installation are kept. */
const upgrade = (from: string): Promise<string> => helm('upgrade', 'sluice', from, '--reset-then-reuse-values', '--wait');

/** The kind as the API server serves it. */
async function knowsOrphans(): Promise<boolean> {
  const crd = await get<{ spec: { versions: readonly { schema: unknown }[] } }>('crd', 'environments.sluice.dev');
  const text = JSON.stringify(crd.spec.versions[0]?.schema);
  const { spec } = (JSON.parse(text) as { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } })
    .openAPIV3Schema.properties;
  return 'orphans' in spec.properties;
}

const mayListNodes = (): Promise<string> =>
  kubectl(['auth', 'can-i', 'list', 'nodes', '--as', `system:serviceaccount:${operatorNamespace}:sluice`]).then(
    () => 'yes',
    () => 'no',
  );

/** The operator's ServiceAccount is another one after it was made anew: so is its token. */
async function startAnew(): Promise<void> {
  await serviceAccountKubeconfig(operatorNamespace, 'sluice');
  await sluice.operator.start();
}

describe('an installation', () => {
  it('given a share, when the chart is upgraded and rolled back under a running operator, then the share goes on without a write, and ends as ever', async () => {
    await sluice.operator.stop();
    await helm('uninstall', 'sluice', '--wait');
    await helm('install', 'sluice', dir, '--set', 'replicas=0');
    await startAnew();
    await expect(knowsOrphans()).resolves.toBe(false);
    await expect(mayListNodes()).resolves.toBe('yes');

    const world = await sluice.world();
    const watch = watcher(sluice, world);
    await liveShare(sluice, world);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    const written = watch.writes().length;
    expectListed(await sluice.operator.metrics());

    await upgrade(chart);
    await expect(knowsOrphans()).resolves.toBe(true);
    await expect(mayListNodes()).resolves.toBe('no');
    await kubectl(['patch', 'environment', world.producer.environment, '--type=merge', '-p', '{"spec":{"orphans":"Delete"}}']);
    await sluice.operator.restart();
    await watch.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });

    await helm('rollback', 'sluice', '--wait');
    await expect(knowsOrphans()).resolves.toBe(false);
    await sluice.operator.restart();
    await watch.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });
    await verified(world.consumer.namespace);
    expect(watch.writes().length).toBe(written);
    expect(await world.reads('analysts', 'orders')).toBe(true);

    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await until('the role reads no more', async () => !(await world.reads('analysts', 'orders')));
    await watch.clean();
  });

  it('given a share, when the release is uninstalled and installed again, then the operator adopts its own work without a write', async () => {
    await upgrade(chart);
    const world = await sluice.world();
    const watch = watcher(sluice, world);
    await liveShare(sluice, world);
    const written = watch.writes().length;
    const [item] = await watch.items('weekly');
    const id = (await get<{ data: unknown }>('configmap', 'sluice-installation', operatorNamespace)).data;

    await sluice.operator.stop();
    await helm('uninstall', 'sluice', '--wait');
    await expect(kubectl(['get', 'serviceaccount', 'sluice', '-n', operatorNamespace])).rejects.toThrow('NotFound');
    expect(await world.reads('analysts', 'orders')).toBe(true);

    await installChart();
    await startAnew();
    await verified(world.consumer.namespace);
    await watch.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });
    expect((await watch.items('weekly'))[0]?.metadata.uid).toBe(item?.metadata.uid);
    expect((await get<{ data: unknown }>('configmap', 'sluice-installation', operatorNamespace)).data).toEqual(id);
    expect(watch.writes().length).toBe(written);
    expect(await world.reads('analysts', 'orders')).toBe(true);

    // It is its own work that it adopted: it can still take it back.
    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace, '--timeout=60s']);
    await watch.clean();
  });

  it('given values that helm refuses, when it is upgraded, then nothing changes', async () => {
    const revision = async (): Promise<unknown> =>
      (JSON.parse(await helm('list', '--output', 'json', '--filter', '^sluice$')) as { revision: unknown }[])[0]?.revision;
    const before = await revision();
    await expect(helm('upgrade', 'sluice', chart, '--set', 'replica=3')).rejects.toThrow('replica');
    await expect(revision()).resolves.toEqual(before);
  });
});

/** What the operator exports is what docs/reference/metrics.md lists, with those labels. */
function expectListed(text: string): void {
  const listed = new Map(allMetrics().map((metric) => [metric.name, metric]));
  const described = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]);
  expect(described.toSorted()).toEqual([...listed.values()].map(({ name, type }) => [name, type]).toSorted());
  for (const [, series = '', labels = ''] of text.matchAll(/^([a-z_]+)\{(.*)\} \S+$/gm)) {
    const metric = listed.get(series) ?? listed.get(series.replace(/_(bucket|sum|count)$/, ''));
    const used = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label).filter((label) => label !== 'le');
    expect(used.toSorted(), series).toEqual(metric?.labels.toSorted());
  }
}

/** Waits until the operator that runs now has compared the share with AWS, because it was asked to. */
async function verified(namespace: string): Promise<void> {
  const token = new Date().toISOString();
  await kubectl([
    'annotate',
    '--overwrite',
    'sharerequest',
    'weekly',
    '-n',
    namespace,
    `sluice.dev/verify-requested-at=${token}`,
  ]);
  const path = `--for=jsonpath={.status.lastHandledVerifyAt}=${token}`;
  await kubectl(['wait', path, 'sharerequest/weekly', '-n', namespace, '--timeout=60s']);
}
