/**
 * Two accounts in an AWS stand-in, a writer, and what target tests ask of them. Time moves only when somebody sleeps, so that tests neither wait nor
 * race. Tests only.
 */
import { CreateRoleCommand, DeleteRoleCommand, GetRoleCommand, type GetRoleCommandOutput } from '@aws-sdk/client-iam';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand, GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { createAws, type Aws, type AwsOptions } from '../../../sandbox/aws/index.ts';
import { classifyAwsError } from '../../../src/aws/errors.ts';
import { createPrincipals } from '../../../src/aws/principals.ts';
import type { Sessions } from '../../../src/aws/sessions.ts';
import type { Clock } from '../../../src/clock.ts';
import { bucketPolicy } from '../../../src/targets/bucket-policy.ts';
import type { TargetContext } from '../../../src/targets/context.ts';
import { keyPolicy } from '../../../src/targets/key-policy.ts';
import type { ResourceGrant } from '../../../src/targets/resource-policy.ts';
import { sharePolicy } from '../../../src/targets/share-policy.ts';
import type { SharePolicyCoordinates } from '../../../src/targets/share-policy-names.ts';
import type { IdentityGrant } from '../../../src/targets/share-policy-plan.ts';
import type { Contribution, PrincipalRef, SessionRef } from '../../../src/targets/target.ts';
import { createWriter } from '../../../src/targets/writer.ts';
import type { TargetReport, Writer, WriterOptions } from '../../../src/targets/writer-types.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';

/** The producer's and the consumer's account, and the installation. */
export const producer = '111122223333';
export const consumer = '444455556666';
export const installation = 'abcd1234';

/** A clock that jumps to the end of every sleep. */
export interface JumpClock extends Clock {
  advance(ms: number): void;
}

/** Everything a target test needs. */
export interface TestWorld {
  readonly aws: Aws;
  readonly clock: JumpClock;
  readonly producer: AwsClients;
  readonly consumer: AwsClients;
  writer: Writer;
  /** A writer that remembers nothing: the operator after a restart. */
  restart(over?: Partial<WriterOptions>): void;
  role(name: string, path?: string): Promise<PrincipalRef>;
  deleteRole(name: string): Promise<void>;
  bucket(name: string, policy?: string): Promise<string>;
  policyOf(bucket: string): Promise<string | undefined>;
  /** Puts a text where the bucket's policy is, past all checks. */
  plantPolicy(bucket: string, text: string): void;
  key(policy?: string): Promise<string>;
  runBucket(
    bucket: string,
    contributions: readonly Contribution<ResourceGrant>[],
    over?: RunOptions,
  ): Promise<TargetReport<unknown>>;
  runKey(
    keyArn: string,
    contributions: readonly Contribution<ResourceGrant>[],
    over?: RunOptions,
  ): Promise<TargetReport<unknown>>;
  runShare(
    principalArn: string,
    contributions: readonly Contribution<IdentityGrant>[],
    over?: RunOptions & Partial<SharePolicyCoordinates>,
  ): Promise<TargetReport<unknown>>;
}

/** What can be said about a run. */
export interface RunOptions {
  readonly verify?: boolean;
  readonly signal?: AbortSignal;
  readonly pruneDeadPrincipals?: boolean;
  readonly isCurrent?: () => boolean;
}

const sessionOf = (accountId: string): SessionRef => ({ environment: `env-${accountId}`, accountId, region: 'eu-west-1' });
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${consumer}:root` }, Action: 'sts:AssumeRole' }],
});

/** Makes a world without buckets, keys and roles. `seed` decides which calls a fault with a probability hits. */
export function createWorld(settings: AwsOptions['settings'] = {}, seed = 1): TestWorld {
  const clock = jumpClock();
  const aws = createAws({ clock, settings, seed });
  const world = { aws, clock, producer: awsClients(aws, producer), consumer: awsClients(aws, consumer) };
  const principals = () => createPrincipals(sessionsOf(world.consumer), clock);
  const writerWith = (over: Partial<WriterOptions> = {}): Writer => {
    const lookUp = principals();
    return createWriter({
      clock,
      installation,
      classify: classifyAwsError,
      mayWrite: () => true,
      checkPrincipal: async (ref, signal) => {
        const name = ref.arn.split('/').at(-1) ?? '';
        const seen = await lookUp.observe(sessionOf(consumer), ref.arn, { kind: 'role', name }, signal);
        if (seen.kind === 'failed') return { kind: 'unknown', failure: seen.failure };
        if (seen.kind === 'notFound') return seen;
        return { kind: seen.uniqueId === ref.uniqueId ? 'ok' : 'recreated' };
      },
      ...over,
    });
  };
  const made: TestWorld = {
    ...world,
    ...resources(world),
    ...runs(world, () => made.writer),
    writer: writerWith(),
    restart: (over) => void (made.writer = writerWith(over)),
  };
  return made;
}

type Base = Pick<TestWorld, 'aws' | 'clock' | 'producer' | 'consumer'>;

function resources(world: Base): Pick<TestWorld, 'role' | 'deleteRole' | 'bucket' | 'policyOf' | 'plantPolicy' | 'key'> {
  return {
    role: async (name, path = '/') => {
      await world.consumer.iam.send(new CreateRoleCommand({ RoleName: name, Path: path, AssumeRolePolicyDocument: trust }));
      const { Role }: GetRoleCommandOutput = await world.consumer.iam.send(new GetRoleCommand({ RoleName: name }));
      return { arn: Role?.Arn ?? '', uniqueId: Role?.RoleId ?? '' };
    },
    deleteRole: async (name) => void (await world.consumer.iam.send(new DeleteRoleCommand({ RoleName: name }))),
    bucket: async (name, policy) => {
      await world.producer.s3.send(new CreateBucketCommand({ Bucket: name }));
      if (policy !== undefined) await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy: policy }));
      return name;
    },
    policyOf: async (name) => {
      try {
        return (await world.producer.s3.send(new GetBucketPolicyCommand({ Bucket: name }))).Policy;
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchBucketPolicy') return undefined;
        throw error;
      }
    },
    plantPolicy: (name, text) => {
      const state = world.aws.snapshot();
      const found = state.s3.buckets.get(name);
      if (found !== undefined) found.policy.current = text;
      world.aws.restore(state);
    },
    key: async (policy) => {
      const { KeyMetadata } = await world.producer.kms.send(new CreateKeyCommand(policy === undefined ? {} : { Policy: policy }));
      return KeyMetadata?.Arn ?? '';
    },
  };
}

function runs(world: Base, writer: () => Writer): Pick<TestWorld, 'runBucket' | 'runKey' | 'runShare'> {
  const common = (
    { s3, s3control, iam, kms }: AwsClients,
    { verify = false, signal = new AbortController().signal, isCurrent = () => true }: RunOptions,
  ): {
    readonly context: TargetContext;
    readonly verify: boolean;
    readonly signal: AbortSignal;
    readonly isCurrent: () => boolean;
  } => ({
    isCurrent,
    context: { s3, s3control, iam, kms, signal },
    verify,
    signal,
  });
  return {
    runBucket: (bucket, contributions, { pruneDeadPrincipals = false, ...over } = {}) => {
      const coordinates = { session: sessionOf(producer), bucket, pruneDeadPrincipals };
      return writer().run({ kind: bucketPolicy, coordinates, contributions, ...common(world.producer, over) });
    },
    runKey: (keyArn, contributions, over = {}) => {
      const coordinates = { session: sessionOf(producer), keyArn };
      return writer().run({ kind: keyPolicy, coordinates, contributions, ...common(world.producer, over) });
    },
    runShare: (principalArn, contributions, over = {}) => {
      const { management = 'Managed', attachmentQuota = 10, boundaryArn } = over;
      const boundary = boundaryArn === undefined ? {} : { boundaryArn };
      const coordinates = {
        session: sessionOf(consumer),
        principalArn,
        prefix: 'sluice',
        management,
        attachmentQuota,
        ...boundary,
      };
      return writer().run({ kind: sharePolicy, coordinates, contributions, ...common(world.consumer, over) });
    },
  };
}

function jumpClock(): JumpClock {
  let now = Date.UTC(2026, 0, 1);
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
    after: () => () => undefined,
    advance: (ms) => void (now += ms),
  };
}

function sessionsOf(clients: AwsClients): Sessions {
  const unused = (): never => {
    throw new Error('The principal look-up needs clients only.');
  };
  return { clients: () => clients, callerIdentity: unused, ownIdentity: unused, forget: () => undefined };
}

/** A contribution to a bucket policy: Read on the bucket, unless other templates are given. */
export function wantBucket(
  principal: PrincipalRef,
  bucket: string,
  over: Partial<Contribution<ResourceGrant>> = {},
): Contribution<ResourceGrant> {
  const arn = `arn:aws:s3:::${bucket}`;
  const read = { name: 'Read', actions: ['s3:GetObject', 's3:ListBucket'], resources: [arn, `${arn}/*`] };
  return contribution({ principal, templates: [read] }, over);
}

/** A contribution to a key policy: Decrypt through S3. */
export function wantKey(principal: PrincipalRef, over: Partial<Contribution<ResourceGrant>> = {}): Contribution<ResourceGrant> {
  const viaS3 = { StringEquals: { 'kms:ViaService': ['s3.eu-west-1.amazonaws.com'] } };
  const use = { name: 'ReadUse', actions: ['kms:Decrypt'], resources: ['*'], condition: viaS3 };
  return contribution(
    { principal, templates: [use, { name: 'ReadDescribe', actions: ['kms:DescribeKey'], resources: ['*'] }] },
    over,
  );
}

/** A contribution to share policies: Read on a bucket, with a key where one is given. */
export function wantShare(
  principal: PrincipalRef,
  bucket: string,
  over: Partial<Contribution<IdentityGrant>> & { readonly key?: string; readonly actions?: readonly string[] } = {},
): Contribution<IdentityGrant> {
  const { key, actions = ['s3:GetObject', 's3:ListBucket'], ...rest } = over;
  const arn = `arn:aws:s3:::${bucket}`;
  const account = { 'aws:ResourceAccount': [producer] };
  const use = { ...account, 'kms:ViaService': ['s3.eu-west-1.amazonaws.com'] };
  const ofKey = [
    { actions: ['kms:Decrypt'], resources: [key ?? ''], condition: { StringEquals: use } },
    { actions: ['kms:DescribeKey'], resources: [key ?? ''], condition: { StringEquals: account } },
  ];
  const statements = [
    { actions, resources: [arn, `${arn}/*`], condition: { StringEquals: account } },
    ...(key === undefined ? [] : ofKey),
  ];
  return contribution({ principal, statements }, { item: `${principal.arn} ${bucket}`, ...rest });
}

function contribution<Grant extends { readonly principal: PrincipalRef }>(
  grant: Grant,
  over: Partial<Contribution<Grant>>,
): Contribution<Grant> {
  return { item: grant.principal.arn, order: '2026-01-01', mode: 'want', repair: true, grant, ...over };
}

/** The states of all items, in the order of the contributions. */
export function states(report: TargetReport<unknown>): string[] {
  return [...report.items.values()].map(({ state, reason }) => (reason === undefined ? state : `${state}/${reason}`));
}

/** Successful writes since the log was reset, as "s3:PutBucketPolicy". */
export function writesOf(world: TestWorld): string[] {
  return world.aws.calls.writes().map(({ service, operation }) => `${service}:${operation}`);
}

/** All calls since the log was reset. */
export function callsOf(world: TestWorld): string[] {
  return world.aws.calls.list().map(({ service, operation }) => `${service}:${operation}`);
}
