/** The operator is killed after each AWS call in turn, and the next one, which remembers nothing, gets to the same end without anybody losing access. */
import { ListPoliciesCommand } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { consumer, createWorld, producer, states, wantBucket, wantKey, wantShare, type TestWorld } from './world.ts';

interface Scene {
  readonly world: TestWorld;
  readonly key: string;
  readonly stays: PrincipalRef;
  readonly changes: PrincipalRef;
}

const foreign = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:DeleteBucket', Resource: 'arn:aws:s3:::acme' };

async function scene(): Promise<Scene> {
  const world = createWorld();
  const [stays, changes] = [await world.role('stays'), await world.role('changes')];
  await world.bucket('acme', JSON.stringify({ Version: '2012-10-17', Statement: [foreign] }));
  const made = { world, key: await world.key(), stays, changes };
  await all(made, 'hold');
  await all(made, 'hold');
  return made;
}

/** One pass over all targets: `stays` always wants, `changes` is in the given mode; its role has several buckets, so that several policies are needed. */
async function all({ world, key, stays, changes }: Scene, mode: 'want' | 'drop' | 'hold'): Promise<string[]> {
  const buckets = Array.from(
    { length: 30 },
    (_, number) => `acme-data-lake-production-orders-and-deliveries-${String(number).padStart(3, '0')}`,
  );
  const kept = buckets.slice(0, 3).map((bucket) => wantShare(changes, bucket, { order: '0' }));
  const changing = buckets
    .slice(3)
    .map((bucket, number) => wantShare(changes, bucket, { order: '1', mode, key: `${key}${String(number)}` }));
  return [
    await world.runBucket('acme', [wantBucket(stays, 'acme'), wantBucket(changes, 'acme', { mode })]),
    await world.runKey(key, [wantKey(stays), wantKey(changes, { mode })]),
    await world.runShare(changes.arn, [...kept, ...changing]),
  ].flatMap(states);
}

function kill(world: TestWorld, number: number): { readonly died: () => boolean; readonly off: () => void } {
  let count = 0;
  const off = world.aws.onCall(({ phase }) => {
    if (phase === 'after' && ++count >= number) throw new Error('killed');
  });
  return { died: () => count >= number, off };
}

type StoredPolicy =
  NonNullable<ReturnType<ReturnType<TestWorld['aws']['snapshot']>['iam']['accounts']['get']>>['policies'] extends Map<
    string,
    infer One
  >
    ? One
    : never;

function documentOf({ content }: StoredPolicy): string {
  const { versions, defaultVersion } = content.current;
  return versions.find(({ id }) => id === defaultVersion)?.document ?? '';
}

/** Everything that is ours and everything foreign in AWS, as one text. */
function picture({ world, key }: Scene): string {
  const state = world.aws.snapshot();
  const policies = [...(state.iam.accounts.get(consumer)?.policies.values() ?? [])].map((policy) => [
    policy.arn,
    documentOf(policy),
    policy.attachedTo.size,
  ]);
  return JSON.stringify([state.s3.buckets.get('acme')?.policy.current, state.kms.keys.get(key)?.policy.current, policies.sort()]);
}

/** What must hold after every single call: the role that stays is named in both documents, the kept buckets are in attached policies, foreign stays. */
function standing({ world, key, stays, changes }: Scene): boolean {
  const state = world.aws.snapshot();
  const bucketPolicy = state.s3.buckets.get('acme')?.policy.current ?? '';
  const policies = [...(state.iam.accounts.get(consumer)?.policies.values() ?? [])].filter(
    ({ attachedTo }) => attachedTo.size > 0,
  );
  const texts = policies.map(documentOf).join();
  return (
    changes.arn !== '' &&
    [bucketPolicy, state.kms.keys.get(key)?.policy.current ?? ''].every((text) => text.includes(stays.uniqueId)) &&
    bucketPolicy.includes('"Theirs"') &&
    (state.kms.keys.get(key)?.policy.current ?? '').includes(`arn:aws:iam::${producer}:root`) &&
    ['000', '001', '002'].every((number) =>
      texts.includes(`arn:aws:s3:::acme-data-lake-production-orders-and-deliveries-${number}/*`),
    )
  );
}

describe.each(['want', 'drop'] as const)('killed after each call of a flow that ends with %s', (mode) => {
  it('the next operator ends as if nothing had happened, and nobody loses anything meanwhile', async () => {
    const before = await scene();
    if (mode === 'drop') await all(before, 'want');
    before.world.aws.calls.reset();
    const start = before.world.aws.snapshot();
    before.world.restart();
    await all(before, mode);
    const end = picture(before);
    const calls = before.world.aws.calls.list().length;
    expect(calls).toBeGreaterThan(10);

    const losses: number[] = [];
    for (let number = 1; number <= calls; number++) {
      before.world.aws.restore(start);
      before.world.clock.advance(300_000);
      const watch = before.world.aws.onCall(({ phase }) => {
        if (phase === 'after' && !standing(before)) losses.push(number);
      });
      before.world.restart();
      const { off, died } = kill(before.world, number);
      await all(before, mode);
      expect([number, calls, died()]).toEqual([number, calls, true]);
      off();
      before.world.clock.advance(300_000);
      before.world.restart();
      const ended = await all(before, mode);
      watch();
      expect(new Set(ended)).toEqual(new Set(mode === 'want' ? ['Applied'] : ['Applied', 'Removed']));
      expect(picture(before)).toBe(end);
    }
    expect(losses).toEqual([]);
    const { Policies } = await before.world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
    expect(Policies?.every(({ AttachmentCount }) => AttachmentCount === 1)).toBe(true);
  });
});
