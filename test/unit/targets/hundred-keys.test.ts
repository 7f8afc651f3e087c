/** A hundred buckets with keys on one role: how many policies that takes, what happens when they are full, and that nobody loses access in between. */
import { expect, it } from 'vitest';
import type { Contribution } from '../../../src/targets/target.ts';
import { attached, contents } from './iam.ts';
import { createEstate, type Estate } from './hundred-keys.ts';
import { callsOf, states, writesOf } from './world.ts';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const run = async (
  { world, role }: Estate,
  shares: readonly Contribution<never>[] | readonly object[],
  quota = 10,
): Promise<string[]> =>
  states(await world.runShare(role.arn, shares as Parameters<typeof world.runShare>[1], { attachmentQuota: quota }));
const shareAll = (estate: Estate, all: readonly number[]): ReturnType<Estate['share']>[] =>
  all.map((number) => estate.share(number));

it('fit into six policies of the nine that AWS’s default quota leaves: one write each, and one to attach it', async () => {
  const estate = await createEstate(101);
  const { world } = estate;
  world.aws.calls.reset();
  expect(new Set(await run(estate, shareAll(estate, numbers(0, 100))))).toEqual(new Set(['Applied']));
  const count = (await attached(world, 'analyst')).length;
  expect(count).toBe(6);
  expect(numbers(0, 100).filter((number) => !estate.reads(number))).toEqual([]);
  const calls = callsOf(world);
  expect(writesOf(world)).toHaveLength(2 * count);
  // Beside the writes: is it still the same role, what there is, each content read back, and what is attached.
  expect(calls.filter((name) => name !== 'iam:GetPolicy').length).toBeLessThanOrEqual(2 * count + 1 + 1 + count + 1 + count);

  world.aws.calls.reset();
  await run(estate, shareAll(estate, numbers(0, 100)));
  expect(callsOf(world)).toEqual(['iam:ListAttachedRolePolicies', 'iam:ListPolicies']);

  world.aws.calls.reset();
  await run(estate, shareAll(estate, numbers(0, 101)));
  expect(writesOf(world)).toEqual(['iam:CreatePolicyVersion']);
});

it('beyond the quota are refused and cost the others nothing; a raised quota serves them, and no policy is written twice', async () => {
  const estate = await createEstate(200, { attachedPoliciesPerPrincipal: 20 });
  const { world } = estate;
  const all = shareAll(estate, numbers(0, 200));
  const first = await run(estate, all);
  const served = first.filter((state) => state === 'Applied').length;
  expect(first).toEqual(all.map((_, number) => (number < served ? 'Applied' : 'Failed/QuotaExceeded')));
  expect(served).toBeGreaterThanOrEqual(100);
  expect(await attached(world, 'analyst')).toHaveLength(9);
  expect(numbers(0, 200).map((number) => estate.reads(number))).toEqual(numbers(0, 200).map((number) => number < served));

  const before = await contents(world, 'analyst');
  expect(before).toHaveLength(9);
  world.aws.calls.reset();
  const lost: number[] = [];
  const off = world.aws.onCall(({ phase, readOnly }) => {
    if (phase === 'after' && !readOnly) lost.push(...numbers(0, served).filter((number) => !estate.reads(number)));
  });
  expect(new Set(await run(estate, all, 20))).toEqual(new Set(['Applied']));
  off();
  expect(lost).toEqual([]);
  expect(numbers(0, 200).filter((number) => !estate.reads(number))).toEqual([]);
  expect(new Set(writesOf(world))).toEqual(new Set(['iam:CreatePolicy', 'iam:AttachRolePolicy']));
  expect(await contents(world, 'analyst')).toEqual(expect.arrayContaining(before));
});

/** What happens to one call: the operator dies before or after AWS did it, or AWS asks to slow down and the operator goes on. */
const accidents = ['dies before', 'dies after', 'is throttled'] as const;

/** Lets the accident happen at call `at`; returns what ends that. */
function accident({ world: { aws } }: Estate, kind: (typeof accidents)[number], at: number): () => void {
  let count = 0;
  const off = aws.onCall(({ phase }) => {
    if (phase === 'before') count++;
    if (kind === 'is throttled') {
      if (phase === 'after' && count === at - 1) aws.faults.add({ kind: 'throttle', times: 1 });
    } else if (count >= at && phase === kind.slice('dies '.length)) throw new Error('killed');
  });
  if (kind === 'is throttled' && at === 1) aws.faults.add({ kind: 'throttle', times: 1 });
  return () => {
    off();
    aws.faults.clear();
  };
}

it.each(accidents)(
  'whichever call the operator %s, nothing that stays is unreadable at any moment, and the next run ends it',
  { timeout: 120_000 },
  async (kind) => {
    const estate = await createEstate(100);
    const { world } = estate;
    // In every policy some get more and some go; others come, for which a new one is needed.
    const goes = (number: number): boolean => number < 70 && number % 7 === 5;
    const wanted = numbers(0, 100).map((number) =>
      estate.share(number, { mode: goes(number) ? 'drop' : 'want', writes: number < 70 && number % 7 === 3 }),
    );
    await run(estate, shareAll(estate, numbers(0, 70)));
    world.clock.advance(300_000);
    const start = world.aws.snapshot();
    const stay = numbers(0, 70).filter((number) => !goes(number));
    world.restart();
    world.aws.calls.reset();
    await run(estate, wanted);
    const calls = callsOf(world).length;
    expect(new Set(writesOf(world))).toEqual(new Set(['iam:CreatePolicyVersion', 'iam:CreatePolicy', 'iam:AttachRolePolicy']));

    const lost: string[] = [];
    for (let at = 1; at <= calls; at++) {
      world.aws.restore(start);
      world.clock.advance(300_000);
      world.restart();
      const watch = world.aws.onCall(({ phase, readOnly, operation }) => {
        if (phase !== 'after' || readOnly) return;
        lost.push(
          ...stay
            .filter((number) => !estate.reads(number))
            .map((number) => `call ${String(at)}, ${operation}: ${String(number)}`),
        );
      });
      const end = accident(estate, kind, at);
      await run(estate, wanted);
      end();
      world.clock.advance(300_000);
      if (kind !== 'is throttled') world.restart();
      const ended = await run(estate, wanted);
      watch();
      expect([at, new Set(ended)]).toEqual([at, new Set(['Applied', 'Removed'])]);
      expect(numbers(0, 100).filter((number) => estate.reads(number) === goes(number))).toEqual([]);
    }
    expect(lost).toEqual([]);
  },
);
