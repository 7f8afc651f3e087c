/**
 * The policy of an S3 bucket. People, Terraform and CloudFormation write it too; what holds for every resource policy is in resource-policy.ts.
 */
import {
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { parsePolicy } from '../policy/document.ts';
import { bucketPolicyLimit } from '../policy/size.ts';
import { awsErrorName, lookAgain, withRequestId, type TargetContext } from './context.ts';
import { withOwnerDenials, type DecidingDocument } from './owner-denials.ts';
import {
  explainForeignDeadId,
  planResourcePolicy,
  policyFingerprint,
  policyForeignText,
  type ObservedPolicy,
  type PolicyStep,
  type ResourceGrant,
  type ResourcePolicyTraits,
} from './resource-policy.ts';
import { assessResourcePolicy } from './resource-policy-assess.ts';
import type { Applied, SessionRef, TargetKind } from './target.ts';

/** Which bucket's policy. */
export interface BucketPolicyCoordinates {
  readonly session: SessionRef;
  readonly bucket: string;
  /** The Dataset's `pruneDeadPrincipals`: dead ids may be removed from other people's statements too. */
  readonly pruneDeadPrincipals: boolean;
  /** The Environment's `limits.documentShare`, in percent. @default 100 */
  readonly documentShare?: number;
}

/** The target kind of bucket policies. */
export const bucketPolicy: TargetKind<BucketPolicyCoordinates, ResourceGrant, ObservedPolicy, PolicyStep, TargetContext> = {
  kind: 's3:bucket-policy',
  shared: true,
  goneReason: 'BucketNotFound',
  key: ({ session, bucket }) => `s3:bucket-policy/${session.accountId}/${bucket}`,
  describe: ({ bucket }) => `bucket policy of ${bucket}`,
  observe,
  plan: ({ coordinates, ...input }) => planResourcePolicy(input, traitsOf(coordinates)),
  action: ({ text }) => (text === undefined ? 's3:DeleteBucketPolicy' : 's3:PutBucketPolicy'),
  apply,
  assess: ({ coordinates, ...input }) =>
    withOwnerDenials(
      assessResourcePolicy(input, { policyType: 'Bucket Policy', resourceType: 'S3 Bucket', target: coordinates.bucket }),
      input,
      decidingDocument(coordinates),
    ),
  fingerprint: policyFingerprint,
  foreign: policyForeignText,
  // docs/AmazonS3/latest/userguide/access-control-block-public-access.md, "BlockPublicPolicy".
  denialHint: 'S3 also refuses like this to take a policy that is public, while block public access is on.',
  explainMalformed: ({ coordinates, ...input }) => explainForeignDeadId(input, traitsOf(coordinates).describe),
};

function traitsOf({ bucket, pruneDeadPrincipals, documentShare }: BucketPolicyCoordinates): ResourcePolicyTraits {
  return {
    limit: bucketPolicyLimit,
    share: documentShare,
    describe: `bucket policy of ${bucket}`,
    instead: 'share folders, which take less room in it',
    deletable: true,
    pruneDeadPrincipals,
  };
}

function decidingDocument({ session, bucket }: BucketPolicyCoordinates): DecidingDocument {
  return { describe: `bucket policy of ${bucket}`, account: session.accountId, region: session.region };
}

/** ExpectedBucketOwner: a bucket of that name in another account is never read or written (docs/AmazonS3/latest/userguide/bucket-owner-condition.md). */
function place({ session, bucket }: BucketPolicyCoordinates): { readonly Bucket: string; readonly ExpectedBucketOwner: string } {
  return { Bucket: bucket, ExpectedBucketOwner: session.accountId };
}

async function observe(context: TargetContext, coordinates: BucketPolicyCoordinates): Promise<ObservedPolicy> {
  try {
    const answer = await context.s3.send(new GetBucketPolicyCommand(place(coordinates)), { abortSignal: context.signal });
    return observedOf(answer.Policy);
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchBucketPolicy') return { kind: 'absent' };
    if (isForbidden(error) && (await belongsToOthers(context, coordinates))) throw bucketGone(coordinates, error);
    throw error;
  }
}

/** What GetBucketPolicy or GetKeyPolicy returned, read. */
export function observedOf(text: string | undefined): ObservedPolicy {
  if (text === undefined || text === '') return { kind: 'absent' };
  const parsed = parsePolicy(text);
  return parsed.kind === 'document' ? { kind: 'document', text, document: parsed.document } : { ...parsed, text };
}

async function apply(
  context: TargetContext,
  coordinates: BucketPolicyCoordinates,
  write: { readonly step: PolicyStep; readonly observed: ObservedPolicy },
): Promise<Applied<ObservedPolicy>> {
  const { text } = write.step;
  if (text === undefined) return remove(context, coordinates, write.observed);
  const answer = await context.s3.send(new PutBucketPolicyCommand({ ...place(coordinates), Policy: text }), {
    abortSignal: context.signal,
  });
  return { observed: observedOf(text), ...withRequestId(answer.$metadata.requestId) };
}

/** Deleting can't be undone by the next run, so it takes a second read that shows the same document. */
async function remove(
  context: TargetContext,
  coordinates: BucketPolicyCoordinates,
  observed: ObservedPolicy,
): Promise<Applied<ObservedPolicy>> {
  const again = await observe(context, coordinates);
  if (policyFingerprint(again) !== policyFingerprint(observed)) {
    throw lookAgain(
      'changedMeanwhile',
      `The bucket policy of ${coordinates.bucket} changed between two reads; it is read again.`,
    );
  }
  const answer = await context.s3.send(new DeleteBucketPolicyCommand(place(coordinates)), { abortSignal: context.signal });
  return { observed: { kind: 'absent' }, ...withRequestId(answer.$metadata.requestId) };
}

function isForbidden(error: unknown): boolean {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode === 403;
}

/**
 * 403 is the answer for a missing permission and for a bucket that somebody else owns (docs/AmazonS3/latest/API/API_GetBucketPolicy.md). ListBuckets,
 * which lists the caller's own account only, tells them apart. Where it is not allowed either, a missing permission is assumed: an error, not a revoke.
 */
async function belongsToOthers(context: TargetContext, { bucket }: BucketPolicyCoordinates): Promise<boolean> {
  try {
    let token: string | undefined;
    do {
      const command = new ListBucketsCommand({
        Prefix: bucket,
        MaxBuckets: 1000,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await context.s3.send(command, { abortSignal: context.signal });
      if (page.Buckets?.some(({ Name }) => Name === bucket) ?? false) return false;
      token = page.ContinuationToken;
    } while (token !== undefined);
    return true;
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

/** The bucket as asked for (name and owner) does not exist: to every caller the same as NoSuchBucket. */
function bucketGone({ bucket, session }: BucketPolicyCoordinates, cause: unknown): Error {
  const error = new Error(`Bucket ${bucket} does not belong to account ${session.accountId} any more.`, { cause });
  error.name = 'NoSuchBucket';
  return error;
}
