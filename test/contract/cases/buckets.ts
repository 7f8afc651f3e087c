/** What S3 answers about the configuration of buckets: encryption, ownership, block public access, place, tags. */
import {
  DeleteBucketEncryptionCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketTaggingCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  GetPublicAccessBlockCommand as GetAccountPublicAccessBlockCommand,
  type S3ControlClient,
} from '@aws-sdk/client-s3-control';
import { answerOf, documentOf, type ContractCase, type Observation } from '../case.ts';
import { tagKey } from '../lab.ts';

async function encryptionOf(s3: S3Client, Bucket: string): Promise<{ algorithm: string; key: string | null } | string> {
  const call = s3.send(new GetBucketEncryptionCommand({ Bucket }));
  const answer = await answerOf(call);
  if (answer !== 'OK') return answer;
  const rule = (await call).ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
  return { algorithm: rule?.SSEAlgorithm ?? 'none', key: rule?.KMSMasterKeyID ?? null };
}

const ownershipOf = async (s3: S3Client, Bucket: string): Promise<string> => {
  const call = s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  const answer = await answerOf(call);
  return answer === 'OK' ? ((await call).OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? 'none') : answer;
};

const blockOf = async (s3: S3Client, Bucket: string): Promise<Observation> => {
  const call = s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  const answer = await answerOf(call);
  if (answer !== 'OK') return answer;
  const { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets } =
    (await call).PublicAccessBlockConfiguration ?? {};
  return [BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets].map((on) => on ?? null);
};

const encryptionPage = 'AmazonS3/latest/userguide/default-bucket-encryption';
const ownershipPage = 'AmazonS3/latest/userguide/about-object-ownership';
const blockPage = 'AmazonS3/latest/userguide/access-control-block-public-access';

const configuration: readonly ContractCase[] = [
  {
    service: 'S3',
    sentence: 'A new bucket is encrypted with SSE-S3 and says so.',
    aws: { algorithm: 'AES256', key: null },
    guide: encryptionPage,
    given: async (lab) => {
      const bucket = await lab.bucket();
      return () => encryptionOf(lab.owner.s3, bucket);
    },
  },
  {
    service: 'S3',
    sentence: 'The key of a default encryption is read back as it was written, and deleting the encryption goes back to SSE-S3.',
    aws: { algorithm: 'aws:kms', sameKey: true, afterDelete: 'AES256' },
    guide: 'AmazonS3/latest/API/API_DeleteBucketEncryption',
    given: async (lab) => {
      const [encrypted, back] = [await lab.bucket(), await lab.bucket()];
      const { arn } = await lab.key();
      const { s3 } = lab.owner;
      const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: arn } }];
      for (const Bucket of [encrypted, back])
        await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
      await s3.send(new DeleteBucketEncryptionCommand({ Bucket: back }));
      return async () => {
        const [now, then] = [await encryptionOf(s3, encrypted), await encryptionOf(s3, back)];
        if (typeof now === 'string') return now;
        const afterDelete = typeof then === 'string' ? then : then.algorithm;
        return { algorithm: now.algorithm, sameKey: now.key === arn, afterDelete };
      };
    },
  },
  {
    service: 'S3',
    sentence: 'A new bucket has ACLs switched off: BucketOwnerEnforced.',
    aws: 'BucketOwnerEnforced',
    guide: ownershipPage,
    given: async (lab) => {
      const bucket = await lab.bucket();
      return () => ownershipOf(lab.owner.s3, bucket);
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket whose ownership controls were deleted answers OwnershipControlsNotFoundError.',
    aws: 'OwnershipControlsNotFoundError',
    guide: 'AmazonS3/latest/API/ErrorResponses',
    given: async (lab) => {
      const Bucket = await lab.bucket();
      await lab.owner.s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
      return () => ownershipOf(lab.owner.s3, Bucket);
    },
  },
  {
    service: 'S3',
    sentence: 'A new bucket has all four settings of Block Public Access on; once deleted there are none.',
    aws: { fresh: [true, true, true, true], deleted: 'NoSuchPublicAccessBlockConfiguration' },
    guide: blockPage,
    given: async (lab) => {
      const [fresh, bare] = [await lab.bucket(), await lab.bucket()];
      await lab.owner.s3.send(new DeletePublicAccessBlockCommand({ Bucket: bare }));
      return async () => ({ fresh: await blockOf(lab.owner.s3, fresh), deleted: await blockOf(lab.owner.s3, bare) });
    },
  },
  {
    service: 'S3',
    sentence: 'A policy for everybody is refused as AccessDenied while BlockPublicPolicy is on.',
    aws: 'AccessDenied',
    guide: blockPage,
    given: async (lab) => {
      const Bucket = await lab.bucket();
      const Resource = `arn:aws:s3:::${Bucket}/*`;
      const Policy = documentOf({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource });
      return () => answerOf(lab.owner.s3.send(new PutBucketPolicyCommand({ Bucket, Policy })));
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket says whether its policy is public; one without a policy answers NoSuchBucketPolicy.',
    aws: { named: false, none: 'NoSuchBucketPolicy' },
    guide: 'AmazonS3/latest/API/API_GetBucketPolicyStatus',
    given: async (lab) => {
      const [named, none] = [await lab.bucket(), await lab.bucket()];
      const { s3 } = lab.owner;
      const Principal = { AWS: lab.consumer.root };
      const Resource = `arn:aws:s3:::${named}/*`;
      const Policy = documentOf({ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource });
      await s3.send(new PutBucketPolicyCommand({ Bucket: named, Policy }));
      return async () => ({
        named: (await s3.send(new GetBucketPolicyStatusCommand({ Bucket: named }))).PolicyStatus?.IsPublic ?? null,
        none: await answerOf(s3.send(new GetBucketPolicyStatusCommand({ Bucket: none }))),
      });
    },
  },
  {
    service: 'S3 Control',
    sentence:
      "An account's own Block Public Access is there or NoSuchPublicAccessBlockConfiguration, and no other account reads it.",
    aws: { own: true, other: 'AccessDenied' },
    guide: 'AmazonS3/latest/API/API_control_GetPublicAccessBlock',
    given: (lab) => {
      const read = (s3control: S3ControlClient) =>
        answerOf(s3control.send(new GetAccountPublicAccessBlockCommand({ AccountId: lab.owner.id })));
      return Promise.resolve(async () => ({
        own: /^(OK|NoSuchPublicAccessBlockConfiguration)$/.test(await read(lab.owner.s3control)),
        other: await read(lab.consumer.s3control),
      }));
    },
  },
];

const identity: readonly ContractCase[] = [
  {
    service: 'S3',
    sentence: 'A bucket says in which Region it is; us-east-1 is written as nothing.',
    aws: true,
    guide: 'AmazonS3/latest/API/API_GetBucketLocation',
    given: async (lab) => {
      const Bucket = await lab.bucket();
      return async () => {
        const { LocationConstraint } = await lab.owner.s3.send(new GetBucketLocationCommand({ Bucket }));
        return (LocationConstraint ?? 'us-east-1') === lab.region;
      };
    },
  },
  {
    service: 'S3',
    sentence: 'The tags of a bucket are read back; a bucket without any answers NoSuchTagSet.',
    aws: { tagged: true, bare: 'NoSuchTagSet' },
    guide: 'AmazonS3/latest/API/API_GetBucketTagging',
    given: async (lab) => {
      const [tagged, bare] = [await lab.bucket(), await lab.bucket()];
      const { s3 } = lab.owner;
      await s3.send(new DeleteBucketTaggingCommand({ Bucket: bare }));
      return async () => {
        const { TagSet } = await s3.send(new GetBucketTaggingCommand({ Bucket: tagged }));
        return {
          tagged: TagSet?.some(({ Key, Value }) => Key === tagKey && Value === lab.tag.Value) ?? false,
          bare: await answerOf(s3.send(new GetBucketTaggingCommand({ Bucket: bare }))),
        };
      };
    },
  },
  {
    service: 'S3',
    sentence: 'The list of buckets with a prefix has the buckets of the own account, and no others.',
    aws: { owner: true, consumer: false },
    guide: 'AmazonS3/latest/API/API_ListBuckets',
    given: async (lab) => {
      const Prefix = await lab.bucket();
      const has = async (s3: S3Client): Promise<boolean> => {
        const { Buckets } = await s3.send(new ListBucketsCommand({ Prefix, MaxBuckets: 1000 }));
        return Buckets?.some(({ Name }) => Name === Prefix) ?? false;
      };
      return async () => ({ owner: await has(lab.owner.s3), consumer: await has(lab.consumer.s3) });
    },
  },
];

/** Cases on buckets. */
export const bucketCases: readonly ContractCase[] = [...configuration, ...identity];
