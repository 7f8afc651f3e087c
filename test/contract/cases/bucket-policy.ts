/** What S3 answers about bucket policies: reading, writing, refusing. Who may use data because of them is in data-access.ts. */
import { DeleteRoleCommand } from '@aws-sdk/client-iam';
import { DeleteBucketPolicyCommand, GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { acceptedOrRefused, answerOf, documentOf, documentOfLength, sameDocument, type ContractCase } from '../case.ts';
import type { Lab } from '../lab.ts';

const arnOf = (bucket: string): string => `arn:aws:s3:::${bucket}`;
const reading = (lab: Lab, bucket: string): object => ({
  Sid: 'Reading',
  Effect: 'Allow',
  Principal: { AWS: lab.consumer.root },
  Action: 's3:GetObject',
  Resource: `${arnOf(bucket)}/*`,
});

const put = (lab: Lab, Bucket: string, Policy: string) => lab.owner.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
const read = (lab: Lab, Bucket: string) => lab.owner.s3.send(new GetBucketPolicyCommand({ Bucket }));

/** A case in which a policy is put on a fresh bucket and the answer is what counts. */
const putting = (
  sentence: string,
  aws: string,
  guide: string,
  policy: (lab: Lab, bucket: string) => string | Promise<string>,
): ContractCase => ({
  service: 'S3',
  sentence,
  aws,
  guide,
  given: async (lab) => {
    const bucket = await lab.bucket();
    const text = await policy(lab, bucket);
    return () => answerOf(put(lab, bucket, text));
  },
});

const errors = 'AmazonS3/latest/API/ErrorResponses';
const policies = 'AmazonS3/latest/userguide/access-policy-language-overview';
const principals = 'IAM/latest/UserGuide/reference_policies_elements_principal';

const refusals: readonly ContractCase[] = [
  putting('A bucket policy that is no JSON is refused as MalformedPolicy.', 'MalformedPolicy', errors, () => '{"Version": '),
  putting('A bucket policy without statements is refused as MalformedPolicy.', 'MalformedPolicy', policies, () =>
    JSON.stringify({ Version: '2012-10-17', Statement: [] }),
  ),
  putting(
    'A bucket policy with a statement without a principal is refused as MalformedPolicy.',
    'MalformedPolicy',
    policies,
    (lab, bucket) => documentOf({ ...reading(lab, bucket), Principal: undefined }),
  ),
  putting(
    'A bucket policy that names a role which does not exist is refused as MalformedPolicy.',
    'MalformedPolicy',
    principals,
    (lab, bucket) =>
      documentOf({ ...reading(lab, bucket), Principal: { AWS: `arn:aws:iam::${lab.consumer.id}:role/${lab.name()}` } }),
  ),
  putting('A bucket policy about another bucket is refused as MalformedPolicy.', 'MalformedPolicy', policies, (lab, bucket) =>
    documentOf({ ...reading(lab, bucket), Resource: `${arnOf(lab.name())}/*` }),
  ),
  putting(
    'A bucket policy with an action that S3 does not have is refused as MalformedPolicy.',
    'MalformedPolicy',
    policies,
    (lab, bucket) => documentOf({ ...reading(lab, bucket), Action: 's3:FetchObject' }),
  ),
  putting(
    'A statement about objects that names only the bucket is refused as MalformedPolicy.',
    'MalformedPolicy',
    policies,
    (lab, bucket) => documentOf({ ...reading(lab, bucket), Resource: arnOf(bucket) }),
  ),
  putting(
    'A bucket policy with two statements of one Sid is refused as MalformedPolicy.',
    'MalformedPolicy',
    'IAM/latest/UserGuide/reference_policies_elements_sid',
    (lab, bucket) => documentOf(reading(lab, bucket), reading(lab, bucket)),
  ),
];

const owner = 'AmazonS3/latest/userguide/bucket-owner-condition';

const documents: readonly ContractCase[] = [
  {
    service: 'S3',
    sentence: 'A bucket without a policy answers NoSuchBucketPolicy.',
    aws: 'NoSuchBucketPolicy',
    guide: errors,
    given: async (lab) => {
      const bucket = await lab.bucket();
      return () => answerOf(read(lab, bucket));
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket policy that was put is read back with the same meaning.',
    aws: true,
    guide: 'AmazonS3/latest/API/API_GetBucketPolicy',
    given: async (lab) => {
      const bucket = await lab.bucket();
      const policy = documentOf(reading(lab, bucket));
      await put(lab, bucket, policy);
      return async () => sameDocument((await read(lab, bucket)).Policy, policy);
    },
  },
  {
    service: 'S3',
    sentence: 'Deleting a bucket policy succeeds also when there is none, and leaves none.',
    aws: { deleted: 'OK', deletedAgain: 'OK', read: 'NoSuchBucketPolicy' },
    guide: 'AmazonS3/latest/API/API_DeleteBucketPolicy',
    given: async (lab) => {
      const Bucket = await lab.bucket();
      await put(lab, Bucket, documentOf(reading(lab, Bucket)));
      const remove = () => answerOf(lab.owner.s3.send(new DeleteBucketPolicyCommand({ Bucket })));
      return async () => ({ deleted: await remove(), deletedAgain: await remove(), read: await answerOf(read(lab, Bucket)) });
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket policy may have 20 KB, and not more.',
    aws: { within: 'OK', beyond: 'refused' },
    guide: 'AmazonS3/latest/userguide/add-bucket-policy',
    given: async (lab) => {
      const bucket = await lab.bucket();
      const start = `${arnOf(bucket)}/`;
      const make = (Resource: readonly string[]): string => documentOf({ ...reading(lab, bucket), Resource });
      return async () => ({
        within: await acceptedOrRefused(put(lab, bucket, documentOfLength(20_480, start, make))),
        beyond: await acceptedOrRefused(put(lab, bucket, documentOfLength(20_481, start, make))),
      });
    },
  },
  {
    service: 'S3',
    sentence: 'An account number as principal is read back as the ARN of the account.',
    aws: true,
    guide: principals,
    given: async (lab) => {
      const bucket = await lab.bucket();
      await put(lab, bucket, documentOf({ ...reading(lab, bucket), Principal: { AWS: lab.consumer.id } }));
      return async () => sameDocument((await read(lab, bucket)).Policy, documentOf(reading(lab, bucket)));
    },
  },
  {
    service: 'S3',
    sentence: 'A role that is deleted shows as its unique id in the bucket policies that named it.',
    aws: { before: 'ARN', after: 'unique id' },
    guide: principals,
    given: async (lab) => {
      const bucket = await lab.bucket();
      const role = await lab.role();
      const naming = documentOf({ ...reading(lab, bucket), Principal: { AWS: role.arn } });
      await lab.patiently(() => put(lab, bucket, naming));
      const shown = async () => {
        const text = (await read(lab, bucket)).Policy ?? '';
        return text.includes(role.arn) ? 'ARN' : text.includes(role.id) ? 'unique id' : text;
      };
      const before = await shown();
      await role.account.iam.send(new DeleteRoleCommand({ RoleName: role.name }));
      return async () => ({ before, after: await shown() });
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket policy with the unique id of a deleted role can not be written again.',
    aws: 'MalformedPolicy',
    guide: principals,
    given: async (lab) => {
      const bucket = await lab.bucket();
      const role = await lab.role();
      await role.account.iam.send(new DeleteRoleCommand({ RoleName: role.name }));
      return () => answerOf(put(lab, bucket, documentOf({ ...reading(lab, bucket), Principal: { AWS: role.id } })));
    },
  },
];

const whose: readonly ContractCase[] = [
  {
    service: 'S3',
    sentence: 'A call that expects another owner of the bucket is refused as AccessDenied, whatever it wants.',
    aws: { read: 'AccessDenied', put: 'AccessDenied', deleted: 'AccessDenied' },
    guide: owner,
    given: async (lab) => {
      const Bucket = await lab.bucket();
      const Policy = documentOf(reading(lab, Bucket));
      const input = { Bucket, ExpectedBucketOwner: lab.consumer.id };
      const { s3 } = lab.owner;
      return async () => ({
        read: await answerOf(s3.send(new GetBucketPolicyCommand(input))),
        put: await answerOf(s3.send(new PutBucketPolicyCommand({ ...input, Policy }))),
        deleted: await answerOf(s3.send(new DeleteBucketPolicyCommand(input))),
      });
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket that does not exist answers NoSuchBucket, even where an owner is expected.',
    aws: 'NoSuchBucket',
    guide: errors,
    given: async (lab) => {
      const input = { Bucket: lab.name(), ExpectedBucketOwner: lab.owner.id };
      return () => answerOf(lab.owner.s3.send(new GetBucketPolicyCommand(input)));
    },
  },
  {
    service: 'S3',
    sentence: "Another account's bucket policy is not for reading: AccessDenied.",
    aws: 'AccessDenied',
    guide: 'AmazonS3/latest/API/API_GetBucketPolicy',
    given: async (lab) => {
      const Bucket = await lab.bucket();
      return () => answerOf(lab.consumer.s3.send(new GetBucketPolicyCommand({ Bucket })));
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket policy is managed in its own account only: others get MethodNotAllowed, even with the permission.',
    aws: 'MethodNotAllowed',
    guide: 'AmazonS3/latest/API/API_PutBucketPolicy',
    given: async (lab) => {
      const Bucket = await lab.bucket();
      const managing = { ...reading(lab, Bucket), Action: ['s3:GetBucketPolicy', 's3:PutBucketPolicy'], Resource: arnOf(Bucket) };
      await put(lab, Bucket, documentOf(managing));
      const Policy = documentOf(managing);
      return () => answerOf(lab.consumer.s3.send(new PutBucketPolicyCommand({ Bucket, Policy })));
    },
  },
];

/** Cases on bucket policies. */
export const bucketPolicyCases: readonly ContractCase[] = [...documents, ...refusals, ...whose];
