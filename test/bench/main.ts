/**
 * The benchmarks (`make bench`): what shares cost in AWS calls, on a real API server and the AWS stand-in, beside what data.all's code costs for the same.
 * Counts are exact and the same on every machine; seconds are this machine's. It asserts nothing: bounds are in test/cluster/aws-numbers.test.ts.
 * `--requests=<n>` makes another number of requests than 1,000 for the crowd on one bucket.
 */
import { parseArgs } from 'node:util';
import { annotate, callsIn, namesOf, quiet, requestOf, share, verify, writesOf } from '../cluster/aws-cases.ts';
import { apply, kubectl, startOwnCluster } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { askManyTimes } from './many.ts';
import { memoryOf } from './measure.ts';

/**
 * AWS calls of data.all for the same: its processor for bucket shares, on a bucket with a key. First as it is shipped, then with assumed sessions kept
 * (docs/benchmarks.md).
 */
const dataAll = { grant: [93, 23.8], applyAgain: [80, 23], verify: [46, 13], revoke: [68, 20] } as const;

type Baseline = readonly [shipped: number, sessionsKept: number];

interface Row {
  readonly what: string;
  readonly calls: number;
  readonly writes: number;
  readonly baseline?: Baseline | undefined;
  readonly seconds: number;
}

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000' } } });
const log = (line: string): void => console.log(line);
const stopCluster = await startOwnCluster(log);
try {
  const sluice = await startSluice();
  try {
    await run(sluice, Number(values.requests));
  } finally {
    await sluice.stop();
  }
} finally {
  await stopCluster();
}

async function run(sluice: Sluice, requests: number): Promise<void> {
  log('\nWhat one bucket share costs in AWS calls\n');
  table(await oneShare(sluice));
  log(`\n${String(requests)} requests by as many roles on one bucket, approved at once\n`);
  await crowd(sluice, requests);
}

async function oneShare(sluice: Sluice): Promise<Row[]> {
  const world = await sluice.world({ buckets: ['orders'], encrypted: ['vault'], roles: ['analysts', 'interns', 'auditors'] });
  const { consumer } = world;
  await share(sluice, world, 'first', { items: ['orders'], role: 'interns' });
  const measure = (what: string, work: () => Promise<unknown>, baseline?: Baseline): Promise<Row> =>
    measured(sluice, world, { what, work, baseline });
  const rows = [
    await measure('grant', () => share(sluice, world, 'weekly', { items: ['orders'] })),
    await measure('revoke', () => kubectl(['delete', 'sharerequest', 'weekly', '-n', consumer.namespace])),
    await measure('second read-back a minute later', () => laterReadBack(sluice, world)),
    await measure(
      'grant, with a key',
      () => share(sluice, world, 'keyed', { items: ['vault'], role: 'auditors' }),
      dataAll.grant,
    ),
    await measure('verify, with a key', () => verify(sluice, world, 'keyed'), dataAll.verify),
    await measure('apply again, with a key', () => reapply(sluice, world, 'keyed'), dataAll.applyAgain),
    await measure('restart of the operator (2 shares)', () => sluice.operator.restart()),
    await measure(
      'revoke, with a key',
      () => kubectl(['delete', 'sharerequest', 'keyed', '-n', consumer.namespace]),
      dataAll.revoke,
    ),
  ];
  return rows;
}

async function measured(
  sluice: Sluice,
  world: World,
  {
    what,
    work,
    baseline,
  }: { readonly what: string; readonly work: () => Promise<unknown>; readonly baseline: Baseline | undefined },
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

/** Shared documents are read once more a minute after a write, in case somebody else wrote at the same time. */
async function laterReadBack(sluice: Sluice, world: World): Promise<void> {
  const from = sluice.aws.calls.list().length;
  await until(
    'the bucket policy is read once more',
    () => Promise.resolve(namesOf(callsIn(sluice, world, from)).includes('s3:GetBucketPolicy')),
    90,
  );
}

function table(rows: readonly Row[]): void {
  log('| | calls | writes | seconds | data.all as shipped | with sessions kept |');
  log('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const { what, calls, writes, seconds, baseline } of rows) {
    const compared = (baseline ?? []).map((theirs) => `${String(theirs)} (${(theirs / calls).toFixed(1)} ×)`);
    log(`| ${[what, calls, writes, seconds.toFixed(1), compared[0] ?? '', compared[1] ?? ''].join(' | ')} |`);
  }
}

async function crowd(sluice: Sluice, count: number): Promise<void> {
  const world = await sluice.world();
  await apply([world.dataset('orders')]);
  await quiet(sluice);
  const result = await askManyTimes(sluice, world, { count, seconds: 1200 });
  const calls = Object.values(result.calls).reduce((sum, each) => sum + each, 0);
  const lines: readonly (readonly [string, string | number])[] = [
    ['served', result.served.length],
    ['refused: the policy is full (PolicySizeLimit)', result.refused.length],
    ['s3:PutBucketPolicy', result.calls['s3:PutBucketPolicy'] ?? 0],
    ['s3:GetBucketPolicy', result.calls['s3:GetBucketPolicy'] ?? 0],
    ['AWS calls in all', calls],
    ['AWS calls per request', (calls / count).toFixed(1)],
    ['seconds to make the objects', result.makingSeconds.toFixed(0)],
    ['seconds from then until the last was answered', result.answeringSeconds.toFixed(0)],
    ['memory of the operator before (MiB)', result.memory.before],
    ['most memory of the operator (MiB)', result.memory.most],
  ];
  await quiet(sluice);
  log('| | |\n| --- | ---: |');
  for (const [what, value] of [...lines, ['memory of the operator at rest (MiB)', memoryOf(sluice.operator.pid)]])
    log(`| ${String(what)} | ${String(value)} |`);
}
