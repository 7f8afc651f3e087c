/** SDK clients wired to a stand-in in this process. Tests only. */
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { STSClient } from '@aws-sdk/client-sts';
import type { Aws } from '../../sandbox/aws/index.ts';

/** Clients of one identity in one Region. */
export interface AwsClients {
  readonly s3: S3Client;
  readonly s3control: S3ControlClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly sts: STSClient;
}

/** Keys of a session, as AssumeRole gives them. */
export interface TestCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
}

/** Clients that call as `identity`: an access key id (twelve digits: that account's administrator) or a session's credentials. No retries. */
export function awsClients(aws: Aws, identity: string | TestCredentials, region = 'eu-west-1'): AwsClients {
  const given = typeof identity === 'string' ? { accessKeyId: identity } : identity;
  const credentials = { secretAccessKey: 'not-verified', ...given };
  const config = { region, credentials, requestHandler: aws.requestHandler(), maxAttempts: 1 };
  return {
    s3: new S3Client(config),
    s3control: new S3ControlClient(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    sts: new STSClient(config),
  };
}
