/**
 * The condition Approved of a ShareRequest: does consent cover what is asked for? Pure. Whether it is in place is Ready, in request-report.ts.
 */
import type { ShareItem, ShareRequest } from '../api/index.ts';
import type { Decision, EndReason } from './decide.ts';
import type { ConditionValue } from './report.ts';
import type { RequestInput, RequestSummary } from './request-report.ts';

/** The Approved condition of a request: the first answer that fits. */
export function approvedOf({ request, items, approvals }: RequestInput, exceeding: RequestSummary['exceeding']): ConditionValue {
  const approved = (status: ConditionValue['status'], reason: string, message: string): ConditionValue => ({
    type: 'Approved',
    status,
    reason,
    message,
  });
  const situations = items.map(({ decision }) => decision.situation);
  if (request.spec.state === 'Draft' && items.every(({ decision }) => !isConsented(decision)))
    return approved('Unknown', 'Draft', 'a draft is not decided on');
  if (situations.some(({ kind }) => kind === 'rejected'))
    return approved('False', 'Rejected', 'the owner rejected at least one item');
  if (exceeding.length > 0)
    return approved(
      'False',
      'ScopeExceeded',
      `asked for beyond consent, and not granted: ${exceeding.map((each) => `${each.permissions.join(', ')} on ${each.type} ${each.name}`).join('; ')}`,
    );
  const ended = items.find(({ item, decision }) => decision.situation.kind === 'ended' && isListed(request, item));
  if (ended?.decision.situation.kind === 'ended')
    return approved('False', endedReasons[ended.decision.situation.cause], `consent to ${labelOf(ended.item)} has ended`);
  const consented = items.filter(({ decision }) => isConsented(decision));
  if (items.length === 0 || consented.length < items.length) {
    return approved(
      'Unknown',
      'PendingApproval',
      items.length === 0
        ? 'nothing can be decided yet'
        : `${String(consented.length)}/${String(items.length)} items are approved; the owner decides with a ShareApproval`,
    );
  }
  const automatic = consented.every(({ decision }) => decision.consent?.source === 'Automatic');
  const names = approvals.filter(({ spec }) => spec.decision === 'Approved').length;
  return approved(
    'True',
    automatic ? 'AutoApproved' : 'Approved',
    automatic ? "by the dataset's own rules" : `by ${String(names)} ShareApproval${names === 1 ? '' : 's'} of the owner`,
  );
}

/** Reasons for what is asked for and was taken back. */
const endedReasons: Readonly<Record<EndReason, string>> = {
  Expired: 'Expired',
  Rejected: 'Rejected',
  PrincipalRecreated: 'PrincipalRecreated',
  ClaimLost: 'NotClaimed',
  Withdrawn: 'Revoked',
  Removed: 'Revoked',
};

function isConsented({ consent }: Decision): boolean {
  return consent !== undefined && consent.ended === undefined;
}

/** What the request no longer lists is not asked for: its end says nothing of consent. */
function isListed(request: ShareRequest, { spec }: ShareItem): boolean {
  return request.spec.items.some((asked) => asked.type === spec.type && asked.name === spec.name);
}

function labelOf({ spec }: ShareItem): string {
  return `${spec.type} ${spec.name}`;
}
