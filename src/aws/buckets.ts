/**
 * What AWS says of a bucket and its key, read only: the observations from which preconditions are judged (src/shares/preconditions.ts).
 */
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  type PublicAccessBlockConfiguration,
} from '@aws-sdk/client-s3';
import { GetPublicAccessBlockCommand as GetAccountPublicAccessBlockCommand } from '@aws-sdk/client-s3-control';
import { DescribeKeyCommand, ListResourceTagsCommand } from '@aws-sdk/client-kms';
import type { SessionRef } from '../targets/target.ts';
import { classifyAwsError, type AwsFailure } from './errors.ts';
import type { Sessions } from './sessions.ts';

/** A bucket as observed. `encryption.keyArn` is undefined for SSE-S3 and for the AWS managed key. */
export interface BucketObservation {
  readonly region: string;
  readonly encryption: { readonly algorithm: string; readonly key: string | undefined };
  /** BucketOwnerEnforced, BucketOwnerPreferred or ObjectWriter. */
  readonly ownership: string;
  /** What block public access makes of a public policy. Absent: the policy is not public. */
  readonly publicPolicy?: PublicPolicy;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** A policy that S3 calls public, under the settings of the bucket and its account together. */
export interface PublicPolicy {
  /** S3 refuses every PutBucketPolicy that leaves it public (BlockPublicPolicy). */
  readonly refused: boolean;
  /** S3 lets in nobody of other accounts, whatever the policy says (RestrictPublicBuckets). */
  readonly restricted: boolean;
}

/** A KMS key as observed. */
export interface KeyObservation {
  readonly arn: string;
  readonly state: string;
  readonly manager: string;
  /** KeySpec, such as SYMMETRIC_DEFAULT. */
  readonly spec: string;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** What came of looking: the thing, its absence, or why AWS would not say. */
export type Observed<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'failed'; readonly failure: AwsFailure };

/** Reads a bucket's region, default encryption, object ownership, whether its policy is public and, where asked, its tags. */
export async function observeBucket(
  sessions: Sessions,
  session: SessionRef,
  bucket: string,
  withTags: boolean,
): Promise<Observed<BucketObservation>> {
  const { s3, s3control } = sessions.clients(session);
  const input = { Bucket: bucket, ExpectedBucketOwner: session.accountId };
  return observed(async () => {
    const location = await s3.send(new GetBucketLocationCommand(input));
    const [encryption, ownership, publicPolicy, tags] = await Promise.all([
      s3.send(new GetBucketEncryptionCommand(input)),
      orAbsent(s3.send(new GetBucketOwnershipControlsCommand(input)), 'OwnershipControlsNotFoundError'),
      observePublicPolicy({ s3, s3control }, input),
      withTags ? orAbsent(s3.send(new GetBucketTaggingCommand(input)), 'NoSuchTagSet') : undefined,
    ]);
    const rule = encryption.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    return {
      region: regionOf(location.LocationConstraint),
      encryption: { algorithm: rule?.SSEAlgorithm ?? 'AES256', key: rule?.KMSMasterKeyID },
      ownership: ownership?.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? 'ObjectWriter',
      ...(publicPolicy === undefined ? {} : { publicPolicy }),
      tags: withTags ? Object.fromEntries((tags?.TagSet ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])) : undefined,
    };
  });
}

/**
 * Block public access matters only to a policy that is public, so it is asked for only then. What S3 does is the most restrictive of the bucket's and the
 * account's settings (docs/AmazonS3/latest/userguide/access-control-block-public-access.md).
 */
async function observePublicPolicy(
  { s3, s3control }: Pick<ReturnType<Sessions['clients']>, 's3' | 's3control'>,
  input: { readonly Bucket: string; readonly ExpectedBucketOwner: string },
): Promise<PublicPolicy | undefined> {
  const status = await orAbsent(s3.send(new GetBucketPolicyStatusCommand(input)), 'NoSuchBucketPolicy');
  if (status?.PolicyStatus?.IsPublic !== true) return undefined;
  const none = 'NoSuchPublicAccessBlockConfiguration';
  const account = new GetAccountPublicAccessBlockCommand({ AccountId: input.ExpectedBucketOwner });
  const found = await Promise.all([
    orAbsent(s3.send(new GetPublicAccessBlockCommand(input)), none),
    orAbsent(s3control.send(account), none),
  ]);
  const settings = found.map((each): PublicAccessBlockConfiguration => each?.PublicAccessBlockConfiguration ?? {});
  return {
    refused: settings.some(({ BlockPublicPolicy }) => BlockPublicPolicy === true),
    restricted: settings.some(({ RestrictPublicBuckets }) => RestrictPublicBuckets === true),
  };
}

/** kms:DescribeKey and, where asked, its tags. */
export async function observeKey(
  sessions: Sessions,
  session: SessionRef,
  keyArn: string,
  withTags: boolean,
): Promise<Observed<KeyObservation>> {
  const { kms } = sessions.clients(session);
  return observed(async () => {
    const { KeyMetadata: key } = await kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
    const tags = withTags ? await kms.send(new ListResourceTagsCommand({ KeyId: keyArn })) : undefined;
    return {
      arn: key?.Arn ?? keyArn,
      state: key?.KeyState ?? 'Unknown',
      manager: key?.KeyManager ?? 'CUSTOMER',
      spec: key?.KeySpec ?? 'SYMMETRIC_DEFAULT',
      tags:
        tags === undefined
          ? undefined
          : Object.fromEntries((tags.Tags ?? []).map(({ TagKey, TagValue }) => [TagKey ?? '', TagValue ?? ''])),
    };
  });
}

/** An empty LocationConstraint means us-east-1, and EU is the old name of eu-west-1 (docs/AmazonS3/latest/API/API_GetBucketLocation.md). */
function regionOf(constraint: string | undefined): string {
  if (constraint === undefined || constraint === '') return 'us-east-1';
  return constraint === 'EU' ? 'eu-west-1' : constraint;
}

async function observed<T>(read: () => Promise<T>): Promise<Observed<T>> {
  try {
    return { kind: 'found', value: await read() };
  } catch (error) {
    const failure = classifyAwsError(error);
    return failure.kind === 'gone' ? { kind: 'notFound' } : { kind: 'failed', failure };
  }
}

async function orAbsent<T>(answer: Promise<T>, absentCode: string): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (classifyAwsError(error).code === absentCode) return undefined;
    throw error;
  }
}
