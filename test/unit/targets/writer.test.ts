import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { callsOf, createWorld, states, wantBucket, wantKey, wantShare, writesOf, type TestWorld } from './world.ts';

const deny = {
  Sid: 'DenyInsecure',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: 'arn:aws:s3:::acme/*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
const documentOf = (...statements: readonly JsonObject[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const theirs = (name: string): JsonObject => ({ ...deny, Sid: name, Action: 's3:DeleteBucket', Resource: 'arn:aws:s3:::acme' });

let world: TestWorld;
let analyst: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst');
  await world.bucket('acme', documentOf(deny));
});

const run = () => world.runBucket('acme', [wantBucket(analyst, 'acme')]);
const put = (text: string) => world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy: text }));

async function statements(): Promise<JsonObject[]> {
  return (JSON.parse((await world.policyOf('acme')) ?? '{"Statement":[]}') as { readonly Statement: JsonObject[] }).Statement;
}

/** What the bucket holds, past all reads. */
function stored(): JsonObject[] {
  const text = world.aws.snapshot().s3.buckets.get('acme')?.policy.current ?? '{"Statement":[]}';
  return (JSON.parse(text) as { readonly Statement: JsonObject[] }).Statement;
}

/** Does something right after (or before) the numbered call of an operation. */
function around(phase: 'before' | 'after', operation: string, number: number, act: () => Promise<unknown>): void {
  let count = 0;
  world.aws.onCall(async (event) => {
    if (event.phase === phase && event.operation === operation && ++count === number) await act();
  });
}

describe('what AWS refuses', () => {
  it.each([
    ['AccessDenied', 403, 'Failed/AccessDenied'],
    ['PolicyTooLarge', 400, 'Failed/PolicySizeLimit'],
    ['InvalidRequest', 400, 'Failed/AwsRefused'],
  ])('as %s: the item is not served and says the code', async (code, status, state) => {
    world.aws.faults.add({ kind: 'error', code, status, match: { operation: 'PutBucketPolicy' } });
    const report = await run();
    expect(states(report)).toEqual([state]);
    expect(report.items.get(analyst.arn)).toMatchObject({ code, message: expect.stringContaining(code) as string });
    expect(report.writes).toEqual([expect.objectContaining({ action: 's3:PutBucketPolicy', result: code })]);
    expect(report.failure?.requestId).toBeDefined();
  });

  it('as a state of the key or of the role: the reason says so', async () => {
    const key = await world.key();
    const refuse = (operation: string, code: string) =>
      world.aws.faults.add({ kind: 'error', code, status: 400, times: 1, match: { operation } });
    refuse('PutKeyPolicy', 'KMSInvalidStateException');
    expect(states(await world.runKey(key, [wantKey(analyst)]))).toEqual(['Failed/KeyNotUsable']);
    refuse('AttachRolePolicy', 'UnmodifiableEntity');
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Failed/ProtectedRole']);
  });

  it('as throttling or an outage: it is pending, and nothing is called successful', async () => {
    for (const kind of ['throttle', 'error', 'expired-token', 'refuse-connection'] as const) {
      const remove = world.aws.faults.add({ kind, match: { operation: 'PutBucketPolicy' } });
      expect(states(await run())).toEqual(['Pending/ProgressingWithRetry']);
      remove();
    }
    world.aws.faults.add({ kind: 'throttle', times: 1, match: { operation: 'GetBucketPolicy' } });
    expect(states(await run())).toEqual(['Pending/ProgressingWithRetry']);
    expect(states(await run())).toEqual(['Applied']);
  });

  it('as a conflict with another writer: it is tried again in the same run', async () => {
    world.aws.faults.add({
      kind: 'error',
      code: 'OperationAborted',
      status: 409,
      times: 2,
      match: { operation: 'PutBucketPolicy' },
    });
    expect(states(await run())).toEqual(['Applied']);
  });

  it('in the read-back: a write that was not seen is not reported as applied', async () => {
    around('after', 'PutBucketPolicy', 1, async () =>
      world.aws.faults.add({ kind: 'error', times: 1, match: { operation: 'GetBucketPolicy' } }),
    );
    expect(states(await run())).toEqual(['Pending/ProgressingWithRetry']);
    expect(states(await run())).toEqual(['Applied']);
  });
});

describe('a lost reply', () => {
  it('is cleared up by looking once more: what got through counts, and is not written twice', async () => {
    world.aws.calls.reset();
    world.aws.faults.add({ kind: 'lose-reply', times: 1, match: { operation: 'PutBucketPolicy' } });
    const report = await run();
    expect([states(report), report.failure]).toEqual([['Applied'], undefined]);
    await run();
    expect(callsOf(world).filter((name) => name === 's3:PutBucketPolicy')).toHaveLength(1);
    expect(await statements()).toHaveLength(2);
  });

  it('of every write to a role’s policies leads to the same end', async () => {
    for (const operation of ['CreatePolicy', 'AttachRolePolicy', 'CreatePolicyVersion', 'DetachRolePolicy', 'DeletePolicy']) {
      world.aws.faults.add({ kind: 'lose-reply', times: 1, match: { operation } });
    }
    const [one, other] = [wantShare(analyst, 'acme'), wantShare(analyst, 'beta')];
    const until = async (contributions: Parameters<TestWorld['runShare']>[1], state: string): Promise<void> => {
      for (let attempt = 0; attempt < 6; attempt++) {
        if (states(await world.runShare(analyst.arn, contributions)).every((found) => found === state)) return;
      }
      expect.unreachable(`not ${state} after six runs`);
    };
    await until([one], 'Applied');
    await until([one, other], 'Applied');
    await until(
      [one, other].map((each) => ({ ...each, mode: 'drop' as const })),
      'Removed',
    );
    expect(world.aws.snapshot().iam.accounts.get('444455556666')?.policies.size).toBe(0);
  });
});

describe('reads that are late', () => {
  /** From now on, with everything that was put before visible. */
  const settle = (settings: Parameters<TestWorld['aws']['configure']>[0]): void => {
    world.aws.configure(settings);
    world.clock.advance(3_600_000);
    world.aws.calls.reset();
  };

  it('are waited for, with one put and no write from an old copy', async () => {
    settle({ staleReadMs: 20_000 });
    const report = await run();
    expect(states(report)).toEqual(['Applied']);
    expect(writesOf(world).filter((name) => name === 's3:PutBucketPolicy')).toHaveLength(1);
    expect(callsOf(world).filter((name) => name === 's3:GetBucketPolicy').length).toBeLessThan(20);
  });

  it('never make a second share undo the first', async () => {
    settle({ staleReadMs: 30_000 });
    const other = await world.role('other');
    await run();
    await world.runBucket('acme', [wantBucket(analyst, 'acme'), wantBucket(other, 'acme')]);
    await world.runBucket('acme', [wantBucket(analyst, 'acme', { mode: 'drop' }), wantBucket(other, 'acme')]);
    world.clock.advance(60_000);
    expect((await statements()).at(-1)).toMatchObject({ Principal: { AWS: [other.arn] } });
    expect(await statements()).toHaveLength(2);
  });

  it('of more than a minute leave the item pending', async () => {
    settle({ staleReadMs: 600_000 });
    const report = await run();
    expect(states(report)).toEqual(['Pending/ProgressingWithRetry']);
    expect(report.items.get(analyst.arn)?.message).toContain('AWS does not show it yet');
  });

  it('of IAM are waited for too', async () => {
    settle({ staleReadMs: 5000 });
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Applied']);
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme'), wantShare(analyst, 'beta')]))).toEqual([
      'Applied',
      'Applied',
    ]);
  });
});

describe('somebody else who writes at the same time', () => {
  it('before our put, more than a second after our read: the document is read again', async () => {
    around('after', 'GetRole', 1, async () => {
      await put(documentOf(deny, theirs('New')));
      world.clock.advance(1500);
    });
    expect(states(await run())).toEqual(['Applied']);
    expect((await statements()).map(({ Sid }) => Sid)).toEqual(['DenyInsecure', 'New', 'Sluiceabcd1234Read']);
  });

  it('after our put: both changes stay, and the coincidence is reported', async () => {
    around('before', 'GetBucketPolicy', 2, async () => put(documentOf(...stored(), theirs('New'))));
    const report = await run();
    expect([states(report), report.concurrentForeignChange]).toEqual([['Applied'], true]);
    expect(await statements()).toHaveLength(3);
  });

  it('over our put: it is made again on top of theirs, and reported', async () => {
    around('before', 'GetBucketPolicy', 2, async () => put(documentOf(theirs('Mine'))));
    const report = await run();
    expect([states(report), report.concurrentForeignChange]).toEqual([['Applied'], true]);
    expect((await statements()).map(({ Sid }) => Sid)).toEqual(['Mine', 'Sluiceabcd1234Read']);
  });

  it('within the minute after: the second look reports it, once', async () => {
    const report = await run();
    expect(report.concurrentForeignChange).toBe(false);
    world.clock.advance((report.readBackAt ?? 0) - world.clock.now() - 20_000);
    await put(documentOf(...(await statements()).slice(1)));
    world.clock.advance(20_000);
    const second = await run();
    expect(second).toMatchObject({ concurrentForeignChange: true });
    expect(second.readBackAt).toBeUndefined();
    expect((await run()).concurrentForeignChange).toBe(false);
  });

  it('nobody: the second look finds nothing and asks for no other', async () => {
    const report = await run();
    world.clock.advance((report.readBackAt ?? 0) - world.clock.now());
    const second = await run();
    expect([second.concurrentForeignChange, second.readBackAt]).toEqual([false, undefined]);
  });
});

describe('a policy that IAM does not find right after it was made', () => {
  it('is attached a moment later, in the same run', async () => {
    world.aws.faults.add({
      kind: 'error',
      code: 'NoSuchEntity',
      status: 404,
      times: 2,
      match: { operation: 'AttachRolePolicy' },
    });
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Applied']);
    expect(callsOf(world).filter((name) => name === 'iam:CreatePolicy').length).toBeLessThanOrEqual(3);
  });
});

describe('a writer that may not write', () => {
  it('writes nothing when the lease is not surely held', async () => {
    world.restart({ mayWrite: () => false });
    expect(states(await run())).toEqual(['Pending/ProgressingWithRetry']);
    expect(await statements()).toHaveLength(1);
  });

  it('ends at once when it is stopped', async () => {
    const controller = new AbortController();
    around('before', 'PutBucketPolicy', 1, async () => controller.abort(new Error('lease lost')));
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme')], { signal: controller.signal });
    expect(states(report)).toEqual(['Pending/ProgressingWithRetry']);
    expect(report.failure?.kind).toBe('aborted');
  });
});

describe('a principal that can’t be looked up', () => {
  it('is given nothing, while who is in place keeps it', async () => {
    await run();
    const other = await world.role('other');
    world.clock.advance(120_000);
    world.aws.faults.add({ kind: 'error', code: 'AccessDenied', status: 403, match: { operation: 'GetRole' } });
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme'), wantBucket(other, 'acme')]);
    expect(states(report)).toEqual(['Applied', 'Failed/AccessDenied']);
  });
});

describe('a whole bucket share with a key', () => {
  it('costs at most twelve calls and four writes', async () => {
    const key = await world.key();
    world.aws.calls.reset();
    await world.runBucket('acme', [wantBucket(analyst, 'acme')]);
    await world.runKey(key, [wantKey(analyst)]);
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme', { key })]);
    expect(callsOf(world).length).toBeLessThanOrEqual(12);
    expect(callsOf(world).filter((name) => name === 'iam:GetRole')).toHaveLength(1);
    expect(writesOf(world)).toHaveLength(4);
  });
});
