/**
 * Everything that the operator does in AWS, once, with sessions of its own and a role that may lack something: what it meets on the way is what people read.
 * Tests only.
 */
import { GetAccountSummaryCommand } from '@aws-sdk/client-iam';
import { operatorPolicy, operatorRolePolicy, trust } from '../../../sandbox/operator-policy.ts';
import { observeBucket, observeKey } from '../../../src/aws/buckets.ts';
import type { AwsCall } from '../../../src/aws/clients.ts';
import { classifyAwsError } from '../../../src/aws/errors.ts';
import { createRateLimiter } from '../../../src/aws/limiter.ts';
import { lookForMarks } from '../../../src/aws/orphans.ts';
import { createPrincipals } from '../../../src/aws/principals.ts';
import { createSessions, type Sessions } from '../../../src/aws/sessions.ts';
import { accessPoint } from '../../../src/targets/access-point.ts';
import { bucketPolicy } from '../../../src/targets/bucket-policy.ts';
import { keyPolicy } from '../../../src/targets/key-policy.ts';
import { sharePolicy } from '../../../src/targets/share-policy.ts';
import type { PrincipalRef, SessionRef } from '../../../src/targets/target.ts';
import { createWriter } from '../../../src/targets/writer.ts';
import type { TargetReport, WriterOptions } from '../../../src/targets/writer-types.ts';
import { coordinates as point, wantFolder } from '../targets/access-points.ts';
import {
  consumer,
  createWorld,
  installation,
  producer,
  wantBucket,
  wantKey,
  wantShare,
  type TestWorld,
} from '../targets/world.ts';

const platform = '999988887777';
const inline = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }] };

/** What came of the work: each step's state, and everything that anybody is told. */
export interface WorkDone {
  readonly states: readonly string[];
  readonly told: readonly string[];
  readonly calls: readonly AwsCall[];
}

/** All permissions of the operator's role in an account. */
export function operatorActions(): string[] {
  return operatorRolePolicy(producer)
    .Statement.flatMap(({ Action }) => Action)
    .sort();
}

/** Makes a world, works in it as the operator whose role lacks one action, and says what came of it. */
export async function workWithout(lacking: string): Promise<WorkDone> {
  const world = createWorld();
  const calls: AwsCall[] = [];
  const sessions = operatorSessions(world, lacking, calls);
  const analyst = seeded(world.aws.seed.role(consumer, 'analyst', { policies: { own: inline } }));
  const reporter = seeded(world.aws.seed.user(consumer, 'reporter', { policies: { own: inline } }));
  const key = await world.key();
  world.aws.seed.bucket(producer, 'acme');
  const open = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::open/*' };
  world.aws.seed.bucket(producer, 'open', { publicAccessBlock: null, policy: { Version: '2012-10-17', Statement: [open] } });
  const parts: Parts = { world, sessions, writer: writerOf(world, sessions), analyst, reporter, key, states: [], told: [] };
  await look(parts);
  await share(parts);
  await takeBack(parts);
  await lose(parts);
  return { states: parts.states, told: parts.told, calls };
}

interface Parts {
  readonly world: TestWorld;
  readonly sessions: Sessions;
  readonly writer: ReturnType<typeof createWriter>;
  readonly analyst: PrincipalRef;
  readonly reporter: PrincipalRef;
  readonly key: string;
  readonly states: string[];
  readonly told: string[];
}

const seeded = ({ arn, id }: { readonly arn: string; readonly id: string }): PrincipalRef => ({ arn, uniqueId: id });

const sessionOf = (accountId: string): SessionRef => ({
  environment: `env-${accountId}`,
  accountId,
  region: 'eu-west-1',
  roleArn: `arn:aws:iam::${accountId}:role/sluice`,
});

function operatorSessions({ aws, clock }: TestWorld, lacking: string, calls: AwsCall[]): Sessions {
  const user = aws.seed.user(platform, 'sluice-operator', { policies: { assume: operatorPolicy([producer, consumer]) } });
  for (const account of [producer, consumer]) {
    const full = operatorRolePolicy(account);
    const Statement = full.Statement.map((one) => ({ ...one, Action: one.Action.filter((action) => action !== lacking) }));
    const operator = { ...full, Statement: Statement.filter(({ Action }) => Action.length > 0) };
    aws.seed.role(account, 'sluice', { trust: trust(user.arn), policies: { operator } });
  }
  return createSessions({
    installation,
    clock,
    limiter: createRateLimiter(clock),
    onCall: (call) => void calls.push(call),
    externalId: () => undefined,
    requestHandler: aws.requestHandler(),
    baseCredentials: () => Promise.resolve({ accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey }),
  });
}

function writerOf({ clock }: TestWorld, sessions: Sessions): ReturnType<typeof createWriter> {
  const principals = createPrincipals(sessions, clock);
  const checkPrincipal: WriterOptions['checkPrincipal'] = async ({ arn, uniqueId }, signal) => {
    const kind = arn.includes(':user/') ? 'user' : 'role';
    const seen = await principals.observe(sessionOf(consumer), arn, { kind, name: arn.split('/').at(-1) ?? '' }, signal);
    if (seen.kind === 'failed') return { kind: 'unknown', failure: seen.failure };
    if (seen.kind === 'notFound') return seen;
    return { kind: seen.uniqueId === uniqueId ? 'ok' : 'recreated' };
  };
  return createWriter({ clock, installation, classify: classifyAwsError, mayWrite: () => true, checkPrincipal });
}

/** What the Environment, the Dataset and the ConsumptionRole look at. */
async function look({ sessions, key, told, world, analyst, reporter }: Parts): Promise<void> {
  const principals = createPrincipals(sessions, world.clock);
  const seen = [
    await observeBucket(sessions, sessionOf(producer), 'acme', true),
    await observeBucket(sessions, sessionOf(producer), 'open', false),
    await observeKey(sessions, sessionOf(producer), key, true),
    await principals.observe(sessionOf(consumer), analyst.arn, { kind: 'role', name: 'analyst' }),
    await principals.observe(sessionOf(consumer), reporter.arn, { kind: 'user', name: 'reporter' }),
  ];
  for (const one of seen) if (one.kind === 'failed') told.push(one.failure.actions?.join() ?? one.failure.message);
  await sweep(sessions);
  await sessions
    .clients(sessionOf(consumer))
    .iam.send(new GetAccountSummaryCommand({}))
    .catch(() => undefined);
}

/** What the daily look for orphans asks. */
async function sweep(sessions: Sessions): Promise<void> {
  const session = sessionOf(producer);
  const question = {
    session,
    installation,
    iam: true,
    principals: [],
    buckets: { names: [], globs: ['acme*'] },
    points: true,
    keys: [],
    isExplained: () => false,
  };
  await lookForMarks(sessions.clients(session), question, new AbortController().signal);
}

/** A role and a user get a bucket, a key and a folder; later more, so often that old versions have to go. */
async function share(parts: Parts): Promise<void> {
  const { analyst, reporter, key } = parts;
  await runBucket(parts, 'want');
  await runKey(parts, 'want');
  await runPoint(parts, 'want');
  for (let count = 1; count <= 7; count++) {
    const buckets = Array.from({ length: count }, (_, number) => `bucket-${String(number)}`);
    await runShare(
      parts,
      analyst,
      buckets.map((bucket) => wantShare(analyst, bucket, { key })),
    );
  }
  await runShare(parts, reporter, [wantShare(reporter, 'acme')]);
  await runShare(parts, reporter, [wantShare(reporter, 'acme')], true);
  await runShare(parts, analyst, [wantShare(analyst, 'bucket-0', { key })], true);
}

async function takeBack(parts: Parts): Promise<void> {
  const { analyst, reporter } = parts;
  await runShare(parts, analyst, [wantShare(analyst, 'bucket-0', { key: parts.key, mode: 'drop' })]);
  await runShare(parts, reporter, [wantShare(reporter, 'acme', { mode: 'drop' })]);
  await runPoint(parts, 'drop', 'hold');
  await runPoint(parts, 'drop');
  await runKey(parts, 'drop');
  await runBucket(parts, 'drop');
}

/** A bucket that another account has by now: AWS answers 403, and only a list of the own buckets tells that from a missing permission. */
async function lose(parts: Parts): Promise<void> {
  parts.world.aws.seed.bucket(platform, 'lost');
  await runBucket(parts, 'drop', 'lost');
}

type Mode = 'want' | 'drop';

async function runBucket(parts: Parts, mode: Mode, bucket = 'acme'): Promise<void> {
  const contributions = [wantBucket(parts.analyst, bucket, { mode }), wantBucket(parts.reporter, bucket, { mode })];
  const coordinates = { session: sessionOf(producer), bucket, pruneDeadPrincipals: false };
  note(parts, await parts.writer.run({ kind: bucketPolicy, coordinates, contributions, ...contextOf(parts, producer) }));
}

async function runKey(parts: Parts, mode: Mode): Promise<void> {
  const coordinates = { session: sessionOf(producer), keyArn: parts.key };
  const contributions = [wantKey(parts.analyst, { mode })];
  note(parts, await parts.writer.run({ kind: keyPolicy, coordinates, contributions, ...contextOf(parts, producer) }));
}

/** With another folder that is undecided the point stays, without its policy; then it goes. */
async function runPoint(parts: Parts, mode: Mode, other?: 'hold'): Promise<void> {
  const coordinates = { ...point, session: sessionOf(producer) };
  const undecided = other === undefined ? [] : [wantFolder(parts.analyst, 'other', { mode: other })];
  const contributions = [wantFolder(parts.analyst, 'raw', { mode }), ...undecided];
  note(parts, await parts.writer.run({ kind: accessPoint, coordinates, contributions, ...contextOf(parts, producer) }), other);
}

async function runShare(
  parts: Parts,
  { arn }: PrincipalRef,
  contributions: readonly ReturnType<typeof wantShare>[],
  verify = false,
): Promise<void> {
  const coordinates = {
    session: sessionOf(consumer),
    principalArn: arn,
    prefix: 'sluice',
    management: 'Managed',
    attachmentQuota: 10,
  } as const;
  note(parts, await parts.writer.run({ kind: sharePolicy, coordinates, contributions, ...contextOf(parts, consumer), verify }));
}

function contextOf({ sessions, world }: Parts, account: string) {
  // Half a minute passes between any two things that happen.
  world.clock.advance(30_000);
  const { signal } = new AbortController();
  return { context: { ...sessions.clients(sessionOf(account)), signal }, signal, verify: true };
}

function note({ states, told }: Parts, { key, items }: TargetReport<unknown>, other?: 'hold'): void {
  for (const [index, { state, message, ownerMessage }] of [...items.values()].entries()) {
    // What is undecided is told that it is.
    if (other !== undefined && index > 0) continue;
    states.push(state);
    if (state === 'Failed' || state === 'Pending') told.push(`${key}: ${message} ${ownerMessage ?? ''}`);
  }
}
