// What can be made to go wrong in the stand-in, and what it tells about calls.
import { CreateRoleCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import { ListBucketsCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAws, type Aws, type CallEvent } from '../../../sandbox/aws/index.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

const account = '111111111111';
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }],
});

let clock: VirtualClock;
let aws: Aws;
let admin: AwsClients;

const create = (RoleName = 'r') => admin.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
const get = (RoleName = 'r') => admin.iam.send(new GetRoleCommand({ RoleName }));

beforeEach(() => {
  clock = createVirtualClock();
  aws = createAws({ clock });
  admin = awsClients(aws, account);
});

describe('faults', () => {
  test('given throttling, when each service is called, then it answers with its own code', async () => {
    aws.faults.add({ kind: 'throttle' });
    await expect(get()).rejects.toMatchObject({
      name: 'Throttling',
      message: 'Rate exceeded',
      $metadata: { httpStatusCode: 400 },
    });
    await expect(admin.s3.send(new ListBucketsCommand({}))).rejects.toMatchObject({
      name: 'SlowDown',
      $metadata: { httpStatusCode: 503 },
    });
    await expect(admin.kms.send(new DescribeKeyCommand({ KeyId: 'k' }))).rejects.toMatchObject({ name: 'ThrottlingException' });
    await expect(admin.sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'Throttling' });
  });

  test('given a reply that is lost, when the call fails, then it took effect all the same', async () => {
    aws.faults.add({ kind: 'lose-reply', times: 1, match: { service: 'iam', operation: 'CreateRole' } });
    await expect(create()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(get()).resolves.toBeDefined();
    expect(aws.calls.writes()).toMatchObject([{ operation: 'CreateRole', code: 'ECONNRESET', effective: true }]);
  });

  test('given a lost reply, when the SDK may retry, then it finds what its first try made', async () => {
    aws.faults.add({ kind: 'lose-reply', times: 1 });
    const config = {
      region: 'eu-west-1',
      requestHandler: aws.requestHandler(),
      credentials: { accessKeyId: account, secretAccessKey: 'x' },
    };
    const iam = new IAMClient({ ...config, maxAttempts: 2 });
    await expect(iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust }))).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
    });
  });

  test('given a refused connection or an error, when the call fails, then nothing happened', async () => {
    aws.faults.add({ kind: 'refuse-connection', times: 1 });
    await expect(create()).rejects.toMatchObject({ code: 'ECONNRESET' });
    aws.faults.add({ kind: 'error', times: 1, code: 'ServiceFailure', status: 500, message: 'The service failed.' });
    await expect(create()).rejects.toMatchObject({ name: 'ServiceFailureException', $metadata: { httpStatusCode: 500 } });
    await expect(get()).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });

  test('given a match by account, resource and count, when others call, then they are not hit', async () => {
    aws.faults.add({ kind: 'throttle', times: 2, match: { account, resource: `arn:aws:iam::${account}:role/slow*` } });
    await expect(create('fast')).resolves.toBeDefined();
    await expect(create('slow-1')).rejects.toMatchObject({ name: 'Throttling' });
    await expect(create('slow-2')).rejects.toMatchObject({ name: 'Throttling' });
    await expect(create('slow-3')).resolves.toBeDefined();
    expect(aws.faults.list()).toEqual([]);
  });

  test('given latency, when time passes, then the call goes on, and an aborted one ends at once', async () => {
    aws.faults.add({ kind: 'latency', ms: 2_000 });
    let done = false;
    const slow = create().then(() => (done = true));
    await clock.advance(1_999);
    expect(done).toBe(false);
    await clock.advance(1);
    await slow;
    const gone = new AbortController();
    const pending = admin.iam.send(new GetRoleCommand({ RoleName: 'r' }), { abortSignal: gone.signal });
    gone.abort();
    await expect(pending).rejects.toThrow();
  });

  test('given an expired token, when it is answered, then each service uses its own code', async () => {
    aws.faults.add({ kind: 'expired-token' });
    await expect(get()).rejects.toMatchObject({ name: 'ExpiredToken' });
    await expect(admin.kms.send(new DescribeKeyCommand({ KeyId: 'k' }))).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  });

  test('given a probability and a seed, when the same calls are made twice, then the same ones fail', async () => {
    const run = async (): Promise<boolean[]> => {
      aws.reset();
      aws.faults.add({ kind: 'throttle', probability: 0.5 });
      const out: boolean[] = [];
      for (let i = 0; i < 20; i++)
        out.push(
          await create(`r${i}`).then(
            () => true,
            () => false,
          ),
        );
      return out;
    };
    const first = await run();
    expect(new Set(first).size).toBe(2);
    expect(await run()).toEqual(first);
  });
});

describe('the call log', () => {
  test('given calls, when they are read back, then each says who did what to what, and how it ended', async () => {
    await create();
    await get('nobody').catch(() => undefined);
    expect(aws.calls.list()).toMatchObject([
      {
        account,
        caller: `arn:aws:iam::${account}:root`,
        service: 'iam',
        operation: 'CreateRole',
        resource: `arn:aws:iam::${account}:role/r`,
        readOnly: false,
      },
      { operation: 'GetRole', readOnly: true, code: 'NoSuchEntity' },
    ]);
    expect(aws.calls.writes()).toHaveLength(1);
    expect(aws.calls.counts()).toEqual({ 'iam:CreateRole': 1, 'iam:GetRole': 1 });
    aws.calls.reset();
    expect(aws.calls.list()).toEqual([]);
  });

  test('given a hook, when it throws after a write, then the client crashes there and the write stays', async () => {
    const events: CallEvent[] = [];
    const remove = aws.onCall((event) => {
      events.push(event);
      if (event.operation === 'CreateRole' && event.phase === 'after') throw new Error('crashed here');
    });
    await expect(create()).rejects.toThrow('crashed here');
    await expect(get()).resolves.toBeDefined();
    expect(events.map((event) => `${event.phase} ${event.operation}`)).toEqual([
      'before CreateRole',
      'after CreateRole',
      'before GetRole',
      'after GetRole',
    ]);
    remove();
    await expect(create('s')).resolves.toBeDefined();
  });
});

describe('snapshots', () => {
  test('given a snapshot, when the world changes and is restored, then it is as it was, ids included', async () => {
    await create('kept');
    const snapshot = aws.snapshot();
    const first = await create('later');
    aws.restore(snapshot);
    await expect(get('kept')).resolves.toBeDefined();
    await expect(get('later')).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    const second = await create('later');
    expect(second.Role?.RoleId).toBe(first.Role?.RoleId);
    aws.reset();
    await expect(get('kept')).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });

  test('given an operation that is not implemented, when it is called, then the answer says so', async () => {
    const s3: S3Client = admin.s3;
    const { PutBucketAclCommand } = await import('@aws-sdk/client-s3');
    aws.seed.bucket(account, 'prod');
    await expect(s3.send(new PutBucketAclCommand({ Bucket: 'prod', ACL: 'private' }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    await expect(s3.send(new PutBucketPolicyCommand({ Bucket: 'nope', Policy: '{}' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });
});
