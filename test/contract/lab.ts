/**
 * The stage of one case: two accounts with clients, and ways to make what a case needs. Everything made has the run's prefix and tag, is
 * remembered before it is asked for, and is removed when the lab closes (clean-up.ts).
 */
import { AttachRolePolicyCommand, CreatePolicyCommand, CreateRoleCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutBucketTaggingCommand, type BucketLocationConstraint } from '@aws-sdk/client-s3';
import { CreateAccessPointCommand, type CreateAccessPointRequest } from '@aws-sdk/client-s3-control';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { documentOf } from './case.ts';
import { removeAll, type Made } from './clean-up.ts';
import { closeClients, createClients, type Clients } from './clients.ts';
import type { Place, PlaceAccount } from './place.ts';

/** Key of the tag that everything gets; its value is the run's prefix. */
export const tagKey = 'sluice-contract';

/** IAM path of roles and policies. */
export const iamPath = '/sluice-contract/';

/** ARN of a policy of the suite. */
export const policyArn = (accountId: string, name: string, path = iamPath): string =>
  `arn:aws:iam::${accountId}:policy${path}${name}`;

/** An account in a case. */
export interface LabAccount extends Clients {
  readonly id: string;
  /** Its root principal, which stands for the account in policies. */
  readonly root: string;
}

/** A role that was made. */
export interface LabRole {
  readonly account: LabAccount;
  readonly name: string;
  readonly arn: string;
  /** AROA… */
  readonly id: string;
}

/** Options of {@link Lab.role}. */
export interface RoleOptions {
  /** @default the consumer's */
  readonly account?: LabAccount;
  /** Statement of its trust policy besides Effect and Action. @default the role's own account */
  readonly trust?: object;
  /** Statements of a managed policy that is attached to it. */
  readonly allow?: readonly object[];
  /** ARN of its permissions boundary. */
  readonly boundary?: string;
  readonly name?: string;
}

/** What a case works with. */
export interface Lab {
  readonly region: string;
  readonly owner: LabAccount;
  readonly consumer: LabAccount;
  /** A name that nothing else has: at most 36 characters, good for every kind of resource. */
  name(): string;
  /** What the tag of everything says. */
  readonly tag: { readonly Key: string; readonly Value: string };
  /** Remembers something that the case itself is about to make. */
  willMake(made: Made): void;
  /** Repeats a call while AWS may not know yet what was made a moment ago. */
  patiently<T>(call: () => Promise<T>): Promise<T>;
  /** A bucket of the owner; returns its name. */
  bucket(): Promise<string>;
  role(options?: RoleOptions): Promise<LabRole>;
  /** A managed policy; returns its ARN. */
  policy(account: LabAccount, document: string): Promise<string>;
  /** A symmetric key of the owner. */
  key(policy?: string): Promise<{ readonly id: string; readonly arn: string }>;
  /** An access point of the owner on a bucket. */
  point(bucket: string, options?: Partial<CreateAccessPointRequest>): Promise<LabPoint>;
  /** Clients of a session of a role. */
  session(role: LabRole): Promise<Clients>;
}

/** An access point that was made. */
export interface LabPoint {
  readonly name: string;
  readonly arn: string;
  readonly alias: string;
}

/** A lab with its end. */
export interface OpenLab extends Lab {
  /** Removes everything; returns a sentence for each thing that couldn't be removed. */
  close(): Promise<string[]>;
}

const statement = { Effect: 'Allow' };
let counter = 0;

/** What AWS may answer while a role, policy, key or access point made a moment ago isn't known everywhere. */
const notYet =
  /^(MalformedPolicy|NoSuch|NotFound|AccessDenied|InvalidPrincipal|OperationAborted|ConcurrentModification|DeleteConflict|BucketNotEmpty|BucketHasAccessPoints)/;

/** Opens a lab at a place; no call is made yet. */
export function openLab(place: Place): OpenLab {
  const made: Made[] = [];
  const sessions: Clients[] = [];
  const base: LabBase = {
    place,
    region: place.region,
    owner: openAccount(place, place.owner),
    consumer: openAccount(place, place.consumer),
    tag: { Key: tagKey, Value: place.prefix },
    name: () => `${place.prefix}-${++counter}`,
    willMake: (one) => void made.push(one),
    patiently: (call) => patiently(place, call, place.signal),
  };
  return {
    ...base,
    bucket: () => makeBucket(base),
    role: (options = {}) => makeRole(base, options),
    policy: (account, document) => makePolicy(base, account, document),
    key: (policy) => makeKey(base, policy),
    point: (bucket, options = {}) => makePoint(base, bucket, options),
    session: async (role) => {
      const clients = await openSession(base, role);
      sessions.push(clients);
      return clients;
    },
    close: async () => {
      const left = await removeAll(made, (remove) => patiently(place, remove));
      for (const clients of [base.owner, base.consumer, ...sessions]) closeClients(only(clients));
      return left;
    },
  };
}

type LabBase = Pick<Lab, 'region' | 'owner' | 'consumer' | 'tag' | 'name' | 'willMake' | 'patiently'> & { readonly place: Place };

const only = ({ s3, s3control, iam, kms, sts }: Clients): Clients => ({ s3, s3control, iam, kms, sts });

const openAccount = (place: Place, { id, credentials }: PlaceAccount): LabAccount => ({
  id,
  root: `arn:aws:iam::${id}:root`,
  ...createClients(place, id, credentials),
});

async function patiently<T>({ clock, patienceMs }: Place, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const deadline = clock.now() + patienceMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Error) || !notYet.test(error.name) || clock.now() >= deadline) throw error;
      await clock.sleep(2_000, signal);
    }
  }
}

async function makeBucket(lab: LabBase): Promise<string> {
  const Bucket = lab.name();
  const { s3 } = lab.owner;
  lab.willMake({ kind: 'bucket', s3, name: Bucket });
  // us-east-1 is the one Region that is not named (S3 API, CreateBucket).
  const elsewhere = { CreateBucketConfiguration: { LocationConstraint: lab.region as BucketLocationConstraint } };
  await s3.send(new CreateBucketCommand({ Bucket, ...(lab.region === 'us-east-1' ? {} : elsewhere) }));
  await lab.patiently(() => s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [lab.tag] } })));
  return Bucket;
}

async function makeRole(lab: LabBase, options: RoleOptions): Promise<LabRole> {
  const account = options.account ?? lab.consumer;
  const name = options.name ?? lab.name();
  const trust = options.trust ?? { Principal: { AWS: account.root } };
  const AssumeRolePolicyDocument = documentOf({ ...statement, Action: 'sts:AssumeRole', ...trust });
  lab.willMake({ kind: 'role', iam: account.iam, name });
  const boundary = options.boundary === undefined ? {} : { PermissionsBoundary: options.boundary };
  const input = { RoleName: name, Path: iamPath, AssumeRolePolicyDocument, Tags: [lab.tag], ...boundary };
  const { Role } = await lab.patiently(() => account.iam.send(new CreateRoleCommand(input)));
  if (options.allow) {
    const PolicyArn = await makePolicy(lab, account, documentOf(...options.allow.map((one) => ({ ...statement, ...one }))));
    await lab.patiently(() => account.iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn })));
  }
  return { account, name, arn: Role?.Arn ?? '', id: Role?.RoleId ?? '' };
}

async function makePolicy(lab: LabBase, { iam, id }: LabAccount, PolicyDocument: string): Promise<string> {
  const PolicyName = lab.name();
  lab.willMake({ kind: 'policy', iam, name: policyArn(id, PolicyName) });
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, Path: iamPath, PolicyDocument, Tags: [lab.tag] }));
  return Policy?.Arn ?? '';
}

async function makeKey(lab: LabBase, policy: string | undefined): Promise<{ id: string; arn: string }> {
  const { kms } = lab.owner;
  const Tags = [{ TagKey: lab.tag.Key, TagValue: lab.tag.Value }];
  const command = new CreateKeyCommand({ Description: lab.tag.Value, Tags, ...(policy === undefined ? {} : { Policy: policy }) });
  const { KeyMetadata } = await lab.patiently(() => kms.send(command));
  const key = { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
  // The one kind whose name is AWS's choice: a run that is killed just before this line leaves a key that only its tag tells.
  lab.willMake({ kind: 'key', kms, name: key.id });
  return key;
}

async function makePoint(lab: LabBase, bucket: string, options: Partial<CreateAccessPointRequest>): Promise<LabPoint> {
  const Name = lab.name();
  const { s3control, id } = lab.owner;
  lab.willMake({ kind: 'access point', s3control, accountId: id, name: Name });
  const input = { AccountId: id, Name, Bucket: bucket, Tags: [lab.tag], ...options };
  const made = await lab.patiently(() => s3control.send(new CreateAccessPointCommand(input)));
  return { name: Name, arn: made.AccessPointArn ?? '', alias: made.Alias ?? '' };
}

async function openSession(lab: LabBase, role: LabRole): Promise<Clients> {
  const command = new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: 'contract', DurationSeconds: 900 });
  const { Credentials: given } = await lab.patiently(() => role.account.sts.send(command));
  return createClients(lab.place, role.account.id, {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
  });
}
