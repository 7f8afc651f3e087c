/** A run may wait a minute for AWS; consent may be withdrawn meanwhile. What is no longer asked is no longer written. */
import { DeleteBucketPolicyCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { createWorld, wantBucket, wantShare } from './world.ts';

describe('a run that something else is asked during', () => {
  it('given consent is withdrawn before the first write, then nothing is written, and the run asks to be made again', async () => {
    const world = createWorld();
    const analyst = await world.role('analyst');
    await world.bucket('acme');
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme')], { isCurrent: () => false });
    expect(report.superseded).toBe(true);
    expect(report.writes).toEqual([]);
    expect(await world.policyOf('acme')).toBeUndefined();
  });

  it('given consent is withdrawn while the run waits for AWS to show its last write, then it does not write again and does not wait on', async () => {
    const world = createWorld();
    const analyst = await world.role('analyst');
    await world.bucket('acme');
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    // Somebody deletes the policy: it looks like a copy from before our write, so that the next run waits.
    await world.producer.s3.send(new DeleteBucketPolicyCommand({ Bucket: 'acme' }));
    const start = world.clock.now();
    let asked = 0;
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme')], { isCurrent: () => ++asked < 3 });
    expect(report.superseded).toBe(true);
    expect(report.writes).toEqual([]);
    expect(world.clock.now() - start).toBeLessThan(10_000);
  });

  it('given nothing else is asked, then it writes', async () => {
    const world = createWorld();
    const analyst = await world.role('analyst');
    await world.bucket('acme');
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme')], { isCurrent: () => true });
    expect(report.superseded).toBe(false);
    expect(report.writes).toHaveLength(1);
  });
});

describe('a run that something else is asked during, once it has begun to write', () => {
  it('given a policy was created, then it is attached all the same, so that the next run does not take it for an old copy', async () => {
    const world = createWorld();
    const analyst = await world.role('analyst');
    await world.bucket('acme');
    let current = true;
    world.aws.onCall((event) => {
      if (event.operation === 'CreatePolicy') current = false;
    });
    const report = await world.runShare(analyst.arn, [wantShare(analyst, 'acme')], { isCurrent: () => current });
    expect(report.superseded).toBe(true);
    expect(report.writes.map(({ action }) => action)).toEqual(['iam:CreatePolicy', 'iam:AttachRolePolicy']);
    const start = world.clock.now();
    const next = await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]);
    expect(next.writes).toEqual([]);
    expect([...next.items.values()].map(({ state }) => state)).toEqual(['Applied']);
    expect(world.clock.now() - start).toBeLessThan(1000);
  });
});
