/** What an operator wrote in its last moments is taken back by the next one, also where AWS shows it only then. */
import { expect, it } from 'vitest';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { createWorld, states, wantBucket, wantShare, type TestWorld } from './world.ts';

/** A role whose grant an operator wrote a moment before it was killed; AWS shows what was before for another `staleMs`. */
async function killedAfterWriting(staleMs: number): Promise<{ readonly world: TestWorld; readonly role: PrincipalRef }> {
  const world = createWorld();
  const role = await world.role('analysts');
  await world.bucket('acme');
  world.clock.advance(60_000);
  world.aws.configure({ staleReadMs: staleMs });
  // It never comes to its read-back.
  const kill = new AbortController();
  world.aws.onCall(({ operation, phase }) => {
    if (operation === 'PutBucketPolicy' && phase === 'after') kill.abort(new Error('killed'));
  });
  await world.runBucket('acme', [wantBucket(role, 'acme')], { signal: kill.signal });
  world.restart();
  return { world, role };
}

const inherited = { mode: 'drop', inherited: true } as const;

it('given a grant that AWS does not show yet, when the next operator is to take it back, it does not call it removed', async () => {
  const { world, role } = await killedAfterWriting(20_000);
  const report = await world.runBucket('acme', [wantBucket(role, 'acme', inherited)]);
  expect(states(report)).toEqual(['Pending/Progressing']);
  expect(report.writes).toEqual([]);
  const lookAt = report.lookAt ?? 0;
  expect(lookAt - world.clock.now()).toBeGreaterThan(50_000);
  world.clock.advance(lookAt - world.clock.now());
  expect(states(await world.runBucket('acme', [wantBucket(role, 'acme', inherited)]))).toEqual(['Removed']);
  world.clock.advance(60_000);
  expect(await world.policyOf('acme')).toBeUndefined();
});

it('what never was there is removed after a minute, and not looked at without end', async () => {
  const world = createWorld();
  const role = await world.role('analysts');
  await world.bucket('acme');
  world.clock.advance(59_000);
  expect(states(await world.runBucket('acme', [wantBucket(role, 'acme', inherited)]))).toEqual(['Pending/Progressing']);
  world.clock.advance(1000);
  const report = await world.runBucket('acme', [wantBucket(role, 'acme', inherited)]);
  expect(states(report)).toEqual(['Removed']);
  expect(report).not.toHaveProperty('lookAt');
});

it('what is found and taken away is removed at once, also when it is asked about again', async () => {
  const { world, role } = await killedAfterWriting(0);
  const drop = [wantBucket(role, 'acme', inherited)];
  expect(states(await world.runBucket('acme', drop))).toEqual(['Removed']);
  expect(states(await world.runBucket('acme', drop))).toEqual(['Removed']);
});

it('what this process recorded itself needs no second look', async () => {
  const world = createWorld();
  const role = await world.role('analysts');
  await world.bucket('acme');
  expect(states(await world.runBucket('acme', [wantBucket(role, 'acme', { mode: 'drop' })]))).toEqual(['Removed']);
});

it('a bucket that is gone leaves nothing to wait for', async () => {
  const world = createWorld();
  const role = await world.role('analysts');
  expect(states(await world.runBucket('nowhere', [wantBucket(role, 'nowhere', inherited)]))).toEqual(['Removed']);
});

it("the same holds for the principal's own policies", async () => {
  const world = createWorld();
  const role = await world.role('analysts');
  const drop = [wantShare(role, 'acme', inherited)];
  expect(states(await world.runShare(role.arn, drop))).toEqual(['Pending/Progressing']);
  world.clock.advance(60_000);
  expect(states(await world.runShare(role.arn, drop))).toEqual(['Removed']);
});
