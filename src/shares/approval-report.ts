/**
 * What a ShareApproval's condition says: does it have an effect, and if not, why not? Pure. What it gives is decided item by item (approval.ts, decide.ts).
 */
import type { ShareApproval, ShareItem, ShareRequest } from '../api/index.ts';
import { timeOf } from './approval.ts';
import type { ConditionValue } from './report.ts';

/** What an approval is judged with. */
export interface ApprovalCase {
  readonly approval: ShareApproval;
  /** The request that it names; undefined where there is none for this Dataset. */
  readonly request: ShareRequest | undefined;
  /** ARN of the request's principal; undefined while it is not known. */
  readonly principalArn: string | undefined;
  readonly items: readonly ShareItem[];
  /** Digests of what is asked for now, by `<type>/<name>`. */
  readonly digests: ReadonlyMap<string, string>;
  readonly now: number;
}

type Check = (input: ApprovalCase) => ConditionValue | undefined;

/** The Effective condition: the first reason against it, else True. */
export function reportApproval(input: ApprovalCase): ConditionValue {
  for (const check of checks) {
    const found = check(input);
    if (found !== undefined) return found;
  }
  const what = input.approval.spec.decision === 'Rejected' ? 'rejects' : 'approves';
  return {
    type: 'Effective',
    status: 'True',
    reason: 'Effective',
    message: `it ${what} ShareRequest ${nameOfRequest(input.approval)}`,
  };
}

const checks: readonly Check[] = [
  ({ approval, request }) =>
    request === undefined
      ? no(
          'RequestNotFound',
          `there is no ShareRequest ${nameOfRequest(approval)} for this dataset yet: the approval takes effect when it is made`,
        )
      : undefined,
  ({ approval, now }) => {
    const expiresAt = timeOf(approval.spec.expireTime);
    // A rejection has no end: it is taken back by editing or deleting it.
    return approval.spec.decision === 'Approved' && expiresAt !== undefined && expiresAt <= now
      ? no('Expired', `it expired at ${approval.spec.expireTime ?? ''}: raise spec.expireTime to approve a longer time`)
      : undefined;
  },
  ({ approval, principalArn }) => {
    const named = approval.spec.principal?.arn;
    if (approval.spec.decision === 'Rejected' || named === undefined || principalArn === undefined || principalArn === named)
      return undefined;
    return no(
      'PrincipalChanged',
      `it names ${named}, but the request is for another principal: review the ReceivedShare and approve the one that it shows`,
    );
  },
  ({ items, approval }) => {
    const recreated = items.some(
      ({ spec }) =>
        spec.consent?.ended?.reason === 'PrincipalRecreated' &&
        spec.consent.approvalRef?.uid === approval.metadata.uid &&
        (spec.consent.approvalRef?.generation ?? 0) >= (approval.metadata.generation ?? 0),
    );
    return recreated
      ? no(
          'PrincipalRecreated',
          'the principal that it named was deleted and created again, which makes it another one: approve again (any change of spec does)',
        )
      : undefined;
  },
  ({ approval, digests }) => {
    const stale = approval.spec.items.filter(
      (item) =>
        item.digest !== undefined &&
        digests.has(`${item.type}/${item.name}`) &&
        digests.get(`${item.type}/${item.name}`) !== item.digest,
    );
    if (approval.spec.decision === 'Rejected' || stale.length === 0) return undefined;
    return no(
      'DigestMismatch',
      `what is asked for is not what was reviewed for ${stale.map((item) => `${item.type} ${item.name}`).join(', ')}: review the ReceivedShare again`,
    );
  },
];

function no(reason: string, message: string): ConditionValue {
  return { type: 'Effective', status: 'False', reason, message };
}

function nameOfRequest({ spec }: ShareApproval): string {
  return `${spec.requestRef.namespace}/${spec.requestRef.name}`;
}
