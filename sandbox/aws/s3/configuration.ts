/** Configuration of buckets: encryption, ownership, block public access, location, tags, versioning, policy status. */
import type * as S3 from '@aws-sdk/client-s3';
import { isPublicPolicy } from '../policy/public.ts';
import { operation, type Operation } from '../service.ts';
import { change, type Changing } from '../stale.ts';
import type { Bucket, Encryption, PublicAccessBlock } from './model.ts';
import { bucketAccess, findBucket, s3Error, view, type BucketInput } from './shared.ts';

interface Setting<Stored, Input, Output extends object> {
  /** Permission to read and to write; the names of permissions are not those of the operations. */
  readonly read: string;
  readonly write: string;
  readonly of: (bucket: Bucket) => Changing<Stored>;
  readonly show: (stored: Stored, bucket: Bucket) => Output;
  readonly take: (input: Input, bucket: Bucket) => Stored;
  /** What Delete leaves. */
  readonly removed: Stored;
}

/** Get, put and delete of one document of a bucket. */
function setting<Stored, Input extends BucketInput, Output extends object>(of: Setting<Stored, Input, Output>) {
  const get: Operation = operation<BucketInput, Output>({
    readOnly: true,
    access: (call, input) => bucketAccess(call, findBucket(call, input), of.read),
    run: (call, input) => {
      const bucket = findBucket(call, input);
      return of.show(view(call, of.of(bucket)), bucket);
    },
  });
  const put: Operation = operation<Input, undefined>({
    readOnly: false,
    access: (call, input) => bucketAccess(call, findBucket(call, input), of.write),
    document: (_call, input) => `${of.write} of ${input.Bucket ?? ''}`,
    run: (call, input) => {
      const bucket = findBucket(call, input);
      change(of.of(bucket), of.take(input, bucket), call.now);
      return undefined;
    },
  });
  const remove: Operation = operation<BucketInput, undefined>({
    readOnly: false,
    access: (call, input) => bucketAccess(call, findBucket(call, input), of.write),
    document: (_call, input) => `${of.write} of ${input.Bucket ?? ''}`,
    run: (call, input) => {
      change(of.of(findBucket(call, input)), of.removed, call.now);
      return undefined;
    },
  });
  return { get, put, remove };
}

const encryption = setting<Encryption, S3.PutBucketEncryptionRequest, S3.GetBucketEncryptionOutput>({
  read: 'GetEncryptionConfiguration',
  write: 'PutEncryptionConfiguration',
  of: (bucket) => bucket.encryption,
  removed: { algorithm: 'AES256' },
  show: ({ algorithm, keyArn, bucketKey }) => ({
    ServerSideEncryptionConfiguration: {
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: {
            SSEAlgorithm: algorithm,
            ...(keyArn === undefined ? {} : { KMSMasterKeyID: keyArn }),
          },
          BucketKeyEnabled: bucketKey ?? false,
        },
      ],
    },
  }),
  take: (input) => {
    const rule = input.ServerSideEncryptionConfiguration?.Rules?.[0];
    const wanted = rule?.ApplyServerSideEncryptionByDefault;
    const algorithm = wanted?.SSEAlgorithm;
    if (algorithm !== 'AES256' && algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') {
      throw s3Error(
        'MalformedXML',
        'The XML you provided was not well-formed or did not validate against our published schema',
        400,
      );
    }
    return {
      algorithm,
      ...(wanted?.KMSMasterKeyID === undefined ? {} : { keyArn: wanted.KMSMasterKeyID }),
      ...(rule?.BucketKeyEnabled ? { bucketKey: true } : {}),
    };
  },
});

const ownership = setting<string | null, S3.PutBucketOwnershipControlsRequest, S3.GetBucketOwnershipControlsOutput>({
  read: 'GetBucketOwnershipControls',
  write: 'PutBucketOwnershipControls',
  of: (bucket) => bucket.ownership,
  removed: null,
  show: (stored, bucket) => {
    if (stored === null)
      throw s3Error('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found', 404, {
        BucketName: bucket.name,
      });
    return { OwnershipControls: { Rules: [{ ObjectOwnership: stored as S3.ObjectOwnership }] } };
  },
  take: (input) => input.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? 'BucketOwnerEnforced',
});

const publicAccess = setting<PublicAccessBlock | null, S3.PutPublicAccessBlockRequest, S3.GetPublicAccessBlockOutput>({
  read: 'GetBucketPublicAccessBlock',
  write: 'PutBucketPublicAccessBlock',
  of: (bucket) => bucket.publicAccessBlock,
  removed: null,
  show: (stored, bucket) => {
    if (stored === null) {
      throw s3Error('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found', 404, {
        BucketName: bucket.name,
      });
    }
    return { PublicAccessBlockConfiguration: stored };
  },
  take: ({ PublicAccessBlockConfiguration: wanted }) => ({
    BlockPublicAcls: wanted?.BlockPublicAcls ?? false,
    IgnorePublicAcls: wanted?.IgnorePublicAcls ?? false,
    BlockPublicPolicy: wanted?.BlockPublicPolicy ?? false,
    RestrictPublicBuckets: wanted?.RestrictPublicBuckets ?? false,
  }),
});

const tagging = setting<Readonly<Record<string, string>> | null, S3.PutBucketTaggingRequest, S3.GetBucketTaggingOutput>({
  read: 'GetBucketTagging',
  write: 'PutBucketTagging',
  of: (bucket) => bucket.tags,
  removed: null,
  show: (stored, bucket) => {
    if (stored === null) throw s3Error('NoSuchTagSet', 'The TagSet does not exist', 404, { BucketName: bucket.name });
    return { TagSet: Object.entries(stored).map(([Key, Value]) => ({ Key, Value })) };
  },
  take: (input) => Object.fromEntries((input.Tagging?.TagSet ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
});

/** Operations on the configuration of buckets. */
export const configurationOperations: Record<string, Operation> = {
  GetBucketEncryption: encryption.get,
  PutBucketEncryption: encryption.put,
  DeleteBucketEncryption: encryption.remove,
  GetBucketOwnershipControls: ownership.get,
  PutBucketOwnershipControls: ownership.put,
  DeleteBucketOwnershipControls: ownership.remove,
  GetPublicAccessBlock: publicAccess.get,
  PutPublicAccessBlock: publicAccess.put,
  DeletePublicAccessBlock: publicAccess.remove,
  GetBucketTagging: tagging.get,
  PutBucketTagging: tagging.put,
  DeleteBucketTagging: tagging.remove,
  GetBucketLocation: operation<BucketInput, S3.GetBucketLocationOutput>({
    readOnly: true,
    access: (call, input) => bucketAccess(call, findBucket(call, input), 'GetBucketLocation'),
    // us-east-1 is written as nothing at all (S3 API, GetBucketLocation).
    run: (call, input) => {
      const { region } = findBucket(call, input);
      return region === 'us-east-1' ? {} : { LocationConstraint: region as S3.BucketLocationConstraint };
    },
  }),
  GetBucketVersioning: operation<BucketInput, S3.GetBucketVersioningOutput>({
    readOnly: true,
    access: (call, input) => bucketAccess(call, findBucket(call, input), 'GetBucketVersioning'),
    run: (call, input) => {
      findBucket(call, input);
      return {};
    },
  }),
  GetBucketPolicyStatus: operation<BucketInput, S3.GetBucketPolicyStatusOutput>({
    readOnly: true,
    access: (call, input) => bucketAccess(call, findBucket(call, input), 'GetBucketPolicyStatus'),
    run: (call, input) => {
      const policy = view(call, findBucket(call, input).policy);
      if (policy === null)
        throw s3Error('NoSuchBucketPolicy', 'The bucket policy does not exist', 404, { BucketName: input.Bucket });
      return { PolicyStatus: { IsPublic: isPublicPolicy(policy, 'bucket') } };
    },
  }),
};
