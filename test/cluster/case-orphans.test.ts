/**
 * Objects are lost while the operator is away: what their shares left in AWS is reported, never revoked, and adopted without a write when the objects are back. What is
 * really nobody's is removed where the Environment says so. And what was let go by force is struck off the list once it is gone.
 */
import { DeleteBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import type { Environment } from '../../src/api/index.ts';
import { types } from '../../src/controllers/cluster.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { callsIn, conditionOf, eventReasons, itemsOf, ready, share, writesOf } from './aws-cases.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice({ flags: ['--orphan-sweep-interval=2s'] });
});
afterAll(async () => {
  await sluice.stop();
});

const environmentOf = (name: string): Promise<Environment> => sluice.client.get(types.environment, { name });

/** Waits until the Environment's condition Orphans has this reason. */
function orphansOf(name: string, reason: string): Promise<Environment> {
  return until(`${name} says ${reason}`, async () => {
    const environment = await environmentOf(name);
    if (conditionOf(environment.status, 'Orphans')?.reason === reason) return environment;
    throw new Error(JSON.stringify(environment.status));
  });
}

/** Asks for a sweep and waits until it is done. */
async function sweep(name: string): Promise<Environment> {
  const token = new Date().toISOString();
  await kubectl(['annotate', '--overwrite', 'environment', name, `sluice.dev/verify-requested-at=${token}`]);
  return until(`${name} was swept`, async () => {
    const environment = await environmentOf(name);
    return environment.status?.lastHandledVerifyAt === token ? environment : false;
  });
}

/** What a restore of an empty etcd leaves of a world: Environments and namespaces. Only the operator may take its finalizers away. */
async function loseObjects({ producer, consumer }: World): Promise<void> {
  const as = `--as=system:serviceaccount:${operatorNamespace}:sluice`;
  const lost: readonly (readonly [string, string])[] = [
    ...['shareitems', 'sharerequests', 'consumptionroles'].map((kind) => [kind, consumer.namespace] as const),
    ...['shareapprovals', 'receivedshares', 'datasets'].map((kind) => [kind, producer.namespace] as const),
  ];
  for (const [kind, namespace] of lost) await kubectl(['delete', kind, '--all', '-n', namespace, '--wait=false']);
  for (const [kind, namespace] of lost) {
    const names = (await kubectl(['get', kind, '-n', namespace, '-o', 'name'])).split('\n').filter((name) => name !== '');
    for (const name of names)
      await kubectl(['patch', name, '-n', namespace, as, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  }
}

describe('objects that are lost', () => {
  it('given a share whose objects are gone after a restart, then it is reported and goes on, and is adopted without a write when they are back', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['orders'] });
    const { consumer, producer } = world;
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await sluice.operator.stop();
    await loseObjects(world);
    const from = sluice.aws.calls.list().length;
    await sluice.operator.start();

    const [ours, theirs] = [
      await orphansOf(producer.environment, 'OrphansFound'),
      await orphansOf(consumer.environment, 'OrphansFound'),
    ];
    expect(ours.status?.orphans?.map(({ kind, principals }) => [kind, principals])).toEqual([
      ['BucketPolicy', [`${consumer.account}:analysts`]],
      ['KeyPolicy', [`${consumer.account}:analysts`]],
    ]);
    expect(theirs.status?.orphans?.map(({ kind, principals }) => [kind, principals])).toEqual([
      ['SharePolicy', [`${consumer.account}:analysts`]],
    ]);
    expect(conditionOf(ours.status, 'Orphans')?.message).toContain(world.buckets['orders'] ?? '');
    await until('an Event tells of it', async () =>
      (await eventReasons(sluice, 'default', producer.environment)).includes('Warning OrphansFound'),
    );
    const metrics = await sluice.operator.metrics();
    expect(metrics).toContain(`sluice_orphans{environment="${producer.environment}",kind="BucketPolicy"} 1`);
    expect(await world.reads('analysts', 'orders')).toBe(true);

    await share(sluice, world, 'weekly', { items: ['orders'] });
    await orphansOf(producer.environment, 'NoOrphans');
    const after = await orphansOf(consumer.environment, 'NoOrphans');
    expect(after.status?.orphans).toBeUndefined();
    expect(writesOf(callsIn(sluice, world, from))).toEqual([]);
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });

  it.each([
    ['restored while no operator runs', false],
    ['restored one by one while it runs', true],
  ])('given shares of several principals in the same documents, %s, then all are adopted without a write', async (_, running) => {
    const roles = ['analysts', 'interns', 'guests', 'auditors', 'etl'];
    const world = await sluice.world({ buckets: ['orders', 'customers'], roles });
    const items = ['orders', 'customers'];
    const sets = roles.map((role) => [
      world.role(role),
      world.request(`for-${role}`, { items, role }),
      world.approval(`for-${role}`, { request: `for-${role}`, items, role }),
    ]);
    const live = async (): Promise<void> => {
      for (const role of roles) await ready(sluice, world, `for-${role}`);
    };
    await apply([world.dataset('orders'), ...sets.flat()]);
    await live();
    await sluice.operator.stop();
    await loseObjects(world);
    const from = sluice.aws.calls.list().length;
    if (running) await sluice.operator.start();
    await apply([world.dataset('orders')]);
    for (const [index, set] of sets.entries()) {
      await apply(set);
      // The first one is in place, and its documents were read, before the next one comes.
      if (running && index === 0) await ready(sluice, world, `for-${roles[0] ?? ''}`);
    }
    if (!running) await sluice.operator.start();
    await live();

    expect(writesOf(callsIn(sluice, world, from))).toEqual([]);
    for (const role of roles) expect(await world.reads(role, 'customers')).toBe(true);
  });
});

describe('an Environment with orphans: Delete', () => {
  it('given a share whose objects are lost beside one that lives, then what nobody explains is removed and the other stays', async () => {
    const alive = await sluice.world();
    await share(sluice, alive, 'weekly', { items: ['orders'] });
    const world = await sluice.world({ producerSpec: { orphans: 'Delete' } });
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await sluice.operator.stop();
    await loseObjects(world);
    await sluice.operator.start();

    await until('the bucket policy is gone', async () => (await world.bucketPolicy('orders')) === undefined);
    const environment = await orphansOf(world.producer.environment, 'NoOrphans');
    expect(environment.status?.orphans).toBeUndefined();
    await until('an Event tells of it', async () =>
      (await eventReasons(sluice, 'default', world.producer.environment)).includes('Normal OrphanRemoved'),
    );
    // The consumer's Environment reports only.
    await orphansOf(world.consumer.environment, 'OrphansFound');
    expect(await alive.reads('analysts', 'orders')).toBe(true);
  });
});

describe('what was let go by force', () => {
  it('given it is still in AWS, then it stays on the list; given somebody removed it by hand, then the next sweep strikes it off', async () => {
    const world = await sluice.world();
    const { consumer, producer } = world;
    await share(sluice, world, 'weekly', { items: ['orders'] });
    for (const operation of ['PutBucketPolicy', 'DeleteBucketPolicy'])
      sluice.aws.faults.add({
        kind: 'error',
        code: 'AccessDenied',
        status: 403,
        match: { operation, account: producer.account },
      });
    await kubectl(['delete', 'sharerequest', 'weekly', '-n', consumer.namespace, '--wait=false']);
    const [item] = await itemsOf(sluice, world, 'weekly');
    await kubectl(['annotate', 'shareitem', item?.metadata.name ?? '', '-n', consumer.namespace, 'sluice.dev/force-delete=true']);
    await until('the request is gone', () =>
      sluice.client.get(types.request, { namespace: consumer.namespace, name: 'weekly' }).then(
        () => false,
        (error: unknown) => isNotFound(error),
      ),
    );
    const leftovers = async (): Promise<number> => {
      const { status } = await sluice.client.get(types.dataset, { namespace: producer.namespace, name: 'orders' });
      return status?.leftovers?.length ?? 0;
    };
    await sweep(producer.environment);
    expect(await leftovers()).toBe(1);

    sluice.aws.faults.clear();
    await producer.admin.s3.send(new DeleteBucketPolicyCommand({ Bucket: world.buckets['orders'] }));
    await sweep(producer.environment);
    await until('the list is empty', async () => (await leftovers()) === 0);
  });
});
