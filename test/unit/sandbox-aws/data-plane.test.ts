// The stand-in's authorisation of data: who may read and write objects, through buckets and access points, with and without KMS.
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { CreateAccessPointCommand, PutAccessPointPolicyCommand } from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAws, type Aws, type SeededRole } from '../../../sandbox/aws/index.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const producer = '111111111111';
const consumer = '222222222222';
const allow = (action: string | string[], resource: string | string[], more: object = {}) => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
  ...more,
});
const document = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });

let aws: Aws;
let admin: AwsClients;
let analyst: SeededRole;

const as = (role: SeededRole): AwsClients => awsClients(aws, aws.seed.session(role));
const read = async (clients: AwsClients, Bucket: string, Key: string): Promise<string> => {
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  return (await Body?.transformToString()) ?? '';
};
const putPolicy = (...statements: object[]) =>
  admin.s3.send(new PutBucketPolicyCommand({ Bucket: 'prod', Policy: JSON.stringify(document(...statements)) }));

beforeEach(() => {
  aws = createAws({ clock: createVirtualClock() });
  admin = awsClients(aws, producer);
  analyst = aws.seed.role(consumer, 'analyst', {
    policies: { share: document(allow('s3:*', ['arn:aws:s3:::prod', 'arn:aws:s3:::prod/*'])) },
  });
  aws.seed.bucket(producer, 'prod');
  aws.seed.object('prod', 'folder/x', 'hello');
});

describe('a bucket of another account', () => {
  test('given an identity policy alone, when the object is read, then it is refused without an explanation', async () => {
    await expect(read(as(analyst), 'prod', 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied', message: 'Access Denied' });
  });

  test('given both policies, when the object is read, then it is there', async () => {
    await putPolicy({ ...allow('s3:GetObject', 'arn:aws:s3:::prod/*'), Principal: { AWS: analyst.arn } });
    await expect(read(as(analyst), 'prod', 'folder/x')).resolves.toBe('hello');
  });

  test('given a bucket policy alone, when the object is read, then it is refused', async () => {
    const bare = aws.seed.role(consumer, 'bare');
    await putPolicy({ ...allow('s3:GetObject', 'arn:aws:s3:::prod/*'), Principal: { AWS: bare.arn } });
    await expect(read(as(bare), 'prod', 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given permission to read but not to list, when a missing key is read, then it looks like a refusal', async () => {
    await putPolicy({ ...allow('s3:GetObject', 'arn:aws:s3:::prod/*'), Principal: { AWS: analyst.arn } });
    await expect(read(as(analyst), 'prod', 'nothing')).rejects.toMatchObject({ name: 'AccessDenied' });
    await putPolicy({
      ...allow(['s3:GetObject', 's3:ListBucket'], ['arn:aws:s3:::prod/*', 'arn:aws:s3:::prod']),
      Principal: { AWS: analyst.arn },
    });
    await expect(read(as(analyst), 'prod', 'nothing')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('given a boundary that does not name S3, when the object is read, then the boundary refuses', async () => {
    const boundary = aws.seed.policy(consumer, 'limits', document(allow('iam:*', '*')));
    const bounded = aws.seed.role(consumer, 'bounded', { boundary, policies: { all: document(allow('s3:*', '*')) } });
    await putPolicy({ ...allow('s3:GetObject', 'arn:aws:s3:::prod/*'), Principal: { AWS: bounded.arn } });
    await expect(read(as(bounded), 'prod', 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given a role that is deleted and made again, when it reads, then the old grant does not count', async () => {
    await putPolicy({ ...allow('s3:GetObject', 'arn:aws:s3:::prod/*'), Principal: { AWS: aws.seed.role(consumer, 'temp').arn } });
    const { iam } = awsClients(aws, consumer);
    const { DeleteRoleCommand } = await import('@aws-sdk/client-iam');
    await iam.send(new DeleteRoleCommand({ RoleName: 'temp' }));
    const again = aws.seed.role(consumer, 'temp', { policies: { share: document(allow('s3:*', '*')) } });
    await expect(read(as(again), 'prod', 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('the bucket of the own account', () => {
  test('given nothing, when the object is read, then AWS says which kind of policy is missing', async () => {
    const local = aws.seed.role(producer, 'local');
    await expect(read(as(local), 'prod', 'folder/x')).rejects.toMatchObject({
      message: `User: arn:aws:sts::${producer}:assumed-role/local/test is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::prod/folder/x" because no identity-based policy allows the s3:GetObject action`,
    });
  });

  test('given the bucket policy alone names the role, when it reads, then that is enough', async () => {
    const local = aws.seed.role(producer, 'local');
    await putPolicy({ ...allow('s3:GetObject', 'arn:aws:s3:::prod/*'), Principal: { AWS: local.arn } });
    await expect(read(as(local), 'prod', 'folder/x')).resolves.toBe('hello');
  });

  test('given an explicit deny in the bucket policy, when an allowed role reads, then the deny is named', async () => {
    const local = aws.seed.role(producer, 'local', { policies: { all: document(allow('s3:*', '*')) } });
    await putPolicy({ Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::prod/*' });
    await expect(read(as(local), 'prod', 'folder/x')).rejects.toThrow('with an explicit deny in a resource-based policy');
  });
});

describe('a public bucket', () => {
  const publicRead = { ...allow('s3:GetObject', 'arn:aws:s3:::prod/*'), Principal: '*' };

  test('given the default block, when a public policy is put, then it is refused in AWS words', async () => {
    await expect(putPolicy(publicRead)).rejects.toThrow(
      'because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access',
    );
  });

  test('given RestrictPublicBuckets alone, when others read, then the whole policy is cut off for them', async () => {
    const off = { BlockPublicAcls: false, IgnorePublicAcls: false, BlockPublicPolicy: false, RestrictPublicBuckets: false };
    aws.seed.bucket(producer, 'open', {
      publicAccessBlock: off,
      policy: document({ ...publicRead, Resource: 'arn:aws:s3:::open/*' }),
    });
    aws.seed.bucket(producer, 'shut', {
      publicAccessBlock: { ...off, RestrictPublicBuckets: true },
      policy: document({ ...publicRead, Resource: 'arn:aws:s3:::shut/*' }),
    });
    aws.seed.object('open', 'k', '1');
    aws.seed.object('shut', 'k', '1');
    const reader = aws.seed.role(consumer, 'reader', { policies: { all: document(allow('s3:GetObject', '*')) } });
    await expect(read(as(reader), 'open', 'k')).resolves.toBe('1');
    await expect(read(as(reader), 'shut', 'k')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('an access point', () => {
  const arn = `arn:aws:s3:eu-west-1:${producer}:accesspoint/share-1`;
  const delegate = {
    ...allow(['s3:GetObject', 's3:ListBucket', 's3:PutObject'], ['arn:aws:s3:::prod', 'arn:aws:s3:::prod/*']),
    Principal: '*',
    Condition: { StringEquals: { 's3:DataAccessPointAccount': producer } },
  };
  let alias: string;
  let member: SeededRole;

  beforeEach(async () => {
    member = aws.seed.role(consumer, 'member', { policies: { share: document(allow('s3:*', [arn, `${arn}/object/*`])) } });
    const made = await admin.s3control.send(
      new CreateAccessPointCommand({ AccountId: producer, Name: 'share-1', Bucket: 'prod' }),
    );
    alias = made.Alias ?? '';
    const statements = [
      { ...allow('s3:GetObject', `${arn}/object/folder/*`), Principal: { AWS: member.arn } },
      {
        ...allow('s3:ListBucket', arn),
        Principal: { AWS: member.arn },
        Condition: { StringLike: { 's3:prefix': ['folder/', 'folder/*'] } },
      },
    ];
    await admin.s3control.send(
      new PutAccessPointPolicyCommand({ AccountId: producer, Name: 'share-1', Policy: JSON.stringify(document(...statements)) }),
    );
  });

  test('given no delegation in the bucket policy, when the object is read through it, then it is refused', async () => {
    await expect(read(as(member), arn, 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given both sides, when the object is read by ARN and by alias, then it is there, and nothing beside it is', async () => {
    await putPolicy(delegate);
    aws.seed.object('prod', 'secret/y', 'no');
    await expect(read(as(member), arn, 'folder/x')).resolves.toBe('hello');
    await expect(read(as(member), alias, 'folder/x')).resolves.toBe('hello');
    await expect(read(as(member), arn, 'secret/y')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(read(as(member), 'prod', 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given both sides, when a list has the prefix, then it is allowed, else not', async () => {
    await putPolicy(delegate);
    const { s3 } = as(member);
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: alias, Prefix: 'folder/' }));
    expect(listed.Contents?.map((one) => one.Key)).toEqual(['folder/x']);
    await expect(s3.send(new ListObjectsV2Command({ Bucket: alias, Prefix: 'folder' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(s3.send(new ListObjectsV2Command({ Bucket: alias }))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given a delegation to another account, when the object is read, then it is refused', async () => {
    await putPolicy({ ...delegate, Condition: { StringEquals: { 's3:DataAccessPointAccount': '333333333333' } } });
    await expect(read(as(member), arn, 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given another role of the same account, when it reads through the point, then it is refused', async () => {
    await putPolicy(delegate);
    const other = aws.seed.role(consumer, 'other', { policies: { share: document(allow('s3:*', [arn, `${arn}/object/*`])) } });
    await expect(read(as(other), arn, 'folder/x')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('an object under a KMS key', () => {
  const viaS3 = { StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' } };
  const root = { ...allow('kms:*', '*'), Principal: { AWS: `arn:aws:iam::${producer}:root` } };
  let keyArn: string;

  const seedKey = (...more: object[]): string => aws.seed.key(producer, { policy: document(root, ...more) }).arn;
  const seedBucket = (arn: string): void => {
    const policy = document({
      ...allow(['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::sealed/*'),
      Principal: { AWS: analystKms.arn },
    });
    aws.seed.bucket(producer, 'sealed', { encryption: { algorithm: 'aws:kms', keyArn: arn }, policy });
    aws.seed.object('sealed', 'k', 'secret');
  };
  let analystKms: SeededRole;

  beforeEach(() => {
    const s3 = allow('s3:*', 'arn:aws:s3:::sealed/*');
    analystKms = aws.seed.role(consumer, 'analyst-kms', {
      policies: { s3: document(s3), kms: document(allow('kms:*', '*', { Condition: viaS3 })) },
    });
  });

  test('given no use in the key policy, when the object is read, then kms:Decrypt is what is refused', async () => {
    keyArn = seedKey();
    seedBucket(keyArn);
    await expect(read(as(analystKms), 'sealed', 'k')).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('kms:Decrypt') as string,
    });
  });

  test('given use on both sides through S3, when the object is read and written, then it works', async () => {
    keyArn = seedKey({
      ...allow(['kms:Decrypt', 'kms:GenerateDataKey'], '*'),
      Principal: { AWS: analystKms.arn },
      Condition: viaS3,
    });
    seedBucket(keyArn);
    await expect(read(as(analystKms), 'sealed', 'k')).resolves.toBe('secret');
    const { s3 } = as(analystKms);
    await s3.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'new', Body: 'more' }));
    const head = await admin.s3.send(new HeadObjectCommand({ Bucket: 'sealed', Key: 'new' }));
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn });
  });

  test('given use for another Region only, when the object is read, then it is refused', async () => {
    const elsewhere = { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } };
    keyArn = seedKey({ ...allow('kms:Decrypt', '*'), Principal: { AWS: analystKms.arn }, Condition: elsewhere });
    seedBucket(keyArn);
    await expect(read(as(analystKms), 'sealed', 'k')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given the default key of S3, when another account reads, then it is refused whatever policies say', async () => {
    const policy = document({ ...allow('s3:GetObject', 'arn:aws:s3:::sealed/*'), Principal: { AWS: analystKms.arn } });
    aws.seed.bucket(producer, 'sealed', { encryption: { algorithm: 'aws:kms' }, policy });
    aws.seed.object('sealed', 'k', 'secret');
    await expect(read(as(analystKms), 'sealed', 'k')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(read(admin, 'sealed', 'k')).resolves.toBe('secret');
  });
});

test('given a multipart upload, when it is completed, then the parts are one object with an entity tag of parts', async () => {
  const { s3 } = admin;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: 'prod', Key: 'big' }));
  const one = await s3.send(new UploadPartCommand({ Bucket: 'prod', Key: 'big', UploadId, PartNumber: 1, Body: 'ab' }));
  const two = await s3.send(new UploadPartCommand({ Bucket: 'prod', Key: 'big', UploadId, PartNumber: 2, Body: 'cd' }));
  const Parts = [
    { PartNumber: 1, ETag: one.ETag },
    { PartNumber: 2, ETag: two.ETag },
  ];
  const { ETag } = await s3.send(
    new CompleteMultipartUploadCommand({ Bucket: 'prod', Key: 'big', UploadId, MultipartUpload: { Parts } }),
  );
  expect(ETag).toMatch(/-2"$/);
  await expect(read(admin, 'prod', 'big')).resolves.toBe('abcd');
});

test('given many keys, when they are listed with delimiter and pages, then every key and prefix comes exactly once, in order', async () => {
  for (const key of ['a/1', 'a/2', 'b', 'c/1', 'd', 'é']) aws.seed.object('prod', key);
  const seen: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await admin.s3.send(new ListObjectsV2Command({ Bucket: 'prod', Delimiter: '/', MaxKeys: 2, ContinuationToken }));
    seen.push(
      ...(page.CommonPrefixes ?? []).map((one) => one.Prefix ?? ''),
      ...(page.Contents ?? []).map((one) => one.Key ?? ''),
    );
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  expect(seen.sort()).toEqual(['a/', 'b', 'c/', 'd', 'folder/', 'é'].sort());
});
