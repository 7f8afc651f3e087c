/** 250 requests on one bucket, approved at once: few writes, and where the policy is full the rest is refused while the others are served. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askManyTimes } from '../bench/many.ts';
import { apply } from '../support/cluster.ts';
import { startSluice, type Sluice } from '../support/sluice.ts';
import { quiet } from './aws-cases.ts';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { awsClients } from '../support/aws.ts';

/** With 1,000 this takes minutes: `make bench` does that. */
const count = 250;
let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

it('many requests on one bucket cost few writes of its policy, and those that fit into 20 KB are served', async () => {
  const world = await sluice.world();
  await apply([world.dataset('orders')]);
  await quiet(sluice);
  const result = await askManyTimes(sluice, world, { count, seconds: 90 });
  expect(result.served.length + result.refused.length).toBe(count);
  expect(result.refused.length).toBeGreaterThan(0);
  expect(result.served.length).toBeGreaterThan(150);
  expect(result.calls['s3:PutBucketPolicy']).toBeLessThanOrEqual(75);
  // Really read: some of those that were served, and some that were not.
  const reads = async (name: string): Promise<boolean> => {
    const session = sluice.aws.seed.session({ arn: `arn:aws:iam::${world.consumer.account}:role/${name}` });
    const get = new GetObjectCommand({ Bucket: world.buckets['orders'], Key: 'data/hello.txt' });
    return awsClients(sluice.aws, session)
      .s3.send(get)
      .then(
        () => true,
        () => false,
      );
  };
  for (const name of result.served) expect(await reads(name), name).toBe(true);
  for (const name of result.refused.slice(0, 20)) expect(await reads(name), name).toBe(false);
});
