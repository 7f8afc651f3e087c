/**
 * Two operators at once: for a moment, when a lease changes hands slower than a call (they are one installation and believe different things), and for good, when
 * two installations work in one account.
 */
import { ListPoliciesCommand } from '@aws-sdk/client-iam';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import { awsPrincipals } from '../../../src/policy/principals.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import type { Writer } from '../../../src/targets/writer-types.ts';
import { deny, documentOf, ownStatements, statements } from './documents.ts';
import { attached, granted } from './iam.ts';
import { createWorld, states, wantBucket, wantShare, writesOf, type TestWorld } from './world.ts';

const minute = 60_000;
const theirs: JsonObject = { ...deny, Sid: 'Theirs', Action: 's3:DeleteBucket', Resource: 'arn:aws:s3:::acme' };

let world: TestWorld;
let analyst: PrincipalRef;
let auditor: PrincipalRef;
/** Sees what was asked before: it has to serve the analyst. */
let former: Writer;
/** Sees what is asked now: the analyst's share has ended, the auditor has one. */
let leader: Writer;

beforeEach(async () => {
  world = createWorld();
  [analyst, auditor] = [await world.role('analyst'), await world.role('auditor')];
  await world.bucket('acme', documentOf(deny));
  former = world.writer;
  world.restart();
  leader = world.writer;
});

/** Each writer's run, whoever else runs meanwhile. */
async function as<Result>(writer: Writer, run: () => Promise<Result>): Promise<Result> {
  world.writer = writer;
  return run();
}

/** Between call number `at` of `outer` and the next, all of `inner` happens. */
async function inside(at: number, outer: () => Promise<unknown>, inner: () => Promise<unknown>): Promise<void> {
  let count = 0;
  let isInner = false;
  const off = world.aws.onCall(async ({ phase }) => {
    if (phase !== 'after' || isInner || ++count !== at) return;
    isInner = true;
    await inner();
    isInner = false;
  });
  await outer();
  off();
}

const calls = Array.from({ length: 12 }, (_, index) => index + 1);

describe('two operators of one installation for a moment', () => {
  const asked = {
    before: () => world.runBucket('acme', [wantBucket(analyst, 'acme')]),
    now: () => world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' }), wantBucket(auditor, 'acme')]),
    later: () => world.runBucket('acme', [wantBucket(auditor, 'acme')]),
  };
  const named = async (): Promise<string[]> => [...new Set((await ownStatements(world)).flatMap(awsPrincipals))];

  it.each(calls)(
    'given the new leader works after call %s of the former one, then a minute later the document is as the leader wants it',
    async (at) => {
      await inside(
        at,
        () => as(former, asked.before),
        () => as(leader, asked.now),
      );
      await as(leader, asked.now);
      world.clock.advance(minute);
      const report = await as(leader, asked.later);
      expect(states(report)).toEqual(['Applied']);
      expect(await named()).toEqual([auditor.arn]);
      expect((await statements(world))[0]).toEqual(deny);
      world.clock.advance(minute);
      expect((await as(leader, asked.later)).writes).toEqual([]);
    },
  );

  it.each(calls)(
    'given the former leader’s run, late, after call %s of the leader’s, then the leader’s second look finds it and puts it right',
    async (at) => {
      await inside(
        at,
        () => as(leader, asked.now),
        () => as(former, asked.before),
      );
      world.clock.advance(minute);
      await as(leader, asked.later);
      expect(await named()).toEqual([auditor.arn]);
    },
  );

  it('given somebody else changes the document between the two, then the change stays or its loss is reported', async () => {
    let changes = 0;
    for (const at of calls) {
      await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: documentOf(deny) }));
      world.clock.advance(2 * minute);
      world.restart();
      const one = world.writer;
      world.restart();
      const other = world.writer;
      let [reported, changed] = [false, false];
      await inside(
        at,
        async () => void (reported = (await as(one, asked.later)).concurrentForeignChange),
        async () => {
          const text = documentOf(...(await statements(world)), theirs);
          // During another put S3 refuses this one; then there is nothing to lose.
          const put = world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: text }));
          changed = await put.then(
            () => true,
            () => false,
          );
          await as(other, asked.later);
        },
      );
      world.clock.advance(minute);
      // Of what was changed between its read and its write an operator learns nothing; the one that saw it does.
      for (const each of [one, other]) reported = (await as(each, asked.later)).concurrentForeignChange || reported;
      const kept = (await statements(world)).some(({ Sid }) => Sid === 'Theirs');
      if (!changed) continue;
      changes++;
      expect(kept || reported, `after call ${String(at)}`).toBe(true);
    }
    expect(changes).toBeGreaterThanOrEqual(3);
  });

  it.each(calls)(
    'given both write a role’s policies, the second after call %s of the first, then nothing is lost and nothing is left over',
    async (at) => {
      const both = [wantShare(analyst, 'acme'), wantShare(analyst, 'beta')];
      const run = () => world.runShare(analyst.arn, both);
      await inside(
        at,
        () => as(former, run),
        () => as(leader, run),
      );
      expect(states(await as(leader, run))).toEqual(['Applied', 'Applied']);
      expect([...(await granted(world, 'analyst'))].some((text) => text.includes('beta'))).toBe(true);
      expect(await attached(world, 'analyst')).toHaveLength(1);
      const { Policies } = await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
      expect(Policies).toHaveLength(1);
    },
  );
});

describe('two installations in one account', () => {
  const first = 'abcd1234';
  const second = 'abcd1235';
  let other: Writer;
  beforeEach(() => {
    world.restart({ installation: second });
    other = world.writer;
  });
  const bucket = (writer: Writer, ...wants: readonly Parameters<typeof wantBucket>[]) =>
    as(writer, () =>
      world.runBucket(
        'acme',
        wants.map((each) => wantBucket(...each)),
      ),
    );
  const shares = (writer: Writer, ...wants: readonly ReturnType<typeof wantShare>[]) =>
    as(writer, () => world.runShare(analyst.arn, wants));
  const sids = async (): Promise<unknown[]> => (await statements(world)).map(({ Sid }) => Sid);

  it('have statements of their own, and neither mends, counts or removes the other’s', async () => {
    await bucket(leader, [analyst, 'acme']);
    await bucket(other, [analyst, 'acme'], [auditor, 'acme']);
    expect(await sids()).toEqual(['DenyInsecure', `Sluice${first}Read`, `Sluice${second}Read`]);
    world.clock.advance(2 * minute);
    world.aws.calls.reset();
    for (let turn = 0; turn < 3; turn++) {
      const [one, two] = [await bucket(leader, [analyst, 'acme']), await bucket(other, [analyst, 'acme'], [auditor, 'acme'])];
      expect([states(one), states(two)]).toEqual([['Applied'], ['Applied', 'Applied']]);
      expect([one.unowned, two.unowned, one.conflict, two.conflict]).toEqual([[], [], undefined, undefined]);
      world.clock.advance(2 * minute);
    }
    expect(writesOf(world)).toEqual([]);

    await bucket(leader, [analyst, 'acme', { mode: 'drop' }]);
    expect(await sids()).toEqual(['DenyInsecure', `Sluice${second}Read`]);
    await bucket(other, [analyst, 'acme', { mode: 'drop' }], [auditor, 'acme', { mode: 'drop' }]);
    expect(await sids()).toEqual(['DenyInsecure']);
  });

  it('have policies of their own for the same role, of which the one’s end leaves the other’s', async () => {
    await shares(leader, wantShare(analyst, 'acme'));
    await shares(other, wantShare(analyst, 'acme'), wantShare(analyst, 'beta'));
    const names = await attached(world, 'analyst');
    expect(names.filter((name) => name.includes(`:policy/sluice/${first}/`))).toHaveLength(1);
    expect(names.filter((name) => name.includes(`:policy/sluice/${second}/`))).toHaveLength(1);
    world.aws.calls.reset();
    expect(states(await shares(leader, wantShare(analyst, 'acme')))).toEqual(['Applied']);
    expect(states(await shares(other, wantShare(analyst, 'acme'), wantShare(analyst, 'beta')))).toEqual(['Applied', 'Applied']);
    expect(writesOf(world)).toEqual([]);

    expect(states(await shares(leader, wantShare(analyst, 'acme', { mode: 'drop' })))).toEqual(['Removed']);
    expect(await attached(world, 'analyst')).toEqual(names.filter((name) => name.includes(second)));
    expect([...(await granted(world, 'analyst'))].some((text) => text.endsWith(':acme'))).toBe(true);
  });

  it('given both write one bucket policy at once, then both have their statements in the end', async () => {
    for (const at of calls) {
      await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: documentOf(deny) }));
      world.clock.advance(20 * minute);
      world.restart();
      const one = world.writer;
      world.restart({ installation: second });
      const two = world.writer;
      await inside(
        at,
        () => bucket(one, [analyst, 'acme']),
        () => bucket(two, [auditor, 'acme']),
      );
      for (let turn = 0; turn < 2; turn++) {
        world.clock.advance(minute);
        await bucket(one, [analyst, 'acme']);
        await bucket(two, [auditor, 'acme']);
      }
      expect((await sids()).toSorted(), `at call ${String(at)}`).toEqual([
        'DenyInsecure',
        `Sluice${first}Read`,
        `Sluice${second}Read`,
      ]);
    }
  });
});
