/** Situations between requester and owner: what is asked for, and what is decided. */
import { bucket, consumer, owner, requester } from './hands.ts';
import { ask, withSharing, type Situation } from './situation.ts';

/** By reason. */
export const consentSituations: readonly Situation[] = [
  { reason: 'PendingApproval', what: 'nobody has decided', before: (hands) => hands.request() },
  { reason: 'Draft', what: 'it is not asked yet', before: (hands) => hands.request({ state: 'Draft' }) },
  {
    reason: 'Rejected',
    what: 'the owner said no',
    before: (hands) => {
      hands.request();
      hands.approve({ decision: 'Rejected', reason: 'not this year' });
    },
  },
  {
    reason: 'DatasetNotAvailable',
    what: 'the Dataset is not open to the namespace',
    before: withSharing({ requesters: { from: 'Names', names: ['nobody'] } }),
  },
  {
    reason: 'ConsumptionRoleNotFound',
    what: 'the ConsumptionRole does not exist',
    before: (hands) => {
      hands.remove('consumptionroles', `${requester}/c0`);
      ask(hands);
    },
  },
  {
    reason: 'ItemNotFound',
    what: 'the Dataset does not list the bucket',
    before: (hands) => hands.request({ items: [{ type: 'Bucket', name: 'other' }] }),
  },
  { reason: 'ExpirationRequired', what: 'the Dataset wants an end', before: withSharing({ expiration: { required: true } }) },
  {
    reason: 'ExpirationOutOfRange',
    what: 'the end is too soon',
    before: (hands) => {
      withSharing({ expiration: { min: '720h', required: false } })(hands);
      hands.request({ expiresAfter: '1h' });
    },
  },
  {
    reason: 'LimitReached',
    what: 'the namespace has as many requests as it may',
    before: withSharing({ limits: { requestsPerNamespace: 0 } }),
  },
  {
    reason: 'WaitingForAttachment',
    what: 'nobody has attached the policy',
    setup: { management: ['Detached', 'Detached', 'Detached'] },
  },
  {
    reason: 'RequestNotFound',
    what: 'the approval names no request',
    before: (hands) => hands.approve(),
    ask: [owner, 'shareapproval/q0-a'],
  },
  {
    reason: 'PrincipalChanged',
    what: 'the approval is for another role',
    before: (hands) => {
      hands.request();
      hands.approve({ principal: { arn: `arn:aws:iam::${consumer}:role/other` } });
    },
    ask: [owner, 'shareapproval/q0-a'],
  },
  {
    reason: 'DigestMismatch',
    what: 'what was reviewed has changed',
    before: (hands) => {
      hands.request();
      hands.approve({ items: [{ type: 'Bucket', name: bucket, permissions: ['Read'], digest: `v1:sha256:${'0'.repeat(64)}` }] });
    },
    ask: [owner, 'shareapproval/q0-a'],
  },
  {
    reason: 'PrincipalRecreated',
    what: 'the role was deleted and made again',
    after: async (hands) => {
      for (const { PolicyArn } of (
        hands.act(consumer, 'iam', 'ListAttachedRolePolicies', { RoleName: 'etl' }) as {
          AttachedPolicies: { PolicyArn: string }[];
        }
      ).AttachedPolicies)
        hands.act(consumer, 'iam', 'DetachRolePolicy', { RoleName: 'etl', PolicyArn });
      hands.act(consumer, 'iam', 'DeleteRole', { RoleName: 'etl' });
      hands.scene.aws.seed.role(consumer, 'etl');
      await hands.share(requester, 'verify q0');
    },
    wait: 700,
  },
  {
    reason: 'ScopeExceeded',
    what: 'more is asked for than was consented to',
    after: (hands) => hands.request({ permissions: ['Read', 'Write'] }),
  },
  {
    reason: 'Expired',
    what: 'the end has come',
    before: (hands) => {
      hands.request({ expiresAfter: '1m' });
      hands.approve();
    },
    wait: 120,
  },
  { reason: 'Revoked', what: 'the owner took it back', after: (hands) => hands.remove('shareapprovals', `${owner}/q0-a`) },
];
