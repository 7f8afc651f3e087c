// What the operator learns of a bucket whose policy is public: whether block public access, of the bucket or of its account, stands in the way.
import { PutPublicAccessBlockCommand, PutBucketPolicyCommand, CreateBucketCommand } from '@aws-sdk/client-s3';
import { PutPublicAccessBlockCommand as PutAccountPublicAccessBlockCommand } from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, it } from 'vitest';
import { createAws, type Aws } from '../../../sandbox/aws/index.ts';
import { observeBucket } from '../../../src/aws/buckets.ts';
import type { Sessions } from '../../../src/aws/sessions.ts';
import { systemClock } from '../../../src/clock.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';

const account = '111122223333';
const session = { environment: 'e', accountId: account, region: 'eu-west-1' };
const off = { BlockPublicAcls: false, IgnorePublicAcls: false, BlockPublicPolicy: false, RestrictPublicBuckets: false };

let aws: Aws;
let clients: AwsClients;

beforeEach(async () => {
  aws = createAws({ clock: systemClock });
  clients = awsClients(aws, account);
  await clients.s3.send(new CreateBucketCommand({ Bucket: 'acme' }));
  await block(off);
});

async function block(settings: typeof off): Promise<void> {
  await clients.s3.send(new PutPublicAccessBlockCommand({ Bucket: 'acme', PublicAccessBlockConfiguration: settings }));
}

async function policy(condition: object = {}): Promise<void> {
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme/*', ...condition };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await clients.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy }));
}

async function publicPolicy(): Promise<unknown> {
  const unused = (): never => {
    throw new Error('only clients are needed');
  };
  const sessions: Sessions = { clients: () => clients, callerIdentity: unused, ownIdentity: unused, forget: () => undefined };
  const seen = await observeBucket(sessions, session, 'acme', false);
  if (seen.kind !== 'found') throw new Error(JSON.stringify(seen));
  return seen.value.publicPolicy;
}

describe('a bucket', () => {
  it('without a policy, and with one that is not public, costs no look at block public access', async () => {
    expect(await publicPolicy()).toBeUndefined();
    await policy({ Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } });
    aws.calls.reset();
    expect(await publicPolicy()).toBeUndefined();
    expect(aws.calls.list().map(({ operation }) => operation)).not.toContain('GetPublicAccessBlock');
  });

  it.each([
    ['that nothing blocks', off, { refused: false, restricted: false }],
    ['that S3 refuses', { ...off, BlockPublicPolicy: true }, { refused: true, restricted: false }],
    ['that S3 restricts', { ...off, RestrictPublicBuckets: true }, { refused: false, restricted: true }],
  ])('with a public policy %s', async (_name, settings, expected) => {
    await policy();
    await block(settings);
    expect(await publicPolicy()).toEqual(expected);
  });

  it('with a public policy that the account blocks', async () => {
    await policy();
    await clients.s3control.send(
      new PutAccountPublicAccessBlockCommand({
        AccountId: account,
        PublicAccessBlockConfiguration: { ...off, BlockPublicPolicy: true, RestrictPublicBuckets: true },
      }),
    );
    expect(await publicPolicy()).toEqual({ refused: true, restricted: true });
  });
});
