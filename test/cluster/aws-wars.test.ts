/**
 * The operator and what is not its to command, on the real API server: another tool that rewrites the same policy, AWS that throttles, a role that lacks a permission.
 * All turns of a quarrel are in test/unit/targets/writer-conflict.test.ts, all permissions in test/unit/aws/permissions.test.ts.
 */
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorRolePolicy } from '../../sandbox/operator-policy.ts';
import { types } from '../../src/controllers/cluster.ts';
import { kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import {
  annotate,
  ask,
  callsIn,
  conditionOf,
  eventReasons,
  itemOf,
  itemWith,
  policyText,
  putPolicy,
  quiet,
  ready,
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

/** What Terraform has in its state: a policy without Sluice's part, a little different each time, as its authors change it. */
async function terraformApply(world: World, version: number): Promise<void> {
  const bucket = world.buckets['orders'] ?? '';
  const Statement = {
    Sid: `Version${String(version)}`,
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:DeleteBucket',
    Resource: `arn:aws:s3:::${bucket}`,
  };
  await putPolicy(world, 'orders', { Version: '2012-10-17', Statement: [Statement] });
}

const metric = async (name: string): Promise<number> =>
  Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await sluice.operator.metrics())?.[1] ?? Number.NaN);

describe('another tool that rewrites the bucket policy at each turn', () => {
  it('is not raced: the share says who it is up against, while an end goes through at once', async () => {
    const world = await sluice.world();
    await share(sluice, world, 'weekly', {
      items: ['orders'],
      dataset: { sharing: { permissions: ['Read'], drift: 'Reapply' } },
    });
    await share(sluice, world, 'daily', {
      items: ['orders'],
      role: 'interns',
      dataset: { sharing: { permissions: ['Read'], drift: 'Reapply' } },
    });
    for (let version = 1; version <= 3; version++) {
      await quiet(sluice, 300);
      await terraformApply(world, version);
      await verify(sluice, world, 'weekly');
      if (version < 3) await ready(sluice, world, 'weekly');
    }
    const item = await itemWith(sluice, world, { request: 'weekly', type: 'Stalled', reason: 'ConflictingOwner' });
    const summary = conditionOf(item.status, 'Ready');
    expect(summary).toMatchObject({ status: 'False', reason: 'ConflictingOwner' });
    expect(summary?.message).toMatch(
      /undone 3 times since .*, last seen at .* \(Requestor \S+analysts missing Bucket Policy permissions: /,
    );
    expect(summary?.message).not.toContain('interns');
    expect(await metric('sluice_conflicting_documents')).toBe(1);
    await until('an Event tells of it', async () => {
      const names = await Promise.all(
        ['weekly', 'daily'].map(async (request) => {
          const { metadata } = await itemOf(sluice, world, request);
          return eventReasons(sluice, world.consumer.namespace, metadata.name);
        }),
      );
      return names.flat().includes('Warning ConflictingOwner');
    });

    const from = await quiet(sluice, 500);
    await verify(sluice, world, 'weekly');
    await quiet(sluice, 700);
    expect(writesOf(callsIn(sluice, world, from))).toEqual([]);

    await kubectl(['delete', 'sharerequest', 'daily', '-n', world.consumer.namespace, '--timeout=30s']);
    expect(await policyText(world, 'orders')).not.toContain('interns');
    expect(await world.reads('interns', 'orders')).toBe(false);

    await terraformApply(world, 4);
    const before = await quiet(sluice, 500);
    await annotate(sluice, world, 'weekly', 'reapply');
    await until('what was asked for is written', async () => await world.reads('analysts', 'orders'));
    expect(writesOf(callsIn(sluice, world, before))).toEqual(['s3:PutBucketPolicy']);
  });
});

describe('AWS that throttles or fails a third of all calls', () => {
  it('is waited for: the share is granted in the end, and is Ready only when it can be used', async () => {
    const world = await sluice.world();
    const clear = [world.producer.account, world.consumer.account].flatMap((account) => [
      sluice.aws.faults.add({ kind: 'throttle', probability: 0.2, match: { account } }),
      sluice.aws.faults.add({ kind: 'error', probability: 0.15, match: { account } }),
    ]);
    await ask(world, 'weekly', { items: ['orders'] });
    await ready(sluice, world, 'weekly', 100);
    for (const off of clear) off();
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(await metric('sluice_time_to_grant_seconds_count')).toBeGreaterThan(0);
  });
});

describe('a permission that the operator’s role lacks', () => {
  it('is named on the share and in the Environment, and both recover when it is given', async () => {
    const world = await sluice.world();
    const permit = async (lacking: string): Promise<void> => {
      const full = operatorRolePolicy(world.producer.account);
      const Statement = full.Statement.map((one) => ({ ...one, Action: one.Action.filter((action) => action !== lacking) }));
      const PolicyDocument = JSON.stringify({ ...full, Statement });
      await world.producer.admin.iam.send(new PutRolePolicyCommand({ RoleName: 'sluice', PolicyName: 'sluice', PolicyDocument }));
    };
    await permit('s3:PutBucketPolicy');
    await ask(world, 'weekly', { items: ['orders'] });
    const item = await itemWith(sluice, world, { request: 'weekly', type: 'Stalled', reason: 'AccessDenied' });
    expect(conditionOf(item.status, 'Ready')?.message).toContain(
      'AWS answered AccessDenied to s3:PutBucketPolicy for the bucket policy of',
    );
    const missing = async () =>
      conditionOf(
        (await sluice.client.get(types.environment, { name: world.producer.environment })).status,
        'PermissionsMissing',
      );
    await until('the Environment names it', async () => (await missing())?.message.includes('s3:PutBucketPolicy') ?? false);

    await permit('none');
    await annotate(sluice, world, 'weekly', 'verify');
    await ready(sluice, world, 'weekly');
    await until('the Environment has forgotten it', async () => (await missing()) === undefined);
  });
});
