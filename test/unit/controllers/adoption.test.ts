/** A document that is met for the first time keeps what no share explains, for a while; one that is known does not. Against the stand-in, with the real writer. */
import { DeleteRoleCommand, ListPoliciesCommand } from '@aws-sdk/client-iam';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { adoptionEnds, kindsFor } from '../../../src/controllers/adoption.ts';
import { createMemory, type Memory } from '../../../src/controllers/memory.ts';
import type { ResourceGrant } from '../../../src/targets/resource-policy.ts';
import type { IdentityGrant } from '../../../src/targets/share-policy-plan.ts';
import type { Contribution, PrincipalRef } from '../../../src/targets/target.ts';
import {
  consumer,
  createWorld,
  producer,
  states,
  wantBucket,
  wantKey,
  wantShare,
  writesOf,
  type TestWorld,
} from '../targets/world.ts';

const grace = 10 * 60_000;
const bucket = 'acme-orders';
const key = `s3:bucket-policy/${producer}/${bucket}`;

let world: TestWorld;
let memory: Memory;
let [a, b, c] = [] as unknown as [PrincipalRef, PrincipalRef, PrincipalRef];

/** An operator that has just started: it knows nothing of the documents. */
function restart(): void {
  world.restart();
  memory = createMemory();
  world.aws.calls.reset();
}

beforeEach(async () => {
  world = createWorld();
  [a, b, c] = [await world.role('analysts'), await world.role('interns'), await world.role('guests')];
  await world.bucket(bucket);
  restart();
});

const signal = new AbortController().signal;
const session = (accountId: string) => ({ environment: 'e', accountId, region: 'eu-west-1' });
const operator = () => ({ memory, clock: world.clock });

function runBucket(contributions: readonly Contribution<ResourceGrant>[]) {
  const coordinates = { session: session(producer), bucket, pruneDeadPrincipals: false };
  const { bucketPolicy: kind } = kindsFor(operator(), key);
  return world.writer.run({ kind, coordinates, contributions, context: { ...world.producer, signal }, signal });
}

function runShare(contributions: readonly Contribution<IdentityGrant>[]) {
  const coordinates = { session: session(consumer), principalArn: a.arn, prefix: 'sluice', management: 'Managed' } as const;
  const { sharePolicy: kind } = kindsFor(operator(), 'share');
  return world.writer.run({ kind, coordinates, contributions, context: { ...world.consumer, signal }, signal });
}

/** Who stands in the bucket's policy. */
async function standing(): Promise<string[]> {
  const text = (await world.policyOf(bucket)) ?? '';
  return [a, b, c].filter(({ arn }) => text.includes(`"${arn}"`)).map(({ arn }) => arn.split('/').at(-1) ?? '');
}

describe('a document that is met for the first time', () => {
  test('given shares that come one by one, then each finds what it needs, and nothing is written', async () => {
    await world.runBucket(
      bucket,
      [a, b, c].map((principal) => wantBucket(principal, bucket)),
    );
    restart();
    expect(states(await runBucket([wantBucket(a, bucket)]))).toEqual(['Applied']);
    expect(states(await runBucket([wantBucket(a, bucket), wantBucket(b, bucket)]))).toEqual(['Applied', 'Applied']);
    expect(adoptionEnds(operator(), key)).toBeDefined();
    await runBucket([a, b, c].map((principal) => wantBucket(principal, bucket)));
    expect(writesOf(world)).toEqual([]);
    expect(adoptionEnds(operator(), key)).toBeUndefined();
  });

  test('given nobody comes for ten minutes, then what belongs to nobody goes', async () => {
    await world.runBucket(bucket, [wantBucket(a, bucket), wantBucket(b, bucket)]);
    restart();
    const met = world.clock.now();
    await runBucket([wantBucket(a, bucket)]);
    expect((adoptionEnds(operator(), key) ?? 0) - met).toBeLessThan(grace + 1000);
    world.clock.advance(grace - 60_000);
    await runBucket([wantBucket(a, bucket)]);
    expect(await standing()).toEqual(['analysts', 'interns']);
    world.clock.advance(60_000);
    await runBucket([wantBucket(a, bucket)]);
    expect(await standing()).toEqual(['analysts']);
  });

  test('given a write is needed for somebody else, then it keeps them too', async () => {
    await world.runBucket(bucket, [wantBucket(a, bucket)]);
    restart();
    await runBucket([wantBucket(b, bucket)]);
    expect(await standing()).toEqual(['analysts', 'interns']);
  });

  test('given another share of the same principal that is not there yet, then what that gave stays', async () => {
    const arn = `arn:aws:s3:::${bucket}`;
    const write = { name: 'Write', actions: ['s3:PutObject'], resources: [`${arn}/*`] };
    const both = wantBucket(a, bucket, { item: 'second', grant: { principal: a, templates: [write] } });
    await world.runBucket(bucket, [wantBucket(a, bucket), both]);
    restart();
    await runBucket([wantBucket(a, bucket)]);
    expect(writesOf(world)).toEqual([]);
    await runBucket([wantBucket(a, bucket), both]);
    expect(adoptionEnds(operator(), key)).toBeUndefined();
  });

  test('given a deleted principal, then its id belongs to nobody and goes at once', async () => {
    await world.runBucket(bucket, [wantBucket(a, bucket), wantBucket(b, bucket)]);
    await world.consumer.iam.send(new DeleteRoleCommand({ RoleName: 'interns' }));
    restart();
    await runBucket([wantBucket(a, bucket)]);
    expect(adoptionEnds(operator(), key)).toBeUndefined();
    expect(await world.policyOf(bucket)).not.toContain('AROA');
  });

  test('given a share that ends, and a statement of it that somebody widened, then all of it goes', async () => {
    const wide = { name: 'Read', actions: ['s3:GetObject', 's3:DeleteObject'], resources: [`arn:aws:s3:::${bucket}/*`] };
    await world.runBucket(bucket, [wantBucket(a, bucket, { grant: { principal: a, templates: [wide] } }), wantBucket(b, bucket)]);
    restart();
    const report = await runBucket([wantBucket(a, bucket, { mode: 'drop' })]);
    expect(states(report)).toEqual(['Removed']);
    expect(await standing()).toEqual(['interns']);
  });

  test('whoever is there keeps access, unless their own share ends', async () => {
    const mode = fc.constantFrom('want', 'hold', 'drop', 'unknown');
    await fc.assert(
      fc.asyncProperty(fc.tuple(mode, mode, mode), async (modes) => {
        world.restart();
        await world.runBucket(
          bucket,
          [a, b, c].map((principal) => wantBucket(principal, bucket)),
        );
        world.clock.advance(61_000);
        restart();
        const contributions = modes.flatMap((one, index) => {
          const principal = [a, b, c][index];
          return one === 'unknown' || principal === undefined ? [] : [wantBucket(principal, bucket, { mode: one as 'want' })];
        });
        if (contributions.length > 0) await runBucket(contributions);
        const names = ['analysts', 'interns', 'guests'];
        expect(await standing()).toEqual(names.filter((_, index) => modes[index] !== 'drop'));
      }),
      { numRuns: 40 },
    );
  });
});

describe('a document that is known', () => {
  test('given somebody who is put into it by hand, then they go at once', async () => {
    await world.runBucket(bucket, [wantBucket(a, bucket)]);
    restart();
    await runBucket([wantBucket(a, bucket)]);
    await world.runBucket(bucket, [wantBucket(a, bucket), wantBucket(b, bucket)]);
    await runBucket([wantBucket(a, bucket)]);
    expect(await standing()).toEqual(['analysts']);
  });

  test('given it was made by us, then it is known from the start', async () => {
    await runBucket([wantBucket(a, bucket)]);
    expect(adoptionEnds(operator(), key)).toBeUndefined();
  });
});

describe('policies of a principal that are met for the first time', () => {
  test('given shares that come one by one, then nothing is written, and nothing is lost where something is added', async () => {
    await world.runShare(a.arn, [wantShare(a, 'one'), wantShare(a, 'two')]);
    restart();
    await runShare([wantShare(a, 'one')]);
    expect(writesOf(world)).toEqual([]);
    await runShare([wantShare(a, 'one'), wantShare(a, 'three')]);
    expect(writesOf(world)).toEqual(['iam:CreatePolicyVersion']);
    const report = await runShare(['one', 'two', 'three'].map((name) => wantShare(a, name)));
    expect(states(report)).toEqual(['Applied', 'Applied', 'Applied']);
    expect(writesOf(world)).toEqual(['iam:CreatePolicyVersion']);
  });

  test('given the last known share ends, then what is unexplained stays until its time is over', async () => {
    await world.runShare(a.arn, [wantShare(a, 'one'), wantShare(a, 'two')]);
    restart();
    expect(states(await runShare([wantShare(a, 'one', { mode: 'drop' })]))).toEqual(['Removed']);
    expect((await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toHaveLength(1);
  });
});

test('given a share of the policies ends, and its statement was widened by hand, then all of it goes', async () => {
  await world.runShare(a.arn, [wantShare(a, 'one', { actions: ['s3:GetObject', 's3:DeleteObject'] })]);
  restart();
  expect(states(await runShare([wantShare(a, 'one', { mode: 'drop' })]))).toEqual(['Removed']);
  expect((await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toEqual([]);
});

test('given a key policy, then it is met in the same way', async () => {
  const keyArn = await world.key();
  await world.runKey(keyArn, [wantKey(a), wantKey(b)]);
  restart();
  const { keyPolicy: kind } = kindsFor(operator(), keyArn);
  const coordinates = { session: session(producer), keyArn };
  await world.writer.run({ kind, coordinates, contributions: [wantKey(a)], context: { ...world.producer, signal }, signal });
  expect(writesOf(world)).toEqual([]);
  expect(adoptionEnds(operator(), keyArn)).toBeDefined();
});
