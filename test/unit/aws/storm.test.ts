/**
 * Case 36: half of all AWS calls are throttled or answered with an internal error, some only after they took effect. Everything converges, nothing is called
 * successful that isn't, nothing is written twice over, and calls become fewer while it lasts.
 */
import { describe, expect, it } from 'vitest';
import { operatorPolicy, operatorRolePolicy, trust } from '../../../sandbox/operator-policy.ts';
import type { AwsCall } from '../../../src/aws/clients.ts';
import { classifyAwsError } from '../../../src/aws/errors.ts';
import { createRateLimiter } from '../../../src/aws/limiter.ts';
import { createPrincipals } from '../../../src/aws/principals.ts';
import { createSessions } from '../../../src/aws/sessions.ts';
import { bucketPolicy } from '../../../src/targets/bucket-policy.ts';
import { keyPolicy } from '../../../src/targets/key-policy.ts';
import { sharePolicy } from '../../../src/targets/share-policy.ts';
import type { PrincipalRef, SessionRef } from '../../../src/targets/target.ts';
import { createWriter } from '../../../src/targets/writer.ts';
import type { TargetReport } from '../../../src/targets/writer-types.ts';
import { attached } from '../targets/iam.ts';
import { ownStatements } from '../targets/documents.ts';
import {
  consumer,
  createWorld,
  installation,
  producer,
  states,
  wantBucket,
  wantKey,
  wantShare,
  type TestWorld,
} from '../targets/world.ts';

const platform = '999988887777';
const sessionOf = (accountId: string): SessionRef => ({
  environment: `env-${accountId}`,
  accountId,
  region: 'eu-west-1',
  roleArn: `arn:aws:iam::${accountId}:role/sluice`,
});

interface Stormy {
  readonly world: TestWorld;
  readonly analyst: PrincipalRef;
  readonly calls: AwsCall[];
  /** Lowest rate that the limiter allowed itself. */
  lowestRate(): number;
  /** One run of each of the three documents of a share; the reports. */
  turn(mode: 'want' | 'drop'): Promise<readonly TargetReport<unknown>[]>;
}

async function stormy(seed: number): Promise<Stormy> {
  const world = createWorld({}, seed);
  const { aws, clock } = world;
  const user = aws.seed.user(platform, 'operator', { policies: { assume: operatorPolicy([producer, consumer]) } });
  for (const account of [producer, consumer])
    aws.seed.role(account, 'sluice', { trust: trust(user.arn), policies: { operator: operatorRolePolicy(account) } });
  const calls: AwsCall[] = [];
  const limiter = createRateLimiter(clock);
  let lowest = Number.POSITIVE_INFINITY;
  const sessions = createSessions({
    installation,
    clock,
    limiter,
    onCall: (call) => {
      calls.push(call);
      lowest = Math.min(lowest, ...limiter.rates().map(({ rate }) => rate));
    },
    externalId: () => undefined,
    requestHandler: aws.requestHandler(),
    baseCredentials: () => Promise.resolve({ accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey }),
  });
  const principals = createPrincipals(sessions, clock);
  const writer = createWriter({
    clock,
    installation,
    classify: classifyAwsError,
    mayWrite: () => true,
    checkPrincipal: async ({ arn }, signal) => {
      const seen = await principals.observe(sessionOf(consumer), arn, { kind: 'role', name: 'analyst' }, signal);
      return seen.kind === 'failed' ? { kind: 'unknown', failure: seen.failure } : { kind: 'ok' };
    },
  });
  const analyst = await world.role('analyst');
  const key = await world.key();
  await world.bucket('acme');
  const { signal } = new AbortController();
  const common = (account: string) => ({ context: { ...sessions.clients(sessionOf(account)), signal }, signal });
  const turn: Stormy['turn'] = async (mode) => {
    const bucket = { session: sessionOf(producer), bucket: 'acme', pruneDeadPrincipals: false };
    const share = { session: sessionOf(consumer), principalArn: analyst.arn, prefix: 'sluice', management: 'Managed' } as const;
    const keyPlace = { session: sessionOf(producer), keyArn: key };
    return [
      await writer.run({
        kind: bucketPolicy,
        coordinates: bucket,
        contributions: [wantBucket(analyst, 'acme', { mode })],
        ...common(producer),
      }),
      await writer.run({
        kind: keyPolicy,
        coordinates: keyPlace,
        contributions: [wantKey(analyst, { mode })],
        ...common(producer),
      }),
      await writer.run({
        kind: sharePolicy,
        coordinates: share,
        contributions: [wantShare(analyst, 'acme', { key, mode })],
        ...common(consumer),
      }),
    ];
  };
  return { world, analyst, calls, lowestRate: () => lowest, turn };
}

/** What AWS holds of the share, read past all faults. */
async function held({ world }: Stormy): Promise<readonly boolean[]> {
  const off = world.aws.faults.list();
  world.aws.faults.clear();
  const found = [(await ownStatements(world)).length > 0, (await attached(world, 'analyst')).length > 0];
  for (const fault of off) world.aws.faults.add(fault);
  return found;
}

/** Half of all calls of the operator fail: some are throttled, some get lost with and without effect, some meet an internal error. */
function storm({ world }: Stormy): void {
  for (const account of [producer, consumer]) {
    world.aws.faults.add({ kind: 'throttle', probability: 0.25, match: { account } });
    world.aws.faults.add({ kind: 'error', probability: 0.2, match: { account } });
    world.aws.faults.add({ kind: 'lose-reply', probability: 0.1, match: { account } });
  }
}

/** Runs until every document says `state`, as the target queue would: with growing pauses. Returns how many turns it took. */
async function until(place: Stormy, mode: 'want' | 'drop', state: string): Promise<number> {
  for (let turn = 1; turn <= 200; turn++) {
    const reports = await place.turn(mode);
    const [bucket, , share] = reports.map((report) => states(report)[0] === state);
    const [inBucket, onRole] = await held(place);
    // A document that is called done is done, in AWS and not only in a report.
    if (bucket === true) expect(inBucket).toBe(mode === 'want');
    if (share === true) expect(onRole).toBe(mode === 'want');
    for (const found of reports.flatMap(states))
      expect(found).toMatch(new RegExp(`^(${state}|Pending/ProgressingWithRetry|Pending/Progressing)$`));
    if (reports.every((report) => states(report)[0] === state)) return turn;
    place.world.clock.advance(Math.min(1000 * 2 ** turn, 60_000));
  }
  return expect.unreachable(`not ${state} after 200 turns`);
}

describe('a storm of throttling and internal errors', () => {
  it.each([1, 2, 3, 4, 5])('seed %s: grants and revokes converge, and no success is told that isn’t one', async (seed) => {
    const place = await stormy(seed);
    storm(place);
    await until(place, 'want', 'Applied');
    await until(place, 'drop', 'Removed');
    expect(await held(place)).toEqual([false, false]);
    const failed = place.calls.filter(({ code }) => code !== 'OK').length;
    expect(failed / place.calls.length).toBeGreaterThan(0.3);
  });

  it('slows calls down while it lasts, never below the floor, and is over when it is over', async () => {
    const place = await stormy(6);
    storm(place);
    await until(place, 'want', 'Applied');
    expect(place.lowestRate()).toBeLessThan(50);
    expect(place.lowestRate()).toBeGreaterThanOrEqual(0.5);
    place.world.aws.faults.clear();
    place.world.clock.advance(300_000);
    place.calls.splice(0);
    const reports = await place.turn('want');
    expect(reports.flatMap(states)).toEqual(['Applied', 'Applied', 'Applied']);
    expect(place.calls.filter(({ code }) => code !== 'OK')).toEqual([]);
    expect(reports.flatMap(({ writes }) => writes)).toEqual([]);
  });
});
