/** AWS clients of the sandbox's own: for its administrators and for whoever tries a share. The operator's clients are elsewhere (src/aws). */
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { plainEndpoint } from '../../src/aws/clients.ts';

/** One client for each service that the sandbox uses. */
export interface SandboxClients {
  readonly s3: S3Client;
  readonly s3control: S3ControlClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly sts: STSClient;
}

/** Where AWS is: an address, or a handler that serves in process. */
export interface AwsPlace {
  readonly region: string;
  readonly endpoint?: string;
  readonly requestHandler?: NonNullable<S3ClientConfig['requestHandler']>;
}

/** Access keys of whoever calls. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** An account's administrator: the stand-in takes the account number for the access key id, as local AWS stacks do. */
export function administratorOf(accountId: string): Keys {
  return { accessKeyId: accountId, secretAccessKey: 'sandbox' };
}

/** Clients that call as `keys`. */
export function clientsFor(place: AwsPlace, keys: Keys): SandboxClients {
  const common = { ...place, credentials: keys, ...(place.endpoint !== undefined && { disableHostPrefix: true }) };
  return {
    s3: new S3Client({ ...common, forcePathStyle: true }),
    s3control: new S3ControlClient({ ...common, ...(place.endpoint === undefined ? {} : plainEndpoint(place.endpoint)) }),
    iam: new IAMClient(common),
    kms: new KMSClient(common),
    sts: new STSClient(common),
  };
}

/**
 * Keys of a role, assumed by an administrator of the role's account.
 * @throws AccessDenied when the role doesn't trust its own account, NoSuchEntity or AccessDenied when there is no such role.
 */
export async function assume(place: AwsPlace, roleArn: string): Promise<Keys> {
  const accountId = /^arn:aws:iam::(\d{12}):role\/.+/.exec(roleArn)?.[1];
  if (accountId === undefined)
    throw new Error(`"${roleArn}" isn't a role's ARN, such as arn:aws:iam::444455556666:role/analysts.`);
  const { sts } = clientsFor(place, administratorOf(accountId));
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'sandbox' }));
  if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey || !Credentials.SessionToken) {
    throw new Error(`AWS gave no credentials for ${roleArn}.`);
  }
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  };
}
