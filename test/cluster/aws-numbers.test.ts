/** What a share costs in AWS calls, and that many at once cost few: the numbers of docs/benchmarks.md, as bounds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice } from '../support/sluice.ts';
import { annotate, callsIn, namesOf, quiet, requestOf, share, verify, writesOf } from './aws-cases.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

describe('a share in a system at rest', () => {
  it.each([
    { bucket: 'orders', calls: 8, writes: ['s3:PutBucketPolicy', 'iam:CreatePolicy', 'iam:AttachRolePolicy'] },
    {
      bucket: 'vault',
      calls: 11,
      writes: ['s3:PutBucketPolicy', 'kms:PutKeyPolicy', 'iam:CreatePolicy', 'iam:AttachRolePolicy'],
    },
    // A read that is older than a second is made again before the write: where the machine stalls in just that second, the count is one higher.
  ])('of $bucket costs at most $calls AWS calls, and its writes once each', { retry: 2 }, async ({ bucket, calls, writes }) => {
    const world = await sluice.world({ buckets: ['orders'], encrypted: ['vault'] });
    await share(sluice, world, 'first', { items: [bucket], role: 'interns' });
    const from = await quiet(sluice);
    await share(sluice, world, 'weekly', { items: [bucket] });
    await quiet(sluice);
    const made = callsIn(sluice, world, from);
    expect(writesOf(made)).toEqual(writes);
    const names = namesOf(made);
    expect(names.length, names.join(' ')).toBeLessThanOrEqual(calls);
    // What is read twice is what was written: before the write and after it.
    const written = ['s3:GetBucketPolicy', 'kms:GetKeyPolicy', 'iam:ListAttachedRolePolicies'];
    const counts = Map.groupBy(names, (name) => name);
    const repeated = [...counts].filter(([name, each]) => each.length > (written.includes(name) ? 2 : 1)).map(([name]) => name);
    expect(repeated, names.join(' ')).toEqual([]);
  });

  it('with a key costs at most six reads to verify, of the principal the list of its inline policies among them', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['vault'] });
    await share(sluice, world, 'weekly', { items: ['vault'] });
    const before = await quiet(sluice);
    await verify(sluice, world, 'weekly');
    await quiet(sluice);
    const made = namesOf(callsIn(sluice, world, before));
    expect(made).toContain('iam:ListRolePolicies');
    expect(made.length, made.join(' ')).toBeLessThanOrEqual(6);
  });

  it('costs few reads and no write to verify and to apply again, and none at all to start again', async () => {
    const world = await sluice.world();
    await share(sluice, world, 'weekly', { items: ['orders'] });
    const before = await quiet(sluice);
    await verify(sluice, world, 'weekly');
    const reapplied = await annotate(sluice, world, 'weekly', 'reapply');
    await until(
      'the re-apply is answered',
      async () => (await requestOf(sluice, world, 'weekly')).status?.lastHandledReapplyAt === reapplied,
    );
    await quiet(sluice);
    const made = callsIn(sluice, world, before);
    expect(writesOf(made)).toEqual([]);
    expect(made.length, namesOf(made).join(' ')).toBeLessThanOrEqual(10);

    const stopped = await quiet(sluice);
    await sluice.operator.restart();
    await until('it has read AWS', () =>
      Promise.resolve(namesOf(callsIn(sluice, world, stopped)).includes('s3:GetBucketPolicy')),
    );
    await quiet(sluice);
    expect(writesOf(callsIn(sluice, world, stopped))).toEqual([]);
  });

  // The last share on a bucket: an emptied policy is deleted only after a second read.
  it.each([
    { bucket: 'orders', calls: 8, writes: ['iam:DetachRolePolicy', 'iam:DeletePolicy', 's3:DeleteBucketPolicy'] },
    {
      bucket: 'vault',
      calls: 11,
      writes: ['iam:DetachRolePolicy', 'iam:DeletePolicy', 'kms:PutKeyPolicy', 's3:DeleteBucketPolicy'],
    },
  ])('of $bucket costs at most $calls calls to take back', { retry: 2 }, async ({ bucket, calls, writes }) => {
    const world = await sluice.world({ buckets: ['orders'], encrypted: ['vault'] });
    await share(sluice, world, 'weekly', { items: [bucket] });
    const before = await quiet(sluice);
    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
    await quiet(sluice);
    const made = callsIn(sluice, world, before);
    expect(writesOf(made)).toEqual(writes);
    expect(made.length, namesOf(made).join(' ')).toBeLessThanOrEqual(calls);
  });
});
