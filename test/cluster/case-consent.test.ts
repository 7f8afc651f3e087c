/**
 * Consent between people, on real parts: nothing is written before the owner has said so, exactly what was consented to is written, and what was
 * consented to stays when something else is asked for. Whether access is there is tried by using it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { receivedShareName } from '../../src/shares/names.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice } from '../support/sluice.ts';
import { conditionOf, encryptWith, keyPolicy, watcher, withSpec } from '../support/workflow.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

describe.concurrent('a request', () => {
  it('that lists nothing is not accepted at all, since there is nothing to decide', async () => {
    const world = await sluice.world();
    await expect(apply([world.request('weekly', { items: [] })])).rejects.toThrow(/spec\.items/);
  });

  it('for an item that the Dataset does not list says so, makes no ShareItem for it and writes nothing', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['unlisted-bucket'] })]);
    const request = await see.request('weekly', {
      phase: 'Submitted',
      conditions: { Ready: 'ItemNotFound', Stalled: 'ItemNotFound' },
      message: 'the dataset lists no Bucket unlisted-bucket',
    });
    expect(request.status?.invalidItems?.map(({ name, reason }) => [name, reason])).toEqual([
      ['unlisted-bucket', 'ItemNotFound'],
    ]);
    expect(await see.items('weekly')).toEqual([]);
    expect(see.writes()).toEqual([]);
  });

  it('without an approval waits, shows both sides what would be done, and writes nothing', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['orders'] });
    const see = watcher(sluice, world);
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['orders'] })]);
    const request = await see.request('weekly', {
      phase: 'Submitted',
      conditions: { Ready: 'PendingApproval', Approved: 'PendingApproval', Stalled: null, Reconciling: null },
    });
    await see.item('weekly', 'orders', { phase: 'PendingApproval' });
    expect(request.status?.plan).toEqual([expect.stringContaining(`attached to, ${world.roles['analysts']?.arn ?? ''}`)]);
    const name = receivedShareName({ namespace: world.consumer.namespace, name: 'weekly' });
    const received = await see.shows(types.received, name, { phase: 'Submitted' });
    const plan = received.status?.plan?.join('\n') ?? '';
    expect(plan).toContain(`bucket policy of ${world.buckets['orders'] ?? ''}: allow ${world.roles['analysts']?.arn ?? ''}`);
    expect(plan).toContain(`key policy of ${world.keys['orders'] ?? ''}`);
    const events = ['get', 'events.events.k8s.io', '-n', world.producer.namespace, '-o', 'jsonpath={.items[*].note}'];
    await until('the owner hears of it', async () => (await kubectl(events)).includes(`${world.consumer.namespace}/weekly: `));
    expect(see.writes()).toEqual([]);
    expect(await world.reads('analysts', 'orders')).toBe(false);
  });
});

describe.concurrent('an approval', () => {
  it('gives the role the data, encrypted or not, and gives nobody else anything', async () => {
    const world = await sluice.world({ buckets: ['orders'], encrypted: ['secrets'], roles: ['team/analysts', 'interns'] });
    const see = watcher(sluice, world);
    const items = ['orders', 'secrets'];
    await apply([
      world.dataset('orders'),
      world.role('team/analysts'),
      world.request('weekly', { role: 'team/analysts', items }),
      world.approval('weekly', { role: 'team/analysts', request: 'weekly', items }),
    ]);
    const request = await see.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded', Healthy: 'Verified' } });
    expect(request.status?.display?.shared).toBe('2/2');
    await see.shows(types.approval, 'weekly', { conditions: { Effective: 'Effective' } });
    for (const bucket of items) {
      expect(await world.reads('team/analysts', bucket)).toBe(true);
      expect(await world.reads('interns', bucket)).toBe(false);
    }
  });

  it('that rejects gives its reason; an approval instead of it shares, and rejecting what is live takes it back', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const no = { decision: 'Rejected', reason: 'ask for the aggregate', principal: null, items: null };
    const rejection = withSpec(world.approval('weekly', { request: 'weekly', items: ['orders'] }), no);
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['orders'] }), rejection]);
    await see.request('weekly', { phase: 'Rejected', conditions: { Ready: 'Rejected' }, message: 'ask for the aggregate' });
    expect(see.writes()).toEqual([]);

    await apply([world.approval('weekly', { request: 'weekly', items: ['orders'] })]);
    await see.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded', Approved: 'Approved' } });
    expect(await world.reads('analysts', 'orders')).toBe(true);

    await apply([withSpec(world.approval('stop', { request: 'weekly', items: ['orders'] }), no)]);
    const item = await see.item('weekly', 'orders', { conditions: { Ready: 'Rejected', Granted: 'NotGranted' } });
    expect(await world.reads('analysts', 'orders')).toBe(false);
    await see.clean();
    const done = item.status?.history?.map(({ action, result }) => `${action} ${result}`) ?? [];
    expect(done).toEqual(expect.arrayContaining(['s3:PutBucketPolicy Succeeded', 's3:DeleteBucketPolicy Succeeded']));
  });

  it('of exactly what was reviewed gives nothing when something else is asked for, and says so', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['orders'] })]);
    const name = receivedShareName({ namespace: world.consumer.namespace, name: 'weekly' });
    const digestNow = async (): Promise<string> =>
      until('the owner sees a digest', async () => (await see.get(types.received, name)).spec.items[0]?.digest ?? false);
    const digest = await digestNow();

    await apply([
      world.approval('weekly', { request: 'weekly', items: [{ name: 'orders', digest: `v1:sha256:${'0'.repeat(64)}` }] }),
    ]);
    await see.shows(types.approval, 'weekly', { conditions: { Effective: 'DigestMismatch' } });
    expect(see.writes()).toEqual([]);

    await apply([world.approval('weekly', { request: 'weekly', items: [{ name: 'orders', digest }] })]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    const before = see.writes().length;
    await apply([world.request('weekly', { items: ['orders'], purpose: 'Weekly revenue report' })]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    expect(await digestNow()).toBe(digest);
    expect(see.writes()).toHaveLength(before);
  });

  it('covers no other principal: neither of a request made again nor of a ConsumptionRole made again', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await apply([
      world.dataset('orders'),
      world.role('analysts'),
      world.role('interns'),
      world.request('weekly', { items: ['orders'] }),
      world.approval('weekly', { request: 'weekly', items: ['orders'] }),
    ]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    const place = ['-n', world.consumer.namespace];
    await kubectl(['delete', 'sharerequest', 'weekly', ...place]);
    await apply([world.request('weekly', { role: 'interns', items: ['orders'] })]);
    await see.request('weekly', { phase: 'Submitted', conditions: { Ready: 'PendingApproval' } });
    await see.shows(types.approval, 'weekly', { conditions: { Effective: 'PrincipalChanged' } });
    expect(await world.reads('interns', 'orders')).toBe(false);

    await kubectl(['delete', 'sharerequest', 'weekly', ...place]);
    await kubectl(['delete', 'consumptionrole', 'analysts', ...place]);
    await apply([
      world.role('analysts', { principalArn: world.roles['interns']?.arn }),
      world.request('weekly', { items: ['orders'] }),
    ]);
    await see.request('weekly', { phase: 'Submitted', conditions: { Ready: 'PendingApproval' } });
    expect(await world.reads('interns', 'orders')).toBe(false);
    await see.clean();
  });

  it('adds up with another tuple by tuple: permissions of one are not combined with the principal of the other', async () => {
    const world = await sluice.world({ buckets: ['orders', 'parts'] });
    const see = watcher(sluice, world);
    const sharing = { permissions: ['Read', 'Write'] };
    const items = ['orders', 'parts'];
    await apply([
      world.dataset('orders', { sharing }),
      world.role('analysts'),
      world.request('weekly', { items, permissions: ['Read', 'Write'] }),
      world.approval('read-orders', { request: 'weekly', items: ['orders'] }),
      world.approval('write-for-interns', { request: 'weekly', role: 'interns', items, permissions: ['Read', 'Write'] }),
    ]);
    const request = await see.request('weekly', { conditions: { Ready: 'PendingApproval', Approved: 'ScopeExceeded' } });
    expect(request.status?.exceeding).toEqual([
      expect.objectContaining({ name: world.buckets['orders'], permissions: ['Write'] }),
    ]);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(await world.reads('analysts', 'parts')).toBe(false);
    expect((await see.item('weekly', 'orders', { phase: 'ShareSucceeded' })).spec.permissions).toEqual(['Read']);
  });
});

describe.concurrent('what is shared already', () => {
  it('stays, and nothing new is given, when the request is widened by an item or a permission', async () => {
    const world = await sluice.world({ buckets: ['orders', 'parts'] });
    const see = watcher(sluice, world);
    await apply([
      world.dataset('orders', { sharing: { permissions: ['Read', 'Write'] } }),
      world.role('analysts'),
      world.request('weekly', { items: ['orders'] }),
      world.approval('weekly', { request: 'weekly', items: ['orders'] }),
    ]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    const before = see.writes().length;
    await apply([world.request('weekly', { items: ['orders', 'parts'], permissions: ['Read', 'Write'] })]);
    await see.request('weekly', { conditions: { Ready: 'PendingApproval', Approved: 'ScopeExceeded' } });
    await see.item('weekly', 'orders', { phase: 'ShareSucceeded', conditions: { Ready: 'Succeeded' } });
    await see.item('weekly', 'parts', { phase: 'PendingApproval' });
    expect(see.writes()).toHaveLength(before);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(await world.reads('analysts', 'parts')).toBe(false);

    await apply([world.approval('weekly', { request: 'weekly', items: ['orders', 'parts'], permissions: ['Read', 'Write'] })]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded', Approved: 'Approved' } });
    expect(await world.reads('analysts', 'parts')).toBe(true);
  });

  it('stays as it was consented to when the bucket gets another key; the new key waits for a consent of its own', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['orders'] });
    const see = watcher(sluice, world);
    await apply([
      world.dataset('orders'),
      world.role('analysts'),
      world.request('weekly', { items: ['orders'] }),
      world.approval('weekly', { request: 'weekly', items: ['orders'] }),
    ]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    const before = see.writes().length;
    const bucket = world.buckets['orders'] ?? '';
    const key = sluice.aws.seed.key(world.producer.account).arn;
    await encryptWith(world, bucket, key);
    await apply([world.dataset('orders', { buckets: [{ name: bucket, kmsKeyArn: key }] })]);
    const request = await see.request('weekly', { conditions: { Approved: 'ScopeExceeded', Ready: 'Succeeded' } });
    expect(conditionOf(request, 'Approved')?.message).not.toContain('arn:aws:kms');
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(see.writes()).toHaveLength(before);
    expect(await keyPolicy(world, key)).not.toContain(world.consumer.account);

    await apply([world.approval('weekly', { request: 'weekly', items: ['orders'], spec: { reason: 'the key was rotated' } })]);
    await see.request('weekly', { conditions: { Approved: 'Approved', Ready: 'Succeeded' } });
    expect(await keyPolicy(world, key)).toContain(world.consumer.account);
    await until(
      'the old key is clean',
      async () => !(await keyPolicy(world, world.keys['orders'] ?? '')).includes(world.consumer.account),
    );
  });
});

describe.concurrent('automatic approval', () => {
  it('shares at once; turned off, it leaves what was granted and lets new items wait', async () => {
    const world = await sluice.world({ buckets: ['orders', 'parts'] });
    const see = watcher(sluice, world);
    await apply([
      world.dataset('orders', { sharing: { approval: 'Automatic' } }),
      world.role('analysts'),
      world.request('weekly', { items: ['orders'] }),
    ]);
    await see.request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded', Approved: 'AutoApproved' } });
    await apply([world.dataset('orders', { sharing: { approval: 'Manual' } })]);
    await apply([world.request('weekly', { items: ['orders', 'parts'] })]);
    await see.request('weekly', { phase: 'Submitted', conditions: { Ready: 'PendingApproval' } });
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(await world.reads('analysts', 'parts')).toBe(false);
  });

  it('by rule holds for its namespaces, items and permissions only', async () => {
    const world = await sluice.world({ buckets: ['orders', 'parts'] });
    const see = watcher(sluice, world);
    const rule = { namespaces: [world.consumer.namespace], items: [{ type: 'Bucket', name: world.buckets['orders'] }] };
    const other = { namespaces: ['elsewhere'], items: [{ type: 'Bucket', name: world.buckets['parts'] }] };
    await apply([
      world.dataset('orders', { sharing: { permissions: ['Read', 'Write'], autoApprove: [rule, other] } }),
      world.role('analysts'),
      world.request('weekly', { items: ['orders', 'parts'], permissions: ['Read', 'Write'] }),
    ]);
    await see.item('weekly', 'orders', { phase: 'ShareSucceeded' });
    await see.item('weekly', 'parts', { phase: 'PendingApproval' });
    const request = await see.request('weekly', { conditions: { Approved: 'ScopeExceeded' } });
    expect(request.status?.exceeding?.[0]?.permissions).toEqual(['Write']);
    expect(await world.reads('analysts', 'parts')).toBe(false);
  });
});
