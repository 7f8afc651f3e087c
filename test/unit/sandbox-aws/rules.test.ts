// What the stand-in refuses and remembers about buckets and their policies, as AWS does.
import { CreateRoleCommand, DeleteRoleCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
} from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAws, type Aws } from '../../../sandbox/aws/index.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const account = '111111111111';
const other = '222222222222';
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }],
});
const statement = (more: object = {}) => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${other}:root` },
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::prod/*',
  ...more,
});

let aws: Aws;
let admin: AwsClients;

const put = (policy: unknown, Bucket = 'prod') =>
  admin.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: typeof policy === 'string' ? policy : JSON.stringify(policy) }));
const putStatements = (...Statement: object[]) => put({ Version: '2012-10-17', Statement });
const readPolicy = async () => {
  const { Policy } = await admin.s3.send(new GetBucketPolicyCommand({ Bucket: 'prod' }));
  return JSON.parse(Policy ?? '{}') as { Statement: { Principal: { AWS: string | string[] } }[] };
};

beforeEach(() => {
  aws = createAws({ clock: createVirtualClock() });
  admin = awsClients(aws, account);
  aws.seed.bucket(account, 'prod');
});

describe('PutBucketPolicy refuses', () => {
  test.each([
    ['text that is no JSON', 'hello', "Policies must be valid JSON and the first byte must be '{'"],
    [
      'an action that fits no resource',
      { Statement: statement({ Resource: 'arn:aws:s3:::prod' }) },
      'Action does not apply to any resource(s) in statement',
    ],
    [
      'a list action on objects alone',
      { Statement: statement({ Action: 's3:ListBucket' }) },
      'Action does not apply to any resource(s) in statement',
    ],
    ['the ARN of another bucket', { Statement: statement({ Resource: 'arn:aws:s3:::else/*' }) }, 'Policy has invalid resource'],
    ['an action that S3 does not know', { Statement: statement({ Action: 's3:GetObjekt' }) }, 'Policy has invalid action'],
    [
      'a role that does not exist',
      { Statement: statement({ Principal: { AWS: `arn:aws:iam::${other}:role/nobody` } }) },
      'Invalid principal in policy',
    ],
    [
      'a role under the wrong path',
      { Statement: statement({ Principal: { AWS: `arn:aws:iam::${account}:role/team/there` } }) },
      'Invalid principal in policy',
    ],
    ['an id of nobody', { Statement: statement({ Principal: { AWS: 'AROAABCDEFGHIJKLMNOPQ' } }) }, 'Invalid principal in policy'],
    ['a statement without an effect', { Statement: statement({ Effect: undefined }) }, 'Missing required field Effect'],
    [
      'an operator that IAM does not know',
      { Statement: statement({ Condition: { StringSort: { 'aws:PrincipalArn': 'x' } } }) },
      'Invalid Condition type',
    ],
    ['two statements of one Sid', { Statement: [statement({ Sid: 'A' }), statement({ Sid: 'A' })] }, 'must be unique'],
  ])('%s', async (_what, policy, message) => {
    aws.seed.role(account, 'there');
    await expect(put(policy)).rejects.toMatchObject({
      name: 'MalformedPolicy',
      message: expect.stringContaining(message) as string,
    });
    await expect(readPolicy()).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  });

  test('more than 20 KB', async () => {
    const long = Array.from({ length: 300 }, (_, i) => statement({ Sid: `S${i}` }));
    await expect(putStatements(...long)).rejects.toMatchObject({ name: 'PolicyTooLarge' });
  });

  test('a bucket that is not the expected owner’s', async () => {
    const command = new PutBucketPolicyCommand({
      Bucket: 'prod',
      Policy: JSON.stringify({ Statement: statement() }),
      ExpectedBucketOwner: other,
    });
    await expect(admin.s3.send(command)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('callers whose identity policies do not name the action', async () => {
    const role = aws.seed.role(account, 'operator', {
      policies: { p: { Statement: [{ Effect: 'Allow', Action: 's3:GetBucketPolicy', Resource: '*' }] } },
    });
    const operator = awsClients(aws, aws.seed.session(role));
    await expect(
      operator.s3.send(new PutBucketPolicyCommand({ Bucket: 'prod', Policy: JSON.stringify({ Statement: statement() }) })),
    ).rejects.toThrow(
      `User: arn:aws:sts::${account}:assumed-role/operator/test is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::prod" because no identity-based policy allows the s3:PutBucketPolicy action`,
    );
  });
});

test('given a bucket policy that lets another account manage it, when that account does, then the method is not allowed', async () => {
  await putStatements(statement({ Action: 's3:PutBucketPolicy', Resource: 'arn:aws:s3:::prod' }));
  const command = new PutBucketPolicyCommand({ Bucket: 'prod', Policy: JSON.stringify({ Statement: statement() }) });
  await expect(awsClients(aws, other).s3.send(command)).rejects.toMatchObject({ name: 'MethodNotAllowed' });
});

describe('principals', () => {
  test('given a role in a policy, when it is deleted, then its id shows, cannot be put again, and its successor is another', async () => {
    const role = aws.seed.role(account, 'reader');
    await putStatements(statement({ Principal: { AWS: [role.arn, other] } }));
    expect((await readPolicy()).Statement[0]?.Principal.AWS).toEqual([role.arn, `arn:aws:iam::${other}:root`]);
    await admin.iam.send(new DeleteRoleCommand({ RoleName: 'reader' }));
    const after = await readPolicy();
    expect(after.Statement[0]?.Principal.AWS).toEqual([role.id, `arn:aws:iam::${other}:root`]);
    await expect(put(after)).rejects.toMatchObject({
      name: 'MalformedPolicy',
      message: 'Invalid principal in policy',
      Detail: `"AWS" : "${role.id}"`,
    });
    const again = aws.seed.role(account, 'reader');
    expect(again.id).not.toBe(role.id);
    expect((await readPolicy()).Statement[0]?.Principal.AWS).toEqual([role.id, `arn:aws:iam::${other}:root`]);
  });

  test('given a visibility delay, when a new role is named at once, then it is unknown until the delay is over', async () => {
    aws.configure({ principalVisibilityMs: 10_000 });
    const { Role } = await admin.iam.send(new CreateRoleCommand({ RoleName: 'young', AssumeRolePolicyDocument: trust }));
    const named = statement({ Principal: { AWS: Role?.Arn } });
    await expect(putStatements(named)).rejects.toMatchObject({ name: 'MalformedPolicy', message: 'Invalid principal in policy' });
    aws.clock.advance(10_000);
    await expect(putStatements(named)).resolves.toBeDefined();
  });
});

describe('consistency', () => {
  test('given a stale-read window, when a policy was just put, then readers see the one before until it is over', async () => {
    aws.configure({ staleReadMs: 5_000 });
    await putStatements(statement({ Sid: 'One' }));
    await expect(readPolicy()).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
    aws.clock.advance(5_000);
    expect((await readPolicy()).Statement).toHaveLength(1);
  });

  test('given a put that takes its time, when another one of the same document comes, then it conflicts', async () => {
    const clock = createVirtualClock();
    aws = createAws({ clock });
    admin = awsClients(aws, account);
    aws.seed.bucket(account, 'prod');
    aws.faults.add({ kind: 'latency', ms: 1_000, times: 1, match: { operation: 'PutBucketPolicy' } });
    const slow = putStatements(statement());
    await clock.settle();
    await expect(putStatements(statement())).rejects.toMatchObject({
      name: 'OperationAborted',
      $metadata: { httpStatusCode: 409 },
    });
    await clock.advance(1_000);
    await expect(slow).resolves.toBeDefined();
    await expect(putStatements(statement())).resolves.toBeDefined();
  });
});

describe('buckets', () => {
  test('given a name in use, when anybody creates it, then the answer depends on who has it', async () => {
    await expect(admin.s3.send(new CreateBucketCommand({ Bucket: 'prod' }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    await expect(awsClients(aws, other).s3.send(new CreateBucketCommand({ Bucket: 'prod' }))).rejects.toMatchObject({
      name: 'BucketAlreadyExists',
    });
    const { Buckets } = await admin.s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map((bucket) => bucket.Name)).toEqual(['prod']);
  });

  test('given a new bucket, when its configuration is read, then it has the defaults of AWS', async () => {
    const { s3 } = admin;
    const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket: 'prod' }));
    expect(encryption.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault).toEqual({
      SSEAlgorithm: 'AES256',
    });
    const ownership = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket: 'prod' }));
    expect(ownership.OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
    const block = await s3.send(new GetPublicAccessBlockCommand({ Bucket: 'prod' }));
    expect(block.PublicAccessBlockConfiguration).toMatchObject({ BlockPublicPolicy: true, RestrictPublicBuckets: true });
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: 'prod' }))).LocationConstraint).toBe('eu-west-1');
    await expect(s3.send(new GetBucketTaggingCommand({ Bucket: 'prod' }))).rejects.toMatchObject({ name: 'NoSuchTagSet' });
  });

  test('given changes, when the configuration is read again, then it shows them', async () => {
    const { s3 } = admin;
    const keyArn = aws.seed.key(account).arn;
    const Rules = [
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: keyArn },
        BucketKeyEnabled: true,
      },
    ];
    await s3.send(new PutBucketEncryptionCommand({ Bucket: 'prod', ServerSideEncryptionConfiguration: { Rules } }));
    await s3.send(new PutBucketTaggingCommand({ Bucket: 'prod', Tagging: { TagSet: [{ Key: 'team', Value: 'a & b' }] } }));
    const read = await s3.send(new GetBucketEncryptionCommand({ Bucket: 'prod' }));
    expect(read.ServerSideEncryptionConfiguration?.Rules).toEqual(Rules);
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket: 'prod' }))).TagSet).toEqual([{ Key: 'team', Value: 'a & b' }]);
  });

  test('given a bucket elsewhere, when it is asked for here, then the answer says where it is', async () => {
    aws.seed.bucket(account, 'far', { region: 'us-west-2' });
    await expect(admin.s3.send(new GetBucketPolicyCommand({ Bucket: 'far' }))).rejects.toMatchObject({
      name: 'PermanentRedirect',
    });
    expect((await admin.s3.send(new GetBucketLocationCommand({ Bucket: 'far' }))).LocationConstraint).toBe('us-west-2');
    await expect(admin.s3.send(new HeadBucketCommand({ Bucket: 'gone' }))).rejects.toMatchObject({ name: 'NotFound' });
  });
});
