/**
 * Wrong input, on real parts: whatever is wrong, somebody reads what it is and what to do about it, the operator goes on, and nothing half done stays unsaid.
 */
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { operatorRolePolicy } from '../../sandbox/operator-policy.ts';
import { types } from '../../src/controllers/cluster.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, type Sluice, type World } from '../support/sluice.ts';
import { liveShare, watcher } from '../support/workflow.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  expect(sluice.operator.running).toBe(true);
  await sluice.stop();
});

/** Takes actions away from the operator's role in the account, or gives all of them back. */
async function setPermissions(side: World['producer'], ...withheld: readonly string[]): Promise<void> {
  const { Version, Statement } = operatorRolePolicy(side.account);
  const rest = Statement.map((each) => ({ ...each, Action: each.Action.filter((action) => !withheld.includes(action)) }));
  const document = { Version, Statement: rest.filter(({ Action }) => Action.length > 0) };
  const input = { RoleName: 'sluice', PolicyName: 'sluice', PolicyDocument: JSON.stringify(document) };
  await side.admin.iam.send(new PutRolePolicyCommand(input));
}

/** What people do who have mended something in AWS, of which no event tells. */
async function askToLookAgain(world: World, item: string): Promise<void> {
  const annotation = 'sluice.dev/verify-requested-at=2026-01-01T00:00:00Z';
  await kubectl(['annotate', 'shareitem', item, annotation, '--namespace', world.consumer.namespace]);
}

function requestWithApproval(world: World): object[] {
  return [world.request('weekly', { items: ['orders'] }), world.approval('weekly', { request: 'weekly', items: ['orders'] })];
}

describe.concurrent('what the API server refuses', () => {
  it.each([
    ['a principal that is no ARN', { principalArn: 'analysts' }, /principalArn.*(ARN|arn:aws)/],
    ['an unknown policyManagement', { policyManagement: 'managed' }, /policyManagement.*(Managed|External|Detached)/],
    ['a field of a wrong type', { environmentRef: 'sales' }, /environmentRef/],
    ['a field that does not exist', { principleArn: 'x' }, /principleArn/],
  ])('%s is named in its answer', async (_what, spec, message) => {
    const world = await sluice.world();
    await expect(apply([world.role('analysts', spec)])).rejects.toThrow(message);
  });
});

describe.concurrent('a reference into AWS that leads nowhere', () => {
  it('as a bucket is told to its owner in full and to the requester in general', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const name = 'no-such-bucket-anywhere';
    await apply([
      world.dataset('orders', { buckets: [{ name }] }),
      world.role('analysts'),
      world.request('weekly', { items: [name] }),
    ]);
    await see.shows(types.dataset, 'orders', {
      conditions: { Ready: 'BucketNotFound' },
      message: `bucket ${name} in account ${world.producer.account} does not exist: check the spelling, or create it`,
    });
    await see.request('weekly', { conditions: { Ready: 'DatasetNotReady' }, message: 'BucketNotFound' });
  });

  it('as a bucket of another region says that the Environment is for another one', async () => {
    const world = await sluice.world();
    const name = `${world.buckets['orders'] ?? ''}-far`;
    sluice.aws.seed.bucket(world.producer.account, name, { region: 'us-west-2' });
    await apply([world.dataset('orders', { buckets: [{ name }] })]);
    await watcher(sluice, world).shows(types.dataset, 'orders', {
      conditions: { Ready: 'RegionMismatch' },
      message: "is not in eu-west-1, the region of the Dataset's Environment",
    });
  });

  it('as a role says which one, and nothing is shared', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const principalArn = `arn:aws:iam::${world.consumer.account}:role/nobody`;
    await apply([world.dataset('orders'), world.role('analysts', { principalArn }), ...requestWithApproval(world)]);
    const expected = { conditions: { Ready: 'PrincipalNotFound' }, message: `principal ${principalArn} does not exist` };
    await see.shows(types.role, 'analysts', expected);
    await see.request('weekly', expected);
    expect(see.writes()).toEqual([]);
  });

  it('as a role of another account says which Environment to name', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const principalArn = `arn:aws:iam::${world.producer.account}:role/sluice`;
    await apply([world.dataset('orders'), world.role('analysts', { principalArn }), ...requestWithApproval(world)]);
    await see.request('weekly', {
      conditions: { Ready: 'AccountMismatch' },
      message: "name the Environment of the principal's account",
    });
    expect(see.writes()).toEqual([]);
  });

  it('as a ConsumptionRole that nobody has made says so, and the request goes on when it is made', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await apply([world.dataset('orders'), ...requestWithApproval(world)]);
    await see.request('weekly', {
      conditions: { Ready: 'ConsumptionRoleNotFound' },
      message: 'there is no ConsumptionRole analysts',
    });
    await apply([world.role('analysts')]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
  });

  it('as an Environment says who makes it', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await apply([world.dataset('orders', { environmentRef: { name: 'nowhere' } })]);
    await see.shows(types.dataset, 'orders', {
      conditions: { Ready: 'EnvironmentNotFound' },
      message: 'there is no Environment nowhere: the platform team creates it',
    });
  });
});

describe.concurrent('a permission that the operator lacks', () => {
  it('for bucket policies is named, nothing is granted, and everything works when it is there', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await setPermissions(world.producer, 's3:PutBucketPolicy');
    await apply([world.dataset('orders'), world.role('analysts'), ...requestWithApproval(world)]);
    const item = await see.item('weekly', 'orders', {
      phase: 'ShareFailed',
      conditions: { Ready: 'AccessDenied', Stalled: 'AccessDenied' },
      message: 's3:PutBucketPolicy',
    });
    expect(item.status?.grants?.map(({ state }) => state)).toEqual(['Failed', 'Pending']);
    await see.request('weekly', { phase: 'Processed', conditions: { Ready: 'AccessDenied', Stalled: 'AccessDenied' } });
    expect(await see.leftInAws()).toEqual([]);
    await setPermissions(world.producer);
    await askToLookAgain(world, item.metadata.name);
    await see.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });
  });

  it('for attaching policies is named, and what is granted already is listed and taken back with the request', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await setPermissions(world.consumer, 'iam:AttachRolePolicy');
    await apply([world.dataset('orders'), world.role('analysts'), ...requestWithApproval(world)]);
    const item = await see.item('weekly', 'orders', {
      phase: 'ShareFailed',
      conditions: { Ready: 'AccessDenied' },
      message: 'iam:AttachRolePolicy',
    });
    expect(item.status?.grants?.map(({ state }) => state)).toEqual(['Applied', 'Failed']);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    await kubectl(['delete', 'sharerequest', 'weekly', '--namespace', world.consumer.namespace, '--timeout=20s']);
    expect(await see.leftInAws()).toEqual([]);
  });

  it('for taking back keeps the request, says what is still open, and ends when the permission is there', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await liveShare(sluice, world);
    await setPermissions(world.producer, 's3:PutBucketPolicy', 's3:DeleteBucketPolicy');
    await kubectl(['delete', 'sharerequest', 'weekly', '--namespace', world.consumer.namespace, '--wait=false']);
    await see.item('weekly', 'orders', {
      phase: 'RevokeFailed',
      conditions: { Stalled: 'RevokeFailed' },
      message: 's3:DeleteBucketPolicy',
    });
    expect(await see.gone(types.request, 'weekly')).toBe(false);
    await setPermissions(world.producer);
    const [item] = await see.items('weekly');
    await askToLookAgain(world, item?.metadata.name ?? '');
    await kubectl(['wait', '--for=delete', 'sharerequest/weekly', '--timeout=20s', '--namespace', world.consumer.namespace]);
    expect(await see.leftInAws()).toEqual([]);
  });
});

describe.concurrent('an external id', () => {
  it('that is missing or wrong keeps the Environment from work, and once it is right everything goes on by itself', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const name = `external-id-${world.producer.account}`;
    const { arn } = { arn: `arn:aws:iam::${world.producer.account}:role/sluice` };
    const patch = { spec: { assumeRole: { arn, externalIdSecretRef: { name, key: 'externalId' } } } };
    const { environment } = world.producer;
    await kubectl(['patch', 'environment', environment, '--type=merge', '--patch', JSON.stringify(patch)]);
    await see.shows(types.environment, environment, { conditions: { Ready: 'ExternalIdMissing' }, message: name });
    await apply([world.dataset('orders'), world.role('analysts'), ...requestWithApproval(world)]);
    await see.shows(types.dataset, 'orders', { conditions: { Ready: 'EnvironmentNotReady' } });
    await see.request('weekly', { conditions: { Ready: 'DatasetNotReady' } });

    await apply([secret(name, 'not-the-right-one')]);
    await see.shows(types.environment, environment, { conditions: { Ready: 'AssumeRoleDenied' }, message: 'trust policy' });
    await apply([secret(name, 'test-external-id')]);
    await see.shows(types.environment, environment, { conditions: { Ready: 'Succeeded' } });
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    expect(sluice.operator.log()).not.toContain('not-the-right-one');
    await kubectl(['delete', 'secret', name, '--namespace', operatorNamespace]);
  });

  it('and a role for the wrong account are told apart', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const assumeRole = {
      arn: `arn:aws:iam::${world.consumer.account}:role/sluice`,
      externalIdSecretRef: { name: 'sluice-test-aws', key: 'externalId' },
    };
    await kubectl([
      'patch',
      'environment',
      world.producer.environment,
      '--type=merge',
      '--patch',
      JSON.stringify({ spec: { assumeRole } }),
    ]);
    await see.shows(types.environment, world.producer.environment, {
      conditions: { Ready: 'AccountMismatch' },
      message: `but spec.accountId is ${world.producer.account}`,
    });
  });
});

function secret(name: string, externalId: string): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: operatorNamespace }, stringData: { externalId } };
}
