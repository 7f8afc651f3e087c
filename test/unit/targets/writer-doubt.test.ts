/**
 * A content that our own write replaced a moment ago: an old copy that AWS shows late, or somebody who put it back? The first must not be acted on, the second not
 * be left for long.
 */
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { deny, documentOf, ownStatements } from './documents.ts';
import { createWorld, states, wantBucket, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;
const before = documentOf(deny);

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst');
  await world.bucket('acme', before);
});

const run = () => world.runBucket('acme', [wantBucket(analyst, 'acme')]);

describe('a document that looks as it did before our write', () => {
  it('given a read-back had shown our write and somebody puts the old text back, then it is repaired after some ten seconds, not a minute', async () => {
    await run();
    world.clock.advance(2000);
    await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: before }));
    const start = world.clock.now();
    expect(states(await run())).toEqual(['Applied']);
    expect(await ownStatements(world)).toHaveLength(1);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(10_000);
    expect(world.clock.now() - start).toBeLessThan(20_000);
  });

  it('given old copies that are read now and then after ours was shown, then nothing is written and nobody is blamed', async () => {
    await run();
    const ours = (await world.policyOf('acme')) ?? '';
    world.plantPolicy('acme', before);
    const start = world.clock.now();
    world.aws.onCall(({ phase, operation }) => {
      if (phase === 'before' && operation === 'GetBucketPolicy' && world.clock.now() - start > 6000)
        world.plantPolicy('acme', ours);
    });
    const report = await run();
    expect(states(report)).toEqual(['Applied']);
    expect([report.writes, report.concurrentForeignChange]).toEqual([[], false]);
    expect([...report.found.values()].flat()).toEqual([]);
  });

  it('given no read-back has shown our write yet, then it is waited for a whole minute', async () => {
    world.aws.configure({ staleReadMs: 50_000 });
    world.clock.advance(3_600_000);
    let asked = 0;
    // Something else is asked during the read-back: the run ends before AWS showed its write.
    await world.runBucket('acme', [wantBucket(analyst, 'acme')], { isCurrent: () => ++asked < 6 });
    const report = await run();
    expect(states(report)).toEqual(['Applied']);
    expect(report.writes).toEqual([]);
  });
});
