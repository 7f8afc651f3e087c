import { CreateBucketCommand, DeleteBucketCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { deny, documentOf, ownStatements, statements } from './documents.ts';
import { callsOf, consumer, createWorld, states, wantBucket, writesOf, type TestWorld } from './world.ts';

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
let world: TestWorld;
let analyst: PrincipalRef;
let auditor: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst', '/team/');
  auditor = await world.role('auditor');
});

describe('a bucket without a policy', () => {
  beforeEach(async () => void (await world.bucket('acme')));

  it('gets one with nothing but our statement, in three calls and a look-up', async () => {
    world.aws.calls.reset();
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    expect(states(report)).toEqual(['Applied']);
    expect(callsOf(world)).toEqual(['s3:GetBucketPolicy', 'iam:GetRole', 's3:PutBucketPolicy', 's3:GetBucketPolicy']);
    expect(await statements(world)).toEqual([
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
        new PutBucketPolicyCommand({ Bucket: 'acme', Policy: documentOf(...(await statements(world)), deny) }),
      );
    });
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' })]);
    off();
    expect(states(report)).toEqual(['Removed']);
    expect(await statements(world)).toEqual([deny]);
  });
});

describe('a bucket with other people’s statements', () => {
  beforeEach(async () => void (await world.bucket('acme', documentOf(...foreign))));

  it('keeps them, empty and missing Sids included, through grant and revoke', async () => {
    const before = await world.policyOf('acme');
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    expect((await statements(world)).slice(0, 4)).toEqual(foreign);
    expect(await ownStatements(world)).toHaveLength(1);
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
    expect(await ownStatements(world)).toMatchObject([{ Principal: { AWS: [auditor.arn, analyst.arn] } }]);
    world.aws.calls.reset();
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' }), wantBucket(auditor, 'acme')]);
    expect(states(report)).toEqual(['Removed', 'Applied']);
    expect(await ownStatements(world)).toMatchObject([{ Principal: { AWS: [auditor.arn] } }]);
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
    expect(await statements(world)).toEqual(foreign);
  });

  it('neither gives nor takes for what is on hold', async () => {
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    const held = [wantBucket(analyst, 'acme', { mode: 'hold' }), wantBucket(auditor, 'acme', { mode: 'hold' })];
    world.aws.calls.reset();
    expect(states(await world.runBucket('acme', held))).toEqual(['Applied', 'Pending/Progressing']);
    const third = await world.role('third');
    await world.runBucket('acme', [...held, wantBucket(third, 'acme')]);
    expect(await ownStatements(world)).toMatchObject([{ Principal: { AWS: [analyst.arn, third.arn].sort() } }]);
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
