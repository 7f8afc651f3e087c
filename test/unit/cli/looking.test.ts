import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Environment, ReceivedShare, ShareItem, ShareRequest } from '../../../src/api/index.ts';
import { accessOf } from '../../../src/cli/commands/who.ts';
import { analystsArn, anApproval, anEnvironment, bucketName, meta, spec, time } from '../../support/builders.ts';
import { createWorld } from './harness.ts';
import {
  condition,
  receivedShare,
  receivedShared,
  sharedItem,
  sharedRequest,
  start,
  status,
  targets,
  waitingItem,
  waitingRequest,
} from './objects.ts';

const requester = { namespace: 'team-analytics', start };
const owner = { namespace: 'team-sales', start };

describe('status', () => {
  test('shows a request as a tree, down to the AWS documents', async () => {
    const { code, out } = await createWorld(requester, sharedRequest(), sharedItem()).run('status');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'team-analytics/orders-for-analysts  Processed  1/1 shared',
        '  dataset team-sales/orders, Read for 444455556666:analysts',
        '└─ Bucket acme-orders  ShareSucceeded  Healthy',
        `   ├─ Applied  ${targets[0]}`,
        `   └─ Applied  ${targets[1]}`,
        '',
      ].join('\n'),
    );
  });

  test('says why, where something is not Ready, and lists what the Dataset does not have', async () => {
    const invalid = [{ type: 'Bucket', name: 'nowhere', reason: 'ItemNotFound', message: 'the dataset lists no Bucket nowhere' }];
    const { out } = await createWorld(
      requester,
      waitingRequest(status<ShareRequest>({ invalidItems: invalid })),
      waitingItem(),
    ).run('status orders-for-analysts');
    expect(out).toContain('  PendingApproval: 0/1 shared: waits for the owner of team-sales/orders\n');
    expect(out).toContain('├─ Bucket acme-orders  PendingApproval');
    expect(out).toContain('└─ Bucket nowhere  ItemNotFound  the dataset lists no Bucket nowhere');
  });

  test('items of other requests, and of an earlier request of the same name, are not in it', async () => {
    const other = sharedItem(
      meta({ name: 'other' }),
      spec({ requestRef: { name: 'orders-for-analysts', uid: 'uid-earlier' }, name: 'not-mine' }),
    );
    const { out } = await createWorld(requester, sharedRequest(), sharedItem(), other).run('status');
    expect(out).not.toContain('not-mine');
  });

  test('reads one namespace, and all only with -A', async () => {
    const world = createWorld(requester, sharedRequest());
    await world.run('status');
    await world.run('status -n elsewhere');
    await world.run('status -A');
    expect(world.requests).toEqual([
      'list sharerequests team-analytics',
      'list shareitems team-analytics',
      'list sharerequests elsewhere',
      'list shareitems elsewhere',
      'list sharerequests *',
      'list shareitems *',
    ]);
  });

  test('as YAML it is a List of the objects themselves, without managed fields', async () => {
    const request = sharedRequest(meta({ managedFields: [] } as object));
    const { out } = await createWorld(requester, request, sharedItem()).run('status -o yaml');
    const list = parse(out) as { kind: string; items: { kind: string; metadata: object }[] };
    expect(list.kind).toBe('List');
    expect(list.items.map(({ kind }) => kind)).toEqual(['ShareRequest', 'ShareItem']);
    expect(list.items[0]?.metadata).not.toHaveProperty('managedFields');
  });
});

describe('inbox and outbox', () => {
  test('an owner sees who asks for what, newest first, and what waits for him with --pending', async () => {
    const later = receivedShare(meta({ name: 'later', creationTimestamp: time(30) }), (object: ReceivedShare) => ({
      ...object,
      spec: { ...object.spec, requestRef: { namespace: 'team-b', name: 'two' } },
    }));
    const world = createWorld(owner, receivedShared(), later);
    const { out } = await world.run('inbox');
    expect(out.split('\n').map((line) => line.split(/ {2,}/)[1])).toEqual([
      'REQUESTER',
      'team-b/two',
      'team-analytics/orders-for-analysts',
      undefined,
    ]);
    expect((await world.run('inbox --pending -o name')).out).toBe('receivedshare/later\n');
    expect(world.requests).toEqual(['list receivedshares team-sales', 'list receivedshares team-sales']);
  });

  test('one of them is shown as its owner reviews it', async () => {
    const findings = ['statement "DenyAll" (number 1) denies it'];
    const { out } = await createWorld(owner, receivedShare(status<ReceivedShare>({ findings }))).run(
      `inbox ${receivedShare().metadata.name}`,
    );
    for (const part of [
      'Purpose:      Weekly revenue report',
      `Principal:    ${analystsArn}`,
      'Approval would change:',
      'statement "DenyAll"',
    ])
      expect(out).toContain(part);
  });

  test('a team sees its own requests', async () => {
    const { out } = await createWorld(requester, waitingRequest()).run('outbox -o wide');
    expect(out).toMatch(/^NAME +DATASET +PRINCIPAL +PHASE +READY +SHARED +HEALTHY +EXPIRES +AGE +REASON +MESSAGE$/m);
    expect(out).toMatch(
      /^orders-for-analysts +team-sales\/orders +444455556666:analysts +Submitted +False +0\/1 +60s +PendingApproval/m,
    );
  });

  test('where there is nothing, standard output is empty', async () => {
    for (const line of ['inbox', 'outbox', 'status', 'who']) {
      const { code, out, err } = await createWorld(owner).run(line);
      expect({ code, out }).toEqual({ code: 0, out: '' });
      expect(err).not.toBe('');
    }
  });
});

describe('who', () => {
  test('an owner is answered from his own namespace: principal, item, permissions, by what and until when', async () => {
    const world = createWorld(owner, receivedShared(), anApproval());
    const { out } = await world.run('who orders');
    expect(out).toMatch(
      /^team-sales\/orders +Bucket acme-orders +444455556666:analysts +Read +team-analytics\/orders-for-analysts +yes +2026-01-02 12:00Z +ShareSucceeded$/m,
    );
    expect(world.requests).toEqual(['list receivedshares team-sales', 'list shareapprovals team-sales']);
  });

  test('what was asked for beyond the approval is not said to be given', () => {
    const wide = receivedShared((object: ReceivedShare) => ({
      ...object,
      spec: { ...object.spec, permissions: ['Read', 'Write', 'Modify'] },
    }));
    const approval = anApproval(spec({ items: [{ type: 'Bucket', name: bucketName, permissions: ['Read', 'Write'] }] }));
    expect(accessOf(wide, [approval]).map(({ permissions }) => permissions)).toEqual([['Read', 'Write']]);
  });

  test.each([
    ['PendingApproval', 0],
    ['ShareRejected', 0],
    ['ShareApproved', 0],
    ['RevokeSucceeded', 0],
    ['ShareInProgress', 1],
    ['ShareFailed', 1],
    ['PendingExtension', 1],
    ['RevokeApproved', 1],
    ['RevokeInProgress', 1],
    ['RevokeFailed', 1],
  ] as const)('an item that is %s counts %i times: from the first write until a read-back shows it gone', (phase, times) => {
    const object = receivedShared(status<ReceivedShare>({ items: [{ type: 'Bucket', name: bucketName, phase }] }));
    expect(accessOf(object, [])).toHaveLength(times);
  });

  test('an auditor is answered from the records of all namespaces', async () => {
    const world = createWorld(owner, sharedItem(), waitingItem(meta({ name: 'waits' })));
    const { out } = await world.run('who team-sales/orders -A -o json');
    expect(JSON.parse(out)).toEqual([
      {
        dataset: 'team-sales/orders',
        type: 'Bucket',
        item: bucketName,
        principal: analystsArn,
        permissions: ['Read'],
        request: 'team-analytics/orders-for-analysts',
        decidedBy: ['yes'],
        since: '2026-01-01T12:00:10Z',
        until: time(86_400),
        phase: 'ShareSucceeded',
      },
    ]);
    expect(world.requests).toEqual(['list shareitems *']);
  });
});

describe('logs', () => {
  test('tells the changes in AWS oldest first', async () => {
    const world = createWorld(requester, sharedRequest(), sharedItem());
    const { out } = await world.run('logs orders-for-analysts -o wide');
    expect(
      out
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(/ {3,}/).filter((_, index) => index === 2 || index === 5)),
    ).toEqual([
      ['s3:PutBucketPolicy', 'request-1'],
      ['iam:CreatePolicy', 'request-2'],
      ['iam:AttachRolePolicy', 'request-3'],
    ]);
    expect((await world.run(`logs shareitem/${sharedItem().metadata.name} -o json`)).out).toContain('request-1');
  });
});

describe('orphans', () => {
  const orphan = {
    kind: 'SharePolicy',
    target: 'arn:aws:iam::111122223333:policy/sluice/abcd1234/x',
    principals: [analystsArn],
    since: time(0),
  };

  test('lists them, and the exit code says that there are some', async () => {
    const some = anEnvironment(
      status<Environment>({ orphans: [orphan], conditions: [condition('Orphans', 'True', 'OrphansFound', '1 document')] }),
    );
    const { code, out, err } = await createWorld(owner, some).run('orphans');
    expect(code).toBe(3);
    expect(out).toMatch(/^sales +SharePolicy +arn:aws:iam::111122223333:policy\/sluice\/abcd1234\/x +arn\S+analysts +60s$/m);
    expect(err).toContain('OrphansFound 1 document');
  });

  test('none is 0; not looked everywhere, or not at all, is not none', async () => {
    const swept = (...conditions: readonly object[]): Environment => anEnvironment(status<Environment>({ conditions }));
    expect((await createWorld(owner, swept(condition('Orphans', 'False', 'NoOrphans'))).run('orphans sales')).code).toBe(0);
    expect((await createWorld(owner, swept(condition('Orphans', 'Unknown', 'PermissionsMissing'))).run('orphans')).code).toBe(3);
    expect((await createWorld(owner, swept()).run('orphans')).code).toBe(3);
  });
});

test('texts of other people do nothing to the terminal', async () => {
  const evil = 'ok\u001b[2J\u001b]0;owned\u0007\u202egnp.exe\r\nPURPOSE';
  const object = receivedShare((each: ReceivedShare) => ({ ...each, spec: { ...each.spec, purpose: evil } }));
  const world = createWorld(owner, object);
  for (const line of ['inbox -o wide', `inbox ${object.metadata.name}`]) {
    const { out } = await world.run(line, { colours: true });
    expect(out).not.toMatch(/\u001b\[2J|\u001b\]|\u0007|\u202e|\r/);
    expect(out).toContain('PURPOSE');
  }
});

test('an item that failed says with its documents what failed', async () => {
  const grants = [{ target: targets[0], state: 'Failed', message: 'AccessDenied: s3:PutBucketPolicy' }];
  const failed = sharedItem(
    status<ShareItem>({
      phase: 'ShareFailed',
      grants,
      conditions: [condition('Ready', 'False', 'AccessDenied'), condition('Stalled', 'True', 'AccessDenied')],
    }),
  );
  const { out } = await createWorld(requester, sharedRequest(), failed).run('status');
  expect(out).toContain(`└─ Failed   ${targets[0]}  AccessDenied: s3:PutBucketPolicy`);
});
