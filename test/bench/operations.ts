/**
 * What each operation on one share costs in AWS calls, in a system at rest where another role has a share in the same documents: buckets and folders, with and
 * without a key; and what a hundred buckets with keys cost one role. Beside that what data.all's code costs for the same (docs/benchmarks.md).
 */
import { ListAttachedRolePoliciesCommand } from '@aws-sdk/client-iam';
import { apply, kubectl } from '../support/cluster.ts';
import { until, type Sluice, type World } from '../support/sluice.ts';
import { annotate, callsIn, quiet, ready, requestOf, share, verify, writesOf } from '../cluster/aws-cases.ts';

/** AWS calls of data.all for the same: as it is shipped, and with its assumed sessions kept. */
export type Baseline = readonly [shipped: number, sessionsKept: number];

/** What one operation cost. */
export interface Row {
  readonly what: string;
  readonly calls: number;
  readonly writes: number;
  readonly baseline?: Baseline | undefined;
  readonly seconds: number;
}

interface Kind {
  readonly name: string;
  readonly item: string;
  readonly encrypted: boolean;
  readonly baseline?: Readonly<Record<'grant' | 'verify' | 'again' | 'revoke', Baseline | undefined>>;
}

/** Its processor for bucket shares on a bucket with a key, over HTTP; its managers for folder shares, in process, where nothing was measured of applying again. */
const kinds: readonly Kind[] = [
  { name: 'bucket', item: 'orders', encrypted: false },
  {
    name: 'bucket with a key',
    item: 'orders',
    encrypted: true,
    baseline: { grant: [93, 23.8], verify: [46, 13], again: [80, 23], revoke: [68, 20] },
  },
  { name: 'folder', item: 'folder:raw', encrypted: false },
  {
    name: 'folder with a key',
    item: 'folder:raw',
    encrypted: true,
    baseline: { grant: [122, 34], verify: [47, 14], again: undefined, revoke: [72, 21] },
  },
];

/** Grant, verification, re-application and revoke of each kind of share. */
export async function operations(sluice: Sluice): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of kinds) rows.push(...(await oneKind(sluice, kind)));
  return rows;
}

async function oneKind(sluice: Sluice, { name, item, encrypted, baseline }: Kind): Promise<Row[]> {
  const world = await sluice.world(encrypted ? { buckets: [], encrypted: ['orders'] } : {});
  const options = { items: [item], dataset: datasetOf(world) };
  const measure = (what: string, work: () => Promise<unknown>, theirs?: Baseline): Promise<Row> =>
    measured(sluice, world, { what: `${what}, ${name}`, work, baseline: theirs });
  const remove = (request: string) => () => kubectl(['delete', 'sharerequest', request, '-n', world.consumer.namespace]);
  await share(sluice, world, 'first', { ...options, role: 'interns' });
  return [
    await measure('grant', () => share(sluice, world, 'weekly', options), baseline?.grant),
    await measure('verify', () => verify(sluice, world, 'weekly'), baseline?.verify),
    await measure('apply again', () => reapply(sluice, world, 'weekly'), baseline?.again),
    await measure('revoke', remove('weekly'), baseline?.revoke),
    await measure('revoke the last', remove('first')),
  ];
}

function datasetOf({ buckets }: World): Readonly<Record<string, unknown>> {
  return { folders: [{ name: 'raw', bucket: buckets['orders'], prefix: 'raw' }] };
}

/** A hundred buckets with keys, in two Datasets as one holds at most fifty, asked for by a request each. */
export async function hundredKeys(sluice: Sluice): Promise<{ readonly rows: readonly Row[]; readonly policies: number }> {
  const names = Array.from({ length: 100 }, (_, number) => `acme-data-lake-orders-${String(number).padStart(3, '0')}`);
  const halves = { first: names.slice(0, 50), second: names.slice(50) };
  const each = Object.entries(halves);
  const world = await sluice.world({ buckets: [], encrypted: names, roles: ['analysts'] });
  const bucketsOf = (own: readonly string[]): object[] =>
    own.map((name) => ({ name: world.buckets[name], kmsKeyArn: world.keys[name] }));
  await apply([world.role('analysts'), ...each.map(([dataset, own]) => world.dataset(dataset, { buckets: bucketsOf(own) }))]);
  const all =
    (work: (name: string) => Promise<unknown>): (() => Promise<unknown>) =>
    () =>
      Promise.all(Object.keys(halves).map(work));
  const ask = each.flatMap(([dataset, items]) => [
    world.request(dataset, { dataset, items }),
    world.approval(dataset, { dataset, request: dataset, items }),
  ]);
  const grant = async (): Promise<void> => {
    await apply(ask);
    await all((name) => ready(sluice, world, name, 300))();
  };
  const remove = (name: string): Promise<string> =>
    kubectl(['delete', 'sharerequest', name, '-n', world.consumer.namespace, '--timeout=300s']);
  const measure = (what: string, work: () => Promise<unknown>, [shipped, kept]: Baseline): Promise<Row> =>
    measured(sluice, world, { what, work, baseline: [shipped * names.length, Math.round(kept * names.length)] });
  const rows = [await measure('grant', grant, [93, 27.4])];
  const list = new ListAttachedRolePoliciesCommand({ RoleName: 'analysts' });
  const { AttachedPolicies } = await world.consumer.admin.iam.send(list);
  rows.push(
    await measure(
      'verify',
      all((name) => verify(sluice, world, name, 120)),
      [46, 19],
    ),
  );
  rows.push(await measure('revoke', all(remove), [68, 23.4]));
  return { rows, policies: AttachedPolicies?.length ?? 0 };
}

/** Counts the calls of some work, from rest to rest. */
export async function measured(
  sluice: Sluice,
  world: World,
  {
    what,
    work,
    baseline,
  }: { readonly what: string; readonly work: () => Promise<unknown>; readonly baseline?: Baseline | undefined },
): Promise<Row> {
  const from = await quiet(sluice);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  await quiet(sluice);
  const calls = callsIn(sluice, world, from);
  return { what, calls: calls.length, writes: writesOf(calls).length, baseline, seconds };
}

async function reapply(sluice: Sluice, world: World, request: string): Promise<void> {
  const token = await annotate(sluice, world, request, 'reapply');
  await until(
    'the re-apply is answered',
    async () => (await requestOf(sluice, world, request)).status?.lastHandledReapplyAt === token,
  );
}
