/**
 * Where a local implementation is known to answer otherwise than AWS: which case, who, what it answers, and why. The suite asserts these
 * answers too, so that the list stays true: an implementation that has caught up has to be struck off. docs/contract.md shows the list.
 */
import type { Observation } from './case.ts';

/** The implementations that the suite is run against on every machine. */
export type LocalPlace = 'stand-in' | 'moto';

/** One known difference. */
export interface Difference {
  /** The case's sentence. */
  readonly sentence: string;
  readonly who: LocalPlace;
  readonly answers: Observation;
  /** A key of {@link reasons}. */
  readonly why: keyof typeof reasons;
}

/** Why an implementation differs; what AWS does is on the guide's page that the case names. */
export const reasons = {
  unread:
    'moto stores policy documents as text: it does not look at grammar, resources, actions, principals or size. AWS refuses what it could not enforce.',
  principals:
    'moto does not know which principals a stored policy means. AWS stores the unique id of a role or user and the ARN of an account, whatever was written.',
  unenforced:
    'moto evaluates no policies unless told to, and calls that mode basic itself (no conditions, no access points, no key policies); told to, it refuses requests that AWS allows. Here it is left off, but for a bucket policy with a Deny, which it applies to everybody.',
  ownAccount:
    "moto keeps IAM, KMS and S3 Control apart by account, so another account's things are not there, instead of forbidden.",
  bucketOwner: 'moto finds a bucket by its name alone: neither the expected owner nor the account of the caller counts.',
  oldDefaults:
    'moto makes buckets as they were before 2023, without the default encryption, ownership and Block Public Access that AWS has given every new bucket since.',
  publicAccess: 'moto stores Block Public Access and does not act on it.',
  accessPoints:
    "moto's access points are records without rules: names overwrite each other, buckets need not exist, owners are not told, deleting nothing succeeds.",
  iamQuotas: "moto does not enforce IAM's sizes and quotas of attachments, although its account summary tells them.",
  iamPrincipals:
    "moto checks the grammar of IAM's policies, but not what they say of principals: that identity policies have none, and that others exist.",
  iamNames:
    'moto takes a policy for taken by its ARN alone, and tells letters of different cases apart. Names are unique in an account.',
  iamDeletion: 'moto deletes policies that have further versions or are attached.',
  iamEncoding: "moto gives policy documents back as JSON. AWS's API gives them percent-encoded (RFC 3986).",
  iamIds: 'moto gives users ids without the prefix AIDA that AWS documents.',
  trust: 'moto gives a session of any role, also of one that does not exist, to everybody, for any time.',
} as const;

/** All known differences, by reason. */
export const differences: readonly Difference[] = [
  ...moto('unread', {
    'A bucket policy may have 20 KB, and not more.': { within: 'OK', beyond: 'OK' },
    'A bucket policy with the unique id of a deleted role can not be written again.': 'OK',
    'A bucket policy that is no JSON is refused as MalformedPolicy.': 'OK',
    'A bucket policy without statements is refused as MalformedPolicy.': 'OK',
    'A bucket policy with a statement without a principal is refused as MalformedPolicy.': 'OK',
    'A bucket policy that names a role which does not exist is refused as MalformedPolicy.': 'OK',
    'A bucket policy about another bucket is refused as MalformedPolicy.': 'OK',
    'A bucket policy with an action that S3 does not have is refused as MalformedPolicy.': 'OK',
    'A statement about objects that names only the bucket is refused as MalformedPolicy.': 'OK',
    'A bucket policy with two statements of one Sid is refused as MalformedPolicy.': 'OK',
    'An access point policy that is no JSON is refused as MalformedPolicy.': 'OK',
    'An access point policy that names a role which does not exist is refused as MalformedPolicy.': 'OK',
    'An access point policy about another access point is refused as MalformedPolicy.': 'OK',
    'An access point policy may have 20 KB, and not more.': { within: 'OK', beyond: 'OK' },
    'A key policy that is no JSON is refused as MalformedPolicyDocument.': 'OK',
    'A key policy that names a role which does not exist is refused as MalformedPolicyDocument.': 'OK',
    'A key policy that would lock its own writer out is refused as MalformedPolicyDocument.': 'OK',
    'A key policy may have 32 KB; one that is longer is refused as LimitExceeded.': { within: 'OK', beyond: 'OK' },
  }),
  ...moto('principals', {
    'An account number as principal is read back as the ARN of the account.': false,
    'A role that is deleted shows as its unique id in the bucket policies that named it.': { before: 'ARN', after: 'ARN' },
    'A role that is deleted shows as its unique id in the key policies that named it.': { before: 'ARN', after: 'ARN' },
  }),
  ...moto('bucketOwner', {
    'A call that expects another owner of the bucket is refused as AccessDenied, whatever it wants.': {
      read: 'NoSuchBucketPolicy',
      put: 'OK',
      deleted: 'OK',
    },
    "Another account's bucket policy is not for reading: AccessDenied.": 'NoSuchBucketPolicy',
    'A bucket policy is managed in its own account only: others get MethodNotAllowed, even with the permission.': 'OK',
  }),
  ...moto('oldDefaults', {
    'A new bucket is encrypted with SSE-S3 and says so.': 'ServerSideEncryptionConfigurationNotFoundError',
    'The key of a default encryption is read back as it was written, and deleting the encryption goes back to SSE-S3.': {
      algorithm: 'aws:kms',
      sameKey: true,
      afterDelete: 'ServerSideEncryptionConfigurationNotFoundError',
    },
    'A new bucket has ACLs switched off: BucketOwnerEnforced.': 'OwnershipControlsNotFoundError',
    'A new bucket has all four settings of Block Public Access on; once deleted there are none.': {
      fresh: 'NoSuchPublicAccessBlockConfiguration',
      deleted: 'NoSuchPublicAccessBlockConfiguration',
    },
  }),
  ...moto('publicAccess', {
    'A policy for everybody is refused as AccessDenied while BlockPublicPolicy is on.': 'OK',
    'An access point policy for everybody is refused as AccessDenied while the access point blocks public policies.': 'OK',
  }),
  ...moto('accessPoints', {
    'An access point that does not exist answers NoSuchAccessPoint, also when it is to be deleted.': {
      get: 'NoSuchAccessPoint',
      policy: 'NoSuchAccessPoint',
      deleted: 'OK',
    },
    'A new access point says its bucket, its alias, its ARN, that it is open to the internet, and blocks public access.': {
      bucket: true,
      owner: false,
      alias: true,
      arn: false,
      origin: 'Internet',
      block: [true, true, true, true],
    },
    'A second access point of one name is refused as AccessPointAlreadyOwnedByYou, and the first one stays as it is.': {
      second: 'OK',
      sameBucket: false,
      sameAlias: false,
    },
    'Access points are created and listed only for buckets that exist: InvalidRequest.': { created: 'OK', listed: 'OK' },
    "Another account's bucket gets no access point without naming that account.": 'OK',
  }),
  ...moto('ownAccount', {
    "Another account's access point is not for reading: AccessDenied.": 'NoSuchAccessPoint',
    "Another account's key, whose policy says nothing of the caller, answers AccessDenied.": 'NotFoundException',
  }),
  ...moto('unenforced', {
    'A role of another account reads an object when both the bucket policy and its own policy allow it, and not otherwise.': {
      both: 'OK',
      bucketOnly: 'OK',
      roleOnly: 'OK',
      neither: 'OK',
    },
    "A role of the bucket's own account reads an object when either the bucket policy or its own policy allows it.": {
      bucketOnly: 'OK',
      roleOnly: 'OK',
      neither: 'OK',
    },
    "A permissions boundary limits a role to what it names, whether the role's policy or a policy of its account's bucket allows the rest.":
      { roleWithin: 'OK', roleBeyond: 'OK', bucketBeyond: 'OK' },
    'A Deny in the bucket policy that names one role refuses that role and no other.': { denied: 'Unknown', other: 'Unknown' },
    'A bucket policy that allows listing with a condition on s3:prefix allows listing under that prefix alone.': {
      inside: 'OK',
      outside: 'OK',
    },
    'A role of another account reads an encrypted object when the key policy allows it as well, and not otherwise.': {
      named: 'OK',
      unnamed: 'OK',
    },
    'Where the bucket policy delegates to the access points of its account, an access point policy lets a role of another account read what it names, through the access point alone.':
      { through: 'NoSuchBucket', elsewhereThrough: 'NoSuchBucket', directly: 'OK' },
  }),
  ...moto('iamQuotas', {
    'A managed policy may have 6,144 characters; white space is not counted, one more character is refused as LimitExceeded.': {
      within: 'OK',
      spaced: 'OK',
      beyond: 'OK',
    },
    'As many policies as the account summary says can be attached to a role; one more is refused as LimitExceeded.': {
      within: 'OK',
      beyond: 'OK',
    },
  }),
  ...moto('iamPrincipals', {
    'A managed policy with a principal is refused as MalformedPolicyDocument.': 'OK',
    'A trust policy that names a role which does not exist is refused as MalformedPolicyDocument.': 'OK',
  }),
  ...moto('iamEncoding', {
    'A managed policy is read back with the same meaning, percent-encoded.': { encoded: false, same: true },
  }),
  ...moto('iamDeletion', {
    'A policy with further versions, or attached to a role, can not be deleted: DeleteConflict.': {
      versions: 'OK',
      attached: 'OK',
    },
  }),
  ...moto('iamNames', {
    'The ARN of a policy has its path; its name is taken for every path and in every case of letters: EntityAlreadyExists.': {
      arn: true,
      elsewhere: 'OK',
      upperCase: 'OK',
    },
  }),
  ...moto('iamIds', {
    "A user's policies are attached and listed as a role's are.": { user: false, attached: 1 },
  }),
  ...moto('trust', {
    'A role that asks for an external id is assumed with that one only.': { right: 'OK', wrong: 'OK', none: 'OK' },
    'A role that does not exist and one that does not trust the caller answer alike: AccessDenied.': {
      unknown: 'OK',
      untrusting: 'OK',
    },
    'A session lasts at most as long as the role allows, one hour by default, and a longer one is refused as a ValidationError.':
      { hour: 'OK', longer: 'OK' },
  }),
];

function moto(why: Difference['why'], answers: Readonly<Record<string, Observation>>): Difference[] {
  return Object.entries(answers).map(([sentence, answer]) => ({ sentence, who: 'moto', answers: answer, why }));
}

/** The known difference of an implementation in a case. */
export function differenceOf(who: LocalPlace, sentence: string): Difference | undefined {
  return differences.find((one) => one.who === who && one.sentence === sentence);
}
