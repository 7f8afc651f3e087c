/** Principals that go and come back, and shares whose place changes while they live: the old place is clean, the new one waits for consent. */
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
} from '@aws-sdk/client-iam';
import { GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutBucketEncryptionCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { awsClients } from '../support/aws.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { ask, conditionOf, crash, itemOf, itemWith, policyText, quiet, ready, share, verify } from './aws-cases.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

/** Our managed policies in the consumer account. */
async function sharePolicies({ consumer }: World): Promise<string[]> {
  const { Policies } = await consumer.admin.iam.send(new ListPoliciesCommand({ Scope: 'Local', PathPrefix: '/sluice/' }));
  return (Policies ?? []).map(({ Arn }) => Arn ?? '');
}

async function deleteRole({ consumer }: World, RoleName: string): Promise<void> {
  const { iam } = consumer.admin;
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  for (const { PolicyArn } of AttachedPolicies ?? []) await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  await iam.send(new DeleteRoleCommand({ RoleName }));
}

async function createRole({ consumer }: World, RoleName: string): Promise<void> {
  const Principal = { AWS: consumer.account };
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }] };
  await consumer.admin.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
}

async function keyNames({ producer }: World, keyArn: string): Promise<boolean> {
  const { Policy } = await producer.admin.kms.send(new GetKeyPolicyCommand({ KeyId: keyArn, PolicyName: 'default' }));
  return Policy?.includes('analysts') === true;
}

const revoke = (world: World, request: string): Promise<string> =>
  kubectl(['delete', 'sharerequest', request, '-n', world.consumer.namespace, '--timeout=30s']);

describe('a role that was deleted', () => {
  it('blocks nobody else on the bucket, and what it had is taken back', async () => {
    const world = await sluice.world({ roles: ['analysts', 'interns', 'auditors'] });
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await share(sluice, world, 'trial', { items: ['orders'], role: 'interns' });
    await deleteRole(world, 'analysts');

    await share(sluice, world, 'audit', { items: ['orders'], role: 'auditors' });
    expect([await world.reads('auditors', 'orders'), await world.reads('interns', 'orders')]).toEqual([true, true]);
    await revoke(world, 'trial');
    expect(await world.reads('interns', 'orders')).toBe(false);

    await revoke(world, 'weekly');
    expect(await policyText(world, 'orders')).not.toMatch(/analysts|AROA/);
    expect(await world.reads('auditors', 'orders')).toBe(true);
    await revoke(world, 'audit');
    expect(await policyText(world, 'orders')).toBeUndefined();
    expect(await sharePolicies(world)).toEqual([]);
  });

  it('and made again is somebody else: nothing is left for it, and it gets access by a new consent only', async () => {
    const world = await sluice.world({ buckets: ['orders', 'returns'] });
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await share(sluice, world, 'daily', { items: ['returns'] });
    await quiet(sluice);
    await deleteRole(world, 'analysts');
    await createRole(world, 'analysts');
    expect(await world.reads('analysts', 'orders')).toBe(false);

    // A write that would name the role compares its id first, for one of its shares; that withdraws all of them.
    await verify(sluice, world, 'weekly');
    for (const request of ['weekly', 'daily']) {
      const item = await itemWith(sluice, world, { request, reason: 'PrincipalRecreated' });
      expect(item.status?.phase).toBe('PendingApproval');
    }
    expect([await policyText(world, 'orders'), await policyText(world, 'returns')]).toEqual([undefined, undefined]);
    expect(await sharePolicies(world)).toEqual([]);
    expect([await world.reads('analysts', 'orders'), await world.reads('analysts', 'returns')]).toEqual([false, false]);

    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await apply([world.approval('weekly', { request: 'weekly', items: ['orders'] })]);
    await ready(sluice, world, 'weekly');
    expect([await world.reads('analysts', 'orders'), await world.reads('analysts', 'returns')]).toEqual([true, false]);
  });
});

describe('a share whose place changes while the operator is down', () => {
  it('with another key: the old key is closed when the new one is consented to', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['vault'] });
    await share(sluice, world, 'weekly', { items: ['vault'] });
    const [oldKey, bucket] = [world.keys['vault'] ?? '', world.buckets['vault'] ?? ''];
    const key = sluice.aws.seed.key(world.producer.account);
    await crash(sluice);
    await world.producer.admin.s3.send(
      new PutBucketEncryptionCommand({
        Bucket: bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key.arn } }],
        },
      }),
    );
    await apply([world.dataset('orders', { buckets: [{ name: bucket, kmsKeyArn: key.arn }] })]);
    await sluice.operator.start();
    await until('the new place waits for consent', async () => {
      const item = await itemOf(sluice, world, 'weekly');
      const { items } = await sluice.client.list(types.received, { namespace: world.producer.namespace });
      return item.spec.resolved.length === 1 && items[0]?.spec.items[0]?.location?.includes(key.arn) === true;
    });
    expect(await world.reads('analysts', 'vault')).toBe(true);
    expect(await keyNames(world, key.arn)).toBe(false);

    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await until('the old place is clean', async () => !(await keyNames(world, oldKey)));
    await until('the bucket policy is gone too', async () => (await policyText(world, 'vault')) === undefined);
    expect(await sharePolicies(world)).toEqual([]);

    await apply([world.approval('again', { request: 'weekly', items: ['vault'] })]);
    await until('the new key is open', () => keyNames(world, key.arn));
    await ready(sluice, world, 'weekly');
    expect(await keyNames(world, oldKey)).toBe(false);
  });

  it('with another management of policies: what was made before is taken away, and nothing is given without consent', async () => {
    const world = await sluice.world();
    await share(sluice, world, 'weekly', { items: ['orders'] });
    expect(await sharePolicies(world)).toHaveLength(1);
    await crash(sluice);
    await apply([world.role('analysts', { policyManagement: 'External' })]);
    await sluice.operator.start();
    await until('the item has been looked at', async () => {
      const item = await itemOf(sluice, world, 'weekly');
      return conditionOf(await requestStatus(world, 'weekly'), 'Approved') !== undefined && item.spec.resolved.length === 1;
    });
    expect([await world.reads('analysts', 'orders'), await sharePolicies(world)]).toEqual([true, [expect.any(String)]]);
    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await apply([world.approval('again', { request: 'weekly', items: ['orders'] })]);
    await ready(sluice, world, 'weekly');
    await until('no policy of ours is left', async () => (await sharePolicies(world)).length === 0);
    expect(await policyText(world, 'orders')).toContain('analysts');
    // Nothing on the principal's side: across accounts the owner's side alone opens nothing.
    expect(await world.reads('analysts', 'orders')).toBe(false);
  });

  async function requestStatus(world: World, name: string): Promise<Parameters<typeof conditionOf>[0]> {
    return (await sluice.client.get(types.request, { name, namespace: world.consumer.namespace })).status;
  }
});

describe('the principal', () => {
  it('with Detached policies waits for somebody to attach them, and says for what', async () => {
    const world = await sluice.world();
    await ask(world, 'weekly', { items: ['orders'], consumptionRole: { policyManagement: 'Detached' } });
    const item = await itemWith(sluice, world, { request: 'weekly', reason: 'WaitingForAttachment' });
    const [policy] = await sharePolicies(world);
    expect(conditionOf(item.status, 'Ready')?.message).toContain(policy?.slice(policy.lastIndexOf('/') + 1));
    expect(await world.reads('analysts', 'orders')).toBe(false);
    await world.consumer.admin.iam.send(new AttachRolePolicyCommand({ RoleName: 'analysts', PolicyArn: policy }));
    await verify(sluice, world, 'weekly');
    await ready(sluice, world, 'weekly');
    expect(await world.reads('analysts', 'orders')).toBe(true);
    await revoke(world, 'weekly');
    expect(await world.reads('analysts', 'orders')).toBe(false);
    expect(await sharePolicies(world)).toEqual([]);
  });

  it('may be a user', async () => {
    const world = await sluice.world();
    const user = sluice.aws.seed.user(world.consumer.account, 'robot');
    await apply([
      world.dataset('orders'),
      world.role('robot', { principalArn: user.arn }),
      world.request('weekly', { items: ['orders'], role: 'robot' }),
      world.approval('weekly', { request: 'weekly', role: user.arn, items: ['orders'] }),
    ]);
    await ready(sluice, world, 'weekly');
    expect(await readsAs(world, user)).toBe(true);
    const item = await itemOf(sluice, world, 'weekly');
    expect(item.status?.history?.map(({ action }) => action)).toContain('iam:AttachUserPolicy');
    await revoke(world, 'weekly');
    expect(await readsAs(world, user)).toBe(false);
    expect(await sharePolicies(world)).toEqual([]);
  });

  async function readsAs(
    world: World,
    user: { readonly accessKeyId: string; readonly secretAccessKey: string },
  ): Promise<boolean> {
    const { s3 } = awsClients(sluice.aws, user);
    return s3.send(new GetObjectCommand({ Bucket: world.buckets['orders'], Key: 'data/hello.txt' })).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.name === 'AccessDenied') return false;
        throw error;
      },
    );
  }
});
