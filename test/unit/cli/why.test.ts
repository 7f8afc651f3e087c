import { describe, expect, test } from 'vitest';
import { kinds, reasons, type ReasonDoc, type ShareRequest } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { aDataset, anEnvironment, aRequest, aRole, meta } from '../../support/builders.ts';
import { createWorld } from './harness.ts';
import { condition, receivedShare, sharedItem, sharedRequest, start, status, waitingItem, waitingRequest } from './objects.ts';

const namespace = 'team-analytics';

/** Any kind with this reason: its summary is False. */
function judged(kind: string, reason: string): KubeObject {
  const summary = kind === 'ShareApproval' ? 'Effective' : 'Ready';
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind,
    metadata: { name: 'one', generation: 1, uid: 'uid-one', ...(kind === 'Environment' ? {} : { namespace }) },
    // The members that references are read from, of all kinds.
    spec: {
      datasetRef: { namespace: 'team-sales', name: 'orders' },
      principal: { name: 'analysts' },
      environmentRef: { name: 'sales' },
      items: [],
    },
    status: { observedGeneration: 1, conditions: [condition(summary, 'False', reason, `details of ${reason}`)] },
  };
}

describe('why', () => {
  const cases = Object.entries(reasons as Readonly<Record<string, ReasonDoc>>).flatMap(([reason, doc]) =>
    doc.kinds.map((kind) => ({ reason, kind, doc })),
  );

  test.each(cases)('says of $reason on a $kind what it means, who has to act and how', async ({ reason, kind, doc }) => {
    const world = createWorld({ namespace, start }, judged(kind, reason));
    const { code, out } = await world.run(`why ${kind}/one`);
    expect(code).toBe(3);
    for (const part of [reason, `details of ${reason}`, doc.meaning, doc.next]) expect(out).toContain(part);
    expect(out).toContain(doc.actor === 'nobody' ? 'nobody has to act' : `${doc.actor}: `);
  });

  test('every kind of ours can be asked about, by kind, plural or singular', async () => {
    for (const { kind, plural, singular } of kinds) {
      const world = createWorld({ namespace, start }, judged(kind, 'Progressing'));
      for (const word of [kind, plural, singular]) expect((await world.run(`why ${word}/one`)).code).toBe(3);
    }
  });

  test('of a request that is in place there is nothing to say', async () => {
    const world = createWorld({ namespace, start }, sharedRequest(), sharedItem());
    const { code, out } = await world.run('why orders-for-analysts');
    expect(code).toBe(0);
    expect(out).toBe('ShareRequest team-analytics/orders-for-analysts is Ready: nothing is the matter.\n');
  });

  test('a request is explained by its items, and says once what they say', async () => {
    const world = createWorld({ namespace, start }, waitingRequest(), waitingItem());
    const { code, out } = await world.run('why orders-for-analysts');
    expect(code).toBe(3);
    expect(out).toContain(
      '1. PendingApproval  Ready=False  ShareItem team-analytics/orders-for-analysts-bucket-acme-orders-abcdefgh (Bucket acme-orders)',
    );
    expect(out).not.toContain('\n2.');
  });

  test('items that get no ShareItem are causes of their own', async () => {
    const invalid = [{ type: 'Bucket', name: 'nowhere', reason: 'ItemNotFound', message: 'the dataset lists no Bucket nowhere' }];
    const request = waitingRequest(status<ShareRequest>({ invalidItems: invalid }));
    const { out } = await createWorld({ namespace, start }, request, waitingItem()).run('why orders-for-analysts');
    expect(out).toContain('1. ItemNotFound  ShareRequest team-analytics/orders-for-analysts (Bucket nowhere)');
    expect(out).toContain(reasons.ItemNotFound.next);
  });

  test('a request that is Ready and exceeds its consent is told as Ready, but', async () => {
    const conditions = [
      condition('Ready', 'True', 'Succeeded'),
      condition('Approved', 'False', 'ScopeExceeded', 'Write was not consented to'),
    ];
    const world = createWorld({ namespace, start }, sharedRequest(status<ShareRequest>({ conditions })), sharedItem());
    const { code, out } = await world.run('why orders-for-analysts');
    expect(code).toBe(0);
    expect(out).toContain('is Ready, but:');
    expect(out).toContain('Write was not consented to');
  });

  test('not ready because of another object: that object is asked, and the one behind it, the root of it first', async () => {
    const role = aRole(status({ conditions: [condition('Ready', 'False', 'EnvironmentNotReady')] }));
    const environment = anEnvironment(
      meta({ name: 'analytics' }),
      status({ conditions: [condition('Ready', 'False', 'AssumeRoleDenied', 'sts:AssumeRole is denied')] }),
    );
    const request = waitingRequest(status<ShareRequest>({ conditions: [condition('Ready', 'False', 'EnvironmentNotReady')] }));
    const { out } = await createWorld({ namespace, start }, request, role, environment).run('why orders-for-analysts');
    expect([...out.matchAll(/^\d\. (\w+)/gm)].map((match) => match[1])).toEqual([
      'AssumeRoleDenied',
      'EnvironmentNotReady',
      'EnvironmentNotReady',
    ]);
  });

  test('what belongs to somebody else is named as not looked at, and the rest is answered', async () => {
    const request = waitingRequest(status<ShareRequest>({ conditions: [condition('Ready', 'False', 'DatasetNotReady')] }));
    const world = createWorld({ namespace, start, forbidden: ['get datasets'] }, request, aDataset());
    const { code, out } = await world.run('why orders-for-analysts');
    expect(code).toBe(3);
    expect(out).toContain('1. DatasetNotReady');
    expect(out).toContain('Not looked at: Dataset team-sales/orders: you may not read it');
  });

  test('an object that nobody has judged yet says so, and that nothing runs if it stays like that', async () => {
    const world = createWorld(
      { namespace, start },
      aRequest(),
      aRole(meta({ generation: 3 }), status({ observedGeneration: 2, conditions: [condition('Ready', 'True', 'Succeeded')] })),
    );
    const { code, out } = await world.run('why orders-for-analysts');
    expect(code).toBe(3);
    expect(out).toContain('the operator has not looked at it');
    expect((await world.run('why consumptionrole/analysts')).out).toContain('the operator has not looked at it');
  });

  test('a reason of a newer operator is told as it is', async () => {
    const { out } = await createWorld({ namespace, start }, judged('Dataset', 'SomethingNew')).run('why dataset/one');
    expect(out).toContain('SomethingNew');
    expect(out).toContain('Update kubectl share');
  });

  test('an owner asks about his ReceivedShare, in his own namespace alone', async () => {
    const world = createWorld({ namespace: 'team-sales', start }, receivedShare());
    const { code } = await world.run(`why receivedshare/${receivedShare().metadata.name}`);
    expect(code).toBe(3);
    expect(world.requests.every((request) => request.includes(' team-sales'))).toBe(true);
  });

  test('as JSON the answer has the same causes', async () => {
    const world = createWorld({ namespace, start }, waitingRequest(), waitingItem());
    const { code, out } = await world.run('why orders-for-analysts -o json');
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      kind: 'ShareRequest',
      name: 'team-analytics/orders-for-analysts',
      ready: false,
      causes: [
        {
          reason: 'PendingApproval',
          actor: 'owner',
          subject: 'Bucket acme-orders',
          condition: { type: 'Ready', status: 'False' },
        },
      ],
    });
  });
});
