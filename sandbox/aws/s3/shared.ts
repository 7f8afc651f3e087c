/** What S3's operations share: finding buckets, ARNs, access in IAM's words. */
import { seen, type Changing } from '../stale.ts';
import type { Access, Call } from '../service.ts';
import { AwsError } from '../wire/error.ts';
import type { Bucket, PublicAccessBlock } from './model.ts';

/** ARN of a bucket. */
export const bucketArn = (name: string): string => `arn:aws:s3:::${name}`;

/** Members that nearly every operation on a bucket has. */
export interface BucketInput {
  Bucket?: string | undefined;
  ExpectedBucketOwner?: string | undefined;
}

/** What a reader of bucket configuration sees: S3's configuration is eventually consistent (S3 User Guide, Welcome#ConsistencyModel). */
export const view = <T>(call: Call, value: Changing<T>): T => seen(value, call.now, call.world.settings.staleReadMs);

/** A bucket by name. @throws NoSuchBucket, AccessDenied when it is not the expected owner's */
export function findBucket(call: Call, input: BucketInput): Bucket {
  const bucket = call.world.state.s3.buckets.get(input.Bucket ?? '');
  if (!bucket) throw noSuchBucket(input.Bucket ?? '');
  checkOwner(bucket.account, input.ExpectedBucketOwner);
  checkRegion(call, bucket);
  return bucket;
}

/** Refuses requests of another Region and says where the bucket is (S3 User Guide, Redirects). GetBucketLocation is answered everywhere. */
export function checkRegion(call: Call, bucket: Bucket): void {
  if (call.region === bucket.region || call.region === '' || call.operation === 'GetBucketLocation') return;
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.';
  throw new AwsError('PermanentRedirect', message, {
    status: 301,
    fields: { Bucket: bucket.name, Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com` },
    headers: { 'x-amz-bucket-region': bucket.region },
  });
}

/** Refuses when the expected owner is another one (S3 User Guide, bucket-owner-condition). */
export function checkOwner(account: string, expected: string | undefined): void {
  if (expected !== undefined && expected !== account) throw new AwsError('AccessDenied', 'Access Denied', { status: 403 });
}

/** The error of a bucket that does not exist. */
export const noSuchBucket = (name: string): AwsError =>
  new AwsError('NoSuchBucket', 'The specified bucket does not exist', { status: 404, fields: { BucketName: name } });

/** Access to a bucket's configuration or list; the action's name is not always the operation's. */
export const bucketAccess = (call: Call, bucket: Bucket, action: string, context?: Access['context']): Access => ({
  action: `s3:${action}`,
  resource: bucketArn(bucket.name),
  account: bucket.account,
  policy: view(call, bucket.policy),
  ...(context ? { context } : {}),
});

/** An S3 error with its status, as the model of S3 lists few of them. */
export const s3Error = (code: string, message: string, status: number, fields: Record<string, unknown> = {}): AwsError =>
  new AwsError(code, message, { status, fields });

/** A bucket's policy is managed by its own account, whoever else is allowed to (S3 API, PutBucketPolicy: 405 Method Not Allowed). */
export function checkOwnAccount(call: Call, bucket: Bucket): void {
  if (call.caller.account === bucket.account) return;
  throw s3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
}

/** Refusal of a public policy (S3 User Guide, troubleshoot-403-errors#troubleshoot-403-bpa). */
export const publicBlocked = (call: Call, arn: string): AwsError => {
  const start = `User: ${call.caller.arn} is not authorized to perform: s3:${call.operation} on resource: "${arn}"`;
  const why = 'because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.';
  return s3Error('AccessDenied', `${start} ${why}`, 403);
};

/** Whether a setting of block public access is on, for the bucket itself or its whole account: the stricter one counts. */
export const blocks = (call: Call, bucket: Bucket, setting: keyof PublicAccessBlock): boolean =>
  view(call, bucket.publicAccessBlock)?.[setting] === true ||
  call.world.state.accessPoints.accountBlocks.get(bucket.account)?.[setting] === true;
