/** Reasons about environments, claims and the operator itself: what the platform team set up, and what it has to decide. */
import type { ReasonDoc } from './reason.ts';
import { share } from './reason.ts';

export const platformReasons = {
  AssumeRoleDenied: {
    meaning: "AWS does not let the operator assume the Environment's role.",
    actor: 'platform team',
    next: "Check the role's trust policy, the external id and the operator's own permission sts:AssumeRole.",
    kinds: ['Environment'],
  },
  AccountMismatch: {
    meaning: 'The role or identity belongs to another account than spec.accountId.',
    actor: 'platform team',
    next: 'Correct spec.assumeRole, or create an Environment for the other account.',
    kinds: ['Environment'],
  },
  ExternalIdMissing: {
    meaning: "The Secret or key that holds the external id is not in the operator's namespace. Nothing is taken away meanwhile.",
    actor: 'platform team',
    next: 'Create it; the message names both.',
    kinds: ['Environment'],
  },
  PermissionsMissing: {
    meaning: 'The role lacks permissions that the operator needs; the message lists them.',
    actor: 'platform team',
    next: "Add them to the role's policy.",
    kinds: ['Environment'],
  },
  OwnedByAnotherInstallation: {
    meaning: 'Another operator serves this Environment (status.installation); this one writes nothing there.',
    actor: 'platform team',
    next: 'Use one operator per Environment. To hand it over, give the new operator the same installation id and stop the old one.',
    kinds: ['Environment'],
  },
  DuplicateEnvironment: {
    meaning: 'Another, older Environment has the same account and region.',
    actor: 'platform team',
    next: 'Delete one of the two; the message names the other.',
    kinds: ['Environment'],
  },
  InUse: {
    meaning: 'It is being deleted, and live shares still need it.',
    actor: 'platform team',
    next: 'End the shares that the message names; deletion then goes on by itself.',
    kinds: ['Environment', 'ConsumptionRole', 'Dataset'],
  },
  EnvironmentNotFound: {
    meaning: 'The Environment that it names does not exist.',
    actor: 'owner',
    next: 'Check spec.environmentRef, or ask the platform team for it.',
    kinds: ['Dataset', 'ConsumptionRole', ...share],
  },
  EnvironmentNotReady: {
    meaning: 'The operator cannot work in the Environment just now. Live shares stay as they are.',
    actor: 'platform team',
    next: 'See the condition Ready of the Environment.',
    kinds: ['Dataset', 'ConsumptionRole', ...share],
  },
  NamespaceNotAllowed: {
    meaning: 'The Environment does not admit this namespace (allowedNamespaces).',
    actor: 'platform team',
    next: 'Add the namespace there, or use another Environment.',
    kinds: ['Dataset', 'ConsumptionRole', ...share],
  },
  NotClaimed: {
    meaning:
      'No claim of the Environment lets this namespace speak for the bucket, key or role. Live shares end after 24 hours, or at once where the claim says so.',
    actor: 'platform team',
    next: 'Add a claim to the Environment, or remove the resource; the message names it.',
    kinds: ['Dataset', 'ConsumptionRole', ...share],
  },
  AlreadyClaimed: {
    meaning: 'A Dataset of another namespace holds the resource.',
    actor: 'platform team',
    next: 'Decide whose it is: status.owners of the Environment says who holds it.',
    kinds: ['Dataset', ...share],
  },
  ConflictingPolicyManagement: {
    meaning: 'Another ConsumptionRole names the same principal with another policyManagement.',
    actor: 'owner of the principal',
    next: 'Make them agree.',
    kinds: ['ConsumptionRole', ...share],
  },
  ProtectedRole: {
    meaning:
      'The principal may never receive shares as it is set up: it is a role that AWS protects, one that an operator uses itself, or one that Sluice made.',
    actor: 'owner of the principal',
    next: 'Use another role, or for a role under /aws-reserved/ policyManagement: External or Detached.',
    kinds: ['ConsumptionRole', ...share],
  },
  DatasetNotReady: {
    meaning: 'The Dataset is not Ready.',
    actor: 'owner',
    next: 'See the condition Ready of the Dataset.',
    kinds: [...share],
  },
  MassRevoke: {
    meaning:
      'The share would be taken away together with unusually many others; the Environment waits for the platform team (RemovalHeld).',
    actor: 'platform team',
    next: 'See the condition RemovalHeld of the Environment.',
    kinds: ['Environment', ...share],
  },
  LeftoversFound: {
    meaning: 'Something was let go of by force and is still in AWS.',
    actor: 'platform team',
    next: 'Remove by hand what status.leftovers lists, or let the Environment do it (spec.orphans: Delete). An entry goes when a sweep finds that AWS does not show it any more.',
    kinds: ['Dataset', 'Environment'],
  },
  OrphansFound: {
    meaning: "Documents in AWS carry this installation's mark, and no ShareItem explains them.",
    actor: 'platform team',
    next: 'Restore the objects that explain them, remove by hand what status.orphans lists, or set spec.orphans: Delete.',
    kinds: ['Environment'],
  },
  NoOrphans: {
    meaning: "A ShareItem explains everything that was found under this installation's mark.",
    actor: 'nobody',
    next: 'Nothing.',
    kinds: ['Environment'],
  },
} as const satisfies Record<string, ReasonDoc>;
