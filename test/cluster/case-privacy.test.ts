/**
 * What people may see and do, on real parts: an owner reviews with rights in his own namespace only, a requester learns nothing of the owner's side before
 * consent, and a Dataset that is closed to a namespace can't be told from one that doesn't exist.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShareRequest } from '../../src/api/index.ts';
import { types } from '../../src/controllers/cluster.ts';
import { receivedShareName } from '../../src/shares/names.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { watcher, withSpec } from '../support/workflow.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

/**
 * What Kubernetes itself puts into every namespace: the certificate of its own authority. Left out where texts are searched: it is two thousand random characters, and
 * every hundredth cluster or so has any three letters somewhere in it.
 */
const clusterCa = 'kube-root-ca.crt';

/** An object as `kubectl get` shows it, with all that stands in it. */
interface Shown {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Where the secret stands in the object, with what is around it; not in these names, which end in characters by chance. Empty when it isn't told. */
function told(object: Shown, secret: string, names: readonly string[]): readonly string[] {
  const text = names.reduce((rest, name) => rest.replaceAll(name, '<name>'), JSON.stringify(object));
  const at = text.indexOf(secret);
  return at < 0 ? [] : [`${object.kind} ${object.metadata.name}: …${text.slice(Math.max(0, at - 60), at + 60)}…`];
}

/** A user with a ClusterRole of the chart's in one namespace, and nothing else. */
async function userWith(role: string, namespace: string): Promise<{ as: string }> {
  const as = `${role}-of-${namespace}`;
  await kubectl(['create', 'rolebinding', as, `--clusterrole=${role}`, `--user=${as}`, '-n', namespace]);
  return { as };
}

describe.concurrent('the owner', () => {
  it('reviews and decides with rights in his own namespace only; somebody without approve does not', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    await apply([world.dataset('orders'), world.role('analysts')]);
    const requester = await userWith('sluice-requester', world.consumer.namespace);
    await apply([world.request('weekly', { items: ['orders'], purpose: 'Weekly revenue report' })], requester);
    await see.request('weekly', { phase: 'Submitted' });

    const owner = await userWith('sluice-owner', world.producer.namespace);
    const editor = await userWith('edit', world.producer.namespace);
    const name = receivedShareName({ namespace: world.consumer.namespace, name: 'weekly' });
    const shown = await kubectl(['get', 'receivedshare', name, '-n', world.producer.namespace, '-o', 'json'], owner);
    const { spec } = JSON.parse(shown) as {
      spec: { items: readonly { digest: string }[]; principal: { arn: string }; purpose: string };
    };
    expect(spec).toMatchObject({ purpose: 'Weekly revenue report', principal: { arn: world.roles['analysts']?.arn } });
    await expect(kubectl(['get', 'sharerequest', '-n', world.consumer.namespace], owner)).rejects.toThrow('forbidden');

    const approval = world.approval('weekly', {
      request: 'weekly',
      items: [{ name: 'orders', digest: spec.items[0]?.digest ?? '' }],
    });
    await expect(apply([approval], editor)).rejects.toThrow(/forbidden/);
    await expect(apply([approval], requester)).rejects.toThrow(/forbidden/);
    await apply([approval], owner);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });
});

describe.concurrent('the requester', () => {
  it('sees nothing of the account, the roles and the keys of the owner before consent, in no object that he may read', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['orders'] });
    const see = watcher(sluice, world);
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['orders'] })]);
    await see.request('weekly', { phase: 'Submitted' });
    const requester = await userWith('edit', world.consumer.namespace);
    const kinds = 'sharerequests,shareitems,consumptionroles,events,events.events.k8s.io,configmaps';
    const readable = async (): Promise<readonly Shown[]> => {
      const text = await kubectl(
        ['get', kinds, '-n', world.consumer.namespace, '-o', 'json', '--show-managed-fields'],
        requester,
      );
      return (JSON.parse(text) as { items: readonly Shown[] }).items.filter(({ metadata }) => metadata.name !== clusterCa);
    };
    const before = await until('all that is told before consent is there', async () => {
      const objects = await readable();
      const all = ['ShareRequest', 'ShareItem', 'ConsumptionRole', 'Event'].every((kind) =>
        objects.some((object) => object.kind === kind),
      );
      return all && JSON.stringify(objects).includes('PendingApproval') ? objects : false;
    });
    // The ShareItem's own name holds the bucket's, so it comes first.
    const items = before.filter(({ kind }) => kind === 'ShareItem').map(({ metadata }) => metadata.name);
    const names = [...items, ...Object.values(world.buckets), world.consumer.environment];
    const { account, environment } = world.producer;
    const secrets = [account, world.keys['orders'] ?? '', 'kms', environment, 'sluice-test-aws'];
    expect(before.flatMap((object) => secrets.flatMap((secret) => told(object, secret, names)))).toEqual([]);
  });

  it('reads in his own objects why an owner side that is not ready holds him up, without its details', async () => {
    const world = await sluice.world();
    const see = watcher(sluice, world);
    const key = `arn:aws:kms:eu-west-1:${world.producer.account}:key/11111111-2222-3333-4444-555555555555`;
    const bucket = { name: world.buckets['orders'], kmsKeyArn: key };
    await apply([
      world.dataset('orders', { buckets: [bucket] }),
      world.role('analysts'),
      world.request('weekly', { items: ['orders'] }),
    ]);
    await see.shows(types.dataset, 'orders', { conditions: { Ready: 'KeyNotFound' }, message: key });
    const request = await see.request('weekly', {
      conditions: { Ready: 'DatasetNotReady' },
      message: "its owner sees why in the Dataset's status",
    });
    expect(JSON.stringify(request.status)).not.toContain('arn:aws:kms');
  });
});

describe.concurrent('a Dataset that is not there for a namespace', () => {
  it('looks byte for byte the same whether it is closed or does not exist: no digest, no items, no Events, no ReceivedShare', async () => {
    const world = await sluice.world({ buckets: ['orders', 'parts'] });
    const see = watcher(sluice, world);
    const closed = withSpec(world.dataset('closed'), { sharing: { requesters: { from: 'Names', names: ['somebody-else'] } } });
    await apply([closed, world.role('analysts')]);
    await see.shows(types.dataset, 'closed', { conditions: { Ready: 'Succeeded' } });
    await apply([
      world.request('to-closed', { dataset: 'closed', items: ['orders', 'unlisted'] }),
      world.request('to-nobody', { dataset: 'absent', items: ['orders', 'unlisted'] }),
      world.approval('too-eager', { dataset: 'closed', request: 'to-closed', items: ['orders'] }),
    ]);
    const expected = { phase: 'Submitted', conditions: { Ready: 'DatasetNotAvailable', Stalled: 'DatasetNotAvailable' } };
    const statuses = [await see.request('to-closed', expected), await see.request('to-nobody', expected)].map(comparable);
    expect(statuses[0]).toBe(statuses[1]);
    for (const request of ['to-closed', 'to-nobody']) expect(await see.items(request)).toEqual([]);
    await nothingTold(world);
    expect(see.writes()).toEqual([]);

    await kubectl(['delete', 'dataset', 'closed', '-n', world.producer.namespace, '--timeout=20s']);
    expect(comparable(await see.get(types.request, 'to-closed'))).toBe(statuses[1]);
  });

  it('and is opened later lets the request go on from there; closed again, it keeps what was consented to and takes nothing new', async () => {
    const world = await sluice.world({ buckets: ['orders', 'parts'] });
    const see = watcher(sluice, world);
    const closed = world.dataset('orders', { sharing: { requesters: { from: 'Same' } } });
    await apply([closed, world.role('analysts'), world.request('weekly', { items: ['orders'] })]);
    await see.request('weekly', { conditions: { Ready: 'DatasetNotAvailable' } });
    await apply([world.dataset('orders'), world.approval('weekly', { request: 'weekly', items: ['orders', 'parts'] })]);
    await see.request('weekly', { conditions: { Ready: 'Succeeded' } });
    await apply([closed]);
    await apply([world.request('weekly', { items: ['orders', 'parts'] })]);
    const request = await see.request('weekly', { conditions: { Ready: 'DatasetNotAvailable' }, message: '1/2 shared' });
    expect(request.status?.invalidItems?.map(({ name }) => name)).toEqual([world.buckets['parts']]);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(await world.reads('analysts', 'parts')).toBe(false);
  });
});

/** The status without times, and with the names that people gave made equal. */
function comparable({ status, spec, metadata }: ShareRequest): string {
  return JSON.stringify(status, (key, value: unknown) => (key === 'lastTransitionTime' ? '' : value))
    .replaceAll(`/${spec.datasetRef.name}`, '/dataset')
    .replaceAll(metadata.name, 'request');
}

async function nothingTold(world: World): Promise<void> {
  const received = await sluice.client.list(types.received, { namespace: world.producer.namespace });
  expect(received.items).toEqual([]);
  for (const { namespace } of [world.producer, world.consumer]) {
    expect(await kubectl(['get', 'events.events.k8s.io', '-n', namespace, '-o', 'name'])).toBe('');
  }
}
