/**
 * Two replicas while people keep asking for shares. The leader is killed in the middle of a write, or told to stop in the middle of one: the other goes on in time, and
 * AWS has every write once.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallEvent, CallRecord } from '../../sandbox/aws/index.ts';
import { expectServed, loadWorld, startLoad, writesFor, writtenTwice } from '../support/load.ts';
import { startSluice, until, type OperatorProcess, type Sluice } from '../support/sluice.ts';

/** A killed leader's Lease runs out 15 s after its last renewal. */
const afterKillMs = 20_000;
const afterStopMs = 2_000;
const most = 36;

let sluice: Sluice;
let other: OperatorProcess;
beforeAll(async () => {
  sluice = await startSluice();
  other = sluice.replica();
});
afterAll(async () => {
  await other.stop();
  await sluice.stop();
});

/** Ends the leader at the moment at which AWS has done what it asked for, and has not yet said so. Resolves with that moment. */
function endDuring(operation: string, end: () => Promise<void>): Promise<number> {
  return new Promise((resolve) => {
    const forget = sluice.aws.onCall(({ phase, operation: seen, code }: CallEvent) => {
      if (phase !== 'after' || seen !== operation || code !== undefined) return;
      forget();
      const moment = Date.now();
      void end().then(() => resolve(moment));
    });
  });
}

/** When the process began to lead for the last time, in milliseconds since the epoch: its own log says it. */
function ledSince(operator: OperatorProcess): number {
  const lines = operator.log().split('\n');
  const line = lines.findLast((each) => each.includes('this replica leads now')) ?? '{}';
  const { time } = JSON.parse(line) as { readonly time?: string | number };
  return time === undefined ? 0 : new Date(time).getTime();
}

interface TakeOver {
  readonly leadsMs: number;
  readonly callsMs: number;
  readonly writesMs: number;
}

/** Milliseconds from `moment` until the successor leads, calls AWS, and writes to it. */
async function takeOver(successor: OperatorProcess, moment: number): Promise<TakeOver> {
  const since = await until('the other replica leads', async () => ledSince(successor) >= moment && ledSince(successor), 40);
  const { calls } = sluice.aws;
  const after = (records: readonly CallRecord[]): number | false =>
    (records.find(({ time }) => time > since)?.time ?? 0) || false;
  const called = await until('the other replica calls AWS', async () => after(calls.list()), 40);
  const written = await until('the other replica writes', async () => after(calls.writes()), 40);
  return { leadsMs: since - moment, callsMs: called - moment, writesMs: written - moment };
}

it('given a leader that is killed, and one that is told to stop, in the middle of a write, then the other goes on and nothing is lost or written twice', async () => {
  const world = await sluice.world(loadWorld(most));
  await other.start('standby');
  const load = await startLoad(world, { most, everyMs: 2000 });
  let [leader, standby] = [sluice.operator, other];
  const report: string[] = [];
  for (const operation of ['PutBucketPolicy', 'CreatePolicy']) {
    for (const [how, end, bound] of [
      ['SIGKILL', () => leader.kill(), afterKillMs],
      ['SIGTERM', () => leader.stop(), afterStopMs],
    ] as const) {
      const { leadsMs, callsMs, writesMs } = await takeOver(standby, await endDuring(operation, end));
      const line = `leads after ${String(leadsMs)} ms, calls AWS after ${String(callsMs)} ms, writes after ${String(writesMs)} ms`;
      report.push(`${how} during ${operation}: ${line}`);
      expect.soft(callsMs, report.at(-1)).toBeLessThanOrEqual(bound);
      // After 14 s somebody waits for a write; after one second perhaps nobody does.
      if (how === 'SIGKILL') expect.soft(writesMs, report.at(-1)).toBeLessThanOrEqual(bound);
      [leader, standby] = [standby, leader];
      await standby.start('standby');
    }
  }
  const asked = await load.stop();
  expect(asked, 'the load went on until the end').toBeLessThan(most);
  await expectServed(world, asked);
  const writes = writesFor(sluice, world);
  expect(writtenTwice(writes)).toEqual([]);
  // A bucket policy, an IAM policy, and its attachment.
  expect(writes).toHaveLength(3 * asked);
  console.log([...report, `${String(asked)} shares asked for meanwhile`].join('\n'));
}, 240_000);
