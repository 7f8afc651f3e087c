/**
 * The benchmarks (`make bench`): what shares cost in AWS calls, on a real API server and the AWS stand-in, beside what data.all's code costs for the same.
 * Counts are exact and the same on every machine; seconds are this machine's. It asserts nothing: bounds are in test/cluster/aws-numbers.test.ts.
 * `--requests=<n>` makes another number of requests than 1,000 for the crowd on one bucket; with 0 there is none.
 */
import { parseArgs } from 'node:util';
import { callsIn, namesOf, quiet, share } from '../cluster/aws-cases.ts';
import { apply, startOwnCluster } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { askManyTimes } from './many.ts';
import { memoryOf } from './measure.ts';
import { hundredKeys, measured, operations, type Row } from './operations.ts';

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
  log('\nWhat one share costs in AWS calls\n');
  table([...(await operations(sluice)), ...(await aroundOne(sluice))]);
  const { rows, policies } = await hundredKeys(sluice);
  log(`\nA hundred buckets with keys for one role: ${String(policies)} policies\n`);
  table(rows);
  if (requests === 0) return;
  log(`\n${String(requests)} requests by as many roles on one bucket, approved at once\n`);
  await crowd(sluice, requests);
}

/** What happens to shares without anybody asking. */
async function aroundOne(sluice: Sluice): Promise<Row[]> {
  const world = await sluice.world();
  await share(sluice, world, 'first', { items: ['orders'], role: 'interns' });
  await share(sluice, world, 'weekly', { items: ['orders'] });
  return [
    await measured(sluice, world, { what: 'second read-back, a minute after a write', work: () => laterReadBack(sluice, world) }),
    await measured(sluice, world, { what: 'restart of the operator (2 shares)', work: () => sluice.operator.restart() }),
  ];
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
