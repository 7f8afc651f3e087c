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
}

/** A key as AWS describes it. */
export interface KeyFacts {
  readonly arn: string;
  readonly state: string;
  readonly manager: string;
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
  if (declared.kmsKeyArn === undefined) return undeclaredKeyProblem(declared, bucket);
  if (key !== undefined && key.state !== 'Enabled') {
    return {
      reason: 'KeyNotUsable',
      message: `KMS key ${declared.kmsKeyArn} is ${key.state}: enable it, or cancel its deletion`,
    };
  }
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

function undeclaredKeyProblem(declared: DeclaredBucket, { encryption }: BucketFacts): Problem | undefined {
  if (!encryption.algorithm.startsWith('aws:kms') || encryption.key === undefined || encryption.key.endsWith('alias/aws/s3'))
    return undefined;
  return {
    reason: 'KeyMismatch',
    message: `bucket ${declared.name} is encrypted with ${encryption.key}: name it in buckets[].kmsKeyArn (as a key ARN), else nobody could read what is shared`,
  };
}

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
