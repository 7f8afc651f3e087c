import { DisableKeyCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { callsOf, createWorld, producer, states, wantKey, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;
let auditor: PrincipalRef;
let key: string;

beforeEach(async () => {
  world = createWorld();
  [analyst, auditor] = [await world.role('analyst'), await world.role('auditor')];
  key = await world.key();
});

async function statements(): Promise<JsonObject[]> {
  const { Policy } = await world.producer.kms.send(new GetKeyPolicyCommand({ KeyId: key }));
  return (JSON.parse(Policy ?? '{}') as { readonly Statement: JsonObject[] }).Statement;
}

describe('a key policy', () => {
  it('takes a grant in three calls and a look-up, and keeps its administrators', async () => {
    const before = await statements();
    world.aws.calls.reset();
    expect(states(await world.runKey(key, [wantKey(analyst)]))).toEqual(['Applied']);
    expect(callsOf(world)).toEqual(['kms:GetKeyPolicy', 'iam:GetRole', 'kms:PutKeyPolicy', 'kms:GetKeyPolicy']);
    const after = await statements();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length)).toMatchObject([
      { Sid: 'Sluiceabcd1234ReadDescribe', Action: ['kms:DescribeKey'], Principal: { AWS: [analyst.arn] } },
      {
        Sid: 'Sluiceabcd1234ReadUse',
        Action: ['kms:Decrypt'],
        Condition: { StringEquals: { 'kms:ViaService': ['s3.eu-west-1.amazonaws.com'] } },
      },
    ]);
  });

  it('writes nothing when converged, and is as before when the last share has gone', async () => {
    const before = await statements();
    await world.runKey(key, [wantKey(analyst), wantKey(auditor)]);
    world.aws.calls.reset();
    await world.runKey(key, [wantKey(analyst), wantKey(auditor)]);
    expect(callsOf(world)).toEqual(['kms:GetKeyPolicy']);
    expect(states(await world.runKey(key, [wantKey(analyst, { mode: 'drop' }), wantKey(auditor)]))).toEqual([
      'Removed',
      'Applied',
    ]);
    expect(states(await world.runKey(key, [wantKey(auditor, { mode: 'drop' })]))).toEqual(['Removed']);
    expect(await statements()).toEqual(before);
  });

  it('that nobody else could change is not written', async () => {
    const mine = {
      Sid: 'Use',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${producer}:root` },
      Action: ['kms:Decrypt', 'kms:PutKeyPolicy'],
      Resource: '*',
    };
    const owned = { ...mine, Sid: 'Sluiceabcd1234Admin' };
    await world.producer.kms.send(
      new PutKeyPolicyCommand({ KeyId: key, Policy: JSON.stringify({ Version: '2012-10-17', Statement: [owned] }) }),
    );
    world.aws.calls.reset();
    const report = await world.runKey(key, [wantKey(analyst), wantKey(auditor, { mode: 'drop' })]);
    expect(states(report)).toEqual(['Failed/KeyPolicyLockout', 'Removed']);
    expect(writesOf(world)).toEqual([]);
  });

  it('that KMS takes for a lock-out is not forced', async () => {
    world.aws.faults.add({
      kind: 'error',
      code: 'MalformedPolicyDocumentException',
      status: 400,
      match: { operation: 'PutKeyPolicy' },
    });
    const report = await world.runKey(key, [wantKey(analyst)]);
    expect(states(report)).toEqual(['Pending/ProgressingWithRetry']);
    world.clock.advance(61_000);
    const later = await world.runKey(key, [wantKey(analyst)]);
    expect(states(later)).toEqual(['Failed/MalformedPolicy']);
    expect(later.items.get(analyst.arn)?.message).toContain('MalformedPolicyDocument');
  });

  it('of a key that does not exist fails a grant and counts as revoked', async () => {
    const missing = key.replace(/.{4}$/, '0000');
    expect(states(await world.runKey(missing, [wantKey(analyst), wantKey(auditor, { mode: 'drop' })]))).toEqual([
      'Failed/KeyNotFound',
      'Removed',
    ]);
  });

  it('of a key that is not enabled is in place, but the share can’t use it: verify says so', async () => {
    await world.runKey(key, [wantKey(analyst)]);
    await world.producer.kms.send(new DisableKeyCommand({ KeyId: key }));
    const report = await world.runKey(key, [wantKey(analyst)], { verify: true });
    expect(states(report)).toEqual(['Failed/KeyNotUsable']);
    expect(report.items.get(analyst.arn)?.message).toBe(`KMS Key Target Resource is Disabled: ${key}`);
  });
});
