/** What only the operator may write: ShareItems, ReceivedShares, status, finalizers; and what must never be held up: deletion. */
import { beforeAll, describe, expect, test } from 'vitest';
import { get, kubectl } from '../support/cluster.ts';
import type { SampleKind } from '../unit/api/objects.ts';
import { manifest, sampleKinds } from '../unit/api/objects.ts';
import type { Place } from './admission-users.ts';
import {
  administrator,
  alice,
  cascades,
  create,
  given,
  installPolicies,
  namespaceWithUsers,
  operator,
  patch,
  plural,
  remove,
  wanda,
} from './admission-users.ts';

let namespace: string;
let count = 0;

const place = (kind: SampleKind): Place => ({ kind, name: `o-${++count}`, namespace });
const namespaced = sampleKinds.filter((kind) => kind !== 'Environment');
const owned = ['ShareItem', 'ReceivedShare'] as const;
const annotate = (name: string, value: string | null = 'x'): object => ({ metadata: { annotations: { [name]: value } } });

beforeAll(async () => {
  await installPolicies();
  namespace = await namespaceWithUsers();
});

describe.each(owned)('a %s', (kind) => {
  test('is created by the operator only, whatever others may do', async () => {
    for (const user of [wanda, alice, administrator]) {
      await expect(create(manifest(kind, 'forged', { namespace }), user)).rejects.toThrow(
        `only the operator creates objects of kind ${kind}`,
      );
    }
    await create(manifest(kind, 'real', { namespace }), operator);
  });

  test('given a change of spec by somebody else, then it is refused and says what to change instead', async () => {
    const there = await given(place(kind));
    const change = { spec: { permissions: ['Read', 'Write'] } };
    await expect(patch(there, change, wanda)).rejects.toThrow(/change the ShareRequest or the ShareApproval that it comes from/);
    await expect(patch(there, change, administrator)).rejects.toThrow(/only the operator changes the spec/);
    await patch(there, change, operator);
  });

  test('given an annotation of ours, then only the one that asks for a verification may be set by others', async () => {
    const there = await given(place(kind), {
      'metadata.annotations': { 'sluice.dev/kept': 'a' },
      'metadata.labels': { 'sluice.dev/dataset': 'a' },
    });
    await patch(there, annotate('sluice.dev/verify-requested-at'), wanda);
    await patch(there, annotate('example.com/mine'), wanda);
    const refused = /only sluice.dev\/verify-requested-at may be changed here/;
    await expect(patch(there, annotate('sluice.dev/other'), wanda)).rejects.toThrow(refused);
    await expect(patch(there, annotate('sluice.dev/kept', 'b'), wanda)).rejects.toThrow(refused);
    await expect(patch(there, annotate('sluice.dev/kept', null), wanda)).rejects.toThrow(refused);
    await expect(patch(there, { metadata: { labels: { 'sluice.dev/dataset': 'b' } } }, wanda)).rejects.toThrow(refused);
    await expect(patch(there, { metadata: { labels: { 'sluice.dev/dataset': null } } }, wanda)).rejects.toThrow(refused);
  });
});

describe('letting a ShareItem go by force', () => {
  test('needs the verb forcedelete on shareitems, which admins of a namespace do not have', async () => {
    const there = await given(place('ShareItem'));
    const force = annotate('sluice.dev/force-delete', 'true');
    await expect(patch(there, force, wanda)).rejects.toThrow(/needs the verb forcedelete on shareitems: ask the platform team/);
    await kubectl(['create', 'rolebinding', 'ada', '--clusterrole=admin', '--user=ada', '--namespace', namespace]);
    await expect(patch(there, force, { as: 'ada' })).rejects.toThrow(/needs the verb forcedelete/);
    await kubectl(['create', 'rolebinding', 'petra', '--clusterrole=sluice-platform', '--user=petra', '--namespace', namespace]);
    await patch(there, force, { as: 'petra' });
    await patch(there, annotate('example.com/mine'), wanda);
  });
});

describe.each(namespaced)('of kind %s', (kind) => {
  test('status is written by the operator only', async () => {
    const there = await given(place(kind));
    const change = { status: { observedGeneration: 7 } };
    await expect(patch(there, change, wanda, '--subresource=status')).rejects.toThrow(/only the operator writes status/);
    await expect(patch(there, change, administrator, '--subresource=status')).rejects.toThrow(/only the operator writes status/);
    await patch(there, change, operator, '--subresource=status');
    await expect(get(plural(kind), there.name, namespace)).resolves.toMatchObject({ status: { observedGeneration: 7 } });
  });

  test('a finalizer of ours is taken off by the operator only, and nobody is kept from taking off his own', async () => {
    const there = await given(place(kind), { 'metadata.finalizers': ['sluice.dev/in-use', 'example.com/mine'] });
    const without = (finalizers: string[]): object => ({ metadata: { finalizers } });
    await expect(patch(there, without(['example.com/mine']), wanda)).rejects.toThrow(
      /only the operator removes sluice.dev\/in-use/,
    );
    await expect(patch(there, without([]), administrator)).rejects.toThrow(/only the operator removes sluice.dev\/in-use/);
    await patch(there, without(['sluice.dev/in-use']), wanda);
    if (kind === 'ShareApproval') return; // The operator never changes an approval, and puts no finalizer on it.
    await patch(there, without([]), operator);
  });

  test.each(cascades)('deletion (%s) is never held up', async (cascade) => {
    const there = await given(place(kind));
    await remove(there, wanda, cascade);
    await expect(get(plural(kind), there.name, namespace)).rejects.toThrow(/NotFound/);
  });
});

describe('the API server itself', () => {
  test('given an object of every kind, when the namespace is deleted, then all of it goes', async () => {
    const full = await namespaceWithUsers();
    for (const kind of namespaced) await given({ kind, name: 'full', namespace: full });
    await kubectl(['delete', 'namespace', full, '--timeout=60s']);
  });

  test.each(owned)('given a %s with an owner, when the owner goes, then the garbage collector deletes it', async (kind) => {
    const request = await given(place('ShareRequest'));
    const { metadata } = await get<{ metadata: { uid: string } }>('sharerequests', request.name, namespace);
    const owner = {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'ShareRequest',
      name: request.name,
      uid: metadata.uid,
      blockOwnerDeletion: true,
    };
    const there = await given(place(kind), { 'metadata.ownerReferences': [owner] });
    await remove(request, wanda, 'foreground');
    await expect(get(plural(kind), there.name, namespace)).rejects.toThrow(/NotFound/);
  });

  test('given a ShareItem with an owner, when the owner is deleted and its dependents are orphaned, then the item stays', async () => {
    const request = await given(place('ShareRequest'));
    const { metadata } = await get<{ metadata: { uid: string } }>('sharerequests', request.name, namespace);
    const owner = { apiVersion: 'sluice.dev/v1alpha1', kind: 'ShareRequest', name: request.name, uid: metadata.uid };
    const item = await given(place('ShareItem'), { 'metadata.ownerReferences': [owner] });
    await remove(request, wanda, 'orphan');
    const kept = await get<{ metadata: { ownerReferences?: unknown } }>('shareitems', item.name, namespace);
    expect(kept.metadata.ownerReferences).toBeUndefined();
  });
});

describe('a ShareRequest whose deletion is blocked', () => {
  const shared = { status: { sharedItems: ['Bucket/acme-orders', 'Bucket/acme-payments'] } };

  async function blocked(where = namespace): Promise<Place> {
    const request = await given({ ...place('ShareRequest'), namespace: where }, { 'spec.deletionPolicy': 'Block' });
    await patch(request, shared, operator, '--subresource=status');
    return request;
  }

  test.each(cascades)('given shared items, when it is deleted (%s), then the refusal names them', async (cascade) => {
    const names = /these items are shared: Bucket\/acme-orders, Bucket\/acme-payments\. Remove them from spec.items first/;
    await expect(remove(await blocked(), wanda, cascade)).rejects.toThrow(names);
  });

  test('given that nothing is shared any more, or that the policy is Revoke, then it is deleted', async () => {
    const first = await blocked();
    await patch(first, { status: { sharedItems: [] } }, operator, '--subresource=status');
    await remove(first, wanda);
    const second = await blocked();
    await patch(second, { spec: { deletionPolicy: 'Revoke' } }, wanda);
    await remove(second, wanda);
  });

  test('when its namespace is deleted, then it goes along', async () => {
    const full = await namespaceWithUsers();
    await blocked(full);
    await kubectl(['delete', 'namespace', full, '--timeout=60s']);
  });
});
