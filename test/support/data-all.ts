/**
 * What data.all 2.9 leaves in AWS when it grants shares of a bucket and of a folder to one role of another account, and what it takes out again when it revokes them
 * (s3_datasets_shares/services/share_managers): for tests of the move from there.
 */
import type { Aws } from '../../sandbox/aws/index.ts';
import { accessPointName } from '../../src/cli/import/left-behind.ts';

/** Where data.all works. */
export interface DataAllPlace {
  readonly producer: string;
  readonly consumer: string;
  readonly bucket: string;
  readonly keyArn: string;
  readonly role: { readonly arn: string; readonly id: string; readonly name: string };
  readonly datasetUri: string;
  readonly principalId: string;
  readonly prefix: string;
}

/** What it has written. */
export interface DataAllGrants {
  readonly accessPoint: string;
  readonly policyArn: string;
  /** The text of each document, by name, as AWS has it now; undefined where there is none. */
  documents(): Readonly<Record<string, string | undefined>>;
  /** Revokes all of it, in data.all's order. */
  revoke(): void;
}

const statement = (Sid: string, arn: string, Action: readonly string[], Resource: readonly string[]): object => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: [arn] },
  Action,
  Resource,
});
/** JSON as Python's json.dumps writes it, which is how data.all's documents look: with a space behind each comma and colon. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}: ${pythonJson(member)}`)
    .join(', ')}}`;
}

const policy = (...Statement: readonly object[]): string => pythonJson({ Version: '2012-10-17', Statement });

/** Statements that stay when data.all revokes, and those that go. */
function bucketStatements({ producer, bucket, role }: DataAllPlace): { readonly stay: object[]; readonly go: object[] } {
  const resources = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const tls = {
    Sid: 'RequiredSecureTransport',
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: 's3:*',
    Resource: resources,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const delegate = {
    Sid: 'DelegateAccessToAccessPoint',
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:*',
    Resource: resources,
    Condition: { StringEquals: { 's3:DataAccessPointAccount': producer } },
  };
  const actions = ['s3:List*', 's3:GetObject', 's3:GetObjectAttributes'];
  return { stay: [tls, delegate], go: [statement('DataAll-Bucket-ReadOnly', role.arn, actions, resources)] };
}

function keyStatements({ producer, role }: DataAllPlace): { readonly stay: object[]; readonly go: object[] } {
  const root = statement('EnableAdministration', `arn:aws:iam::${producer}:root`, ['kms:*'], ['*']);
  return {
    stay: [root],
    go: [
      statement('DataAll-Bucket-KMS-Decrypt', role.arn, ['kms:Decrypt'], ['*']),
      statement('DataAll-Access-Point-KMS-Decrypt', role.arn, ['kms:Decrypt'], ['*']),
    ],
  };
}

function pointPolicy({ role, prefix }: DataAllPlace, arn: string): string {
  const only = { 'aws:userId': [`${role.id}:*`] };
  const common = { Effect: 'Allow', Principal: { AWS: '*' } };
  return policy(
    {
      Sid: `${role.id}0`,
      ...common,
      Action: ['s3:ListBucket'],
      Resource: arn,
      Condition: { StringLike: { 's3:prefix': [`${prefix}/*`], ...only } },
    },
    {
      Sid: `${role.id}1`,
      ...common,
      Action: ['s3:List*', 's3:GetObject', 's3:GetObjectAttributes'],
      Resource: [`${arn}/object/${prefix}/*`],
      Condition: { StringLike: only },
    },
  );
}

function sharePolicy({ bucket, keyArn }: DataAllPlace, point: string): string {
  const read = ['s3:List*', 's3:Describe*', 's3:GetObject', 's3:GetObjectAttributes'];
  const resources = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const allow = (Sid: string, Action: readonly string[], Resource: readonly string[]): object => ({
    Sid,
    Effect: 'Allow',
    Action,
    Resource,
  });
  return policy(
    allow('BucketStatementS31', read, resources),
    allow('BucketStatementKMS1', ['kms:*'], [keyArn]),
    allow('AccessPointsStatementS31', read, [...resources, point, `${point}/*`]),
    allow('AccessPointsStatementKMS1', ['kms:*'], [keyArn]),
  );
}

/** Grants as data.all does. */
export function grantAsDataAll(aws: Aws, place: DataAllPlace): DataAllGrants {
  const { producer, consumer, bucket, keyArn, role } = place;
  const name = accessPointName(place.datasetUri, place.principalId);
  const accessPoint = `arn:aws:s3:eu-west-1:${producer}:accesspoint/${name}`;
  const s3 = (operation: string, input: object): unknown => aws.direct.act(producer, { service: 's3', operation, input });
  const kms = (operation: string, input: object): unknown => aws.direct.act(producer, { service: 'kms', operation, input });
  const iam = (operation: string, input: object): unknown => aws.direct.act(consumer, { service: 'iam', operation, input });
  const control = (operation: string, input: object): unknown =>
    aws.direct.act(producer, { service: 's3control', operation, input: { AccountId: producer, Name: name, ...input } });
  const [inBucket, inKey] = [bucketStatements(place), keyStatements(place)];

  s3('PutBucketPolicy', { Bucket: bucket, Policy: policy(...inBucket.stay, ...inBucket.go) });
  kms('PutKeyPolicy', { KeyId: keyArn, PolicyName: 'default', Policy: policy(...inKey.stay, ...inKey.go) });
  control('CreateAccessPoint', { Bucket: bucket });
  control('PutAccessPointPolicy', { Policy: pointPolicy(place, accessPoint) });
  const policyArn = aws.seed.policy(
    consumer,
    `dataall-env-h2xm9t5k-share-policy-${role.name}-0`,
    sharePolicy(place, accessPoint),
  );
  iam('AttachRolePolicy', { RoleName: role.name, PolicyArn: policyArn });

  const textOf = (answer: unknown): string | undefined => (answer as { readonly Policy?: string }).Policy;
  const documents = (): Record<string, string | undefined> => {
    const version = iam('GetPolicyVersion', { PolicyArn: policyArn, VersionId: 'v1' }) as { PolicyVersion: { Document: string } };
    return {
      bucket: textOf(s3('GetBucketPolicy', { Bucket: bucket })),
      key: textOf(kms('GetKeyPolicy', { KeyId: keyArn, PolicyName: 'default' })),
      point: textOf(control('GetAccessPointPolicy', {})),
      share: decodeURIComponent(version.PolicyVersion.Document),
    };
  };
  /** data.all reads the document, takes its statements out, and writes the rest as Python's json has it. */
  const without = (text: string | undefined, gone: readonly object[]): string => {
    const sids = new Set(gone.map((each) => (each as { readonly Sid: string }).Sid));
    const { Statement } = JSON.parse(text ?? '{}') as { readonly Statement: readonly { readonly Sid?: string }[] };
    return policy(...Statement.filter(({ Sid = '' }) => !sids.has(Sid)));
  };
  const revoke = (): void => {
    const now = documents();
    s3('PutBucketPolicy', { Bucket: bucket, Policy: without(now['bucket'], inBucket.go) });
    iam('DetachRolePolicy', { RoleName: role.name, PolicyArn: policyArn });
    kms('PutKeyPolicy', { KeyId: keyArn, PolicyName: 'default', Policy: without(now['key'], inKey.go) });
    control('DeleteAccessPoint', {});
  };
  return { accessPoint, policyArn, documents, revoke };
}
