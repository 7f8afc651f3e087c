import { CreateBucketCommand, DeleteBucketCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import { isOwned, ownedPrefix } from '../../../src/policy/merge.ts';
import { statementOf } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { callsOf, consumer, createWorld, installation, states, wantBucket, writesOf, type TestWorld } from './world.ts';

const deny: JsonObject = {
  Sid: 'DenyInsecure',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: 'arn:aws:s3:::acme/*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
const root: JsonObject = {
  Sid: '',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${consumer}:root` },
  Action: 's3:GetBucketTagging',
  Resource: 'arn:aws:s3:::acme',
};
const unnamed: JsonObject = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${consumer}:root` },
  Action: 's3:GetBucketAcl',
  Resource: 'arn:aws:s3:::acme',
};
const foreign = [deny, root, unnamed, { ...unnamed }];
const documentOf = (...statements: readonly JsonObject[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

let world: TestWorld;
let analyst: PrincipalRef;
let auditor: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst', '/team/');
  auditor = await world.role('auditor');
});

async function statements(bucket = 'acme'): Promise<JsonObject[]> {
  const text = await world.policyOf(bucket);
  return text === undefined ? [] : (JSON.parse(text) as { readonly Statement: JsonObject[] }).Statement;
}
const own = (all: readonly JsonObject[]): JsonObject[] =>
  all.filter((value) => isOwned(statementOf(value), ownedPrefix(installation)));

describe('a bucket without a policy', () => {
  beforeEach(async () => void (await world.bucket('acme')));

  it('gets one with nothing but our statement, in three calls and a look-up', async () => {
    world.aws.calls.reset();
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    expect(states(report)).toEqual(['Applied']);
    expect(callsOf(world)).toEqual(['s3:GetBucketPolicy', 'iam:GetRole', 's3:PutBucketPolicy', 's3:GetBucketPolicy']);
    expect(await statements()).toEqual([
      {
        Sid: 'Sluiceabcd1234Read',
        Effect: 'Allow',
        Principal: { AWS: [analyst.arn] },
        Action: ['s3:GetObject', 's3:ListBucket'],
        Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*'],
      },
    ]);
    expect(report.writes).toEqual([expect.objectContaining({ action: 's3:PutBucketPolicy', result: 'Succeeded' })]);
    expect(report.readBackAt).toBe(world.clock.now() + 60_000);
  });

  it('loses it again, after a second read, when the last share goes', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    world.aws.calls.reset();
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]);
    expect(states(report)).toEqual(['Removed']);
    expect(callsOf(world)).toEqual(['s3:GetBucketPolicy', 's3:GetBucketPolicy', 's3:DeleteBucketPolicy', 's3:GetBucketPolicy']);
    expect(await world.policyOf('acme')).toBeUndefined();
  });

  it('keeps what somebody puts in between the two reads', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    let reads = 0;
    const off = world.aws.onCall(async ({ phase, operation }) => {
      if (phase !== 'after' || operation !== 'GetBucketPolicy' || ++reads !== 1) return;
      await world.producer.s3.send(
        new PutBucketPolicyCommand({ Bucket: 'acme', Policy: documentOf(...(await statements()), deny) }),
      );
    });
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]);
    off();
    expect(states(report)).toEqual(['Removed']);
    expect(await statements()).toEqual([deny]);
  });
});

describe('a bucket with other people’s statements', () => {
  beforeEach(async () => void (await world.bucket('acme', documentOf(...foreign))));

  it('keeps them, empty and missing Sids included, through grant and revoke', async () => {
    const before = await world.policyOf('acme');
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    expect((await statements()).slice(0, 4)).toEqual(foreign);
    expect(own(await statements())).toHaveLength(1);
    await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]);
    expect(await world.policyOf('acme')).toBe(before);
  });

  it('writes nothing when everything is in place, also after a restart', async () => {
    const both = [wantBucket(analyst, 'acme'), wantBucket(auditor, 'acme')];
    await world.runBucket('acme', both);
    world.aws.calls.reset();
    expect(states(await world.runBucket('acme', both))).toEqual(['Applied', 'Applied']);
    world.restart();
    expect(states(await world.runBucket('acme', [...both].reverse()))).toEqual(['Applied', 'Applied']);
    expect(callsOf(world)).toEqual(['s3:GetBucketPolicy', 's3:GetBucketPolicy']);
  });

  it('serves two principals with one statement and keeps one when the other goes', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme'), wantBucket(auditor, 'acme')]);
    expect(own(await statements())).toMatchObject([{ Principal: { AWS: [auditor.arn, analyst.arn] } }]);
    world.aws.calls.reset();
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' }), wantBucket(auditor, 'acme')]);
    expect(states(report)).toEqual(['Removed', 'Applied']);
    expect(own(await statements())).toMatchObject([{ Principal: { AWS: [auditor.arn] } }]);
    expect(writesOf(world)).toEqual(['s3:PutBucketPolicy']);
  });

  it('keeps access that another share of the same principal gives', async () => {
    const [one, other] = [wantBucket(analyst, 'acme', { item: 'one' }), wantBucket(analyst, 'acme', { item: 'other' })];
    await world.runBucket('acme', [one, other]);
    world.aws.calls.reset();
    expect(states(await world.runBucket('acme', [{ ...one, mode: 'drop' }, other]))).toEqual(['Removed', 'Applied']);
    expect(writesOf(world)).toEqual([]);
    expect(
      states(
        await world.runBucket('acme', [
          { ...one, mode: 'drop' },
          { ...other, mode: 'drop' },
        ]),
      ),
    ).toEqual(['Removed', 'Removed']);
    expect(await statements()).toEqual(foreign);
  });

  it('neither gives nor takes for what is on hold', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    const held = [wantBucket(analyst, 'acme', { mode: 'hold' }), wantBucket(auditor, 'acme', { mode: 'hold' })];
    world.aws.calls.reset();
    expect(states(await world.runBucket('acme', held))).toEqual(['Applied', 'Pending/Progressing']);
    const third = await world.role('third');
    await world.runBucket('acme', [...held, wantBucket(third, 'acme')]);
    expect(own(await statements())).toMatchObject([{ Principal: { AWS: [analyst.arn, third.arn].sort() } }]);
  });
});

describe('drift', () => {
  const change = async (edit: (statement: JsonObject) => JsonObject): Promise<void> => {
    const all = (await statements()).map((value) =>
      isOwned(statementOf(value), ownedPrefix(installation)) ? edit(value) : value,
    );
    await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: documentOf(...all) }));
    world.clock.advance(120_000);
  };
  const words = (findings: readonly { readonly message: string }[] | undefined): string =>
    (findings ?? []).map(({ message }) => message).join(' | ');

  beforeEach(async () => {
    await world.bucket('acme', documentOf(deny));
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    world.clock.advance(120_000);
  });

  it.each<[string, (statement: JsonObject) => JsonObject, string]>([
    ['narrowed actions', (one) => ({ ...one, Action: 's3:GetObject' }), 'missing Bucket Policy permissions: s3:ListBucket'],
    [
      'widened actions',
      (one) => ({ ...one, Action: ['s3:GetObject', 's3:ListBucket', 's3:DeleteObject'] }),
      'has not allowed Bucket Policy permissions: s3:DeleteObject',
    ],
    [
      'a condition',
      (one) => ({ ...one, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
      'missing Bucket Policy permissions: s3:GetObject, s3:ListBucket',
    ],
  ])('%s are reported where drift is only reported, and repaired where it is not', async (_name, edit, message) => {
    await change(edit);
    world.aws.calls.reset();
    const reported = await world.runBucket('acme', [wantBucket(analyst, 'acme', { repair: false })]);
    expect(writesOf(world)).toEqual([]);
    expect(words(reported.items.get(analyst.arn)?.findings)).toContain(`Requestor ${analyst.arn} ${message}`);
    expect(states(await world.runBucket('acme', [wantBucket(analyst, 'acme')]))).toEqual(['Applied']);
    expect(own(await statements())).toMatchObject([
      { Action: ['s3:GetObject', 's3:ListBucket'], Principal: { AWS: [analyst.arn] } },
    ]);
  });

  it('somebody’s extra principal is excess for the owner’s eyes only, and is taken out', async () => {
    await change((one) => ({ ...one, Principal: { AWS: [auditor.arn, analyst.arn] } }));
    const reported = await world.runBucket('acme', [wantBucket(analyst, 'acme', { repair: false })]);
    expect(reported.items.get(analyst.arn)?.findings).toEqual([]);
    expect(words(reported.unowned)).toContain(auditor.arn);
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    expect(own(await statements())).toMatchObject([{ Principal: { AWS: [analyst.arn] } }]);
  });

  it('is restored for everybody by a write that is due for another reason', async () => {
    await change((one) => ({ ...one, Action: 's3:GetObject' }));
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { repair: false }), wantBucket(auditor, 'acme')]);
    expect(states(report)).toEqual(['Applied', 'Applied']);
    expect(own(await statements())).toMatchObject([
      { Action: ['s3:GetObject', 's3:ListBucket'], Principal: { AWS: [auditor.arn, analyst.arn] } },
    ]);
  });

  it('a deleted statement is missing, and reported as drift', async () => {
    await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: documentOf(deny) }));
    world.clock.advance(120_000);
    expect(states(await world.runBucket('acme', [wantBucket(analyst, 'acme', { repair: false })]))).toEqual(['Failed/Drifted']);
  });
});

describe('principals', () => {
  beforeEach(async () => void (await world.bucket('acme', documentOf(deny))));

  it('that do not exist are refused, the others are served with the same write', async () => {
    const ghost = { arn: `arn:aws:iam::${consumer}:role/ghost`, uniqueId: 'AROAGHOST00000000000' };
    const report = await world.runBucket('acme', [wantBucket(ghost, 'acme'), wantBucket(analyst, 'acme')]);
    expect(states(report)).toEqual(['Failed/PrincipalNotFound', 'Applied']);
    expect(report.writes).toHaveLength(1);
  });

  it('that were deleted and made again wait for consent, and their old id goes', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme'), wantBucket(auditor, 'acme')]);
    await world.deleteRole('auditor');
    await world.role('auditor');
    world.clock.advance(120_000);
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme'), wantBucket(auditor, 'acme')]);
    expect(states(report)).toEqual(['Applied', 'Failed/PrincipalRecreated']);
    expect(own(await statements())).toMatchObject([{ Principal: { AWS: [analyst.arn] } }]);
  });

  it('that were deleted can be revoked, which takes their id out', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    await world.deleteRole('analyst');
    expect(states(await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]))).toEqual(['Removed']);
    expect(await statements()).toEqual([deny]);
  });

  it('that AWS does not know yet are tried again for a minute while the others are served', async () => {
    world.aws.configure({ principalVisibilityMs: 30_000 });
    world.clock.advance(60_000);
    const young = await Promise.all(['young-a', 'young-b'].map((name) => world.role(name)));
    const all = [wantBucket(analyst, 'acme'), ...young.map((one) => wantBucket(one, 'acme')), wantBucket(auditor, 'acme')];
    const report = await world.runBucket('acme', all);
    expect(states(report)).toEqual(['Applied', 'Pending/ProgressingWithRetry', 'Pending/ProgressingWithRetry', 'Applied']);
    world.clock.advance(31_000);
    expect(states(await world.runBucket('acme', all))).toEqual(['Applied', 'Applied', 'Applied', 'Applied']);
  });

  it('that AWS still refuses after a minute fail alone', async () => {
    world.aws.configure({ principalVisibilityMs: 1_000_000 });
    const young = await world.role('young');
    const first = await world.runBucket('acme', [wantBucket(young, 'acme')]);
    expect(states(first)).toEqual(['Pending/ProgressingWithRetry']);
    world.clock.advance(61_000);
    const report = await world.runBucket('acme', [wantBucket(young, 'acme')]);
    expect(states(report)).toEqual(['Failed/MalformedPolicy']);
    expect(report.items.get(young.arn)?.message).toContain('MalformedPolicy');
  });

  it('that are dead in somebody else’s statement are named to the owner, and pruned where that is allowed', async () => {
    const dead = await world.role('dead');
    const theirs = { ...root, Sid: 'Partner', Principal: { AWS: [dead.arn, `arn:aws:iam::${consumer}:root`] } };
    await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: documentOf(deny, theirs) }));
    await world.deleteRole('dead');
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    expect(states(report)).toEqual(['Failed/ForeignPrincipalInvalid']);
    const result = report.items.get(analyst.arn);
    expect(result?.ownerMessage).toContain(`Statement "Partner" (number 2) names ${dead.uniqueId}`);
    expect(result?.message).not.toContain(dead.uniqueId);
    expect(states(await world.runBucket('acme', [wantBucket(analyst, 'acme')], { pruneDeadPrincipals: true }))).toEqual([
      'Applied',
    ]);
    expect((await statements())[1]).toEqual({ ...theirs, Principal: { AWS: [`arn:aws:iam::${consumer}:root`] } });
  });
});

describe('the bucket', () => {
  it('being gone counts as revoked, and fails a grant', async () => {
    const contributions = [wantBucket(analyst, 'gone'), wantBucket(auditor, 'gone', { mode: 'drop' })];
    expect(states(await world.runBucket('gone', contributions))).toEqual(['Failed/BucketNotFound', 'Removed']);
  });

  it('being somebody else’s now counts as revoked, and is neither read nor written', async () => {
    await world.bucket('acme');
    await world.producer.s3.send(new DeleteBucketCommand({ Bucket: 'acme' }));
    await world.consumer.s3.send(new CreateBucketCommand({ Bucket: 'acme' }));
    expect(states(await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]))).toEqual(['Removed']);
  });

  it('being closed to us is a failure, not a revoke', async () => {
    await world.bucket('acme');
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    world.aws.faults.add({
      kind: 'error',
      code: 'AccessDenied',
      status: 403,
      match: { service: 's3', operation: 'GetBucketPolicy' },
    });
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]);
    expect(states(report)).toEqual(['Failed/AccessDenied']);
    expect(report.items.get(analyst.arn)).toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('AccessDenied') as string,
    });
  });

  it('with a policy that can’t be read is not written', async () => {
    await world.bucket('acme');
    world.plantPolicy('acme', '{"Version":"2012-10-17","Statement":["x"]}');
    world.aws.calls.reset();
    expect(states(await world.runBucket('acme', [wantBucket(analyst, 'acme')]))).toEqual(['Failed/MalformedPolicy']);
    expect(writesOf(world)).toEqual([]);
  });
});
