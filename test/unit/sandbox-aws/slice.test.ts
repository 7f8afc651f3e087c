import {
  CreatePolicyCommand,
  CreateRoleCommand,
  GetRoleCommand,
  AttachRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  GetPolicyVersionCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { createAws, listenAws } from '../../../sandbox/aws/index.ts';
import { awsClients } from '../../support/aws.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const producer = '111122223333';
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: producer }, Action: 'sts:AssumeRole' }],
});

test('given a role that trusts the account, when it is assumed, then GetCallerIdentity names the session', async () => {
  const aws = createAws({ clock: createVirtualClock() });
  const admin = awsClients(aws, producer);
  const { Role } = await admin.iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust }));
  expect(Role?.Arn).toBe('arn:aws:iam::111122223333:role/reader');
  const { Credentials } = await admin.sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'me' }));
  const session = awsClients(aws, {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: 'x',
    sessionToken: Credentials?.SessionToken ?? '',
  });
  const identity = await session.sts.send(new GetCallerIdentityCommand({}));
  expect(identity.Arn).toBe('arn:aws:sts::111122223333:assumed-role/reader/me');
  expect(identity.UserId).toBe(`${Role?.RoleId}:me`);
});

test('given a bucket, when policy and object are put, then both are read back', async () => {
  const aws = createAws({ clock: createVirtualClock() });
  const { s3, iam } = awsClients(aws, producer);
  await s3.send(new CreateBucketCommand({ Bucket: 'orders', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
  await expect(s3.send(new GetBucketPolicyCommand({ Bucket: 'orders' }))).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust }));
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:role/reader' },
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::orders/*',
      },
    ],
  };
  await s3.send(new PutBucketPolicyCommand({ Bucket: 'orders', Policy: JSON.stringify(policy), ExpectedBucketOwner: producer }));
  const read = await s3.send(new GetBucketPolicyCommand({ Bucket: 'orders' }));
  expect(JSON.parse(read.Policy ?? '')).toEqual(policy);
  await s3.send(new DeleteBucketPolicyCommand({ Bucket: 'orders' }));
  await s3.send(new PutObjectCommand({ Bucket: 'orders', Key: 'a/b c.txt', Body: 'hello' }));
  const object = await s3.send(new GetObjectCommand({ Bucket: 'orders', Key: 'a/b c.txt' }));
  expect(await object.Body?.transformToString()).toBe('hello');
  expect(aws.calls.counts()['s3:PutBucketPolicy']).toBe(1);
});

test('given a managed policy, when it is attached, then the role lists it and its document reads back', async () => {
  const aws = createAws({ clock: createVirtualClock() });
  const { iam } = awsClients(aws, producer);
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust }));
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
  });
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: 'p', Path: '/sluice/', PolicyDocument: document, Tags: [{ Key: 'k', Value: 'v' }] }),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn: Policy?.Arn }));
  const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'reader' }));
  expect(attached.AttachedPolicies).toEqual([{ PolicyArn: 'arn:aws:iam::111122223333:policy/sluice/p', PolicyName: 'p' }]);
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn: Policy?.Arn, VersionId: 'v1' }));
  expect(decodeURIComponent(PolicyVersion?.Document ?? '')).toBe(document);
  await expect(iam.send(new GetRoleCommand({ RoleName: 'nobody' }))).rejects.toMatchObject({ name: 'NoSuchEntityException' });
});

test('given a key, when its policy is put, then it reads back', async () => {
  const aws = createAws({ clock: createVirtualClock() });
  const { kms } = awsClients(aws, producer);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const before = await kms.send(new GetKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId }));
  const policy = JSON.parse(before.Policy ?? '') as { Statement: object[] };
  policy.Statement.push({ Effect: 'Allow', Principal: '*', Action: 'kms:DescribeKey', Resource: '*' });
  await kms.send(new PutKeyPolicyCommand({ KeyId: KeyMetadata?.Arn, Policy: JSON.stringify(policy) }));
  const after = await kms.send(new GetKeyPolicyCommand({ KeyId: KeyMetadata?.Arn }));
  expect(JSON.parse(after.Policy ?? '')).toEqual(policy);
});

test('given the stand-in over HTTP, when a client uses path-style addresses, then it works as in process', async () => {
  const aws = createAws({ clock: createVirtualClock() });
  const server = await listenAws(aws, { port: 0 });
  try {
    const s3 = new S3Client({
      endpoint: server.url,
      region: 'eu-west-1',
      forcePathStyle: true,
      credentials: { accessKeyId: producer, secretAccessKey: 'x' },
    });
    await s3.send(new CreateBucketCommand({ Bucket: 'orders' }));
    await s3.send(new PutObjectCommand({ Bucket: 'orders', Key: 'k', Body: 'hello' }));
    const object = await s3.send(new GetObjectCommand({ Bucket: 'orders', Key: 'k' }));
    expect(await object.Body?.transformToString()).toBe('hello');
    s3.destroy();
  } finally {
    await server.close();
  }
});
