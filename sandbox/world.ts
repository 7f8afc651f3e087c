/**
 * The AWS accounts that the sandbox starts with: a producer, a consumer, and the platform account in which the operator has its
 * identity. Data, and one function that makes it with ordinary AWS calls, so that it works on any emulator. Nothing here is a secret:
 * the accounts don't exist.
 */
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateAliasCommand, CreateKeyCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutBucketEncryptionCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { SandboxClients } from './cli/clients.ts';
import { operatorPolicy, operatorRolePolicy, trust } from './operator-policy.ts';

/** Region of everything. */
export const region = 'eu-west-1';

/** Account numbers. */
export const accounts = { sales: '111122223333', analytics: '444455556666', platform: '999988887777' } as const;

/** The operator's own identity. */
export const operatorArn = `arn:aws:iam::${accounts.platform}:user/sluice-operator`;

/** What the roles `sluice` in the two accounts ask for besides the operator's identity. */
export const externalId = 'sluice-sandbox';

/** Roles in the consumer account that may receive shares. Without a share they can read nothing. */
const consumerRoles = ['analysts', 'interns', 'data-science', 'reporting'];

interface Bucket {
  readonly name: string;
  readonly objects: Readonly<Record<string, string>>;
  /** Alias of the customer managed key that encrypts it; absent: encrypted with S3's own key. */
  readonly keyAlias?: string;
}

const buckets: readonly Bucket[] = [
  {
    name: 'acme-orders',
    objects: {
      'raw/2026/orders.csv': 'order,region,amount\n1001,EU,120.50\n1002,US,80.00\n1003,EU,42.10\n',
      'raw/2025/orders.csv': 'order,region,amount\n901,EU,15.00\n902,US,300.00\n',
      'curated/by-region.csv': 'region,amount\nEU,162.60\nUS,80.00\n',
    },
  },
  {
    name: 'acme-payments',
    objects: { 'raw/2026/payments.csv': 'payment,order,amount\n1,1001,120.50\n2,1002,80.00\n' },
    keyAlias: 'alias/acme-payments',
  },
  { name: 'acme-web-logs', objects: { '2026/11/01.log': '10.0.0.1 GET /orders 200\n' } },
];

/** How to get the AWS clients of an account's administrator. */
export type ClientsOf = (accountId: string) => SandboxClients;

/** Keys of the operator's identity. */
export interface OperatorKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Makes all of it in an empty AWS and returns the keys of the operator's identity. */
export async function createWorld(clientsOf: ClientsOf): Promise<OperatorKeys> {
  const keys = await createOperator(clientsOf(accounts.platform));
  for (const account of [accounts.sales, accounts.analytics]) await createOperatorRole(clientsOf(account), account);
  const sales = clientsOf(accounts.sales);
  for (const bucket of buckets) await createBucket(sales, bucket);
  const { iam } = clientsOf(accounts.analytics);
  const trustAccount = trust(`arn:aws:iam::${accounts.analytics}:root`);
  for (const name of consumerRoles)
    await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trustAccount }));
  return keys;
}

async function createOperator({ iam }: SandboxClients): Promise<OperatorKeys> {
  const UserName = 'sluice-operator';
  await iam.send(new CreateUserCommand({ UserName }));
  const policy = JSON.stringify(operatorPolicy([accounts.sales, accounts.analytics]));
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'assume-sluice-roles', PolicyDocument: policy }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  if (!AccessKey?.AccessKeyId || !AccessKey.SecretAccessKey) throw new Error('AWS made no access key for the operator.');
  return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
}

async function createOperatorRole({ iam }: SandboxClients, account: string): Promise<void> {
  const RoleName = 'sluice';
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust(operatorArn, externalId) }));
  const PolicyDocument = JSON.stringify(operatorRolePolicy(account));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'sluice', PolicyDocument }));
}

async function createBucket({ s3, kms }: SandboxClients, { name, objects, keyAlias }: Bucket): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: region } }));
  if (keyAlias !== undefined) {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: `encrypts ${name}` }));
    if (!KeyMetadata?.KeyId || !KeyMetadata.Arn) throw new Error(`AWS made no key for ${name}.`);
    await kms.send(new CreateAliasCommand({ AliasName: keyAlias, TargetKeyId: KeyMetadata.KeyId }));
    const rule = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KeyMetadata.Arn } as const;
    const Rules = [{ ApplyServerSideEncryptionByDefault: rule, BucketKeyEnabled: true }];
    await s3.send(new PutBucketEncryptionCommand({ Bucket: name, ServerSideEncryptionConfiguration: { Rules } }));
  }
  for (const [Key, Body] of Object.entries(objects)) await s3.send(new PutObjectCommand({ Bucket: name, Key, Body }));
}
