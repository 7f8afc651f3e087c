/** Buckets themselves and their policies. Other configuration is in configuration.ts. */
import type * as S3 from '@aws-sdk/client-s3';
import { showPrincipals } from '../policy/principals.ts';
import { isPublicPolicy } from '../policy/public.ts';
import { checkS3Policy } from '../policy/s3-check.ts';
import { operation, type Operation } from '../service.ts';
import { change } from '../stale.ts';
import { newBucket } from './model.ts';
import {
  blocks,
  bucketAccess,
  bucketArn,
  checkOwnAccount,
  findBucket,
  publicBlocked,
  s3Error,
  view,
  type BucketInput,
} from './shared.ts';

// S3 User Guide, bucketnamingrules.
const NAME =
  /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

const createBucket = operation<S3.CreateBucketRequest, S3.CreateBucketOutput>({
  readOnly: false,
  access: (call, input) => ({ action: 's3:CreateBucket', resource: bucketArn(input.Bucket ?? ''), account: call.caller.account }),
  document: (_call, input) => input.Bucket,
  run: (call, input) => {
    const name = input.Bucket ?? '';
    if (!NAME.test(name)) throw s3Error('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name });
    const { buckets } = call.world.state.s3;
    const known = buckets.get(name);
    if (known?.account === call.caller.account) {
      throw s3Error(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        409,
      );
    }
    if (known) {
      const message =
        'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.';
      throw s3Error('BucketAlreadyExists', message, 409);
    }
    const region = input.CreateBucketConfiguration?.LocationConstraint ?? call.region;
    const bucket = newBucket(name, call.caller.account, region === 'EU' ? 'eu-west-1' : region, call.now);
    if (input.ObjectOwnership !== undefined) bucket.ownership.current = bucket.ownership.previous = input.ObjectOwnership;
    buckets.set(name, bucket);
    return { Location: `/${name}` };
  },
});

const deleteBucket = operation<S3.DeleteBucketRequest, undefined>({
  readOnly: false,
  access: (call, input) => bucketAccess(call, findBucket(call, input), 'DeleteBucket'),
  document: (_call, input) => input.Bucket,
  run: (call, input) => {
    const bucket = findBucket(call, input);
    if (bucket.objects.size > 0) throw s3Error('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409);
    // S3 User Guide, delete-bucket: access points go first.
    for (const point of call.world.state.accessPoints.points.values()) {
      if (point.bucket !== bucket.name || point.bucketAccount !== bucket.account) continue;
      const message =
        'The bucket you are attempting to delete has access points attached. Delete your access points and try again.';
      throw s3Error('BucketHasAccessPointsAttached', message, 400);
    }
    call.world.state.s3.buckets.delete(bucket.name);
    return undefined;
  },
});

const putBucketPolicy = operation<S3.PutBucketPolicyRequest, undefined>({
  readOnly: false,
  access: (call, input) => bucketAccess(call, findBucket(call, input), 'PutBucketPolicy'),
  document: (_call, input) => `policy of ${input.Bucket ?? ''}`,
  run: (call, input) => {
    const bucket = findBucket(call, input);
    checkOwnAccount(call, bucket);
    const stored = checkS3Policy(call.world, input.Policy ?? '', { arn: bucketArn(bucket.name), separator: '/' });
    if (blocks(call, bucket, 'BlockPublicPolicy') && isPublicPolicy(stored, 'bucket'))
      throw publicBlocked(call, bucketArn(bucket.name));
    change(bucket.policy, stored, call.now);
    return undefined;
  },
});

/** Operations on buckets and their policies. */
export const bucketOperations: Record<string, Operation> = {
  CreateBucket: createBucket,
  DeleteBucket: deleteBucket,
  PutBucketPolicy: putBucketPolicy,
  HeadBucket: operation<S3.HeadBucketRequest, S3.HeadBucketOutput>({
    readOnly: true,
    access: (call, input) => bucketAccess(call, findBucket(call, input), 'ListBucket'),
    run: (call, input) => ({ BucketRegion: findBucket(call, input).region }),
  }),
  ListBuckets: operation<S3.ListBucketsRequest, S3.ListBucketsOutput>({
    readOnly: true,
    access: (call) => ({ action: 's3:ListAllMyBuckets', resource: '*', account: call.caller.account }),
    run: (call) => {
      const mine = [...call.world.state.s3.buckets.values()].filter((bucket) => bucket.account === call.caller.account);
      mine.sort((a, b) => (a.name < b.name ? -1 : 1));
      return {
        Owner: { ID: call.caller.account },
        Buckets: mine.map((bucket) => ({
          Name: bucket.name,
          CreationDate: new Date(bucket.createdAt),
          BucketRegion: bucket.region,
        })),
      };
    },
  }),
  GetBucketPolicy: operation<BucketInput, S3.GetBucketPolicyOutput>({
    readOnly: true,
    access: (call, input) => bucketAccess(call, findBucket(call, input), 'GetBucketPolicy'),
    run: (call, input) => {
      const bucket = findBucket(call, input);
      checkOwnAccount(call, bucket);
      const stored = view(call, bucket.policy);
      if (stored === null)
        throw s3Error('NoSuchBucketPolicy', 'The bucket policy does not exist', 404, { BucketName: input.Bucket });
      return { Policy: showPrincipals(call.world, stored) };
    },
  }),
  DeleteBucketPolicy: operation<BucketInput, undefined>({
    readOnly: false,
    access: (call, input) => bucketAccess(call, findBucket(call, input), 'DeleteBucketPolicy'),
    document: (_call, input) => `policy of ${input.Bucket ?? ''}`,
    run: (call, input) => {
      const bucket = findBucket(call, input);
      checkOwnAccount(call, bucket);
      change(bucket.policy, null, call.now);
      return undefined;
    },
  }),
};
