/** Access that others deny: a share is Ready only if AWS would really allow it, and whoever can change that reads where to look. Nothing is written on its account. */
import {
  CreatePolicyCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { PutPublicAccessBlockCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import {
  ask,
  callsIn,
  conditionOf,
  itemWith,
  namesOf,
  policyText,
  putPolicy,
  quiet,
  ready,
  receivedOf,
  requestOf,
  share,
  verify,
  writesOf,
} from './aws-cases.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

interface Statement {
  readonly Sid?: string;
}

/** The Deny of an owner who closes the bucket to a role. */
function closedTo({ buckets, roles }: World, role: string): object {
  const bucket = `arn:aws:s3:::${buckets['orders'] ?? ''}`;
  return {
    Sid: 'ClosedByOwner',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucket, `${bucket}/*`],
    Condition: { ArnEquals: { 'aws:PrincipalArn': roles[role]?.arn } },
  };
}

async function statements(world: World): Promise<readonly Statement[]> {
  const text = (await policyText(world, 'orders')) ?? '{"Statement":[]}';
  return (JSON.parse(text) as { readonly Statement: readonly Statement[] }).Statement;
}

async function own(world: World, all: readonly object[]): Promise<void> {
  await putPolicy(world, 'orders', { Version: '2012-10-17', Statement: all });
}

describe('a Deny in the bucket policy', () => {
  it('for the role keeps its share from being Ready, and the owner reads which statement it is; without it the share goes on', async () => {
    const world = await sluice.world();
    await own(world, [closedTo(world, 'analysts')]);
    await ask(world, 'weekly', { items: ['orders'] });
    const item = await itemWith(sluice, world, { request: 'weekly', reason: 'DeniedByOwnerPolicy' });
    expect(item.status).toMatchObject({ phase: 'ShareFailed', healthStatus: 'Unhealthy' });
    expect(conditionOf(item.status, 'Healthy')).toMatchObject({ status: 'False', reason: 'DeniedByOwnerPolicy' });
    expect(JSON.stringify([item.status, (await requestOf(sluice, world, 'weekly')).status])).not.toContain('ClosedByOwner');
    const findings = await until(
      'the owner reads of the statement',
      async () => (await receivedOf(sluice, world, 'weekly')).status?.findings ?? false,
    );
    expect(findings.join()).toContain('Statement "ClosedByOwner" (number 1) denies');
    expect(await world.reads('analysts', 'orders')).toBe(false);

    await own(
      world,
      (await statements(world)).filter(({ Sid }) => Sid !== 'ClosedByOwner'),
    );
    await verify(sluice, world, 'weekly');
    await ready(sluice, world, 'weekly');
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect((await receivedOf(sluice, world, 'weekly')).status?.findings).toBeUndefined();
  });

  it('that comes later is found by a verification, and costs no write; the share of another role stays Ready', async () => {
    const world = await sluice.world();
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await share(sluice, world, 'daily', { items: ['orders'], role: 'interns' });
    const from = await quiet(sluice);
    await own(world, [...(await statements(world)), closedTo(world, 'analysts')]);
    await verify(sluice, world, 'weekly');
    const item = await itemWith(sluice, world, { request: 'weekly', reason: 'DeniedByOwnerPolicy' });
    expect(conditionOf(item.status, 'Healthy')?.status).toBe('False');
    expect(await world.reads('analysts', 'orders')).toBe(false);
    expect(await world.reads('interns', 'orders')).toBe(true);
    expect(conditionOf((await requestOf(sluice, world, 'daily')).status, 'Ready')?.status).toBe('True');
    await quiet(sluice);
    expect(writesOf(callsIn(sluice, world, from))).toEqual([]);
  });
});

describe('a Deny in the key policy', () => {
  it('keeps the share from being Ready until it is gone', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['vault'] });
    await share(sluice, world, 'weekly', { items: ['vault'] });
    expect(await world.reads('analysts', 'vault')).toBe(true);
    const { kms } = world.producer.admin;
    const KeyId = world.keys['vault'];
    const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }));
    const policy = JSON.parse(Policy) as { readonly Statement: readonly object[] };
    const others = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:Decrypt',
      Resource: '*',
      Condition: { StringNotEquals: { 'aws:PrincipalAccount': world.producer.account } },
    };
    const write = (all: readonly object[]) =>
      kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify({ ...policy, Statement: all }) }));
    await write([...policy.Statement, others]);
    await verify(sluice, world, 'weekly');
    const item = await itemWith(sluice, world, { request: 'weekly', reason: 'DeniedByOwnerPolicy' });
    expect(conditionOf(item.status, 'Ready')?.message).toContain('denies kms:Decrypt');
    expect(await world.reads('analysts', 'vault')).toBe(false);
    await write(policy.Statement);
    await verify(sluice, world, 'weekly');
    await ready(sluice, world, 'weekly');
    expect(await world.reads('analysts', 'vault')).toBe(true);
  });
});

describe("the principal's own side", () => {
  it('with a permissions boundary that leaves the data out keeps the share from being Ready until it is gone, also across a restart', async () => {
    const world = await sluice.world();
    const { iam } = world.consumer.admin;
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:*', 'kms:*'], Resource: 'arn:aws:s3:::their-own*' }],
    });
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'boundary', PolicyDocument }));
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'analysts', PermissionsBoundary: Policy?.Arn }));
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await verify(sluice, world, 'weekly');
    const item = await itemWith(sluice, world, { request: 'weekly', reason: 'DeniedByPrincipalPolicy' });
    expect(conditionOf(item.status, 'Ready')?.message).toContain(`its permissions boundary ${Policy?.Arn ?? ''} does not allow`);
    expect(conditionOf(item.status, 'Healthy')?.status).toBe('False');
    expect(await world.reads('analysts', 'orders')).toBe(false);

    const from = sluice.aws.calls.list().length;
    await sluice.operator.restart();
    await until('it has looked at the role again', () =>
      Promise.resolve(namesOf(callsIn(sluice, world, from)).includes('iam:ListAttachedRolePolicies')),
    );
    await quiet(sluice);
    await itemWith(sluice, world, { request: 'weekly', reason: 'DeniedByPrincipalPolicy' });

    await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'analysts' }));
    await verify(sluice, world, 'weekly');
    await ready(sluice, world, 'weekly');
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });

  it('with an inline policy that denies the data keeps the share from being Ready until it is gone', async () => {
    const world = await sluice.world();
    await share(sluice, world, 'weekly', { items: ['orders'] });
    const { iam } = world.consumer.admin;
    const policy = { RoleName: 'analysts', PolicyName: 'guard' };
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'OwnAccountOnly',
          Effect: 'Deny',
          Action: 's3:*',
          Resource: '*',
          Condition: { StringNotEquals: { 'aws:ResourceAccount': world.consumer.account } },
        },
      ],
    });
    await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
    await verify(sluice, world, 'weekly');
    const item = await itemWith(sluice, world, { request: 'weekly', reason: 'DeniedByPrincipalPolicy' });
    expect(conditionOf(item.status, 'Ready')?.message).toContain('"OwnAccountOnly" (number 1) of its inline policy guard denies');
    expect(await world.reads('analysts', 'orders')).toBe(false);
    await iam.send(new DeleteRolePolicyCommand(policy));
    await verify(sluice, world, 'weekly');
    await ready(sluice, world, 'weekly');
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });
});

describe('a public policy under block public access', () => {
  it('is told on the Dataset before anything is written', async () => {
    const world = await sluice.world();
    const { s3 } = world.producer.admin;
    const block = (on: boolean) =>
      s3.send(
        new PutPublicAccessBlockCommand({
          Bucket: world.buckets['orders'],
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: on,
            IgnorePublicAcls: on,
            BlockPublicPolicy: on,
            RestrictPublicBuckets: on,
          },
        }),
      );
    await block(false);
    const Resource = `arn:aws:s3:::${world.buckets['orders'] ?? ''}/public/*`;
    await own(world, [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource }]);
    await block(true);
    await ask(world, 'weekly', { items: ['orders'] });
    const dataset = await until('the Dataset says why', async () => {
      const found = await sluice.client.get(types.dataset, { name: 'orders', namespace: world.producer.namespace });
      return conditionOf(found.status, 'Ready')?.reason === 'BlockedByPublicPolicy' && found;
    });
    expect(conditionOf(dataset.status, 'Ready')?.message).toContain('take the statement out that names everybody');
    await itemWith(sluice, world, { request: 'weekly', reason: 'DatasetNotReady' });
    expect(namesOf(callsIn(sluice, world))).not.toContain('s3:PutBucketPolicy');
  });
});
