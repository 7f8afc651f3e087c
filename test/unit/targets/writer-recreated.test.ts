/** A role that is deleted and made again while a run waits for AWS to show its write. */
import { expect, it } from 'vitest';
import { createWorld, states, wantBucket, writesOf } from './world.ts';

it('a principal is compared before each write of a run, not only before the first', async () => {
  const world = createWorld({ staleReadMs: 20_000 });
  const role = await world.role('analysts');
  await world.bucket('acme');
  world.clock.advance(60_000);
  world.aws.calls.reset();
  let reads = 0;
  world.aws.onCall(async ({ operation, phase }) => {
    // The bucket policy is written, and AWS does not show it yet.
    if (operation !== 'GetBucketPolicy' || phase !== 'before' || ++reads !== 4) return;
    await world.deleteRole('analysts');
    await world.role('analysts');
  });
  const report = await world.runBucket('acme', [wantBucket(role, 'acme')]);
  expect(states(report)).toEqual(['Failed/PrincipalRecreated']);
  expect(writesOf(world).filter((write) => write === 's3:PutBucketPolicy')).toHaveLength(1);
});
