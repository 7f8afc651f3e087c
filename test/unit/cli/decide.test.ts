import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { shareApproval, type ReceivedShare, type ShareApproval } from '../../../src/api/index.ts';
import { approvalFor, parseEnd } from '../../../src/cli/approval.ts';
import { reportApproval } from '../../../src/shares/approval-report.ts';
import { shareApprovalName } from '../../../src/shares/names.ts';
import { analystsArn, anApproval, aRejection, aRequest, bucketName, meta, spec } from '../../support/builders.ts';
import { createWorld, type World } from './harness.ts';
import { digest, receivedShare, receivedShared, requestRef, start } from './objects.ts';

const namespace = 'team-sales';
const received = receivedShare().metadata.name;
const approvalName = shareApprovalName('Approved', requestRef);
const rejectionName = shareApprovalName('Rejected', requestRef);

function world(...objects: readonly (ReceivedShare | ShareApproval)[]): World {
  return createWorld({ namespace, start }, ...objects);
}

function stored({ objects }: World, name = approvalName): ShareApproval {
  return objects.get(`ShareApproval ${namespace}/${name}`) as ShareApproval;
}

describe('approve', () => {
  test('shows what is decided on, asks, and writes an approval of exactly what was reviewed', async () => {
    const on = world(receivedShare());
    const { code, err } = await on.run(`approve ${received} --expire 90d --reason agreed`, { answer: 'y' });
    expect(code).toBe(0);
    for (const part of ['Weekly revenue report', analystsArn, 'Approval would change:', 's3:GetObject'])
      expect(err).toContain(part);
    expect(err).toContain(`Approve Bucket ${bucketName} (Read) for ${analystsArn} until 2026-04-01 12:01Z? [y/N]`);
    expect(stored(on).spec).toEqual({
      datasetRef: { name: 'orders' },
      requestRef,
      decision: 'Approved',
      reason: 'agreed',
      principal: { arn: analystsArn },
      items: [{ type: 'Bucket', name: bucketName, permissions: ['Read'], digest }],
      expireTime: '2026-04-01T12:01:00Z',
    });
  });

  test('asks nothing of any other namespace, and lists only approvals', async () => {
    const on = world(receivedShare());
    await on.run('approve team-analytics/orders-for-analysts --yes');
    expect(on.requests).toEqual([
      `get receivedshares team-sales/${received}`,
      `get shareapprovals team-sales/${approvalName}`,
      'list shareapprovals team-sales',
      `apply shareapprovals team-sales/${approvalName}`,
    ]);
  });

  test.each(['', 'n', 'nein', 'yesterday'])('writes nothing when the answer is "%s"', async (answer) => {
    const on = world(receivedShare());
    const { code } = await on.run(`approve ${received}`, { answer });
    expect(code).toBe(7);
    expect(stored(on)).toBeUndefined();
  });

  test('without a terminal it wants --yes, for nobody could say no', async () => {
    const on = world(receivedShare());
    const { code, err } = await on.run(`approve ${received}`);
    expect(code).toBe(2);
    expect(err).toContain('--yes');
    expect(stored(on)).toBeUndefined();
  });

  test('--dry-run -o yaml prints a manifest that the API takes, and writes nothing', async () => {
    const on = world(receivedShare());
    const { code, out } = await on.run(`approve ${received} --dry-run -o yaml`);
    expect(code).toBe(0);
    const manifest = parse(out) as ShareApproval;
    expect(manifest).toMatchObject({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'ShareApproval',
      metadata: { name: approvalName, namespace },
    });
    expect(shareApproval.specSchema.parse(manifest.spec)).toEqual(manifest.spec);
    expect(stored(on)).toBeUndefined();
    expect(on.requests.filter((request) => /^(apply|patch)/.test(request))).toEqual([]);
  });

  test('what it writes has an effect on its request', () => {
    const approval = { ...anApproval(), ...approvalFor(receivedShare(), { decision: 'Approved', digests: true }) };
    const digests = new Map([[`Bucket/${bucketName}`, digest]]);
    const judged = reportApproval({ approval, request: aRequest(), principalArn: analystsArn, items: [], digests, now: start });
    expect(judged).toMatchObject({ status: 'True', reason: 'Effective' });
  });

  test('takes fewer items and permissions than are asked for, and refuses those that are not', async () => {
    const folder = { type: 'Folder' as const, name: 'raw', digest };
    const two = receivedShare((object) => ({
      ...object,
      spec: { ...object.spec, permissions: ['Read', 'Write'], items: [...object.spec.items, folder] },
    }));
    const on = world(two);
    await on.run(`approve ${received} --yes --items folder/raw --permissions read`);
    expect(stored(on).spec.items).toEqual([{ ...folder, permissions: ['Read'] }]);
    const { code, err } = await on.run(`approve ${received} --yes --items Bucket/other`);
    expect(code).toBe(2);
    expect(err).toContain('it asks for: Bucket/acme-orders, Folder/raw');
    expect((await on.run(`approve ${received} --yes --permissions Write`)).code).toBe(2);
  });

  test('a second approval adds to the first, and a later end raises it', async () => {
    const folder = { type: 'Folder' as const, name: 'raw', digest };
    const on = world(receivedShare((object) => ({ ...object, spec: { ...object.spec, items: [...object.spec.items, folder] } })));
    await on.run(`approve ${received} --yes --items raw --expire 2026-02-01 --reason trial`);
    await on.run(`approve ${received} --yes --items ${bucketName} --expire 2026-03-01`);
    expect(stored(on).spec).toMatchObject({ reason: 'trial', expireTime: '2026-03-01T00:00:00Z' });
    expect(stored(on).spec.items.map(({ name }) => name)).toEqual(['raw', bucketName]);
  });

  test('whatever is approved in whatever order, nothing that was approved gets lost', () => {
    const names = ['a', 'b', 'c', 'd'];
    const many = receivedShare((object) => ({
      ...object,
      spec: { ...object.spec, items: names.map((name) => ({ type: 'Bucket' as const, name, digest })) },
    }));
    fc.assert(
      fc.property(fc.array(fc.subarray(names, { minLength: 1 }), { minLength: 1 }), (steps) => {
        let existing: ShareApproval | undefined;
        for (const items of steps)
          existing = { ...anApproval(), ...approvalFor(many, { decision: 'Approved', digests: true, items }, existing) };
        const approved = existing?.spec.items.map(({ name }) => name).toSorted();
        expect(approved).toEqual([...new Set(steps.flat())].toSorted());
      }),
    );
  });

  test('an item that is nowhere yet is not approved unseen, unless that is what is said', async () => {
    const on = world(
      receivedShare((object) => ({ ...object, spec: { ...object.spec, items: [{ type: 'Bucket', name: bucketName }] } })),
    );
    const { code, err } = await on.run(`approve ${received} --yes`);
    expect(code).toBe(3);
    expect(err).toContain('--no-digest');
    expect((await on.run(`approve ${received} --yes --no-digest`)).code).toBe(0);
    expect(stored(on).spec.items).toEqual([{ type: 'Bucket', name: bucketName, permissions: ['Read'] }]);
  });

  test('nobody is approved before it is known who it is', async () => {
    const unknown = receivedShare((object) => ({ ...object, spec: { ...object.spec, principal: undefined } as never }));
    expect((await world(unknown).run(`approve ${received} --yes`)).code).toBe(3);
  });

  test('under a rejection it says that it would have no effect, and how to take the rejection back', async () => {
    const on = world(receivedShare(), aRejection());
    const { code, err } = await on.run(`approve ${received} --yes`);
    expect(code).toBe(3);
    expect(err).toContain('kubectl delete shareapproval no -n team-sales');
    expect(stored(on)).toBeUndefined();
  });

  test('a dry run by the cluster is sent, and stored nowhere', async () => {
    const on = world(receivedShare());
    const { code, out } = await on.run(`approve ${received} --dry-run=server`);
    expect(code).toBe(0);
    expect(out).toContain('nothing is stored');
    expect(on.requests.at(-1)).toBe(`apply shareapprovals team-sales/${approvalName}`);
    expect(stored(on)).toBeUndefined();
  });
});

describe('reject', () => {
  test('rejects everything in an object of its own and leaves the approval alone', async () => {
    const on = world(receivedShared(), anApproval(meta({ name: approvalName })));
    const { code } = await on.run(`reject ${received} --yes --reason`.split(' ').concat('no longer needed'));
    expect(code).toBe(0);
    expect(stored(on, rejectionName).spec).toEqual({
      datasetRef: { name: 'orders' },
      requestRef,
      decision: 'Rejected',
      reason: 'no longer needed',
      principal: { arn: analystsArn },
      items: [],
    });
    expect(stored(on).spec.decision).toBe('Approved');
  });

  test('what rejects everything goes on doing so when a single item is rejected later', async () => {
    const on = world(receivedShare());
    await on.run(`reject ${received} --yes`);
    await on.run(`reject ${received} --yes --items ${bucketName}`);
    expect(stored(on, rejectionName).spec.items).toEqual([]);
  });

  test('a later end is refused in the approval that is there, and the share goes on', async () => {
    const approval = anApproval(spec({ expireTime: '2026-02-01T00:00:00Z' }));
    const on = world(
      receivedShared((object) => ({ ...object, spec: { ...object.spec, expireTime: '2026-06-01T00:00:00Z' } })),
      approval,
    );
    const { code, err } = await on.run(`reject ${received} --extension --reason enough`, { answer: 'yes' });
    expect(code).toBe(0);
    expect(err).toContain('Refuse ends from 2026-06-01 00:00Z on? Access goes on until 2026-02-01 00:00Z.');
    expect(stored(on, 'yes').spec).toEqual({
      ...approval.spec,
      extension: { rejectedExpireTime: '2026-06-01T00:00:00Z', reason: 'enough' },
    });
  });

  test('there is no later end to refuse where nothing was approved', async () => {
    expect((await world(receivedShare()).run(`reject ${received} --extension=2026-06-01 --yes`)).code).toBe(3);
    expect((await world(receivedShare()).run(`reject ${received} --extension --yes`)).code).toBe(2);
  });
});

describe('times on the command line', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');

  test.each([
    ['2026-06-01', '2026-06-01T00:00:00Z'],
    ['2026-06-01T10:00:00Z', '2026-06-01T10:00:00Z'],
    ['2026-06-01T10:00:00+02:00', '2026-06-01T08:00:00Z'],
    ['90d', '2026-04-01T12:00:00Z'],
    ['36h', '2026-01-03T00:00:00Z'],
    ['1h30m', '2026-01-01T13:30:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(parseEnd(text, now)).toBe(expected);
  });

  test.each(['tomorrow', '2026-13-01', '2025-12-31', '0d', '01.06.2026', ''])('"%s" is refused', (text) => {
    expect(() => parseEnd(text, now)).toThrow();
  });
});
