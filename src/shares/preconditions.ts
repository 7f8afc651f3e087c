/**
 * What must hold of a bucket and its key before it can be shared, each with its own reason. Pure: the observations come from src/aws.
 */
import { parseArn } from './arn.ts';
import type { Permission } from './permissions.ts';

/** A bucket as AWS describes it. */
export interface BucketFacts {
  readonly region: string;
  readonly encryption: { readonly algorithm: string; readonly key: string | undefined };
  readonly ownership: string;
  /** Of a public policy: whether block public access refuses changes of it, and cuts other accounts off. */
  readonly publicPolicy?: { readonly refused: boolean; readonly restricted: boolean };
}

/** A key as AWS describes it. */
export interface KeyFacts {
  readonly arn: string;
  readonly state: string;
  /** AWS: nobody can change its policy. CUSTOMER: its account can. */
  readonly manager: string;
  /** KMS KeySpec; S3 uses SYMMETRIC_DEFAULT only. */
  readonly spec?: string;
}

/** Why something can't be shared. `reason` is a condition reason. */
export interface Problem {
  readonly reason: string;
  readonly message: string;
}

/** The bucket as the Dataset declares it. */
export interface DeclaredBucket {
  readonly name: string;
  readonly kmsKeyArn: string | undefined;
  readonly region: string;
}

/** Problems that concern every share of the bucket. */
export function bucketProblem(declared: DeclaredBucket, bucket: BucketFacts, key: KeyFacts | undefined): Problem | undefined {
  if (bucket.region !== declared.region) {
    return {
      reason: 'RegionMismatch',
      message: `bucket ${declared.name} is in ${bucket.region}, but the Dataset's Environment is for ${declared.region}: use an Environment of that region`,
    };
  }
  if (bucket.publicPolicy?.refused === true) {
    return {
      reason: 'BlockedByPublicPolicy',
      message: `the policy of bucket ${declared.name} is public while block public access is on (of the bucket or its account), so that S3 refuses every change of it: ${closeIt}`,
    };
  }
  if (declared.kmsKeyArn === undefined) return undeclaredKeyProblem(declared, bucket);
  const unusable = key === undefined ? undefined : keyProblem(declared.kmsKeyArn, key);
  if (unusable !== undefined) return unusable;
  const actual = bucket.encryption.key;
  if (
    bucket.encryption.algorithm.startsWith('aws:kms') &&
    actual !== undefined &&
    !sameKey(actual, declared.kmsKeyArn, key?.arn)
  ) {
    return {
      reason: 'KeyMismatch',
      message: `bucket ${declared.name} is encrypted with ${actual}, but the Dataset says ${declared.kmsKeyArn}: set buckets[].kmsKeyArn to the key in use`,
    };
  }
  return undefined;
}

function keyProblem(arn: string, { state, manager, spec }: KeyFacts): Problem | undefined {
  if (manager === 'AWS') {
    return {
      reason: 'AwsManagedKey',
      message: `KMS key ${arn} is managed by AWS, so that its policy can't be changed: leave kmsKeyArn out where data is shared within the account only, else encrypt the bucket with a customer managed key`,
    };
  }
  if (state !== 'Enabled')
    return { reason: 'KeyNotUsable', message: `KMS key ${arn} is ${state}: enable it, or cancel its deletion` };
  if (spec === undefined || spec === 'SYMMETRIC_DEFAULT') return undefined;
  return { reason: 'KeyNotUsable', message: `KMS key ${arn} is of kind ${spec}, and S3 uses symmetric encryption keys only` };
}

function undeclaredKeyProblem(declared: DeclaredBucket, { encryption }: BucketFacts): Problem | undefined {
  if (!encryption.algorithm.startsWith('aws:kms') || encryption.key === undefined || encryption.key.endsWith('alias/aws/s3'))
    return undefined;
  return {
    reason: 'KeyMismatch',
    message: `bucket ${declared.name} is encrypted with ${encryption.key}: name it in buckets[].kmsKeyArn (as a key ARN), else nobody could read what is shared`,
  };
}

const closeIt = 'take the statement out that names everybody, or give it a condition that limits who they are';

/** Problems that only a share into another account has. */
export function crossAccountProblem(
  declared: DeclaredBucket,
  bucket: BucketFacts,
  permissions: readonly Permission[],
): Problem | undefined {
  if (bucket.encryption.algorithm.startsWith('aws:kms') && declared.kmsKeyArn === undefined) {
    return {
      reason: 'AwsManagedKey',
      message: `bucket ${declared.name} is encrypted with the AWS managed key aws/s3, which no other account can use: encrypt it with a customer managed key`,
    };
  }
  if (bucket.publicPolicy?.restricted === true) {
    return {
      reason: 'BlockedByPublicPolicy',
      message: `the policy of bucket ${declared.name} is public while block public access restricts such buckets to their own account: ${closeIt}`,
    };
  }
  if (bucket.ownership !== 'BucketOwnerEnforced' && permissions.some((permission) => permission !== 'Read')) {
    return {
      reason: 'ObjectsOfOthers',
      message: `bucket ${declared.name} has object ownership ${bucket.ownership}: objects that another account writes would not be the owner's; set it to BucketOwnerEnforced before sharing Write or Modify across accounts`,
    };
  }
  return undefined;
}

/** A bucket's configuration may name its key by ARN, by id or by alias; only ARN and id can be compared without asking KMS. */
function sameKey(actual: string, declared: string, described: string | undefined): boolean {
  if (actual === declared || actual === described) return true;
  return actual === parseArn(declared)?.resource.replace(/^key\//, '');
}

/** What the owner should know of a bucket that can be shared all the same: an owner of its own for an object keeps it out of every policy of the bucket. */
export function bucketWarning({ name }: Pick<DeclaredBucket, 'name'>, { ownership }: BucketFacts): string | undefined {
  if (ownership === 'BucketOwnerEnforced') return undefined;
  return `bucket ${name} has object ownership ${ownership}, so that objects in it may be of other accounts: those are not shared (ObjectsOfOthers)`;
}
