/** Whether an approval has an effect, and if not, what its author can do about that. */
import { describe, expect, test } from 'vitest';
import type { ShareItem } from '../../../src/api/index.ts';
import { reportApproval, type ApprovalCase } from '../../../src/shares/approval-report.ts';
import { standingOf } from '../../../src/shares/approval.ts';
import {
  allowing,
  analystsArn,
  anApproval,
  anItem,
  aRejection,
  aRequest,
  beginning,
  changed,
  deleting,
  meta,
  spec,
  time,
} from '../../support/builders.ts';

const digest = `v1:sha256:${'a'.repeat(64)}`;
const other = `v1:sha256:${'b'.repeat(64)}`;
const question = { type: 'Bucket', name: 'acme-orders', principalArn: analystsArn };

const report = (patch: Partial<ApprovalCase>) =>
  reportApproval({
    approval: anApproval(),
    request: aRequest(),
    principalArn: analystsArn,
    items: [],
    digests: new Map([['Bucket/acme-orders', digest]]),
    now: beginning,
    ...patch,
  });

const recreatedUnder = (generation: number): ShareItem =>
  anItem(
    spec({
      consent: {
        source: 'Approval',
        digest,
        permissions: ['Read'],
        grantedTime: time(0),
        approvalRef: { name: 'yes', uid: 'uid-yes', generation },
        ended: { time: time(1), reason: 'PrincipalRecreated' },
      },
    }),
  );

describe('an approval', () => {
  test.each<[string, Partial<ApprovalCase>, string]>([
    ['that fits', {}, 'Effective'],
    ['of exactly what is asked for', { approval: anApproval(allowing(['Read'], digest)) }, 'Effective'],
    ['while the principal is not known yet', { principalArn: undefined }, 'Effective'],
    ['written before its request', { request: undefined }, 'RequestNotFound'],
    ['that has expired', { approval: anApproval(spec({ expireTime: time(0) })) }, 'Expired'],
    ['that expires in a second', { approval: anApproval(spec({ expireTime: time(1) })) }, 'Effective'],
    ['of another principal', { principalArn: 'arn:aws:iam::444455556666:role/x' }, 'PrincipalChanged'],
    ['of a principal that was made again', { items: [recreatedUnder(1)] }, 'PrincipalRecreated'],
    [
      'that was changed since the principal was made again',
      { approval: changed(anApproval()), items: [recreatedUnder(1)] },
      'Effective',
    ],
    ['of something else than is asked for', { approval: anApproval(allowing(['Read'], other)) }, 'DigestMismatch'],
    [
      'of something that can not be resolved now',
      { approval: anApproval(allowing(['Read'], other)), digests: new Map() },
      'Effective',
    ],
  ])('%s', (_what, patch, reason) => {
    const condition = report(patch);
    expect(condition).toMatchObject({ type: 'Effective', reason, status: reason === 'Effective' ? 'True' : 'False' });
    expect(condition.message).not.toBe('');
  });

  test('that rejects is effective whatever its principal, end or digests: so it does reject', () => {
    for (const approval of [
      aRejection(),
      aRejection(spec({ expireTime: time(-1) })),
      aRejection(spec({ principal: { arn: 'arn:aws:iam::1:role/x' } })),
    ]) {
      expect(report({ approval })).toMatchObject({
        reason: 'Effective',
        message: 'it rejects ShareRequest team-analytics/orders-for-analysts',
      });
      expect(standingOf([approval], question).rejected?.name).toBe('no');
    }
  });
});

describe('what approvals say about an item and a principal', () => {
  test('is a tuple for each permission of each approval, with its own end', () => {
    const approvals = [
      anApproval(allowing(['Read', 'Write']), spec({ expireTime: time(60) })),
      anApproval(meta({ name: 'b', uid: 'uid-b' })),
    ];
    const tuples = standingOf(approvals, question).tuples.map(({ permission, expiresAt }) => [permission, expiresAt]);
    expect(tuples).toEqual([
      ['Read', beginning + 60_000],
      ['Write', beginning + 60_000],
      ['Read', undefined],
    ]);
  });

  test('is a rejection where one names the item, or none at all', () => {
    const named = (name: string) => aRejection(spec({ items: [{ type: 'Bucket', name, permissions: ['Read'] }] }));
    expect(standingOf([named('acme-orders')], question).rejected).toEqual({ name: 'no', reason: 'not this quarter' });
    expect(standingOf([named('acme-payments')], question).rejected).toBeUndefined();
    expect(standingOf([aRejection()], question).rejected).toBeDefined();
    expect(standingOf([aRejection(deleting())], question).rejected).toBeUndefined();
  });
});
