// Access points of the stand-in, and what S3 takes for a public policy.
import { DeleteBucketCommand } from '@aws-sdk/client-s3';
import {
  CreateAccessPointCommand,
  DeleteAccessPointCommand,
  GetAccessPointCommand,
  GetAccessPointPolicyCommand,
  ListAccessPointsCommand,
  PutAccessPointPolicyCommand,
} from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAws, type Aws } from '../../../sandbox/aws/index.ts';
import { isPublicPolicy } from '../../../sandbox/aws/policy/public.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const account = '111111111111';
const other = '222222222222';
const statement = (more: object = {}) => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${other}:root` },
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::prod/*',
  ...more,
});

let aws: Aws;
let admin: AwsClients;

beforeEach(() => {
  aws = createAws({ clock: createVirtualClock() });
  admin = awsClients(aws, account);
  aws.seed.bucket(account, 'prod');
});

describe('what counts as public', () => {
  const everybody = (Condition?: object) =>
    JSON.stringify({ Statement: [statement({ Principal: '*', ...(Condition ? { Condition } : {}) })] });
  const point = (account: string) => ({
    ArnLike: { 's3:DataAccessPointArn': `arn:aws:s3:eu-west-1:${account}:accesspoint/p-*` },
  });

  test.each([
    ['no condition', undefined, true],
    ['a condition on something else', { Bool: { 'aws:SecureTransport': 'true' } }, true],
    ['a wildcard in the value', { StringLike: { 'aws:SourceVpc': 'vpc-*' } }, true],
    ['a fixed value', { StringEquals: { 'aws:SourceVpc': 'vpc-91237329' } }, false],
    ['a negated operator', { StringNotEquals: { 'aws:SourceVpc': 'vpc-91237329' } }, true],
    ['a broad range of addresses', { IpAddress: { 'aws:SourceIp': '0.0.0.0/1' } }, true],
    ['a narrow range of addresses', { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '198.51.100.0/24'] } }, false],
    ['access points of one account', point(account), false],
    ['access points of any account', point('*'), true],
  ])('given everybody with %s, then the answer is as in the guide', (_what, condition, isPublic) => {
    expect(isPublicPolicy(everybody(condition), 'bucket')).toBe(isPublic);
  });

  test('given access points by ARN in an access point policy, then it is public, unlike in a bucket policy', () => {
    expect(isPublicPolicy(everybody(point(account)), 'accesspoint')).toBe(true);
  });

  test('given fixed principals or a Deny, then it is not public', () => {
    expect(
      isPublicPolicy(JSON.stringify({ Statement: [statement(), statement({ Effect: 'Deny', Principal: '*' })] }), 'bucket'),
    ).toBe(false);
  });
});

describe('access points', () => {
  const create = (Name = 'share-1') =>
    admin.s3control.send(new CreateAccessPointCommand({ AccountId: account, Name, Bucket: 'prod' }));
  const get = (Name = 'share-1') => admin.s3control.send(new GetAccessPointCommand({ AccountId: account, Name }));

  test('given an access point, when it is read and listed, then it shows ARN, alias and all blocks on', async () => {
    const made = await create();
    const read = await get();
    expect(read).toMatchObject({
      Bucket: 'prod',
      Alias: made.Alias,
      AccessPointArn: `arn:aws:s3:eu-west-1:${account}:accesspoint/share-1`,
      BucketAccountId: account,
    });
    expect(read.PublicAccessBlockConfiguration).toMatchObject({ BlockPublicPolicy: true });
    const { AccessPointList } = await admin.s3control.send(new ListAccessPointsCommand({ AccountId: account, Bucket: 'prod' }));
    expect(AccessPointList?.map((one) => one.Name)).toEqual(['share-1']);
    await expect(create()).rejects.toMatchObject({ name: 'AccessPointAlreadyOwnedByYou' });
    await expect(admin.s3.send(new DeleteBucketCommand({ Bucket: 'prod' }))).rejects.toMatchObject({
      name: 'BucketHasAccessPointsAttached',
    });
    await admin.s3control.send(new DeleteAccessPointCommand({ AccountId: account, Name: 'share-1' }));
    await expect(get()).rejects.toMatchObject({ name: 'NoSuchAccessPoint' });
  });

  test('given a visibility delay, when an access point was just created, then it is not there yet', async () => {
    aws.configure({ accessPointVisibilityMs: 3_000 });
    await create();
    await expect(get()).rejects.toMatchObject({ name: 'NoSuchAccessPoint' });
    aws.clock.advance(3_000);
    await expect(get()).resolves.toMatchObject({ Name: 'share-1' });
  });

  test('given a policy, when it names anything but the point itself, then it is refused', async () => {
    await create();
    const arn = `arn:aws:s3:eu-west-1:${account}:accesspoint/share-1`;
    const putPoint = (more: object) =>
      admin.s3control.send(
        new PutAccessPointPolicyCommand({
          AccountId: account,
          Name: 'share-1',
          Policy: JSON.stringify({ Statement: [statement(more)] }),
        }),
      );
    await expect(
      admin.s3control.send(new GetAccessPointPolicyCommand({ AccountId: account, Name: 'share-1' })),
    ).rejects.toMatchObject({ name: 'NoSuchAccessPointPolicy' });
    await expect(putPoint({})).rejects.toMatchObject({ name: 'MalformedPolicy', message: 'Policy has invalid resource' });
    await expect(putPoint({ Principal: '*', Resource: `${arn}/object/*` })).rejects.toThrow('BlockPublicPolicy');
    await putPoint({ Resource: `${arn}/object/f/*` });
    const role = aws.seed.role(account, 'r');
    const sessions = { StringLike: { 'aws:userId': [`${role.id}:*`] } };
    await expect(putPoint({ Principal: '*', Resource: `${arn}/object/*`, Condition: sessions })).resolves.toBeDefined();
  });
});
