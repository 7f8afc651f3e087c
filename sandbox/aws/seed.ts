/**
 * Quick ways to fill accounts for tests and the demo: each goes through the real operation's rules, as the account's administrator, but
 * outside the call log and without faults. Not for what is being tested: that goes through clients.
 */
import type { CreateKeyResponse } from '@aws-sdk/client-kms';
import type { CreateAccessKeyResponse, CreatePolicyResponse, CreateRoleResponse, CreateUserResponse } from '@aws-sdk/client-iam';
import { administrator } from './callers.ts';
import { iam } from './iam/service.ts';
import { iamId } from './ids.ts';
import { kms } from './kms/service.ts';
import type { Encryption, PublicAccessBlock } from './s3/model.ts';
import { store, etagOf } from './s3/objects.ts';
import { s3 } from './s3/service.ts';
import type { Call, Service, World } from './service.ts';
import { steady } from './stale.ts';
import { bytesOf } from './wire/http.ts';

/** A policy document, as an object or as text. */
export type PolicyLike = string | object;

/** A seeded role. */
export interface SeededRole {
  readonly arn: string;
  readonly name: string;
  /** AROA… */
  readonly id: string;
}

/** A seeded user with an access key. */
export interface SeededUser {
  readonly arn: string;
  readonly name: string;
  /** AIDA… */
  readonly id: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A seeded bucket. */
export interface SeededBucket {
  readonly name: string;
  readonly arn: string;
}

/** A seeded key. */
export interface SeededKey {
  readonly id: string;
  readonly arn: string;
}

/** Keys of a session. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Options of a seeded principal. */
export interface PrincipalSeed {
  readonly path?: string;
  /** Inline policies by name. */
  readonly policies?: Readonly<Record<string, PolicyLike>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** ARN of a managed policy. */
  readonly boundary?: string;
}

/** Ways to make resources. */
export interface Seed {
  /** A role; trusts its own account unless `trust` says otherwise. */
  role(account: string, name: string, options?: PrincipalSeed & { trust?: PolicyLike }): SeededRole;
  user(account: string, name: string, options?: PrincipalSeed): SeededUser;
  /** A managed policy; returns its ARN. */
  policy(account: string, name: string, document: PolicyLike, path?: string): string;
  bucket(account: string, name: string, options?: BucketSeed): SeededBucket;
  key(account: string, options?: { region?: string; policy?: PolicyLike; alias?: string }): SeededKey;
  /** An object, encrypted by the bucket's default, owned by `owner` or the bucket's account. */
  object(bucket: string, key: string, body?: string | Uint8Array, owner?: string): void;
  /** Keys of a session of a role, whoever it trusts, for one hour. */
  session(role: { readonly arn: string }, sessionName?: string): SessionCredentials;
}

/** Options of a seeded bucket. */
export interface BucketSeed {
  /** @default 'eu-west-1' */
  readonly region?: string;
  readonly policy?: PolicyLike;
  readonly encryption?: Encryption;
  readonly ownership?: 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';
  readonly publicAccessBlock?: PublicAccessBlock | null;
}

const REGION = 'eu-west-1';
const textOf = (document: PolicyLike): string => (typeof document === 'string' ? document : JSON.stringify(document));

/** Makes the ways to fill a world. */
export function createSeed(world: World): Seed {
  const run = runner(world);
  return {
    role: (account, name, options = {}) => seedRole(run, { account, name }, options),
    user: (account, name, options = {}) => seedUser(run, { account, name }, options),
    policy: (account, name, document, path = '/') => {
      const made = run({ account }, iam, 'CreatePolicy', {
        PolicyName: name,
        Path: path,
        PolicyDocument: textOf(document),
      }) as CreatePolicyResponse;
      return made.Policy?.Arn ?? '';
    },
    bucket: (account, name, options = {}) => seedBucket(world, run, { account, name }, options),
    key: (account, options = {}) => seedKey(run, account, options),
    object: (bucketName, key, body = '', owner) =>
      seedObject(world, { bucketName, key, owner }, typeof body === 'string' ? bytesOf(body) : body),
    session: (role, sessionName = 'test') => seedSession(world, role.arn, sessionName),
  };
}

interface Where {
  readonly account: string;
  readonly region?: string | undefined;
}

type Run = (where: Where, service: Service, operation: string, input: object) => object | undefined;

function runner(world: World): Run {
  return ({ account, region = REGION }, service, operation, input) => {
    const call: Call = {
      world,
      service: service.name,
      operation,
      caller: administrator(account),
      region,
      now: world.clock.now(),
      requestId: 'seed',
      request: { method: 'POST', host: 'seed', path: '/', query: new Map(), headers: {}, body: new Uint8Array() },
      reply: {},
      authorize: () => undefined,
    };
    return service.operations[operation]?.run(call, input);
  };
}

interface Named {
  readonly account: string;
  readonly name: string;
}

const common = (options: PrincipalSeed): object => ({
  ...(options.path === undefined ? {} : { Path: options.path }),
  ...(options.boundary === undefined ? {} : { PermissionsBoundary: options.boundary }),
  Tags: Object.entries(options.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
});

function seedRole(run: Run, { account, name }: Named, options: PrincipalSeed & { trust?: PolicyLike }): SeededRole {
  const ownAccount = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }],
  };
  const input = { RoleName: name, AssumeRolePolicyDocument: textOf(options.trust ?? ownAccount), ...common(options) };
  const { Role } = run({ account }, iam, 'CreateRole', input) as CreateRoleResponse;
  for (const [PolicyName, document] of Object.entries(options.policies ?? {})) {
    run({ account }, iam, 'PutRolePolicy', { RoleName: name, PolicyName, PolicyDocument: textOf(document) });
  }
  return { arn: Role?.Arn ?? '', name, id: Role?.RoleId ?? '' };
}

function seedUser(run: Run, { account, name }: Named, options: PrincipalSeed): SeededUser {
  const { User } = run({ account }, iam, 'CreateUser', { UserName: name, ...common(options) }) as CreateUserResponse;
  for (const [PolicyName, document] of Object.entries(options.policies ?? {})) {
    run({ account }, iam, 'PutUserPolicy', { UserName: name, PolicyName, PolicyDocument: textOf(document) });
  }
  const { AccessKey } = run({ account }, iam, 'CreateAccessKey', { UserName: name }) as CreateAccessKeyResponse;
  const keys = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  return { arn: User?.Arn ?? '', name, id: User?.UserId ?? '', ...keys };
}

function seedBucket(world: World, run: Run, { account, name }: Named, options: BucketSeed): SeededBucket {
  const region = options.region ?? REGION;
  run({ account, region }, s3, 'CreateBucket', { Bucket: name });
  const bucket = world.state.s3.buckets.get(name);
  if (!bucket) throw new Error(`The bucket ${name} was not made.`);
  if (options.encryption) bucket.encryption = steady(options.encryption);
  if (options.ownership) bucket.ownership = steady<string | null>(options.ownership);
  if (options.publicAccessBlock !== undefined) bucket.publicAccessBlock = steady(options.publicAccessBlock);
  if (options.policy !== undefined)
    run({ account, region }, s3, 'PutBucketPolicy', { Bucket: name, Policy: textOf(options.policy) });
  return { name, arn: `arn:aws:s3:::${name}` };
}

function seedKey(run: Run, account: string, options: { region?: string; policy?: PolicyLike; alias?: string }): SeededKey {
  const input = options.policy === undefined ? {} : { Policy: textOf(options.policy) };
  const { KeyMetadata } = run({ account, region: options.region }, kms, 'CreateKey', input) as CreateKeyResponse;
  const key = { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
  if (options.alias !== undefined)
    run({ account, region: options.region }, kms, 'CreateAlias', { AliasName: options.alias, TargetKeyId: key.id });
  return key;
}

function seedObject(
  world: World,
  { bucketName, key, owner }: { bucketName: string; key: string; owner: string | undefined },
  body: Uint8Array,
): void {
  const bucket = world.state.s3.buckets.get(bucketName);
  if (!bucket) throw new Error(`There is no bucket ${bucketName}: seed it first.`);
  const encryption = bucket.encryption.current;
  const modifiedAt = world.clock.now();
  store(
    { bucket },
    {
      key,
      body,
      etag: etagOf(body),
      modifiedAt,
      metadata: {},
      owner: owner ?? bucket.account,
      encryption,
      checksums: {},
      tags: {},
    },
  );
}

function seedSession(world: World, roleArn: string, sessionName: string): SessionCredentials {
  const account = roleArn.split(':')[4] ?? '';
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const role = world.state.iam.accounts.get(account)?.roles.get(roleName);
  if (role?.arn !== roleArn) throw new Error(`There is no role ${roleArn}: seed it first.`);
  const issuedAt = world.clock.now();
  const accessKeyId = iamId(world.state, 'ASIA').slice(0, 20);
  const session = {
    accessKeyId,
    account,
    roleName,
    roleId: role.id,
    sessionName,
    issuedAt,
    expiresAt: issuedAt + 3_600_000,
    policies: [],
  };
  world.state.sts.sessions.set(accessKeyId, session);
  return { accessKeyId, secretAccessKey: 'not-verified', sessionToken: `stand-in-${accessKeyId}` };
}
