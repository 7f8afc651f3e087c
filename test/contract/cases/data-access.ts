/** Who may really use data: identity policy, bucket policy, access point policy and key policy together. What shares stand on. */
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { PutAccessPointPolicyCommand } from '@aws-sdk/client-s3-control';
import { PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { answerOf, documentOf, type ContractCase } from '../case.ts';
import type { Clients } from '../clients.ts';
import type { Lab, LabRole } from '../lab.ts';

const Key = 'shared/data.txt';
const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`;

/** Reads an object to its end: what counts is AWS's answer. */
const readObject = (clients: Clients, Bucket: string, key = Key): Promise<string> =>
  answerOf(clients.s3.send(new GetObjectCommand({ Bucket, Key: key })).then(({ Body }) => Body?.transformToString()));

async function bucketWithObject(lab: Lab, keys: readonly string[] = [Key]): Promise<string> {
  const Bucket = await lab.bucket();
  for (const one of keys) await lab.owner.s3.send(new PutObjectCommand({ Bucket, Key: one, Body: 'contract' }));
  return Bucket;
}

const putPolicy = (lab: Lab, Bucket: string, ...statements: readonly object[]): Promise<unknown> =>
  lab.patiently(() => lab.owner.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: documentOf(...statements) })));

const reading = (bucket: string, roles: readonly LabRole[]): object => ({
  Effect: 'Allow',
  Principal: { AWS: roles.map(({ arn }) => arn) },
  Action: 's3:GetObject',
  Resource: `${bucketArn(bucket)}/*`,
});

const mayRead = (bucket: string): object => ({ Action: 's3:GetObject', Resource: `${bucketArn(bucket)}/*` });

const buckets: readonly ContractCase[] = [
  {
    service: 'S3',
    sentence:
      'A role of another account reads an object when both the bucket policy and its own policy allow it, and not otherwise.',
    aws: { both: 'OK', bucketOnly: 'AccessDenied', roleOnly: 'AccessDenied', neither: 'AccessDenied' },
    guide: 'IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account',
    given: async (lab) => {
      const bucket = await bucketWithObject(lab);
      const allow = [mayRead(bucket)];
      const [both, roleOnly] = [await lab.role({ allow }), await lab.role({ allow })];
      const [bucketOnly, neither] = [await lab.role(), await lab.role()];
      await putPolicy(lab, bucket, reading(bucket, [both, bucketOnly]));
      const who = { both, bucketOnly, roleOnly, neither };
      const sessions = await sessionsOf(lab, who);
      return () => eachReads(sessions, bucket);
    },
  },
  {
    service: 'S3',
    sentence: "A role of the bucket's own account reads an object when either the bucket policy or its own policy allows it.",
    aws: { bucketOnly: 'OK', roleOnly: 'OK', neither: 'AccessDenied' },
    guide: 'IAM/latest/UserGuide/reference_policies_evaluation-logic',
    given: async (lab) => {
      const bucket = await bucketWithObject(lab);
      const account = lab.owner;
      const roleOnly = await lab.role({ account, allow: [mayRead(bucket)] });
      const [bucketOnly, neither] = [await lab.role({ account }), await lab.role({ account })];
      await putPolicy(lab, bucket, reading(bucket, [bucketOnly]));
      const sessions = await sessionsOf(lab, { bucketOnly, roleOnly, neither });
      return () => eachReads(sessions, bucket);
    },
  },
  {
    service: 'S3',
    sentence: 'A Deny in the bucket policy that names one role refuses that role and no other.',
    aws: { denied: 'AccessDenied', other: 'OK' },
    guide: 'IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay',
    given: async (lab) => {
      const bucket = await bucketWithObject(lab);
      const allow = [mayRead(bucket)];
      const [denied, other] = [await lab.role({ allow }), await lab.role({ allow })];
      await putPolicy(lab, bucket, reading(bucket, [denied, other]), { ...reading(bucket, [denied]), Effect: 'Deny' });
      const sessions = await sessionsOf(lab, { denied, other });
      return () => eachReads(sessions, bucket);
    },
  },
  {
    service: 'S3',
    sentence:
      "A permissions boundary limits a role to what it names, whether the role's policy or a policy of its account's bucket allows the rest.",
    aws: { roleWithin: 'OK', roleBeyond: 'AccessDenied', bucketBeyond: 'AccessDenied' },
    guide: 'IAM/latest/UserGuide/access_policies_boundaries',
    given: async (lab) => {
      const bucket = await bucketWithObject(lab);
      const account = lab.owner;
      const within = await lab.policy(account, documentOf({ Effect: 'Allow', ...mayRead(bucket) }));
      const beyond = await lab.policy(account, documentOf({ Effect: 'Allow', ...mayRead('example') }));
      const allow = [mayRead(bucket)];
      const roleWithin = await lab.role({ account, allow, boundary: within });
      const roleBeyond = await lab.role({ account, allow, boundary: beyond });
      const bucketBeyond = await lab.role({ account, boundary: beyond });
      await putPolicy(lab, bucket, reading(bucket, [bucketBeyond]));
      const sessions = await sessionsOf(lab, { roleWithin, roleBeyond, bucketBeyond });
      return () => eachReads(sessions, bucket);
    },
  },
  {
    service: 'S3',
    sentence: 'A bucket policy that allows listing with a condition on s3:prefix allows listing under that prefix alone.',
    aws: { inside: 'OK', outside: 'AccessDenied' },
    guide: 'AmazonS3/latest/userguide/amazon-s3-policy-keys',
    given: async (lab) => {
      const Bucket = await bucketWithObject(lab);
      const listing = { Action: 's3:ListBucket', Resource: bucketArn(Bucket) };
      const role = await lab.role({ allow: [listing] });
      const Condition = { StringLike: { 's3:prefix': 'shared/*' } };
      await putPolicy(lab, Bucket, { Effect: 'Allow', Principal: { AWS: role.arn }, ...listing, Condition });
      const { s3 } = await lab.session(role);
      const list = (Prefix: string) => answerOf(s3.send(new ListObjectsV2Command({ Bucket, Prefix })));
      return async () => ({ inside: await list('shared/'), outside: await list('private/') });
    },
  },
];

async function sessionsOf(lab: Lab, roles: Readonly<Record<string, LabRole>>): Promise<[string, Clients][]> {
  const sessions: [string, Clients][] = [];
  for (const [name, role] of Object.entries(roles)) sessions.push([name, await lab.session(role)]);
  return sessions;
}

async function eachReads(sessions: readonly [string, Clients][], bucket: string): Promise<Record<string, string>> {
  const answers: [string, string][] = [];
  for (const [name, clients] of sessions) answers.push([name, await readObject(clients, bucket)]);
  return Object.fromEntries(answers);
}

const encrypted: ContractCase = {
  service: 'KMS',
  sentence: 'A role of another account reads an encrypted object when the key policy allows it as well, and not otherwise.',
  aws: { named: 'OK', unnamed: 'AccessDenied' },
  guide: 'kms/latest/developerguide/key-policy-modifying-external-accounts',
  given: async (lab) => {
    const { arn } = await lab.key();
    const Bucket = await lab.bucket();
    const byDefault = { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: arn };
    const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault: byDefault }] };
    await lab.owner.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    await lab.patiently(() => lab.owner.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'contract' })));
    const allow = [mayRead(Bucket), { Action: 'kms:Decrypt', Resource: arn }];
    const [named, unnamed] = [await lab.role({ allow }), await lab.role({ allow })];
    await putPolicy(lab, Bucket, reading(Bucket, [named, unnamed]));
    const managing = { Effect: 'Allow', Principal: { AWS: lab.owner.root }, Action: 'kms:*', Resource: '*' };
    const Policy = documentOf(managing, { ...managing, Principal: { AWS: named.arn }, Action: 'kms:Decrypt' });
    await lab.patiently(() => lab.owner.kms.send(new PutKeyPolicyCommand({ KeyId: arn, Policy, PolicyName: 'default' })));
    const sessions = await sessionsOf(lab, { named, unnamed });
    return () => eachReads(sessions, Bucket);
  },
};

const throughAccessPoint: ContractCase = {
  service: 'S3 Control',
  sentence:
    'Where the bucket policy delegates to the access points of its account, an access point policy lets a role of another account read what it names, through the access point alone.',
  aws: { through: 'OK', elsewhereThrough: 'AccessDenied', directly: 'AccessDenied' },
  guide: 'AmazonS3/latest/userguide/access-points-policies',
  given: async (lab) => {
    const elsewhere = 'private/data.txt';
    const bucket = await bucketWithObject(lab, [Key, elsewhere]);
    const point = await lab.point(bucket);
    const role = await lab.role({ allow: [{ Action: 's3:GetObject', Resource: `${point.arn}/object/*` }, mayRead(bucket)] });
    await putPolicy(lab, bucket, {
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: '*',
      Resource: [bucketArn(bucket), `${bucketArn(bucket)}/*`],
      Condition: { StringEquals: { 's3:DataAccessPointAccount': lab.owner.id } },
    });
    const Resource = `${point.arn}/object/shared/*`;
    const Policy = documentOf({ Effect: 'Allow', Principal: { AWS: role.arn }, Action: 's3:GetObject', Resource });
    const command = new PutAccessPointPolicyCommand({ AccountId: lab.owner.id, Name: point.name, Policy });
    await lab.patiently(() => lab.owner.s3control.send(command));
    const session = await lab.session(role);
    return async () => ({
      through: await readObject(session, point.alias),
      elsewhereThrough: await readObject(session, point.alias, elsewhere),
      directly: await readObject(session, bucket),
    });
  },
};

/** Cases on the use of data. */
export const dataAccessCases: readonly ContractCase[] = [...buckets, encrypted, throughAccessPoint];
