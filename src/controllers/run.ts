/**
 * Starts the controllers in the order in which they depend on each other: what AWS looks like, then what is decided, then what is written. No document is touched
 * before every item that was there at the start has been decided once.
 */
import { createController, type ReconcileContext, type Result } from '../kube/controller.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import { keyOf, type KubeObject } from '../kube/object.ts';
import type { Queue } from '../kube/queue.ts';
import { reconcileRole } from './consumption-role.ts';
import { reconcileDataset } from './dataset.ts';
import { reconcileEnvironment } from './environment.ts';
import { onceFresh } from './fresh.ts';
import { reconcileApproval } from './share-approval.ts';
import { reconcileItem } from './share-item.ts';
import { reconcileOrphans } from './orphans.ts';
import { reconcileRequest } from './share-request.ts';
import { reconcileTarget, type TargetOperator } from './target.ts';

/** Everything that running takes. */
export interface RunOptions {
  readonly operator: TargetOperator;
  readonly metrics: KubeMetrics;
  /** Aborted when the lease is no longer surely held: AWS calls in flight end at once. */
  readonly abort: AbortSignal;
  readonly signal: AbortSignal;
}

/** How long the start waits for what is slow, such as an account that does not answer; then it goes on without. */
const firstPassLimitMs = 30_000;
/** Longest run of one target: reading back what AWS shows late takes up to a minute. */
const targetTimeoutMs = 150_000;

type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

/** Runs all controllers until the signal is aborted; resolves when their reconciles have ended. */
export async function runControllers({ operator, metrics, abort, signal }: RunOptions): Promise<void> {
  const { cluster, queues, clock, logger } = operator;
  const running: Promise<void>[] = [];
  const start = async (
    queue: Queue,
    reconcile: Reconcile,
    options: { readonly concurrency: number; readonly first: readonly KubeObject[]; readonly timeoutMs?: number },
  ): Promise<void> => {
    const pass = firstPass(options.first.map(keyOf), reconcile);
    const controller = createController({
      name: queue.name,
      queue,
      concurrency: options.concurrency,
      reconcile: pass.reconcile,
      logger,
      clock,
      abort,
      metrics: metrics.controller(queue.name),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    running.push(controller.run(signal));
    await Promise.race([pass.done, clock.sleep(firstPassLimitMs, signal).catch(() => undefined)]);
  };
  const { environments, roles, datasets, items, requests, approvals } = cluster;
  await start(
    queues.environment,
    onceFresh(operator, environments, (key, context) => reconcileEnvironment(operator, key, context.signal)),
    { concurrency: 10, first: environments.store.list() },
  );
  await Promise.all([
    start(
      queues.role,
      onceFresh(operator, roles, (key, context) => reconcileRole(operator, key, context.signal)),
      { concurrency: 20, first: roles.store.list() },
    ),
    start(
      queues.dataset,
      onceFresh(operator, datasets, (key) => reconcileDataset(operator, key)),
      { concurrency: 20, first: datasets.store.list() },
    ),
  ]);
  await start(
    queues.item,
    onceFresh(operator, items, (key) => reconcileItem(operator, key)),
    { concurrency: 20, first: items.store.list() },
  );
  await Promise.all([
    start(queues.target, (key, context) => reconcileTarget(operator, key, context), {
      concurrency: 50,
      first: [],
      timeoutMs: targetTimeoutMs,
    }),
    start(
      queues.request,
      onceFresh(operator, requests, (key) => reconcileRequest(operator, key)),
      { concurrency: 10, first: [] },
    ),
    start(
      queues.approval,
      onceFresh(operator, approvals, (key) => reconcileApproval(operator, key)),
      { concurrency: 10, first: [] },
    ),
    start(queues.orphans, (key, context) => reconcileOrphans(operator, key, context.signal), { concurrency: 2, first: [] }),
  ]);
  await Promise.all(running);
}

/** Resolves `done` when each of the keys has been reconciled once, whatever came of it. */
function firstPass(
  keys: readonly string[],
  reconcile: Reconcile,
): { readonly done: Promise<void>; readonly reconcile: Reconcile } {
  const open = new Set(keys);
  const { promise, resolve } = Promise.withResolvers<void>();
  if (open.size === 0) resolve();
  return {
    done: promise,
    reconcile: async (key, context) => {
      try {
        return await reconcile(key, context);
      } finally {
        if (open.delete(key) && open.size === 0) resolve();
      }
    },
  };
}
