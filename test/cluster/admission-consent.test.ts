/** Who may consent: ShareApprovals and the terms of Datasets. Objects that only the operator writes are in admission-operator.test.ts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { apply, get, kubectl, uniqueNamespace } from '../support/cluster.ts';
import type { Changes } from '../unit/api/objects.ts';
import { manifest } from '../unit/api/objects.ts';
import type { Place } from './admission-users.ts';
import {
  administrator,
  alice,
  cascades,
  create,
  given,
  installPolicies,
  namespaceWithUsers,
  patch,
  remove,
  wanda,
} from './admission-users.ts';

let namespace: string;
let count = 0;

const approval = (): Place => ({ kind: 'ShareApproval', name: `approval-${++count}`, namespace });
const rejected: Changes = { 'spec.decision': 'Rejected' };
const refusedToDecide = /deciding on requests for the Dataset orders needs the verb approve on it/;
const refusedToUndo = /taking back a rejection needs the verb approve on the Dataset orders/;

beforeAll(async () => {
  await installPolicies();
  namespace = await namespaceWithUsers();
});

describe('a ShareApproval', () => {
  test('given somebody without the verb approve, when she creates one, then she is told which verb on which Dataset she needs', async () => {
    await expect(create(manifest('ShareApproval', 'a', { namespace }), wanda)).rejects.toThrow(refusedToDecide);
  });

  test('given somebody with the verb approve on one Dataset, then she may decide on it, and not on another', async () => {
    await create(manifest('ShareApproval', 'mine', { namespace }), alice);
    const other = manifest('ShareApproval', 'other', { namespace, changes: { 'spec.datasetRef.name': 'payments' } });
    await expect(create(other, alice)).rejects.toThrow(/Dataset payments needs the verb approve/);
  });

  test('given somebody with the verb approve in another namespace, then it counts for nothing here', async () => {
    const elsewhere = await namespaceWithUsers();
    const args = ['create', 'rolebinding', 'wanda', '--role=approver', '--user=wanda', '--namespace', elsewhere];
    await kubectl(args);
    await expect(create(manifest('ShareApproval', 'a', { namespace }), wanda)).rejects.toThrow(refusedToDecide);
    await create(manifest('ShareApproval', 'a', { namespace: elsewhere }), wanda);
  });

  test.each([
    ['its decision', { spec: { decision: 'Rejected' } }],
    ['its items', { spec: { items: [{ type: 'Bucket', name: 'acme-payments' }] } }],
    ['its end', { spec: { expireTime: '2030-01-01T00:00:00Z' } }],
    ['an extension', { spec: { extension: { rejectedExpireTime: '2030-01-01T00:00:00Z' } } }],
  ])('when %s is changed, then that needs the verb as well', async (_, change) => {
    const place = await given(approval());
    await expect(patch(place, change, wanda)).rejects.toThrow(refusedToDecide);
    await patch(place, change, alice);
  });

  test('when only labels or annotations are changed, as delivery tools do, then it needs no verb', async () => {
    const place = await given(approval());
    await patch(place, { metadata: { labels: { 'argocd.argoproj.io/instance': 'a' }, annotations: { note: 'b' } } }, wanda);
  });

  test.each(cascades)(
    'given one that approves, when it is deleted (%s), then it needs no verb: withdrawing always works',
    async (cascade) => {
      await remove(await given(approval()), wanda, cascade);
    },
  );

  test.each(cascades)('given one that rejects, when it is deleted (%s), then it needs the verb', async (cascade) => {
    const place = await given(approval(), rejected);
    await expect(remove(place, wanda, cascade)).rejects.toThrow(refusedToUndo);
    await remove(place, alice, cascade);
  });

  test('given one that rejects, when somebody gives it an owner for the garbage collector to follow, then that needs the verb', async () => {
    const place = await given(approval(), rejected);
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: 'c0ffee00-0000-4000-8000-000000000000' }];
    await expect(patch(place, { metadata: { ownerReferences } }, wanda)).rejects.toThrow(refusedToDecide);
  });

  test.each([
    ['one that approves', {}],
    ['one that rejects', rejected],
  ])('given %s with an owner, when the owner goes, then the garbage collector may delete it', async (_, changes) => {
    const { name } = approval();
    await apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } }]);
    const { metadata } = await get<{ metadata: { uid: string } }>('configmap', name, namespace);
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid: metadata.uid }];
    await given({ kind: 'ShareApproval', name, namespace }, { ...changes, 'metadata.ownerReferences': ownerReferences });
    await kubectl(['delete', 'configmap', name, '--namespace', namespace]);
    await kubectl(['wait', '--for=delete', `shareapproval/${name}`, '--namespace', namespace, '--timeout=60s']);
  });

  test('given a namespace full of approvals and rejections, when it is deleted, then all of it goes', async () => {
    const full = await uniqueNamespace('full');
    const objects = Array.from({ length: 20 }, (_, i) =>
      manifest('ShareApproval', `a-${i}`, { namespace: full, changes: i % 2 === 0 ? rejected : {} }),
    );
    await apply(objects);
    await kubectl(['delete', 'namespace', full, '--timeout=60s']);
  });
});

describe('a Dataset', () => {
  const terms = /needs the verb approve on it: have the role sluice-owner bound in/;
  const orders = (): Place => ({ kind: 'Dataset', name: 'orders', namespace });

  test('given somebody without the verb, when she creates one, then it is refused; with the verb it is allowed', async () => {
    await expect(create(manifest('Dataset', 'orders', { namespace }), wanda)).rejects.toThrow(terms);
    await create(manifest('Dataset', 'orders', { namespace }), alice);
  });

  test.each([
    ['automatic approval', { spec: { sharing: { approval: 'Automatic' } } }],
    ['automatic approval for some', { spec: { sharing: { autoApprove: [{ namespaces: ['team-a'] }] } } }],
    ['what may be asked for', { spec: { sharing: { permissions: ['Read', 'Write', 'Modify'] } } }],
    ['the buckets', { spec: { buckets: [{ name: 'acme-other' }] } }],
    ['the confidentiality', { spec: { confidentiality: 'Official' } }],
    ['a title and a term at once', { spec: { title: 'New', sharing: { drift: 'Report' } } }],
  ])('when %s is changed, then that needs the verb', async (_, change) => {
    await expect(patch(orders(), change, wanda)).rejects.toThrow(terms);
    await patch(orders(), change, alice, '--dry-run=server');
  });

  test('when what only people read is changed, then it needs no verb', async () => {
    await patch(
      orders(),
      {
        spec: { title: 'All orders', description: 'Since 2019', stewards: ['Sales'], notify: { emails: ['sales@example.com'] } },
        metadata: { labels: { a: 'b' } },
      },
      wanda,
    );
    await patch(orders(), { spec: { title: null } }, wanda);
  });

  test('when somebody asks for its shares to be written again, then that needs the verb while drift is Report, and only then', async () => {
    const ask = { metadata: { annotations: { 'sluice.dev/reapply-requested-at': 'now' } } };
    await patch(orders(), ask, wanda, '--dry-run=server');
    await patch(orders(), { spec: { sharing: { drift: 'Report' } } }, alice);
    await expect(patch(orders(), ask, wanda)).rejects.toThrow(
      /has drift: Report, so writing its shares again needs the verb approve/,
    );
    await patch(orders(), { metadata: { annotations: { 'sluice.dev/verify-requested-at': 'now' } } }, wanda);
    await patch(orders(), ask, alice);
  });

  test.each(cascades)('when it is deleted (%s), then it needs no more than RBAC', async (cascade) => {
    await remove(await given({ kind: 'Dataset', name: `gone-${cascade}`, namespace }), wanda, cascade);
  });
});

describe('a ShareRequest', () => {
  test('when somebody asks for its shares to be written again, then that needs the verb approve on its Dataset, wherever that is', async () => {
    const place: Place = { kind: 'ShareRequest', name: 'reapply', namespace };
    await given(place, { 'spec.datasetRef': { namespace, name: 'orders' } });
    const ask = { metadata: { annotations: { 'sluice.dev/reapply-requested-at': 'now' } } };
    await expect(patch(place, ask, wanda)).rejects.toThrow(/needs the verb approve on its Dataset/);
    await patch(place, { metadata: { annotations: { 'sluice.dev/verify-requested-at': 'now' } } }, wanda);
    await patch(place, ask, alice);
    await patch(place, { spec: { purpose: 'changed while the annotation stays' } }, wanda);
    await patch(place, ask, administrator);
  });
});
