/** Reasons of the workflow: asking, consenting, granting, ending. What AWS says is in aws.ts, what the platform allows in platform.ts. */
import type { ReasonDoc } from './reason.ts';
import { share } from './reason.ts';

const nothing = 'Nothing.';
const waits = 'Nothing; the operator goes on by itself.';

export const workflowReasons = {
  Succeeded: {
    meaning: 'Everything is in place.',
    actor: 'nobody',
    next: nothing,
    kinds: ['Environment', 'ConsumptionRole', 'Dataset', ...share],
  },
  Progressing: {
    meaning: 'The operator is at work.',
    actor: 'nobody',
    next: waits,
    kinds: ['Environment', 'ConsumptionRole', 'Dataset', ...share],
  },
  ProgressingWithRetry: {
    meaning: 'AWS or the cluster refused for a passing reason; the operator tries again with growing intervals.',
    actor: 'nobody',
    next: 'Nothing, unless it lasts: the message has the AWS error code.',
    kinds: ['Environment', 'ConsumptionRole', 'Dataset', ...share],
  },
  Draft: {
    meaning: 'The request is not asked yet.',
    actor: 'requester',
    next: 'Set spec.state: Submitted when it is complete.',
    kinds: ['ShareRequest', 'ReceivedShare'],
  },
  PendingApproval: {
    meaning: 'No consent covers what is asked for.',
    actor: 'owner',
    next: "Decide: write a ShareApproval in the Dataset's namespace; the ReceivedShare there shows what it would do.",
    kinds: [...share],
  },
  Approved: {
    meaning: 'A ShareApproval covers everything that is asked for.',
    actor: 'nobody',
    next: nothing,
    kinds: [...share],
  },
  AutoApproved: {
    meaning: "The Dataset's automatic approval covers everything that is asked for.",
    actor: 'nobody',
    next: nothing,
    kinds: [...share],
  },
  Rejected: {
    meaning: 'The owner rejected it; the message has the reason.',
    actor: 'requester',
    next: 'Talk to the owner. The rejection ends when its ShareApproval is edited or deleted.',
    kinds: [...share],
  },
  ScopeExceeded: {
    meaning: 'More is asked for than was consented to. What was consented to is granted; status.exceeding lists the rest.',
    actor: 'owner',
    next: 'Approve the rest, or have the requester ask for less.',
    kinds: [...share],
  },
  PrincipalRecreated: {
    meaning: 'The principal was deleted and made again: for AWS, another one. Its grants were withdrawn.',
    actor: 'owner',
    next: 'Approve again if the new principal is to have access.',
    kinds: [...share, 'ShareApproval', 'ConsumptionRole'],
  },
  Expired: {
    meaning: 'The end that was agreed on has come; access was taken back.',
    actor: 'requester',
    next: 'Ask for a later end (spec.expireTime), or delete the request.',
    kinds: [...share, 'ShareApproval'],
  },
  Revoked: {
    meaning: 'Consent was withdrawn; access was taken back.',
    actor: 'requester',
    next: 'Talk to the owner, or delete the request. A change of the spec asks again.',
    kinds: [...share],
  },
  Revoking: { meaning: 'Access is being taken back.', actor: 'nobody', next: waits, kinds: [...share] },
  Drifted: {
    meaning: 'AWS no longer holds what was granted: access is missing.',
    actor: 'owner',
    next: 'With drift: Reapply nothing; with drift: Report annotate the Dataset or the request with sluice.dev/reapply-requested-at.',
    kinds: [...share],
  },
  Excess: {
    meaning: "AWS holds more under Sluice's mark than was granted. Access itself is in place.",
    actor: 'owner',
    next: 'With drift: Reapply nothing; with drift: Report find out who wrote it and re-apply.',
    kinds: [...share],
  },
  Verified: {
    meaning: 'The last comparison with AWS found exactly what should be there.',
    actor: 'nobody',
    next: nothing,
    kinds: [...share],
  },
  NotGranted: { meaning: 'Nothing is written in AWS.', actor: 'nobody', next: nothing, kinds: ['ShareItem'] },
  WaitingForAttachment: {
    meaning: "The principal's policies are Detached, and one that it needs is not attached yet.",
    actor: 'owner of the principal',
    next: 'Attach the policy that the message names.',
    kinds: [...share],
  },
  DatasetNotAvailable: {
    meaning: 'The Dataset does not exist or is not open to this namespace. Which of the two is not told.',
    actor: 'requester',
    next: 'Check spec.datasetRef, and ask the owner to open the Dataset (sharing.requesters).',
    kinds: [...share],
  },
  ConsumptionRoleNotFound: {
    meaning: 'The ConsumptionRole that the request names does not exist in its namespace.',
    actor: 'requester',
    next: 'Create it, or correct spec.principal in a new request.',
    kinds: [...share],
  },
  ItemNotFound: {
    meaning: 'The Dataset does not list an item that is asked for.',
    actor: 'requester',
    next: 'Remove the item, or ask the owner to add it to the Dataset; status.invalidItems lists them.',
    kinds: ['ShareRequest', 'ReceivedShare'],
  },
  ExpirationRequired: {
    meaning: 'The Dataset wants every share to have an end.',
    actor: 'requester',
    next: 'Set expireTime or expiresAfter.',
    kinds: [...share],
  },
  ExpirationOutOfRange: {
    meaning: 'The end that is asked for is sooner or later than the Dataset allows (sharing.expiration).',
    actor: 'requester',
    next: 'Ask for an end within the limits in the message.',
    kinds: [...share],
  },
  LimitReached: {
    meaning: 'The namespace has as many requests or principals on this Dataset as the owner allows (sharing.limits).',
    actor: 'requester',
    next: 'Delete requests that are no longer needed, or ask the owner to raise the limit.',
    kinds: [...share],
  },
  Effective: { meaning: 'The approval decides about its request.', actor: 'nobody', next: nothing, kinds: ['ShareApproval'] },
  RequestNotFound: {
    meaning: 'There is no such ShareRequest on this Dataset.',
    actor: 'owner',
    next: 'Check spec.requestRef and spec.datasetRef; an approval may be written before its request.',
    kinds: ['ShareApproval'],
  },
  PrincipalChanged: {
    meaning: 'The request is for another principal than the approval names.',
    actor: 'owner',
    next: 'Review the ReceivedShare and name its principal, or delete the approval.',
    kinds: ['ShareApproval'],
  },
  DigestMismatch: {
    meaning: 'What is asked for is no longer what was reviewed.',
    actor: 'owner',
    next: 'Review the ReceivedShare again and use its digest.',
    kinds: ['ShareApproval', ...share],
  },
} as const satisfies Record<string, ReasonDoc>;
