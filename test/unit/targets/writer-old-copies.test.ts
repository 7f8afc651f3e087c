/** What AWS shows late is no answer: nothing is called removed because of a copy that is older than our own write. */
import { expect, it } from 'vitest';
import { createWorld, states, wantBucket, type TestWorld } from './world.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';

/** A role whose grant was written five seconds ago; from now on AWS shows what was before for `staleMs` after each write. */
async function justGranted(staleMs: number): Promise<{ readonly world: TestWorld; readonly role: PrincipalRef }> {
  const world = createWorld();
  const role = await world.role('analysts');
  await world.bucket('acme');
  world.clock.advance(60_000);
  await world.runBucket('acme', [wantBucket(role, 'acme')]);
  world.clock.advance(5000);
  world.aws.configure({ staleReadMs: staleMs });
  return { world, role };
}

it('a read that fails after an old copy was seen leaves open whether the grant is gone', async () => {
  const { world, role } = await justGranted(20_000);
  const off = world.aws.onCall(({ operation, phase }) => {
    if (operation !== 'GetBucketPolicy' || phase !== 'after') return;
    off();
    world.aws.faults.add({ kind: 'throttle', times: 1 });
  });
  expect(states(await world.runBucket('acme', [wantBucket(role, 'acme', { mode: 'drop' })]))).toEqual([
    'Pending/ProgressingWithRetry',
  ]);
  expect(states(await world.runBucket('acme', [wantBucket(role, 'acme', { mode: 'drop' })]))).toEqual(['Removed']);
  expect(await world.policyOf('acme')).toBeUndefined();
});

it('an old copy that is read after a failed write leaves open whether the grant is gone', async () => {
  const { world, role } = await justGranted(0);
  world.aws.onCall(({ operation, phase }) => {
    if (operation === 'DeleteBucketPolicy' && phase === 'after') world.aws.configure({ staleReadMs: 20_000 });
  });
  world.aws.faults.add({ kind: 'error', times: 1, match: { operation: 'DeleteBucketPolicy' } });
  expect(states(await world.runBucket('acme', [wantBucket(role, 'acme', { mode: 'drop' })]))).toEqual([
    'Pending/ProgressingWithRetry',
  ]);
  expect(states(await world.runBucket('acme', [wantBucket(role, 'acme', { mode: 'drop' })]))).toEqual(['Removed']);
});
