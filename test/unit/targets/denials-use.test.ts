// What is called denied is denied: random statements of an owner and of a principal, judged by the product, then tried out on the stand-in's data plane.
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import type { TargetReport } from '../../../src/targets/writer-types.ts';
import { awsClients } from '../../support/aws.ts';
import { consumer, createWorld, producer, wantBucket, wantShare, type TestWorld } from './world.ts';

const bucket = 'arn:aws:s3:::acme';
const reader = `arn:aws:iam::${consumer}:role/reader`;
const keys = ['raw/a.txt', 'raw/b/c.txt', 'top.txt'];

const some = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const principal = some<JsonObject>(
  { Principal: '*' },
  { Principal: { AWS: reader } },
  { Principal: { AWS: `arn:aws:iam::${consumer}:root` } },
  { Principal: { AWS: `arn:aws:iam::${producer}:root` } },
  { NotPrincipal: { AWS: `arn:aws:iam::${producer}:root` } },
);
const action = some<JsonObject>(
  { Action: 's3:*' },
  { Action: 's3:GetObject' },
  { Action: ['s3:ListBucket', 's3:GetObject*'] },
  { NotAction: 's3:ListBucket' },
  { NotAction: 's3:GetObject' },
);
const resource = some<JsonObject>(
  { Resource: [bucket, `${bucket}/*`] },
  { Resource: [bucket, `${bucket}/raw/*`] },
  { Resource: [bucket, `${bucket}/*.txt`] },
  { NotResource: `${bucket}/raw/*` },
);
const condition = fc.option(
  some<JsonObject>(
    { Bool: { 'aws:SecureTransport': 'false' } },
    { Bool: { 'aws:SecureTransport': 'true' } },
    { StringNotEquals: { 'aws:PrincipalAccount': producer } },
    { StringNotEquals: { 'aws:ResourceAccount': producer } },
    { ArnNotLike: { 'aws:PrincipalArn': `arn:aws:iam::${consumer}:role/*` } },
    { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::*:role/read*` } },
    { StringNotEquals: { 's3:DataAccessPointAccount': producer } },
    { StringNotEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' } },
    { NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
    { StringLike: { 'aws:userId': 'AROA*:*' } },
    { Null: { 'aws:PrincipalTag/team': 'true' } },
    { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
    { StringLike: { 's3:prefix': 'raw/*' } },
  ),
  { nil: undefined },
);
const deny = fc.tuple(principal, action, resource, condition).map(([who, what, where, when]): JsonObject => ({
  Effect: 'Deny',
  ...who,
  ...what,
  ...where,
  ...(when === undefined ? {} : { Condition: when }),
}));

/** The actions that a report calls denied. */
function deniedActions(report: TargetReport<unknown>): string[] {
  return [...report.items.values()].flatMap(({ reason, message }) =>
    reason?.startsWith('DeniedBy') === true ? ['s3:GetObject', 's3:ListBucket'].filter((each) => message.includes(each)) : [],
  );
}

async function isDenied(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => false,
    (error: unknown) => error instanceof Error && error.name === 'AccessDenied',
  );
}

async function isTaken(world: TestWorld, statements: readonly JsonObject[]): Promise<boolean> {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy })).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && error.name === 'MalformedPolicy') return false;
      throw error;
    },
  );
}

/** Of what is called denied: what a session of the role gets all the same. */
async function triedOut(world: TestWorld, role: PrincipalRef, denied: readonly string[]): Promise<string[]> {
  const { s3 } = awsClients(world.aws, world.aws.seed.session(role));
  const reads = keys.map((Key) => ({
    name: `GetObject ${Key}`,
    run: () => s3.send(new GetObjectCommand({ Bucket: 'acme', Key })),
  }));
  const lists = ['', 'raw/'].map((Prefix) => ({
    name: `ListBucket ${Prefix}`,
    run: () => s3.send(new ListObjectsV2Command({ Bucket: 'acme', Prefix })),
  }));
  const tries = [...(denied.includes('s3:GetObject') ? reads : []), ...(denied.includes('s3:ListBucket') ? lists : [])];
  const got: string[] = [];
  for (const { name, run } of tries) if (!(await isDenied(run()))) got.push(name);
  return got;
}

it('given random Denies of the owner and of the principal, then nobody gets what is called denied', async () => {
  const count = { denied: 0, all: 0 };
  const property = fc.asyncProperty(
    fc.array(deny, { maxLength: 2 }),
    fc.option(deny, { nil: undefined }),
    async (owners, own) => {
      const world = createWorld();
      world.aws.seed.bucket(producer, 'acme');
      for (const key of keys) world.aws.seed.object('acme', key, 'x');
      const { arn, id } = world.aws.seed.role(consumer, 'reader', {});
      const role = { arn, uniqueId: id };
      // S3 refuses statements whose actions fit none of their resources.
      if (owners.length > 0) fc.pre(await isTaken(world, owners));
      if (own !== undefined) {
        const { Principal: _who, NotPrincipal: _notWho, ...statement } = own;
        const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
        await world.consumer.iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'own', PolicyDocument }));
      }
      const [policy, share] = [
        await world.runBucket('acme', [wantBucket(role, 'acme')], { verify: true }),
        await world.runShare(arn, [wantShare(role, 'acme')], { verify: true }),
      ];
      const denied = [...deniedActions(policy), ...deniedActions(share)];
      count.all++;
      if (denied.length > 0) count.denied++;
      expect(await triedOut(world, role, denied)).toEqual([]);
      // Without any Deny the share works.
      if (owners.length === 0 && own === undefined)
        expect(await triedOut(world, role, ['s3:GetObject', 's3:ListBucket'])).toHaveLength(5);
    },
  );
  const seed = Date.now() & 0x7fffffff;
  process.stdout.write(`denials tried out: seed ${String(seed)}\n`);
  await fc.assert(property, { numRuns: 80, seed });
  expect(count.denied / count.all).toBeGreaterThan(0.2);
});
