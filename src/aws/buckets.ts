/**
 * What AWS says of a bucket and its key, read only: the observations from which preconditions are judged (src/shares/preconditions.ts).
 */
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketTaggingCommand,
} from '@aws-sdk/client-s3';
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
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** A KMS key as observed. */
export interface KeyObservation {
  readonly arn: string;
  readonly state: string;
  readonly manager: string;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** What came of looking: the thing, its absence, or why AWS would not say. */
export type Observed<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'failed'; readonly failure: AwsFailure };

/** Reads a bucket's region, default encryption, object ownership and, where asked, its tags. */
export async function observeBucket(
  sessions: Sessions,
  session: SessionRef,
  bucket: string,
  withTags: boolean,
): Promise<Observed<BucketObservation>> {
  const { s3 } = sessions.clients(session);
  const input = { Bucket: bucket, ExpectedBucketOwner: session.accountId };
  return observed(async () => {
    const location = await s3.send(new GetBucketLocationCommand(input));
    const [encryption, ownership, tags] = await Promise.all([
      s3.send(new GetBucketEncryptionCommand(input)),
      orAbsent(s3.send(new GetBucketOwnershipControlsCommand(input)), 'OwnershipControlsNotFoundError'),
      withTags ? orAbsent(s3.send(new GetBucketTaggingCommand(input)), 'NoSuchTagSet') : undefined,
    ]);
    const rule = encryption.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    return {
      region: regionOf(location.LocationConstraint),
      encryption: { algorithm: rule?.SSEAlgorithm ?? 'AES256', key: rule?.KMSMasterKeyID },
      ownership: ownership?.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? 'ObjectWriter',
      tags: withTags ? Object.fromEntries((tags?.TagSet ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])) : undefined,
    };
  });
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
