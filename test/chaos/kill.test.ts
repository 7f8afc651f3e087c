/**
 * The operator is killed (SIGKILL) at random moments of the main job: ask, approve, use, break, repair, withdraw, delete. Each time it starts again and comes to the
 * same end; nothing of it is left in AWS and no object is stuck. The seed is printed: SLUICE_CHAOS_SEED repeats a run's choices, not the machine's timing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ListPoliciesCommand } from '@aws-sdk/client-iam';
import { GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import { DeleteBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { crash, policyText, ready, verify } from '../cluster/aws-cases.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';

const rounds = 5;
/** Steps of the flow at which the operator is killed in each round. */
const killsPerRound = 4;
/** A kill comes this long after its step began, at most (ms): most steps take less than a second. */
const longestDelayMs = 1200;
const seed = Number(process.env['SLUICE_CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

/** Park–Miller: small, and the same on every machine. */
function generator(start: number): () => number {
  let state = (start % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}

interface Step {
  readonly name: string;
  /** What people do. */
  act(): Promise<unknown>;
  /** Whether the system has followed. */
  settled(): Promise<unknown>;
}

/** The demo's flow, on a bucket with a key and one without. */
function stepsOf(world: World): readonly Step[] {
  const { consumer, producer } = world;
  const items = ['orders', 'vault'];
  const isDone = async (expected: boolean): Promise<boolean> => {
    const found = await Promise.all(items.map((bucket) => world.reads('analysts', bucket)));
    return found.every((reads) => reads === expected);
  };
  const closed = (): Promise<unknown> => until('the data is closed', () => isDone(false), 60);
  return [
    {
      name: 'ask',
      act: () => apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items })]),
      settled: async () => {
        await until(
          'both items wait for consent',
          async () => {
            const { items: found } = await sluice.client.list(types.item, { namespace: consumer.namespace });
            return found.filter(({ status }) => status?.phase === 'PendingApproval').length === 2;
          },
          60,
        );
        expect(await isDone(false)).toBe(true);
      },
    },
    {
      name: 'approve',
      act: () => apply([world.approval('weekly', { request: 'weekly', items })]),
      settled: () => ready(sluice, world, 'weekly', 60),
    },
    {
      name: 'use and break',
      act: async () => {
        await until('the data is open', () => isDone(true));
        await producer.admin.s3.send(new DeleteBucketPolicyCommand({ Bucket: world.buckets['vault'] }));
      },
      settled: async () => {
        await verify(sluice, world, 'weekly', 90);
        await until('the data is open again', () => isDone(true), 90);
      },
    },
    {
      name: 'withdraw',
      act: () => kubectl(['delete', 'shareapproval', 'weekly', '-n', producer.namespace]),
      settled: closed,
    },
    {
      name: 'approve again',
      act: () => apply([world.approval('again', { request: 'weekly', items })]),
      settled: () => ready(sluice, world, 'weekly', 90),
    },
    {
      name: 'delete',
      act: () => kubectl(['delete', 'sharerequest/weekly', 'consumptionrole/analysts', '-n', consumer.namespace, '--wait=false']),
      settled: closed,
    },
  ];
}

/** The step that breaks a policy is always one of them: who wrote it a moment ago would take what he finds for an old copy, and wait for a minute. */
function chooseSteps(steps: readonly Step[], random: () => number): ReadonlySet<number> {
  const ranked = steps.map(({ name }, index) => ({ index, rank: name === 'use and break' ? -1 : random() }));
  const chosen = ranked.toSorted((left, right) => left.rank - right.rank).slice(0, killsPerRound);
  return new Set(chosen.map(({ index }) => index));
}

/** Runs a step; with a delay the operator is killed in its middle and started again. */
async function run(step: Step, killAfterMs: number | undefined): Promise<void> {
  if (killAfterMs === undefined) {
    await step.act();
    await step.settled();
    return;
  }
  const killed = sleep(killAfterMs).then(() => crash(sluice));
  await Promise.all([step.act(), killed]);
  await sluice.operator.start();
  await step.settled();
}

async function expectNothingLeft(world: World): Promise<void> {
  const { consumer, producer } = world;
  // What the last kill interrupted is called removed a minute after the start, when AWS would show what was written before it.
  await kubectl(['delete', 'dataset', 'orders', '-n', producer.namespace, '--timeout=120s']);
  await until(
    'no object is left',
    async () => {
      const namespaces = [consumer.namespace, producer.namespace];
      const kinds = [types.item, types.request, types.role, types.dataset, types.received, types.approval] as const;
      const lists = await Promise.all(
        namespaces.flatMap((namespace) => kinds.map((kind) => sluice.client.list(kind as typeof types.item, { namespace }))),
      );
      const left = lists.flatMap(({ items }) => items).filter(({ metadata }) => metadata.name !== 'again');
      return left.length === 0;
    },
    60,
  );
  for (const bucket of ['orders', 'vault'])
    await until('the bucket policy is gone', async () => (await policyText(world, bucket)) === undefined, 60);
  const { Policies } = await consumer.admin.iam.send(new ListPoliciesCommand({ Scope: 'Local', PathPrefix: '/sluice/' }));
  expect(Policies ?? []).toEqual([]);
  const { Policy } = await producer.admin.kms.send(
    new GetKeyPolicyCommand({ KeyId: world.keys['vault'], PolicyName: 'default' }),
  );
  expect(Policy).not.toContain('analysts');
}

it(
  `given kills at random moments (seed ${String(seed)}), each round comes to its end and leaves nothing`,
  { timeout: 600_000 },
  async () => {
    console.log(`SLUICE_CHAOS_SEED=${String(seed)}`);
    const random = generator(seed);
    for (let round = 0; round < rounds; round++) {
      const world = await sluice.world({ buckets: ['orders'], encrypted: ['vault'] });
      const steps = stepsOf(world);
      const chosen = chooseSteps(steps, random);
      for (const [index, step] of steps.entries()) {
        const killAfterMs = chosen.has(index) ? Math.floor(random() * longestDelayMs) : undefined;
        try {
          await run(step, killAfterMs);
        } catch (error) {
          throw new Error(`round ${String(round)}, step "${step.name}", killed after ${String(killAfterMs)} ms`, {
            cause: error,
          });
        }
      }
      await expectNothingLeft(world);
    }
  },
);
