/** Removing orphans: only where the Environment says so, only what is certainly ours and was seen twice, never when objects may have been lost, and never beside a share. */
import {
  DetachRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  UntagPolicyCommand,
} from '@aws-sdk/client-iam';
import { GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { CreateAccessPointCommand, ListAccessPointsCommand, PutAccessPointPolicyCommand } from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, test } from 'vitest';
import { orphanStatus } from '../../../src/controllers/orphan-status.ts';
import { ownedPrefix } from '../../../src/policy/merge.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { aConsumerEnvironment, anEnvironment } from '../../support/builders.ts';
import { installation, producer, wantBucket, wantKey, writesOf } from '../targets/world.ts';
import { aDatasetWith, anItemOn, annotated, createOrphanWorld, deleting, interval, type OrphanWorld } from './orphan-world.ts';

let orphans: OrphanWorld;
let role: PrincipalRef;
beforeEach(async () => {
  orphans = createOrphanWorld();
  role = await orphans.world.role('analysts');
  orphans.environments.replace([deleting(anEnvironment()), deleting(aConsumerEnvironment())]);
  // Some share is there: a cluster without any is one that lost them.
  orphans.items.replace([anItemOn([`s3:bucket-policy/${producer}/acme-live`], { principal: role })]);
});

/** Two sweeps an interval apart, and what they order is run. */
async function sweepTwice(environment?: string): Promise<void> {
  await orphans.sweep(environment);
  orphans.world.clock.advance(interval);
  await orphans.sweep(environment);
  await orphans.runTargets();
}

const target = `s3:bucket-policy/${producer}/acme-orders`;
const foreign = { Sid: 'Tls', Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-orders/*' };
const foreignPolicy = JSON.stringify({ Version: '2012-10-17', Id: 'theirs', Statement: [foreign] });

describe('an orphan', () => {
  test('given one sweep, then it is reported only; given a second one an interval later, then it is removed', async () => {
    const { world } = orphans;
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await orphans.sweep();
    await orphans.runTargets();
    expect(writesOf(world)).toEqual([]);

    world.clock.advance(interval / 2);
    await orphans.sweep();
    await orphans.runTargets();
    expect(writesOf(world)).toEqual([]);

    world.clock.advance(interval / 2);
    await orphans.sweep();
    await orphans.runTargets();
    expect(writesOf(world)).toEqual(['s3:DeleteBucketPolicy']);
    expect(orphans.found()).toEqual([]);
    expect(orphans.events.map(({ reason }) => reason)).toEqual(['OrphansFound', 'OrphanRemoved']);
    expect(orphans.operator.memory.orphanOrders.size).toBe(0);
  });

  test('given an Environment that only reports, then it stays for ever', async () => {
    orphans.environments.put(anEnvironment());
    await orphans.world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await sweepTwice();
    await sweepTwice();
    expect(writesOf(orphans.world)).toEqual([]);
    expect(orphans.found()).toHaveLength(1);
  });

  test('given statements of others beside ours, then those stay as they are, in bucket and key policies', async () => {
    const { world } = orphans;
    const key = await world.key();
    const before = await keyPolicyOf(key);
    await world.bucket('acme-orders', foreignPolicy);
    const text = await world.policyOf('acme-orders');
    await world.runBucket('acme-orders', [wantBucket(role, 'acme-orders')]);
    await world.runKey(key, [wantKey(role)]);
    world.restart();
    expect(await world.policyOf('acme-orders')).toContain(ownedPrefix(installation));
    orphans.datasets.replace([withKey('acme-orders', key)]);

    await sweepTwice();

    expect(await world.policyOf('acme-orders')).toBe(text);
    expect(await keyPolicyOf(key)).toBe(before);
  });

  test('given policies of a principal, attached or deleted with it, then they are detached and deleted', async () => {
    const { world } = orphans;
    const gone = await world.role('gone');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await orphans.debris(gone, 'acme-orders');
    const { AttachedPolicies } = await world.consumer.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'gone' }));
    const PolicyArn = AttachedPolicies?.[0]?.PolicyArn;
    await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'gone', PolicyArn }));
    await world.deleteRole('gone');
    await sweepTwice('analytics');
    expect((await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toEqual([]);
    expect(orphans.found('analytics')).toEqual([]);
  });

  test('given a deleted principal in a bucket policy, then its id goes too', async () => {
    const { world } = orphans;
    await world.bucket('acme-orders');
    await world.runBucket('acme-orders', [wantBucket(role, 'acme-orders')]);
    world.restart();
    await world.deleteRole('analysts');
    await sweepTwice();
    expect(await world.policyOf('acme-orders')).toBeUndefined();
  });

  test('given an access point, with its policy or before it had one, then it is deleted', async () => {
    const { world } = orphans;
    await world.bucket('acme-orders');
    const names = ['a', 'b'].map((letter) => `sluice-${installation}-${letter.repeat(26)}`);
    const blockAll = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
    for (const Name of names) {
      const input = { AccountId: producer, Name, Bucket: 'acme-orders', PublicAccessBlockConfiguration: blockAll };
      await world.producer.s3control.send(new CreateAccessPointCommand(input));
    }
    const Resource = `arn:aws:s3:eu-west-1:${producer}:accesspoint/${names[0] ?? ''}/object/2026/*`;
    const own = {
      Sid: `Sluice${installation}Read`,
      Effect: 'Allow',
      Principal: { AWS: role.arn },
      Action: 's3:GetObject',
      Resource,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [own] });
    await world.producer.s3control.send(new PutAccessPointPolicyCommand({ AccountId: producer, Name: names[0], Policy }));
    await sweepTwice();
    const { AccessPointList } = await world.producer.s3control.send(new ListAccessPointsCommand({ AccountId: producer }));
    expect(AccessPointList).toEqual([]);
    expect(orphans.found()).toEqual([]);
  });

  test('given somebody changed it between two sweeps, then it is a new one', async () => {
    const { world } = orphans;
    const other = await world.role('other');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await orphans.sweep();
    await world.runBucket('acme-orders', [wantBucket(other, 'acme-orders')]);
    world.restart();
    world.aws.calls.reset();
    world.clock.advance(interval);
    await orphans.sweep();
    await orphans.runTargets();
    expect(writesOf(world)).toEqual([]);
  });

  test('given tags or name that are not ours, then it is never removed', async () => {
    const { world } = orphans;
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    const { Policies } = await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
    const untag = new UntagPolicyCommand({ PolicyArn: Policies?.[0]?.Arn ?? '', TagKeys: ['sluice.dev/principal'] });
    await world.consumer.iam.send(untag);
    world.aws.calls.reset();
    await sweepTwice('analytics');
    expect(writesOf(world)).toEqual([]);
    expect(orphans.found('analytics')).toHaveLength(1);
  });
});

describe('an order to remove', () => {
  /** Everything up to the run of the target. */
  async function order(): Promise<void> {
    const { world } = orphans;
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await orphans.sweep();
    world.clock.advance(interval);
    await orphans.sweep();
    expect([...orphans.operator.memory.orphanOrders.keys()]).toEqual([target]);
  }

  test('given a share that came to name the document, then nothing is removed', async () => {
    await order();
    orphans.items.put(anItemOn([target], { principal: role }));
    await orphans.runTargets();
    expect(writesOf(orphans.world)).toEqual([]);
  });

  test('given a share that comes while the document is being read, then nothing is removed', async () => {
    await order();
    orphans.world.aws.onCall(({ operation }) => {
      if (operation === 'GetBucketPolicy') orphans.items.put(anItemOn([target], { principal: role }));
    });
    await orphans.runTargets();
    expect(writesOf(orphans.world)).toEqual([]);
    expect(orphans.operator.memory.orphanOrders.size).toBe(0);
  });

  test('given the Environment only reports by now, or the caches are not complete any more, then nothing is removed', async () => {
    await order();
    orphans.environments.put(anEnvironment());
    await orphans.runTargets();
    expect(writesOf(orphans.world)).toEqual([]);

    orphans.environments.put(deleting(anEnvironment()));
    await orphans.sweep();
    orphans.synced = false;
    await orphans.runTargets();
    expect(writesOf(orphans.world)).toEqual([]);
  });

  test('given an operator that may not be the leader any more, then nothing is removed', async () => {
    await order();
    orphans.world.restart({ mayWrite: () => false });
    expect((await orphans.runTargets())[0]).toMatchObject({ kind: 'retry' });
    expect(writesOf(orphans.world)).toEqual([]);
  });

  test('given somebody else writes into the document after the sweep, then what they wrote stays', async () => {
    await order();
    const { world } = orphans;
    const now = JSON.parse((await world.policyOf('acme-orders')) ?? '{}') as { Statement: object[] };
    const Policy = JSON.stringify({ ...now, Statement: [...now.Statement, foreign] });
    await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme-orders', Policy }));
    await orphans.runTargets();
    expect(JSON.parse((await world.policyOf('acme-orders')) ?? '{}')).toMatchObject({ Statement: [foreign] });
  });

  test('given AWS refuses, then the status says why, and the next sweep tries again', async () => {
    const fault = { kind: 'error', code: 'AccessDenied', status: 403, match: { operation: 'DeleteBucketPolicy' } } as const;
    orphans.world.aws.faults.add(fault);
    await order();
    await orphans.runTargets();
    const { orphans: lines, condition } = orphanStatus(orphans.operator, deleting(anEnvironment()));
    expect(lines?.[0]?.message).toMatch(/AccessDenied/);
    expect(condition[0]?.message).toContain(`${target} could not be removed`);

    orphans.world.aws.faults.clear();
    orphans.world.clock.advance(interval);
    await orphans.sweep();
    await orphans.runTargets();
    expect(orphans.found()).toEqual([]);
  });

  test('given AWS throttles, then the target is tried again', async () => {
    await order();
    orphans.world.aws.faults.add({ kind: 'error', code: 'SlowDown', status: 503, match: { operation: 'DeleteBucketPolicy' } });
    expect((await orphans.runTargets())[0]).toMatchObject({ kind: 'retry' });
    expect(orphans.found()).toHaveLength(1);
  });
});

describe('the guard', () => {
  const allowed = (): Readonly<Record<string, string>> => ({
    'sluice.dev/allow-removal-until': new Date(orphans.world.clock.now() + 2 * interval).toISOString(),
  });

  test('given a cluster without any share, then not even one orphan is removed until the platform team allows it', async () => {
    const { world } = orphans;
    orphans.items.replace([]);
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await sweepTwice();
    expect(writesOf(world)).toEqual([]);
    expect(orphans.held()).toBe(true);
    expect(orphanStatus(orphans.operator, deleting(anEnvironment())).condition[0]?.message).toContain(
      'removal waits, since objects may have been lost: restore them, or, if it is meant: kubectl annotate environment sales sluice.dev/allow-removal-until=',
    );

    orphans.environments.put(annotated(deleting(anEnvironment()), allowed()));
    await orphans.sweep();
    await orphans.runTargets();
    expect(await world.policyOf('acme-orders')).toBeUndefined();
  });

  test('given more than twenty orphans that are more than a quarter of what carries our mark, then none is removed', async () => {
    const { world } = orphans;
    const buckets = Array.from({ length: 21 }, (_, index) => `acme-${String(index)}`);
    for (const bucket of buckets) {
      await world.bucket(bucket);
      await world.runBucket(bucket, [wantBucket(role, bucket)]);
    }
    world.restart();
    world.aws.calls.reset();
    await sweepTwice();
    expect(writesOf(world)).toEqual([]);
    expect(orphans.held()).toBe(true);

    // The same orphans beside many shares are debris, not a loss.
    const explained = Array.from({ length: 64 }, (_, index) => `s3:bucket-policy/${producer}/acme-live-${String(index)}`);
    orphans.items.put(anItemOn(explained, { principal: role }));
    await orphans.sweep();
    await orphans.runTargets();
    expect(writesOf(world)).toHaveLength(21);
  });
});

describe('leftovers', () => {
  const time = '2026-01-01T00:00:00Z';
  const leftover = (): { readonly target: string; readonly principal: string; readonly time: string } => ({
    target,
    principal: role.arn,
    time,
  });
  const cleared = (): number => orphans.operator.memory.cleared.size;

  test('given AWS still shows the principal there, then the entry stays; given somebody removed it by hand, then it goes', async () => {
    const { world } = orphans;
    orphans.environments.put(anEnvironment());
    orphans.datasets.replace([aDatasetWith([], [leftover()])]);
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await orphans.sweep();
    expect(cleared()).toBe(0);

    await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme-orders', Policy: foreignPolicy }));
    await orphans.sweep();
    expect(cleared()).toBe(1);
  });

  test('given a deleted principal that AWS shows by its id, then the entry stays', async () => {
    const { world } = orphans;
    orphans.environments.put(anEnvironment());
    orphans.datasets.replace([aDatasetWith([], [leftover()])]);
    await world.bucket('acme-orders');
    await world.runBucket('acme-orders', [wantBucket(role, 'acme-orders')]);
    await world.deleteRole('analysts');
    expect(await world.policyOf('acme-orders')).not.toContain(role.arn);
    await orphans.sweep();
    expect(cleared()).toBe(0);
  });

  test('given the bucket is gone, then the entry goes', async () => {
    orphans.datasets.replace([aDatasetWith([], [leftover()])]);
    await orphans.sweep();
    expect(cleared()).toBe(1);
  });

  test('given AWS does not let us look, then the entry stays', async () => {
    await orphans.world.bucket('acme-orders');
    orphans.datasets.replace([aDatasetWith([], [leftover()])]);
    orphans.world.aws.faults.add({ kind: 'error', code: 'AccessDenied', status: 403, match: { operation: 'GetBucketPolicy' } });
    await orphans.sweep();
    expect(cleared()).toBe(0);
  });

  test('given a leftover beside another share in the document, then it stays while the principal is there, and goes when that has a share again', async () => {
    const { world } = orphans;
    const other = await world.role('other');
    await world.bucket('acme-orders');
    await world.runBucket('acme-orders', [wantBucket(role, 'acme-orders'), wantBucket(other, 'acme-orders')]);
    orphans.datasets.replace([aDatasetWith([], [leftover()])]);
    orphans.items.put(anItemOn([target], { principal: other }));
    await orphans.sweep();
    expect(cleared()).toBe(0);

    orphans.items.put(anItemOn([target], { principal: role, state: 'Revoking' }));
    await orphans.sweep();
    expect(cleared()).toBe(0);

    orphans.items.put(anItemOn([target], { principal: role }));
    await orphans.sweep();
    expect(cleared()).toBe(1);
  });

  test('given share policies, then what the list of the account does not have is gone', async () => {
    const { world } = orphans;
    const left = { target: `iam:share-policy/${role.arn}`, principal: role.arn, time };
    orphans.datasets.replace([aDatasetWith([], [left])]);
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await orphans.sweep('analytics');
    expect(cleared()).toBe(0);
    await world.runShare(role.arn, []);
    await sweepTwice('analytics');
    await orphans.sweep('analytics');
    expect(cleared()).toBe(1);
  });
});

async function keyPolicyOf(key: string): Promise<string> {
  const command = new GetKeyPolicyCommand({ KeyId: key, PolicyName: 'default' });
  return (await orphans.world.producer.kms.send(command)).Policy ?? '';
}

function withKey(bucket: string, kmsKeyArn: string): ReturnType<typeof aDatasetWith> {
  const dataset = aDatasetWith([bucket]);
  return { ...dataset, spec: { ...dataset.spec, buckets: [{ name: bucket, kmsKeyArn }] as typeof dataset.spec.buckets } };
}
