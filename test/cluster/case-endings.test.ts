/**
 * How shares end, on real parts: whatever is deleted and however, access is taken back first and the objects go afterwards. What happens while the
 * operator is away is in case-deletion-order.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { liveShare, watcher, type Watcher } from '../support/workflow.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

/** The garbage collector looks for new CRDs every 30 seconds, and lets go of what is deleted in the foreground only once it knows them. */
const foregroundSeconds = 60;
const cascades = ['foreground', 'background', 'orphan'] as const;
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

async function shared(...buckets: string[]): Promise<{ world: World; see: Watcher }> {
  const world = await sluice.world(buckets.length === 0 ? {} : { buckets });
  await liveShare(sluice, world);
  return { world, see: watcher(sluice, world) };
}

describe.concurrent('what is no longer asked for', () => {
  it('is revoked and its ShareItem goes, while the other items of the request stay', async () => {
    const { world, see } = await shared('orders', 'parts');
    await apply([world.request('weekly', { items: ['parts'] })]);
    await until('one item is left', async () => (await see.items('weekly')).length === 1);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    expect(await world.reads('analysts', 'parts')).toBe(true);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' }, message: '1/1 shared' });
  });

  it.each(cascades)('is revoked when the request is deleted (%s), and nothing stays in cluster or AWS', async (cascade) => {
    const { world, see } = await shared();
    const [item] = await see.items('weekly');
    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace, `--cascade=${cascade}`, '--timeout=60s']);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    expect(await see.leftInAws()).toEqual([]);
    await until('the item is gone', () => see.gone(types.item, item?.metadata.name ?? ''));
    await until('the ReceivedShare is gone', async () => {
      const { items } = await sluice.client.list(types.received, { namespace: world.producer.namespace });
      return items.length === 0;
    });
    await until('Dataset and ConsumptionRole are free', async () => {
      const objects = [await see.get(types.dataset, 'orders'), await see.get(types.role, 'analysts')];
      return objects.every(({ metadata }) => (metadata.finalizers ?? []).length === 0);
    });
  });

  it.each(cascades)('comes back when only its ShareItem is deleted by hand (%s), since consent still stands', async (cascade) => {
    const { world, see } = await shared();
    const [before] = await see.items('weekly');
    const args = ['delete', 'shareitem', before?.metadata.name ?? '', '-n', world.consumer.namespace, `--cascade=${cascade}`];
    await kubectl([...args, '--wait=false']);
    const isAnother = async (): Promise<boolean> => (await see.items('weekly'))[0]?.metadata.uid !== before?.metadata.uid;
    await until('there is another item', isAnother, foregroundSeconds);
    await see.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });

  it('is not deleted while anything is shared, where the request says Block', async () => {
    const { world, see } = await shared();
    await apply([world.request('weekly', { items: ['orders'], deletionPolicy: 'Block' })]);
    const remove = ['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace];
    await expect(kubectl(remove)).rejects.toThrow(`these items are shared: Bucket/${world.buckets['orders'] ?? ''}`);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await see.item('weekly', 'orders', { phase: 'RevokeSucceeded' });
    await see.request('weekly', { conditions: { Ready: 'Revoked' } });
    await kubectl([...remove, '--timeout=20s']);
  });
});

describe.concurrent('consent that is taken away', () => {
  it.each(cascades)('by deleting the approval (%s) ends the share; the item stays and says so', async (cascade) => {
    const { world, see } = await shared();
    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace, `--cascade=${cascade}`, '--timeout=60s']);
    await see.item('weekly', 'orders', {
      phase: 'RevokeSucceeded',
      conditions: { Ready: 'Revoked', Stalled: null, Reconciling: null },
      message: 'the owner withdrew consent',
    });
    await see.request('weekly', { phase: 'Processed', conditions: { Ready: 'Revoked', Approved: 'Revoked' } });
    expect(await world.reads('analysts', 'orders')).toBe(false);
    expect(await see.leftInAws()).toEqual([]);
  });

  it('by its own end takes access back on time, also while another item waits', async () => {
    const world = await sluice.world({ buckets: ['orders', 'parts'] });
    const see = watcher(sluice, world);
    const expireTime = inSeconds(8);
    await apply([
      world.dataset('orders'),
      world.role('analysts'),
      world.request('weekly', { items: ['orders', 'parts'] }),
      world.approval('weekly', { request: 'weekly', items: ['orders'], spec: { expireTime } }),
    ]);
    const live = await see.item('weekly', 'orders', { phase: 'ShareSucceeded', conditions: { Ready: 'Succeeded' } });
    expect(live.status?.expireTime).toBe(expireTime);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    await until('access has ended', async () => !(await world.reads('analysts', 'orders')));
    expect(Date.now() - Date.parse(expireTime)).toBeGreaterThanOrEqual(0);
    expect(Date.now() - Date.parse(expireTime)).toBeLessThan(5000);
    await see.item('weekly', 'orders', { phase: 'RevokeSucceeded', conditions: { Ready: 'Expired' } });
    await see.shows(types.approval, 'weekly', { conditions: { Effective: 'Expired' } });
    await see.clean();

    await apply([world.approval('weekly', { request: 'weekly', items: ['orders'], spec: { expireTime: inSeconds(3600) } })]);
    await see.item('weekly', 'orders', { phase: 'ShareSucceeded', conditions: { Ready: 'Succeeded' } });
  });

  it('and a later end that is asked for takes effect when the owner consents to it, without an interruption', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const [first, later] = [inSeconds(15), inSeconds(3600)];
    const approval = { request: 'weekly', items: ['orders'] };
    await apply([
      world.dataset('orders'),
      world.role('analysts'),
      world.request('weekly', { items: ['orders'], expireTime: first }),
      world.approval('weekly', { ...approval, spec: { expireTime: first } }),
    ]);
    await see.item('weekly', 'orders', { phase: 'ShareSucceeded', conditions: { Ready: 'Succeeded' } });
    await apply([world.request('weekly', { items: ['orders'], expireTime: later })]);
    const waiting = await see.item('weekly', 'orders', { phase: 'PendingExtension', conditions: { Ready: 'Succeeded' } });
    expect(waiting.status?.expireTime).toBe(first);
    await see.request('weekly', { phase: 'SubmittedForExtension' });
    await apply([world.approval('weekly', { ...approval, spec: { expireTime: later } })]);
    const extended = await see.item('weekly', 'orders', { phase: 'ShareSucceeded', conditions: { Ready: 'Succeeded' } });
    expect(extended.status?.expireTime).toBe(later);
    const written = see.writes().length;
    await until('the first end has passed', async () => {
      expect(await world.reads('analysts', 'orders')).toBe(true);
      return Date.now() > Date.parse(first) + 3000;
    });
    expect(see.writes()).toHaveLength(written);
  });

  it('stays taken away when a revoke fails at first: it is tried again until nothing is left', async () => {
    const { world, see } = await shared();
    const match = { service: 's3', operation: 'DeleteBucketPolicy', resource: `arn:aws:s3:::${world.buckets['orders'] ?? ''}` };
    sluice.aws.faults.add({ match, kind: 'error', code: 'InternalError', status: 500, times: 3 });
    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await see.item('weekly', 'orders', { phase: 'RevokeSucceeded' });
    await see.clean();
  });
});

describe.concurrent('a namespace that is deleted', () => {
  it.each(['consumer', 'producer'] as const)('%s: everything shared is taken back, and the namespace ends', async (side) => {
    const { world, see } = await shared();
    await kubectl(['delete', 'namespace', world[side].namespace, '--timeout=60s']);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    await see.clean();
    if (side === 'producer') {
      await see.request('weekly', { conditions: { Ready: 'DatasetNotAvailable' } });
      expect(await see.items('weekly')).toEqual([]);
    }
  });

  it('and holds approvals and a share that AWS refuses to take back for a while waits for AWS, and then ends', async () => {
    const { world, see } = await shared();
    const match = { service: 's3', operation: 'DeleteBucketPolicy', resource: `arn:aws:s3:::${world.buckets['orders'] ?? ''}` };
    sluice.aws.faults.add({ match, kind: 'error', code: 'SlowDown', status: 503, times: 4 });
    await kubectl(['delete', 'namespace', world.consumer.namespace, '--timeout=60s']);
    await see.clean();
  });
});
