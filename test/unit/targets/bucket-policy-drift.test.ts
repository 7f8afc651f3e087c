import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { deny, documentOf, isOurs, ownStatements, statements } from './documents.ts';
import { consumer, createWorld, states, wantBucket, writesOf, type TestWorld } from './world.ts';

const root: JsonObject = {
  Sid: '',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${consumer}:root` },
  Action: 's3:GetBucketTagging',
  Resource: 'arn:aws:s3:::acme',
};
let world: TestWorld;
let analyst: PrincipalRef;
let auditor: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst', '/team/');
  auditor = await world.role('auditor');
});

describe('drift', () => {
  const change = async (edit: (statement: JsonObject) => JsonObject): Promise<void> => {
    const all = (await statements(world)).map((value) => (isOurs(value) ? edit(value) : value));
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
    expect(await ownStatements(world)).toMatchObject([
      { Action: ['s3:GetObject', 's3:ListBucket'], Principal: { AWS: [analyst.arn] } },
    ]);
  });

  it('somebody’s extra principal is excess for the owner’s eyes only, and is taken out', async () => {
    await change((one) => ({ ...one, Principal: { AWS: [auditor.arn, analyst.arn] } }));
    const reported = await world.runBucket('acme', [wantBucket(analyst, 'acme', { repair: false })]);
    expect(reported.items.get(analyst.arn)?.findings).toEqual([]);
    expect(words(reported.unowned)).toContain(auditor.arn);
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    expect(await ownStatements(world)).toMatchObject([{ Principal: { AWS: [analyst.arn] } }]);
  });

  it('is restored for everybody by a write that is due for another reason', async () => {
    await change((one) => ({ ...one, Action: 's3:GetObject' }));
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { repair: false }), wantBucket(auditor, 'acme')]);
    expect(states(report)).toEqual(['Applied', 'Applied']);
    expect(await ownStatements(world)).toMatchObject([
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
    expect(await ownStatements(world)).toMatchObject([{ Principal: { AWS: [analyst.arn] } }]);
  });

  it('that were deleted can be revoked, which takes their id out', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    await world.deleteRole('analyst');
    expect(states(await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]))).toEqual(['Removed']);
    expect(await statements(world)).toEqual([deny]);
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
    expect((await statements(world))[1]).toEqual({ ...theirs, Principal: { AWS: [`arn:aws:iam::${consumer}:root`] } });
  });
});
