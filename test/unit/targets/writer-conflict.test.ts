/** Terraform that rewrites a document every few minutes: Sluice repairs it less and less often, says so, and still takes back and gives what it has to. */
import { DetachRolePolicyCommand } from '@aws-sdk/client-iam';
import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ResourceGrant } from '../../../src/targets/resource-policy.ts';
import type { Contribution, PrincipalRef } from '../../../src/targets/target.ts';
import type { TargetReport } from '../../../src/targets/writer-types.ts';
import { deny, documentOf, ownStatements } from './documents.ts';
import { attached, firstPolicy } from './iam.ts';
import { createWorld, states, wantBucket, wantShare, writesOf, type TestWorld } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;

let world: TestWorld;
let analyst: PrincipalRef;
let auditor: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  [analyst, auditor] = [await world.role('analyst'), await world.role('auditor')];
  await world.bucket('acme', documentOf(deny));
});

const want = (principal: PrincipalRef, over: Partial<Contribution<ResourceGrant>> = {}): Contribution<ResourceGrant> =>
  wantBucket(principal, 'acme', { question: 'want', ...over });
const run = (...wants: readonly Contribution<ResourceGrant>[]) => world.runBucket('acme', wants);
const puts = (): number => writesOf(world).filter((name) => name === 's3:PutBucketPolicy').length;
const put = (Policy: string): Promise<unknown> => world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy }));
/** Puts back what its state file says. */
const terraform = (): Promise<unknown> => put(documentOf(deny));

interface War {
  readonly forMs: number;
  /** How often the other tool applies. */
  readonly everyMs: number;
  readonly wants: () => readonly Contribution<ResourceGrant>[];
}

/** Runs the target as its queue would: a minute after a write, when the conflict says so, and every five minutes. Returns how often it wrote. */
async function wage({ forMs, everyMs, wants }: War): Promise<number> {
  const start = world.clock.now();
  const until = (at: number): void => world.clock.advance(Math.max(1, at - world.clock.now()));
  let [applyAt, runAt, writes] = [start + everyMs, start, 0];
  while (world.clock.now() < start + forMs) {
    if (applyAt <= runAt) {
      until(applyAt);
      await terraform();
      applyAt += everyMs;
      continue;
    }
    until(runAt);
    const report = await run(...wants());
    writes += report.writes.length;
    const due = [world.clock.now() + 5 * minute, report.readBackAt, report.lookAt].filter((at) => at !== undefined);
    runAt = Math.min(...due);
  }
  return writes;
}

/** Until the document is at war and repairs wait. */
async function quarrel(...wants: readonly Contribution<ResourceGrant>[]): Promise<TargetReport<unknown>> {
  await run(...wants);
  for (let turn = 0; turn < 3; turn++) {
    world.clock.advance(2 * minute);
    await terraform();
    world.clock.advance(2 * minute);
    await run(...wants);
  }
  world.aws.calls.reset();
  return run(...wants);
}

describe('a document that somebody rewrites every three minutes', () => {
  it('given a day of it, then Sluice writes it about once an hour, not at each turn', async () => {
    const writes = await wage({ forMs: 24 * hour, everyMs: 3 * minute, wants: () => [want(analyst)] });
    expect(writes).toBeLessThan(35);
    expect(writes).toBeGreaterThan(22);
  });

  it('then its item says how often, when last and what was missing, and when it is repaired again', async () => {
    const report = await quarrel(want(analyst));
    expect(states(report)).toEqual(['Failed/ConflictingOwner']);
    expect(report.conflict).toMatchObject({ count: 3 });
    const message = report.items.get(analyst.arn)?.message ?? '';
    expect(message).toMatch(
      /^Something else keeps changing the bucket policy of acme: what Sluice wrote there was undone 3 times since 2026-01-01T00:04:00Z, last seen at 2026-01-01T00:12:\d\dZ/,
    );
    expect(message).toContain(`(Requestor ${analyst.arn} missing Bucket Policy permissions: s3:GetObject, s3:ListBucket`);
    expect(message).toMatch(/It is repaired again at 2026-01-01T00:(16|17):\d\dZ\./);
    expect(puts()).toBe(0);
  });

  it('then what one item is told names no other principal', async () => {
    const report = await quarrel(want(analyst), want(auditor));
    expect(report.items.get(analyst.arn)?.message).not.toContain(auditor.arn);
  });

  it('given two such documents, then they are not repaired at the same moment', async () => {
    await world.bucket('beta');
    const first = await quarrel(want(analyst));
    const lookAfter = (report: TargetReport<unknown>): number => (report.lookAt ?? 0) - (report.conflict?.lastAt ?? 0);
    const wants = [wantBucket(analyst, 'beta', { question: 'want' })];
    for (let turn = 0; turn < 4; turn++) {
      await world.runBucket('beta', wants);
      world.clock.advance(4 * minute);
      await world.producer.s3.send(new DeleteBucketPolicyCommand({ Bucket: 'beta' }));
    }
    const second = await world.runBucket('beta', wants);
    expect(second.conflict).toBeDefined();
    expect(lookAfter(second)).not.toBe(lookAfter(first));
    for (const each of [first, second]) expect(Math.abs(lookAfter(each) - 5 * minute)).toBeLessThanOrEqual(0.5 * minute);
  });
});

describe('the end of a quarrel', () => {
  it('given the other stops, then the repair that holds clears it, and not before it has held', async () => {
    const { lookAt } = await quarrel(want(analyst));
    world.clock.advance((lookAt ?? 0) - world.clock.now());
    const repaired = await run(want(analyst));
    expect(puts()).toBe(1);
    expect(states(repaired)).toEqual(['Failed/ConflictingOwner']);
    expect(repaired.items.get(analyst.arn)?.message).toContain('counts as mended if it still is at');
    world.clock.advance(minute);
    expect(states(await run(want(analyst)))).toEqual(['Failed/ConflictingOwner']);
    world.clock.advance((repaired.lookAt ?? 0) - world.clock.now());
    const after = await run(want(analyst));
    expect([states(after), after.conflict, after.lookAt]).toEqual([['Applied'], undefined, undefined]);
    expect(puts()).toBe(1);
  });

  it('given the other goes on, then each turn waits twice as long, up to an hour', async () => {
    let report = await quarrel(want(analyst));
    const waits: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      world.clock.advance((report.lookAt ?? 0) - world.clock.now());
      await run(want(analyst));
      world.clock.advance(2 * minute);
      await terraform();
      world.clock.advance(15_000);
      report = await run(want(analyst));
      waits.push(Math.round(((report.lookAt ?? 0) - (report.conflict?.lastAt ?? 0)) / minute));
    }
    for (const [turn, expected] of [10, 20, 40, 60, 60, 60].entries()) {
      expect(waits[turn]).toBeGreaterThanOrEqual(expected * 0.9 - 1);
      expect(waits[turn]).toBeLessThanOrEqual(expected * 1.1 + 1);
    }
  });

  it('given the other puts our statements into its own document, then that counts as mended too, without a write of ours', async () => {
    await run(want(analyst));
    const good = (await world.policyOf('acme')) ?? '';
    await quarrel(want(analyst));
    await put(good);
    const writes = puts();
    world.clock.advance(minute);
    const report = await run(want(analyst));
    world.clock.advance((report.lookAt ?? 0) - world.clock.now());
    expect(states(await run(want(analyst)))).toEqual(['Applied']);
    expect(puts()).toBe(writes);
  });

  it('given two repairs undone and then quiet for hours, then the third, much later, is no quarrel', async () => {
    await run(want(analyst));
    for (const pause of [5 * minute, 5 * minute, 3 * hour]) {
      world.clock.advance(pause);
      await terraform();
      world.clock.advance(2 * minute);
      expect(states(await run(want(analyst)))).toEqual(['Applied']);
    }
  });
});

describe('while repairs wait', () => {
  it('given a share is revoked, then it is taken back at once', async () => {
    await quarrel(want(analyst), want(auditor));
    const report = await run(want(analyst), want(auditor, { mode: 'drop', question: 'drop' }));
    expect(states(report)[1]).toBe('Removed');
  });

  it('given a share is revoked that the other tool keeps putting back, then each of its turns is answered', async () => {
    await run(want(analyst), want(auditor));
    const snapshot = (await world.policyOf('acme')) ?? '';
    const restore = () => put(snapshot);
    await quarrel(want(analyst), want(auditor));
    for (let turn = 0; turn < 3; turn++) {
      await restore();
      world.clock.advance(minute);
      const report = await run(want(analyst), want(auditor, { mode: 'drop', question: 'drop' }));
      expect(states(report)[1]).toBe('Removed');
      expect(JSON.stringify(await ownStatements(world))).not.toContain(auditor.arn);
    }
  });

  it('given a first grant, then it is written once; what is undone of it waits like the rest', async () => {
    await quarrel(want(analyst));
    const report = await run(want(analyst), want(auditor));
    expect(states(report)[1]).toBe('Applied');
    expect(puts()).toBe(1);
    world.clock.advance(minute);
    await terraform();
    world.clock.advance(minute);
    world.aws.calls.reset();
    expect(states(await run(want(analyst), want(auditor)))).toEqual(['Failed/ConflictingOwner', 'Failed/ConflictingOwner']);
    expect(puts()).toBe(0);
  });

  it('given somebody asks for a repair, then it is written once', async () => {
    await quarrel(want(analyst));
    const asked = want(analyst, { question: 'want|asked at 12:00' });
    await run(asked);
    expect(puts()).toBe(1);
    await terraform();
    world.clock.advance(2 * minute);
    await run(asked);
    expect(puts()).toBe(2);
  });
});

describe('when the time has come and AWS refuses', () => {
  it('given the repair or the look fails, then no time in the past is asked for: the queue would run for nothing', async () => {
    const { lookAt } = await quarrel(want(analyst));
    world.clock.advance((lookAt ?? 0) - world.clock.now());
    const remove = world.aws.faults.add({
      kind: 'error',
      code: 'AccessDenied',
      status: 403,
      match: { operation: 'PutBucketPolicy' },
    });
    expect((await run(want(analyst))).lookAt).toBeUndefined();
    remove();
    await run(want(analyst));
    world.clock.advance(hour);
    world.aws.faults.add({ kind: 'error', code: 'AccessDenied', status: 403, match: { operation: 'GetBucketPolicy' } });
    const { lookAt: again, readBackAt } = await run(want(analyst));
    expect([again, readBackAt]).toEqual([undefined, undefined]);
  });
});

describe('what is no quarrel', () => {
  it('given shares of a principal that are narrowed and widened one after the other, then nobody is at odds', async () => {
    const arn = 'arn:aws:s3:::acme';
    const template = (...actions: string[]) => ({
      name: actions.length > 1 ? 'Write' : 'Read',
      actions,
      resources: [`${arn}/*`],
    });
    const one = (item: string, question: string, ...actions: string[]): Contribution<ResourceGrant> =>
      want(analyst, { item, question, grant: { principal: analyst, templates: [template(...actions)] } });
    for (let turn = 0; turn < 5; turn++) {
      const wide = [one('a', `w${String(turn)}`, 's3:GetObject', 's3:PutObject'), one('b', 'r', 's3:GetObject')];
      const narrow = [one('a', `n${String(turn)}`, 's3:GetObject'), one('b', 'r', 's3:GetObject')];
      for (const wants of [wide, narrow]) {
        expect(states(await run(...wants))).toEqual(['Applied', 'Applied']);
        world.clock.advance(2 * minute);
      }
    }
    expect((await run(one('a', 'n4', 's3:GetObject'), one('b', 'r', 's3:GetObject'))).conflict).toBeUndefined();
  });

  it('given a role that is deleted, then its absence is not taken for somebody who undoes our work', async () => {
    for (let turn = 0; turn < 5; turn++) {
      await run(want(analyst), want(auditor, { question: String(turn) }));
      if (turn === 0) await world.deleteRole('analyst');
      world.clock.advance(5 * minute);
    }
    expect((await run(want(analyst), want(auditor, { question: '5' }))).conflict).toBeUndefined();
  });

  it('given drift that is only reported, then nothing of ours is undone more than once', async () => {
    const only = want(analyst, { repair: false });
    await run(want(analyst));
    for (let turn = 0; turn < 5; turn++) {
      world.clock.advance(5 * minute);
      await terraform();
      world.clock.advance(2 * minute);
      expect(states(await run(only))).toEqual(['Failed/Drifted']);
    }
  });
});

describe('other documents', () => {
  it('given somebody who detaches the share policy every few minutes, then that waits as well', async () => {
    const wants = [wantShare(analyst, 'acme', { question: 'want' })];
    const attempt = () => world.runShare(analyst.arn, wants);
    const detach = () =>
      world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: firstPolicy(analyst) }));
    await attempt();
    for (let turn = 0; turn < 3; turn++) {
      world.clock.advance(4 * minute);
      await detach();
      await attempt();
    }
    expect(await attempt().then(states)).toEqual(['Failed/ConflictingOwner']);
    expect(await attached(world, 'analyst')).toEqual([]);
    world.clock.advance(6 * minute);
    await attempt();
    expect(await attached(world, 'analyst')).toEqual([firstPolicy(analyst)]);
  });
});
