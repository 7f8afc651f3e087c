/**
 * Objects of owner and requester deleted in every order, on real parts, also while the operator is away: access is taken back, nothing stays in AWS, and
 * nothing that was deleted hangs.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { liveShare, watcher } from '../support/workflow.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

type Deletable =
  'dataset' | 'shareapproval' | 'sharerequest' | 'consumptionrole' | 'producer environment' | 'consumer environment';
const names = { dataset: 'orders', shareapproval: 'weekly', sharerequest: 'weekly', consumptionrole: 'analysts' };

function argumentsOf(world: World, what: Deletable): string[] {
  if (what === 'producer environment') return ['environment', world.producer.environment];
  if (what === 'consumer environment') return ['environment', world.consumer.environment];
  const side = what === 'dataset' || what === 'shareapproval' ? world.producer : world.consumer;
  return [what, names[what], '--namespace', side.namespace];
}

/** Asks for the deletion and doesn't wait for it. */
async function remove(world: World, ...what: readonly Deletable[]): Promise<void> {
  for (const each of what) await kubectl(['delete', ...argumentsOf(world, each), '--wait=false']);
}

async function expectGone(world: World, ...what: readonly Deletable[]): Promise<void> {
  for (const each of what) {
    const left = (): Promise<string> => kubectl(['get', ...argumentsOf(world, each), '--ignore-not-found', '-o', 'name']);
    await until(`${each} is gone`, async () => (await left()) === '');
  }
}

async function share(): Promise<World> {
  const world = await sluice.world();
  await liveShare(sluice, world);
  return world;
}

const everything: readonly Deletable[] = [
  'dataset',
  'consumptionrole',
  'producer environment',
  'consumer environment',
  'shareapproval',
  'sharerequest',
];

describe.concurrent('objects that are deleted', () => {
  it.each<readonly Deletable[]>([
    everything,
    everything.toReversed(),
    ['producer environment', 'shareapproval', 'dataset', 'sharerequest', 'consumptionrole', 'consumer environment'],
    ['consumer environment', 'consumptionrole', 'sharerequest', 'dataset', 'producer environment', 'shareapproval'],
  ])('in the order %s, %s, %s, %s, %s, %s leave nothing behind and all go', async (...order) => {
    const world = await share();
    await remove(world, ...order);
    await expectGone(world, ...order);
    await watcher(sluice, world).clean();
    expect(await world.reads('analysts', 'orders')).toBe(false);
  });

  it.each<Deletable>(['dataset', 'consumptionrole'])(
    '%s alone ends the share, and is gone when nothing is left of it',
    async (what) => {
      const world = await share();
      const see = watcher(sluice, world);
      await kubectl(['delete', ...argumentsOf(world, what), '--timeout=20s']);
      expect(await see.leftInAws()).toEqual([]);
      const reason = what === 'dataset' ? 'DatasetNotAvailable' : 'Revoked';
      await see.request('weekly', { conditions: { Ready: reason } });
    },
  );

  it('wait as an Environment until nothing uses it, and say so; what is shared stays meanwhile', async () => {
    const world = await share();
    const see = watcher(sluice, world);
    await remove(world, 'producer environment', 'consumer environment');
    const expected = { conditions: { Ready: 'InUse', Stalled: 'InUse' }, message: '1 shares still name this Environment' };
    await see.shows(types.environment, world.producer.environment, expected);
    await see.shows(types.environment, world.consumer.environment, expected);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    await remove(world, 'shareapproval');
    await expectGone(world, 'producer environment', 'consumer environment');
    await see.clean();
  });
});

describe('the operator, away while objects are deleted', () => {
  it('takes everything back when it is there again, whatever was deleted', async () => {
    const cases: readonly (readonly Deletable[])[] = [
      ['shareapproval'],
      ['dataset'],
      ['consumptionrole'],
      ['sharerequest'],
      everything,
    ];
    const worlds = await Promise.all(cases.map(async (deleted) => ({ deleted, world: await share() })));
    const untouched = await share();
    await sluice.operator.kill();
    await Promise.all(worlds.map(({ world, deleted }) => remove(world, ...deleted)));
    await sluice.operator.start();
    for (const { world, deleted } of worlds) {
      await watcher(sluice, world).clean(40);
      expect(await world.reads('analysts', 'orders')).toBe(false);
      await expectGone(world, ...deleted);
    }
    expect(await untouched.reads('analysts', 'orders')).toBe(true);
  });

  it('remembers how a share ended: what was revoked before stays revoked and says why', async () => {
    const world = await share();
    const see = watcher(sluice, world);
    await remove(world, 'shareapproval');
    await see.item('weekly', 'orders', { phase: 'RevokeSucceeded', conditions: { Ready: 'Revoked' } });
    const before = see.writes().length;
    await sluice.operator.restart();
    // A request made after the restart is decided after those that were there: by then the old one would have changed.
    const { metadata } = await see.item('weekly', 'orders', { phase: 'RevokeSucceeded' });
    await kubectl(['annotate', 'sharerequest', 'weekly', 'example.com/touched=yes', '--namespace', world.consumer.namespace]);
    await share();
    const after = await see.item('weekly', 'orders', { phase: 'RevokeSucceeded', conditions: { Ready: 'Revoked' } });
    expect(after.metadata.uid).toBe(metadata.uid);
    expect(see.writes()).toHaveLength(before);
  });
});
