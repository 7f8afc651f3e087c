/** Somebody changes what Sluice wrote in AWS: it is found, told, and mended or left, as the Dataset says. */
import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  DetachRolePolicyCommand,
  GetPolicyVersionCommand,
  ListAttachedRolePoliciesCommand,
  ListPolicyVersionsCommand,
} from '@aws-sdk/client-iam';
import { DeleteBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import {
  annotate,
  callsIn,
  conditionOf,
  eventReasons,
  itemOf,
  itemWith,
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

interface Statement {
  readonly Sid: string;
  readonly Action: readonly string[];
  readonly Principal: { readonly AWS: readonly string[] };
}

/** Rewrites our statements in the bucket's policy. */
async function rewrite(world: World, change: (statement: Statement) => Statement): Promise<void> {
  const policy = JSON.parse((await policyText(world, 'orders')) ?? '{}') as { Statement: Statement[] };
  await putPolicy(world, 'orders', { ...policy, Statement: policy.Statement.map(change) });
}

async function policyArn({ consumer }: World): Promise<string> {
  const { AttachedPolicies } = await consumer.admin.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'analysts' }));
  return AttachedPolicies?.[0]?.PolicyArn ?? '';
}

/** Makes another version of the share policy the one in force. */
async function replaceVersion(world: World, change: (text: string) => string): Promise<void> {
  const { iam } = world.consumer.admin;
  const PolicyArn = await policyArn(world);
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  const VersionId = Versions?.find(({ IsDefaultVersion }) => IsDefaultVersion)?.VersionId ?? '';
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
  const PolicyDocument = change(decodeURIComponent(PolicyVersion?.Document ?? ''));
  await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true }));
  await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
}

interface Change {
  readonly title: string;
  readonly make: (world: World) => Promise<unknown>;
  /** What the finding says. */
  readonly finding: RegExp;
  readonly repairedBy: readonly string[];
  /** Access is not lost: it is too much. */
  readonly widens?: true;
}

const changes: readonly Change[] = [
  {
    title: 'narrows our statement',
    make: (world) => rewrite(world, (one) => ({ ...one, Action: one.Action.filter((action) => action !== 's3:GetObject') })),
    finding: /missing Bucket Policy permissions: s3:GetObject /,
    repairedBy: ['s3:PutBucketPolicy'],
  },
  {
    title: 'widens our statement',
    make: (world) => rewrite(world, (one) => ({ ...one, Action: [...one.Action, 's3:DeleteObject'] })),
    finding: /has not allowed Bucket Policy permissions: s3:DeleteObject/,
    repairedBy: ['s3:PutBucketPolicy'],
    widens: true,
  },
  {
    title: 'deletes the policy with our statement',
    make: ({ producer, buckets }) => producer.admin.s3.send(new DeleteBucketPolicyCommand({ Bucket: buckets['orders'] })),
    finding: /Bucket Policy Target Resource does not exist/,
    repairedBy: ['s3:PutBucketPolicy'],
  },
  {
    title: 'makes another version of the share policy',
    make: (world) => replaceVersion(world, (text) => text.replace('s3:GetObject"', 's3:GetObjectAcl"')),
    finding: /missing IAM Policy permissions: s3:GetObject /,
    repairedBy: ['iam:CreatePolicyVersion'],
  },
  {
    title: 'detaches the share policy',
    make: async (world) =>
      world.consumer.admin.iam.send(new DetachRolePolicyCommand({ RoleName: 'analysts', PolicyArn: await policyArn(world) })),
    finding: /IAM Policy attached Target Resource does not exist/,
    repairedBy: ['iam:AttachRolePolicy'],
  },
];

/** A world per test with a share in it, by the test's name. */
const worlds = new Map<string, World>();
let sluice: Sluice;

/**
 * What an operator itself replaced less than a minute ago it takes for an old copy when it reads it again, and waits. One that has just started has replaced
 * nothing: so all shares are made first, and then it starts anew.
 */
beforeAll(async () => {
  sluice = await startSluice();
  const make = async (name: string, drift: 'Reapply' | 'Report'): Promise<void> => {
    const world = await sluice.world();
    worlds.set(name, world);
    await share(sluice, world, 'weekly', { items: ['orders'], dataset: { sharing: { permissions: ['Read'], drift } } });
  };
  await Promise.all([
    ...changes.flatMap(({ title }) => [make(`Reapply ${title}`, 'Reapply'), make(`Report ${title}`, 'Report')]),
    make('stranger', 'Report'),
  ]);
  await sluice.operator.restart();
  await quiet(sluice);
});
afterAll(async () => {
  await sluice.stop();
});

function worldOf(name: string): World {
  const world = worlds.get(name);
  if (world === undefined) throw new Error(`no world was made for ${name}`);
  return world;
}

describe('somebody', () => {
  it.each(changes)('$title: it is repaired, with Events and history on the item', async (change) => {
    const world = worldOf(`Reapply ${change.title}`);
    const from = sluice.aws.calls.list().length;
    await change.make(world);
    expect(await world.reads('analysts', 'orders')).toBe(change.widens === true);
    await verify(sluice, world, 'weekly');
    await ready(sluice, world, 'weekly');
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(writesOf(callsIn(sluice, world, from))).toEqual(change.repairedBy);
    const item = await until('the history tells of the repair', async () => {
      const found = await itemOf(sluice, world, 'weekly');
      return found.status?.history?.[0]?.result === 'Repaired' && found;
    });
    const repaired = item.status?.history?.filter(({ result }) => result === 'Repaired').map(({ action }) => action);
    expect(repaired).toEqual(change.repairedBy);
    expect(item.status?.healthStatus).toBe('Healthy');
    await until('Events tell of it', async () => {
      const reasons = await eventReasons(sluice, world.consumer.namespace, item.metadata.name);
      return reasons.includes('Warning Drifted') && reasons.includes('Normal Repaired');
    });
  });

  it.each(changes)('$title: under Report it is told and left, until a repair is asked for', async (change) => {
    const world = worldOf(`Report ${change.title}`);
    const from = sluice.aws.calls.list().length;
    await change.make(world);
    await verify(sluice, world, 'weekly');
    const item = await until('the item is unhealthy', async () => {
      const found = await itemOf(sluice, world, 'weekly');
      return found.status?.healthStatus === 'Unhealthy' && found;
    });
    expect(item.status?.healthMessage).toMatch(change.finding);
    expect(conditionOf(item.status, 'Healthy')?.status).toBe('False');
    if (change.widens !== true) {
      expect(conditionOf(item.status, 'Stalled')?.reason).toBe('Drifted');
      expect(conditionOf(item.status, 'Ready')?.status).toBe('False');
    }
    await until(
      'the request says so',
      async () => conditionOf((await requestOf(sluice, world, 'weekly')).status, 'Healthy')?.status === 'False',
    );
    await until('an Event tells of it', async () =>
      (await eventReasons(sluice, world.consumer.namespace, item.metadata.name)).includes('Warning Drifted'),
    );
    await quiet(sluice, 700);
    expect(writesOf(callsIn(sluice, world, from))).toEqual([]);
    expect(await world.reads('analysts', 'orders')).toBe(change.widens === true);

    await annotate(sluice, world, 'weekly', 'reapply');
    await until('it is healthy again', async () => (await itemOf(sluice, world, 'weekly')).status?.healthStatus === 'Healthy');
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(writesOf(callsIn(sluice, world, from))).toEqual(change.repairedBy);
    await until(
      'the history tells of the repair',
      async () => (await itemOf(sluice, world, 'weekly')).status?.history?.[0]?.result === 'Repaired',
    );
  });

  it('adds a stranger to our statement: only the owner reads who, and under Reapply he is taken out', async () => {
    const world = worldOf('stranger');
    const stranger = world.roles['interns']?.arn ?? '';
    await rewrite(world, (one) => ({ ...one, Principal: { AWS: [...one.Principal.AWS, stranger] } }));
    await verify(sluice, world, 'weekly');
    const findings = await until(
      'the owner reads of it',
      async () => (await receivedOf(sluice, world, 'weekly')).status?.findings ?? false,
    );
    expect(findings.join()).toContain(stranger);
    const { status } = await itemWith(sluice, world, { request: 'weekly', reason: 'Succeeded' });
    expect(JSON.stringify(status)).not.toContain(stranger);

    await sluice.client.mergePatch(
      { group: 'sluice.dev', version: 'v1alpha1', plural: 'datasets', kind: 'Dataset', namespaced: true },
      { name: 'orders', namespace: world.producer.namespace, body: { spec: { sharing: { drift: 'Reapply' } } } },
    );
    await verify(sluice, world, 'weekly');
    await until('the stranger is out', async () => (await policyText(world, 'orders'))?.includes(stranger) === false);
    await until('the finding is gone', async () => (await receivedOf(sluice, world, 'weekly')).status?.findings === undefined);
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });
});
