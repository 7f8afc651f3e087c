import { AttachRolePolicyCommand, CreatePolicyCommand } from '@aws-sdk/client-iam';
import { beforeEach, describe, expect, it } from 'vitest';
import { characterSize } from '../../../src/policy/size.ts';
import { policyArn, policyIndex, policyName, policyPath } from '../../../src/targets/share-policy-names.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { attached, contents, coordinatesOf, firstPolicy, granted, policies } from './iam.ts';
import { callsOf, consumer, createWorld, installation, states, wantShare, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst', '/team/');
});

describe('shards', () => {
  const forty = (role = analyst): ReturnType<typeof wantShare>[] =>
    Array.from({ length: 40 }, (_, number) => {
      const name = `acme-data-lake-production-orders-${String(number).padStart(2, '0')}`;
      const own = `arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-12345678${String(number).padStart(4, '0')}`;
      return wantShare(role, name, { key: own, order: String(number).padStart(4, '0') });
    });

  it('hold 40 buckets with keys, none larger than AWS allows, and stay as they are', async () => {
    expect(new Set(states(await world.runShare(analyst.arn, forty())))).toEqual(new Set(['Applied']));
    const shards = await contents(world, 'analyst');
    expect(shards.length).toBeGreaterThan(1);
    for (const Statement of shards)
      expect(characterSize(JSON.stringify({ Version: '2012-10-17', Statement }))).toBeLessThanOrEqual(6144);
    world.aws.calls.reset();
    expect(new Set(states(await world.runShare(analyst.arn, forty().reverse())))).toEqual(new Set(['Applied']));
    expect(writesOf(world)).toEqual([]);
    expect(callsOf(world)).toEqual(['iam:ListAttachedRolePolicies', 'iam:ListPolicies']);
  });

  it('are not reshuffled by one more share', async () => {
    await world.runShare(analyst.arn, forty());
    const before = await contents(world, 'analyst');
    world.aws.calls.reset();
    await world.runShare(analyst.arn, [...forty(), wantShare(analyst, 'one-more')]);
    expect(writesOf(world)).toEqual(['iam:CreatePolicyVersion']);
    const after = await contents(world, 'analyst');
    expect(after.filter((content, index) => JSON.stringify(content) !== JSON.stringify(before[index]))).toHaveLength(1);
  });

  it('that can’t be written do not cost the others, and what is missing is said', async () => {
    const off = world.aws.faults.add({
      kind: 'error',
      code: 'AccessDenied',
      status: 403,
      times: 1,
      match: { operation: 'CreatePolicy' },
    });
    const report = await world.runShare(analyst.arn, forty());
    off();
    const all = states(report);
    expect(new Set(all)).toEqual(new Set(['Applied', 'Failed/AccessDenied']));
    expect(all.filter((state) => state === 'Applied').length).toBeGreaterThan(5);
    expect(new Set(states(await world.runShare(analyst.arn, forty())))).toEqual(new Set(['Applied']));
  });

  it('over the quota are refused before anything is written for them, the others stay', async () => {
    const over = { attachmentQuota: 2 };
    const report = await world.runShare(analyst.arn, forty(), over);
    const served = states(report).filter((state) => state === 'Applied').length;
    expect(states(report)).toEqual(forty().map((_, index) => (index < served ? 'Applied' : 'Failed/QuotaExceeded')));
    expect(served).toBeGreaterThan(5);
    expect(await attached(world, 'analyst')).toHaveLength(1);
    world.aws.calls.reset();
    await world.runShare(analyst.arn, forty(), over);
    expect(writesOf(world)).toEqual([]);
  });

  it('leave the role’s other policies alone and count them', async () => {
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
    });
    for (let number = 0; number < 10; number++) {
      const { Policy } = await world.consumer.iam.send(
        new CreatePolicyCommand({ PolicyName: `own-${String(number)}`, PolicyDocument: document }),
      );
      await world.consumer.iam.send(new AttachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: Policy?.Arn }));
    }
    world.aws.calls.reset();
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Failed/QuotaExceeded']);
    expect(writesOf(world)).toEqual([]);
  });

  it('never lose anybody’s access while all permissions change', async () => {
    const [narrow, wide] = [
      forty(),
      forty().map(({ grant, ...one }, index) => ({
        ...one,
        grant: wantShare(analyst, `acme-data-lake-production-orders-${String(index).padStart(2, '0')}`, {
          actions: ['s3:GetObject', 's3:ListBucket', 's3:PutObject'],
        }).grant,
      })),
    ];
    await world.runShare(analyst.arn, narrow);
    const needed = forty().map(
      (_, index) => `s3:GetObject arn:aws:s3:::acme-data-lake-production-orders-${String(index).padStart(2, '0')}/*`,
    );
    const lost: string[] = [];
    const off = world.aws.onCall(async ({ phase, readOnly }) => {
      if (phase !== 'after' || readOnly) return;
      const now = await granted(world, 'analyst');
      lost.push(...needed.filter((text) => !now.has(text)));
    });
    expect(new Set(states(await world.runShare(analyst.arn, wide)))).toEqual(new Set(['Applied']));
    off();
    expect(lost).toEqual([]);
  });
});

describe('names', () => {
  const arns = [
    'analyst',
    'analyst-2',
    'team/analyst',
    'team/analyst-2',
    'teamanalyst',
    'ANALYST',
    'a'.repeat(64),
    `${'a'.repeat(63)}b`,
  ].map((name) => `arn:aws:iam::${consumer}:role/${name}`);

  it('of roles that look alike are disjoint, at most 128 characters, and found again', () => {
    const named = arns.map((arn) => policyArn(installation, coordinatesOf(arn), 0));
    expect(new Set(named).size).toBe(arns.length);
    expect(new Set(arns.map((arn) => policyPath(installation, coordinatesOf(arn)))).size).toBe(arns.length);
    for (const [index, arn] of arns.entries()) {
      expect(policyName(installation, { ...coordinatesOf(arn), prefix: 'a-prefix-of-twenty-c' }, 99).length).toBeLessThanOrEqual(
        128,
      );
      for (const [other, name] of named.entries()) {
        expect(policyIndex(installation, coordinatesOf(arn), name)).toBe(other === index ? 0 : undefined);
      }
    }
  });

  it('keep two look-alike roles apart in AWS', async () => {
    const other = await world.role('analyst-2');
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]);
    await world.runShare(other.arn, [wantShare(other, 'beta')]);
    await world.runShare(other.arn, [wantShare(other, 'beta', { mode: 'drop' })]);
    expect(await policies(world)).toEqual([firstPolicy(analyst)]);
  });
});
