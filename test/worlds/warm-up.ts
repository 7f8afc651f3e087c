/**
 * The SDK loads parts of itself when they are needed first. That takes real time, in which a virtual clock would go on: so each kind of client is used once before the first
 * world of a process, and worlds are the same in every process.
 */
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { ListAccessPointsCommand } from '@aws-sdk/client-s3-control';
import { createAws } from '../../sandbox/aws/index.ts';
import { createRateLimiter } from '../../src/aws/limiter.ts';
import { createSessions } from '../../src/aws/sessions.ts';
import { systemClock } from '../../src/clock.ts';

const account = '111122223333';

/** Uses each kind of client once, over the wire. */
export async function warmUp(): Promise<void> {
  const aws = createAws({ clock: systemClock });
  aws.seed.role(account, 'someone');
  const bucket = aws.seed.bucket(account, 'warm-up');
  const key = aws.seed.key(account);
  const sessions = createSessions({
    installation: 'warmup00',
    clock: systemClock,
    limiter: createRateLimiter(systemClock),
    externalId: () => undefined,
    baseCredentials: async () => ({ accessKeyId: account, secretAccessKey: 'not-verified' }),
    requestHandler: aws.requestHandler(),
  });
  const { s3, s3control, iam, kms } = sessions.clients({ environment: 'warm-up', accountId: account, region: 'eu-west-1' });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:DeleteBucket', Resource: bucket.arn }],
  });
  await sessions.ownIdentity('eu-west-1');
  await s3.send(new PutBucketPolicyCommand({ Bucket: 'warm-up', Policy }));
  await s3.send(new GetBucketPolicyCommand({ Bucket: 'warm-up' }));
  await s3control.send(new ListAccessPointsCommand({ AccountId: account }));
  await iam.send(new GetRoleCommand({ RoleName: 'someone' }));
  await kms.send(new DescribeKeyCommand({ KeyId: key.arn }));
}
