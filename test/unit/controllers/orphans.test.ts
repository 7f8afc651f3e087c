/** What a sweep finds in AWS, what it leaves alone, and what it says. Removing is in orphan-removal.test.ts. */
import { CreatePolicyCommand, ListPoliciesCommand, UntagPolicyCommand } from '@aws-sdk/client-iam';
import { PutBucketEncryptionCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { CreateAccessPointCommand, PutAccessPointPolicyCommand } from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, test } from 'vitest';
import { reconcileOrphans } from '../../../src/controllers/orphans.ts';
import { orphanStatus } from '../../../src/controllers/orphan-status.ts';
import { aConsumerEnvironment, anEnvironment, meta, spec } from '../../support/builders.ts';
import type { Environment } from '../../../src/api/index.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { callsOf, installation, producer, wantBucket, wantShare, writesOf } from '../targets/world.ts';
import { aDatasetWith, anItemOn, annotated, createOrphanWorld, interval, type OrphanWorld } from './orphan-world.ts';

let orphans: OrphanWorld;
beforeEach(() => {
  orphans = createOrphanWorld();
});

const signal = new AbortController().signal;
const targetsOf = (environment?: string): string[] => orphans.found(environment).map(({ target }) => target);
const conditionOf = (environment: Environment) => orphanStatus(orphans.operator, environment).condition[0];

async function encrypt(bucket: string, key: string): Promise<void> {
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } } as const;
  const command = new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } });
  await orphans.world.producer.s3.send(command);
}

describe('a sweep', () => {
  test('given a share whose objects are lost, then its bucket policy, key policy and share policies are found, and nothing is written', async () => {
    const { world } = orphans;
    const [role, key] = [await world.role('analysts', '/teams/'), await world.key()];
    await world.bucket('acme-orders');
    await encrypt('acme-orders', key);
    await orphans.debris(role, 'acme-orders', key);

    await orphans.sweep('sales');
    await orphans.sweep('analytics');

    expect(orphans.found('sales')).toMatchObject([
      { kind: 'BucketPolicy', target: `s3:bucket-policy/${producer}/acme-orders`, principals: [role.arn], certain: true },
      { kind: 'KeyPolicy', target: `kms:key-policy/${key}`, principals: [role.arn], certain: true },
    ]);
    expect(orphans.found('analytics')).toMatchObject([
      { kind: 'SharePolicy', target: `iam:share-policy/${role.arn}`, principals: [role.arn], certain: true },
    ]);
    expect(writesOf(world)).toEqual([]);
    expect(conditionOf(anEnvironment())).toMatchObject({ type: 'Orphans', status: 'True', reason: 'OrphansFound' });
    expect(conditionOf(anEnvironment())?.message).toContain(`2 documents carry this installation's mark`);
  });

  test('given a record that names the documents, in whatever state, then there are no orphans', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    const targets = [`s3:bucket-policy/${producer}/acme-orders`, `iam:share-policy/${role.arn}`];
    orphans.items.replace([anItemOn(targets, { principal: role, state: 'Revoking' })]);

    await orphans.sweep('sales');
    await orphans.sweep('analytics');

    expect([...targetsOf('sales'), ...targetsOf('analytics')]).toEqual([]);
    expect(conditionOf(aConsumerEnvironment())).toMatchObject({ status: 'False', reason: 'NoOrphans' });
    // What is explained costs lists and nothing else.
    expect(callsOf(world)).toEqual(['iam:ListPolicies', 's3control:ListAccessPoints', 's3:ListBuckets', 'iam:ListPolicies']);
  });

  test('given a share that ends while the sweep looks, then what was seen of it is no orphan', async () => {
    const { world } = orphans;
    const [role, other] = [await world.role('analysts'), await world.role('other')];
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    const left = { target: `s3:bucket-policy/${producer}/acme-orders`, principal: other.arn, time: '2026-01-01T00:00:00Z' };
    orphans.datasets.replace([aDatasetWith([], [left])]);
    orphans.items.replace([anItemOn([left.target], { principal: role, state: 'Revoking' })]);
    world.aws.onCall(({ operation }) => {
      if (operation === 'GetBucketPolicy') orphans.items.replace([]);
    });
    await orphans.sweep();
    expect(targetsOf()).toEqual([]);
  });

  test('given statements and policies of another installation, then they are not ours', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    const theirs = {
      Sid: `Sluice${installation.replace('a', 'z')}Read`,
      Effect: 'Allow',
      Principal: { AWS: role.arn },
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::acme-orders/*',
    };
    await world.bucket('acme-orders', JSON.stringify({ Version: '2012-10-17', Statement: [theirs] }));
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
    });
    await world.consumer.iam.send(
      new CreatePolicyCommand({ PolicyName: 'sluice-other', Path: '/sluice/zbcd1234/x/', PolicyDocument: document }),
    );

    await orphans.sweep('sales');
    await orphans.sweep('analytics');

    expect([...targetsOf('sales'), ...targetsOf('analytics')]).toEqual([]);
  });

  test('given a bucket that no claim covers, then it is looked at only where a Dataset names it', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('legacy');
    await orphans.debris(role, 'legacy');
    await orphans.sweep();
    expect(targetsOf()).toEqual([]);

    orphans.datasets.replace([aDatasetWith(['legacy'])]);
    await orphans.sweep();
    expect(targetsOf()).toEqual([`s3:bucket-policy/${producer}/legacy`]);

    // What was found once is looked at again, though nothing names it any more.
    orphans.datasets.replace([]);
    await orphans.sweep();
    expect(targetsOf()).toEqual([`s3:bucket-policy/${producer}/legacy`]);
  });

  test('given a policy at our path without our tags, then it is reported as one that is not certainly ours', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    const { Policies } = await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
    const arn = Policies?.[0]?.Arn ?? '';
    await world.consumer.iam.send(new UntagPolicyCommand({ PolicyArn: arn, TagKeys: ['sluice.dev/installation'] }));

    await orphans.sweep('analytics');

    expect(orphans.found('analytics')).toMatchObject([{ target: `iam:policy/${arn}`, certain: false }]);
  });

  test('given more policies than fit on a page, then all are found', async () => {
    const { world } = orphans;
    const roles = await Promise.all(Array.from({ length: 12 }, (_, index) => world.role(`role-${String(index)}`)));
    for (const role of roles) await world.runShare(role.arn, [wantShare(role, 'acme-orders')]);
    const pages: number[] = [];
    world.consumer.iam.middlewareStack.add(
      (next) => (call) => {
        pages.push(pages.length);
        return next({ ...call, input: { ...call.input, MaxItems: 5 } });
      },
      { step: 'initialize' },
    );
    await orphans.sweep('analytics');
    expect(targetsOf('analytics').toSorted()).toEqual(roles.map(({ arn }) => `iam:share-policy/${arn}`).toSorted());
    // Three lists, and each policy's tags.
    expect(pages).toHaveLength(3 + 12);
  });

  test('given access points of our names, then they are found on all pages; one with statements of others only is not certainly ours', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('acme-orders');
    const [ours, empty, theirs] = await Promise.all(['a', 'b', 'c'].map((letter) => makePoint(letter.repeat(26))));
    await putPointPolicy(ours ?? '', role, `Sluice${installation}Read`);
    await putPointPolicy(theirs ?? '', role, 'SomebodyElse');
    await makePoint('d'.repeat(26), 'zbcd1234');
    world.producer.s3control.middlewareStack.add((next) => (call) => next({ ...call, input: { ...call.input, MaxResults: 2 } }), {
      step: 'initialize',
    });

    await orphans.sweep();

    const target = (name: string | undefined): string => `s3:access-point/${producer}/eu-west-1/${name ?? ''}`;
    expect(orphans.found()).toMatchObject([
      { kind: 'AccessPoint', target: target(ours), principals: [role.arn], certain: true },
      { kind: 'AccessPoint', target: target(empty), principals: [], certain: true },
      { kind: 'AccessPoint', target: target(theirs), principals: [], certain: false },
    ]);
  });

  test('given two Environments of one account, then one of them lists its policies', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    const second = [meta<Environment>({ name: 'other' }), spec<Environment>({ region: 'eu-central-1' })] as const;
    orphans.environments.put(aConsumerEnvironment(...second));
    orphans.operator.observations.environments.set('other', { kind: 'ready', attachmentQuota: 10 });

    await orphans.sweep('analytics');
    await orphans.sweep('other');
    expect([targetsOf('analytics'), targetsOf('other')]).toEqual([[`iam:share-policy/${role.arn}`], []]);

    orphans.operator.observations.environments.delete('analytics');
    await orphans.sweep('other');
    expect(targetsOf('other')).toEqual([`iam:share-policy/${role.arn}`]);
  });
});

async function makePoint(hash: string, mark = installation): Promise<string> {
  const Name = `sluice-${mark}-${hash}`;
  await orphans.world.producer.s3control.send(new CreateAccessPointCommand({ AccountId: producer, Name, Bucket: 'acme-orders' }));
  return Name;
}

async function putPointPolicy(Name: string, role: PrincipalRef, Sid: string): Promise<void> {
  const Resource = `arn:aws:s3:eu-west-1:${producer}:accesspoint/${Name}/object/2026/*`;
  const Statement = [{ Sid, Effect: 'Allow', Principal: { AWS: role.arn }, Action: 's3:GetObject', Resource }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await orphans.world.producer.s3control.send(new PutAccessPointPolicyCommand({ AccountId: producer, Name, Policy }));
}

describe('what a sweep says', () => {
  test('given AWS refuses to list policies, then the condition is Unknown and names the action', async () => {
    orphans.world.aws.faults.add({ kind: 'error', code: 'AccessDenied', status: 403, match: { operation: 'ListPolicies' } });
    await orphans.sweep('analytics');
    expect(conditionOf(aConsumerEnvironment())).toEqual({
      type: 'Orphans',
      status: 'Unknown',
      reason: 'PermissionsMissing',
      message: 'not everything could be looked at: iam:ListPolicies (AccessDenied)',
    });
  });

  test('given AWS refuses to list buckets, then those that Datasets name are read all the same', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    orphans.datasets.replace([aDatasetWith(['acme-orders'])]);
    world.aws.faults.add({ kind: 'error', code: 'AccessDenied', status: 403, match: { operation: 'ListBuckets' } });

    await orphans.sweep();

    const condition = conditionOf(anEnvironment());
    expect(condition).toMatchObject({ status: 'True', reason: 'OrphansFound' });
    expect(condition?.message).toContain('not everything could be looked at: s3:ListAllMyBuckets (AccessDenied)');
  });

  test('given AWS throttles, then nothing is concluded and it is tried again', async () => {
    orphans.world.aws.faults.add({ kind: 'error', code: 'Throttling', status: 400, match: { operation: 'ListPolicies' } });
    expect(await orphans.sweep('analytics')).toMatchObject({ kind: 'retry' });
    expect(orphans.operator.memory.sweeps.has('analytics')).toBe(false);
  });

  test('an Event tells of an orphan once', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    await orphans.sweep();
    await orphans.sweep();
    expect(orphans.events.map(({ reason, type }) => `${type} ${reason}`)).toEqual(['Warning OrphansFound']);
    expect(orphans.events[0]?.note).toContain('1 document carries');
  });

  test('the status has the orphans with whom they give something and since when, and before the first sweep what it said before', async () => {
    const { world } = orphans;
    const role = await world.role('analysts');
    await world.bucket('acme-orders');
    await orphans.debris(role, 'acme-orders');
    const before = { kind: 'KeyPolicy', target: 'old', principals: [], since: '2026-01-01T00:00:00Z' } as const;
    const environment = { ...anEnvironment(), status: { observedGeneration: 1, orphans: [before] } };
    expect(orphanStatus(orphans.operator, environment)).toEqual({ condition: [], orphans: [before] });

    await orphans.sweep();
    expect(orphanStatus(orphans.operator, environment).orphans).toEqual([
      {
        kind: 'BucketPolicy',
        target: `s3:bucket-policy/${producer}/acme-orders`,
        principals: ['444455556666:analysts'],
        since: new Date(world.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
      },
    ]);
  });
});

describe('when an Environment is swept', () => {
  const reconcile = () => reconcileOrphans(orphans.operator, 'sales', signal);
  const swept = (): boolean => orphans.operator.memory.sweeps.has('sales');

  test('it is some minutes after start, and then once per interval', async () => {
    expect(await reconcile()).toEqual({ kind: 'requeue', afterMs: 300_000 });
    orphans.world.clock.advance(299_000);
    expect(await reconcile()).toEqual({ kind: 'requeue', afterMs: 1000 });
    expect(swept()).toBe(false);
    orphans.world.clock.advance(1000);
    expect(await reconcile()).toEqual({ kind: 'requeue', afterMs: interval });
    expect(swept()).toBe(true);
  });

  test('given the annotation, then it is at once, and the status repeats the value; the same value asks no second time', async () => {
    const asking = annotated(anEnvironment(), { 'sluice.dev/verify-requested-at': 'now' });
    orphans.environments.put(asking);
    await reconcile();
    expect(swept()).toBe(true);
    expect(orphanStatus(orphans.operator, asking).lastHandledVerifyAt).toBe('now');
    orphans.world.aws.calls.reset();
    await reconcile();
    expect(callsOf(orphans.world)).toEqual([]);
  });

  test('given a restart after the annotation was answered, then it is not answered again', async () => {
    const asking = annotated(anEnvironment(), { 'sluice.dev/verify-requested-at': 'now' });
    orphans.environments.put({ ...asking, status: { observedGeneration: 1, lastHandledVerifyAt: 'now' } });
    await reconcile();
    expect(swept()).toBe(false);
  });

  test('given the spec changes after a sweep, then it is at once', async () => {
    await orphans.sweep();
    await reconcile();
    orphans.world.aws.calls.reset();
    orphans.environments.put(meta<Environment>({ generation: 2 })(anEnvironment()));
    await reconcile();
    expect(callsOf(orphans.world)).not.toEqual([]);
  });

  test('given caches that are not complete, or an account that can not be entered, then not', async () => {
    orphans.synced = false;
    expect(await orphans.sweep()).toMatchObject({ kind: 'requeue' });
    orphans.synced = true;
    orphans.operator.observations.environments.delete('sales');
    expect(await orphans.sweep()).toMatchObject({ kind: 'requeue' });
    expect(swept()).toBe(false);
  });
});

// A bucket policy that somebody else's tool laid out anew is still the same orphan only if our statements are the same.
test('given our statements are the same and other statements changed, then an orphan is not younger for it', async () => {
  const { world } = orphans;
  const role = await world.role('analysts');
  await world.bucket('acme-orders');
  await world.runBucket('acme-orders', [wantBucket(role, 'acme-orders')]);
  await orphans.sweep();
  const [first] = orphans.found();
  const document = JSON.parse((await world.policyOf('acme-orders')) ?? '{}') as { Statement: object[] };
  const deny = { Sid: 'Tls', Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-orders/*' };
  const Policy = JSON.stringify({ ...document, Statement: [deny, ...document.Statement] });
  await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme-orders', Policy }));
  world.clock.advance(interval);
  await orphans.sweep();
  expect(orphans.found()).toEqual([first]);
});
