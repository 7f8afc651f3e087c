/**
 * Claims, on real parts: nobody shares data, and nobody receives with a role, that the platform team has not said he may speak for; what is shared ends
 * when the claim does; and of two who claim one bucket the older keeps it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { apply, kubectl, uniqueNamespace } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { conditionOf, liveShare, watcher } from '../support/workflow.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

async function setClaims(environment: string, claims: readonly object[]): Promise<void> {
  await kubectl(['patch', 'environment', environment, '--type=merge', '--patch', JSON.stringify({ spec: { claims } })]);
}

const named = (...names: string[]): object => ({ from: 'Names', names });

async function askAndApprove(world: World): Promise<void> {
  await apply([
    world.dataset('orders'),
    world.role('analysts'),
    world.request('weekly', { items: ['orders'] }),
    world.approval('weekly', { request: 'weekly', items: ['orders'] }),
  ]);
}

describe.concurrent('without a claim', () => {
  it('to the bucket nothing is shared: the owner reads which one is missing, the requester that the owner has none', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const { namespace, environment } = world.producer;
    await setClaims(environment, [{ namespaces: named(namespace), buckets: ['other-*'] }]);
    await askAndApprove(world);
    await see.shows(types.dataset, 'orders', {
      conditions: { Ready: 'NotClaimed', Stalled: 'NotClaimed' },
      message: `lets namespace ${namespace} speak for ${world.buckets['orders'] ?? ''}`,
    });
    const request = await see.request('weekly', { conditions: { Ready: 'NotClaimed' }, message: 'ask the owner of the dataset' });
    expect(JSON.stringify(request.status)).not.toContain(environment);
    expect(see.writes()).toEqual([]);
  });

  it('to the key of the bucket nothing is shared', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['orders'] });
    const see = watcher(sluice, world);
    await setClaims(world.producer.environment, [{ namespaces: named(world.producer.namespace), buckets: ['*'] }]);
    await askAndApprove(world);
    await see.shows(types.dataset, 'orders', { conditions: { Ready: 'NotClaimed' }, message: world.keys['orders'] ?? '' });
    await see.request('weekly', { conditions: { Ready: 'NotClaimed' } });
    expect(see.writes()).toEqual([]);
  });

  it('to the role nothing is shared', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await setClaims(world.consumer.environment, [{ namespaces: named(world.consumer.namespace), roles: ['data-*'] }]);
    await askAndApprove(world);
    await see.shows(types.role, 'analysts', { conditions: { Ready: 'NotClaimed' }, message: 'role/analysts' });
    await see.request('weekly', { conditions: { Ready: 'NotClaimed' }, message: 'ask the platform team' });
    expect(see.writes()).toEqual([]);
  });
});

describe.concurrent('a claim that is taken away', () => {
  it.each(['producer', 'consumer'] as const)('from the %s ends live shares at once where it says Immediately', async (side) => {
    const world = await sluice.world();
    await liveShare(sluice, world);
    const see = watcher(sluice, world);
    const { namespace, environment } = world[side];
    await setClaims(environment, [
      { namespaces: named(namespace), buckets: ['other-*'], roles: ['other-*'], onLoss: 'Immediately' },
    ]);
    await see.clean();
    await see.item('weekly', 'orders', { phase: 'RevokeSucceeded', conditions: { Ready: 'NotClaimed' } });
    expect(await world.reads('analysts', 'orders')).toBe(false);
  });

  it('else leaves live shares for a day, says so, and forgets it when the claim is back', async () => {
    const world = await sluice.world();
    await liveShare(sluice, world);
    const see = watcher(sluice, world);
    const { namespace, environment } = world.producer;
    await setClaims(environment, []);
    const item = await see.item('weekly', 'orders', { conditions: { Ready: 'NotClaimed', Stalled: 'NotClaimed' } });
    expect(item.spec.consent?.claimLostTime).toBeDefined();
    expect(await world.reads('analysts', 'orders')).toBe(true);
    await setClaims(environment, [{ namespaces: named(namespace), buckets: ['*'] }]);
    const back = await see.item('weekly', 'orders', { conditions: { Ready: 'Succeeded' } });
    expect(back.spec.consent?.claimLostTime).toBeUndefined();
  });
});

describe.concurrent('two namespaces that claim one bucket', () => {
  it('do not both get it: the older Dataset keeps it, the younger one gets it when that is gone', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const rival = await uniqueNamespace('rival');
    const { environment, namespace } = world.producer;
    const both = named(namespace, rival);
    const patch = { spec: { allowedNamespaces: both, claims: [{ namespaces: both, buckets: ['*'] }] } };
    await kubectl(['patch', 'environment', environment, '--type=merge', '--patch', JSON.stringify(patch)]);
    await liveShare(sluice, world);
    const copy = JSON.parse(JSON.stringify(world.dataset('copy')).replaceAll(namespace, rival)) as object;
    await apply([copy]);
    await until('the younger Dataset is refused', async () => {
      const found = await sluice.client.get(types.dataset, { name: 'copy', namespace: rival });
      const ready = conditionOf(found, 'Ready');
      expect(ready?.message).not.toContain(namespace);
      return ready?.reason === 'AlreadyClaimed';
    });
    await until('the platform team sees who holds it', async () => {
      const { status } = await see.get(types.environment, environment);
      return status?.owners?.[0]?.dataset.namespace === namespace;
    });
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });

    await kubectl(['delete', 'dataset', 'orders', '-n', namespace, '--timeout=20s']);
    await kubectl(['wait', '--for=condition=Ready', 'dataset/copy', '-n', rival, '--timeout=20s']);
    await see.clean();
  });
});
