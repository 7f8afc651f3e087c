/** Reasons that AWS gives: what is missing there, what it refuses, what limits it sets. */
import type { ReasonDoc } from './reason.ts';
import { share } from './reason.ts';

export const awsReasons = {
  AccessDenied: {
    meaning: 'AWS refuses a call of the operator; the message has action and resource.',
    actor: 'platform team',
    next: "Add the permission to the Environment's role, or find the policy that denies it.",
    kinds: ['Environment', 'ConsumptionRole', 'Dataset', ...share],
  },
  AwsRefused: {
    meaning: 'AWS refuses a call for a reason that trying again does not change; the message has its error code.',
    actor: 'platform team',
    next: 'Look the code up in the message. It is tried again at a long interval, and at once when an input changes.',
    kinds: [...share],
  },
  MalformedPolicy: {
    meaning: 'AWS refuses the policy document; the message has its words.',
    actor: 'owner',
    next: "Check the foreign statements of the document; report it if Sluice's own are at fault.",
    kinds: [...share],
  },
  QuotaExceeded: {
    meaning:
      'A quota of the account leaves no room: managed policies attached to the principal, or policies in the account. Nothing was written.',
    actor: 'owner of the principal',
    next: 'Detach policies that are not needed, or have the quota raised.',
    kinds: [...share],
  },
  PolicySizeLimit: {
    meaning:
      'The document would exceed the size that AWS allows, or the part of it that limits.documentShare of the Environment leaves to Sluice. Older shares stay served.',
    actor: 'owner',
    next: 'End shares that are no longer needed, or shorten foreign statements.',
    kinds: [...share],
  },
  DeniedByOwnerPolicy: {
    meaning:
      "What was granted is in place, but another statement of the bucket's, access point's or key's policy surely denies it, so that it can't be used.",
    actor: 'owner',
    next: 'Change the statement if it is not meant: ReceivedShare.status.findings names it. It is looked at again every few minutes.',
    kinds: [...share],
  },
  DeniedByPrincipalPolicy: {
    meaning:
      'What was granted is in place, but another policy of the principal surely denies it, or its permissions boundary does not allow it.',
    actor: 'owner of the principal',
    next: 'Change the policy that the message names, or the boundary. It is looked at again every few minutes.',
    kinds: [...share],
  },
  BlockedByPublicPolicy: {
    meaning:
      "Somebody's statement opens the bucket to the public while block public access is on: S3 refuses every change of the policy, or lets nobody of another account in.",
    actor: 'owner',
    next: 'Take the statement out that names everybody, or give it a condition that limits who they are.',
    kinds: ['Dataset', ...share],
  },
  RevokeFailed: {
    meaning: 'Access could not be taken back everywhere; the message names what remains.',
    actor: 'platform team',
    next: 'Remove the cause that the message names. It is tried again.',
    kinds: [...share],
  },
  BucketNotFound: {
    meaning: 'The bucket does not exist in the account, or belongs to another one.',
    actor: 'owner',
    next: "Correct the Dataset's buckets.",
    kinds: ['Dataset', ...share],
  },
  KeyNotFound: {
    meaning: 'The KMS key does not exist.',
    actor: 'owner',
    next: 'Correct kmsKeyArn in the Dataset.',
    kinds: ['Dataset', ...share],
  },
  KeyNotUsable: {
    meaning: 'The KMS key is disabled, pending deletion, or not a symmetric encryption key.',
    actor: 'owner',
    next: 'Enable the key or cancel its deletion.',
    kinds: ['Dataset', ...share],
  },
  KeyMismatch: {
    meaning: 'The bucket is encrypted with another key than the Dataset names.',
    actor: 'owner',
    next: 'Make kmsKeyArn name the key that the message shows.',
    kinds: ['Dataset', ...share],
  },
  AwsManagedKey: {
    meaning:
      'The bucket is encrypted with the AWS managed key, which no other account can use, or kmsKeyArn names it: nobody can change its policy.',
    actor: 'owner',
    next: 'Encrypt the bucket with a customer managed key and name it in kmsKeyArn.',
    kinds: ['Dataset', ...share],
  },
  KeyPolicyLockout: {
    meaning: "The key's policy would leave its administrators out. It is never written like that.",
    actor: 'owner',
    next: "Repair the key's policy first.",
    kinds: [...share],
  },
  RegionMismatch: {
    meaning: 'The bucket or key is in another region than the Environment.',
    actor: 'owner',
    next: 'Use the Environment of that region.',
    kinds: ['Dataset', ...share],
  },
  ObjectsOfOthers: {
    meaning:
      'The bucket does not enforce its owner for all objects (object ownership). Objects of other accounts are not covered by the share; Write and Modify across accounts are refused.',
    actor: 'owner',
    next: 'Set object ownership of the bucket to BucketOwnerEnforced.',
    kinds: ['Dataset', ...share],
  },
  PrincipalNotFound: {
    meaning: 'The IAM role or user does not exist.',
    actor: 'owner of the principal',
    next: 'Create it, or correct principalArn in a new ConsumptionRole.',
    kinds: ['ConsumptionRole', ...share],
  },
  ForeignPrincipalInvalid: {
    meaning: 'A foreign statement names a principal that no longer exists, so AWS refuses every change of the document.',
    actor: 'owner',
    next: 'Remove the dead id from the statement; the message names both.',
    kinds: [...share],
  },
  NotOwned: {
    meaning: "Something in AWS has the name that Sluice would use and not Sluice's mark. It is never taken over.",
    actor: 'platform team',
    next: 'Rename or remove it; the message names it.',
    kinds: [...share],
  },
  ConflictingOwner: {
    meaning:
      'Something else, such as Terraform, keeps undoing what Sluice writes into the document. Repairs wait, minutes at first and up to an hour; what is to be taken back does not. It ends when a repair has held.',
    actor: 'owner',
    next: "Have the other writer keep what carries Sluice's mark: statements whose Sid begins with Sluice and the installation id, policies under /sluice/.",
    kinds: [...share],
  },
} as const satisfies Record<string, ReasonDoc>;
