/**
 * Runs reconciles: workers take keys from a queue, call `reconcile`, and put the key back as its result says. The queue guarantees that
 * a key never runs twice at once. What a key means, and when it is added, is the caller's business.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { isConflict } from './errors.ts';
import type { LogFields, Logger } from './logging.ts';
import type { Queue, QueueItem } from './queue.ts';

/**
 * What becomes of a key after a reconcile.
 * done: nothing until it is added again. requeue: all is as well as it can be now (a permanent error of the user's too), look again
 * after a while. retry: it failed for a reason that may pass; the key's backoff decides when, unless `afterMs` does.
 */
export type Result =
  | { readonly kind: 'done' }
  | { readonly kind: 'requeue'; readonly afterMs: number; readonly priority?: number }
  | { readonly kind: 'retry'; readonly error: unknown; readonly afterMs?: number };

/** What a reconcile gets besides its key. */
export interface ReconcileContext {
  /** Adds controller, namespace, name and reconcileId to each line. */
  readonly logger: Logger;
  /** Aborted when the reconcile took too long, or has to stop at once. */
  readonly signal: AbortSignal;
  readonly reconcileId: string;
}

/** The value of the `result` label. */
export type ReconcileLabel = 'success' | 'error' | 'requeue' | 'requeue_after';

/** What a controller tells of itself; metrics.ts turns it into the controller_runtime_* metrics. */
export interface ControllerMetrics {
  workers(count: number): void;
  started(): void;
  ended(result: ReconcileLabel, ms: number): void;
  /** The reconcile threw instead of returning a Result. */
  threw(): void;
  timedOut(): void;
}

/** Options of {@link createController}. */
export interface ControllerOptions {
  readonly name: string;
  readonly queue: Queue;
  /** How many keys may run at the same time. */
  readonly concurrency: number;
  readonly reconcile: (key: string, context: ReconcileContext) => Promise<Result>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics?: ControllerMetrics;
  /** After this long a reconcile's signal is aborted. @default no limit */
  readonly timeoutMs?: number;
  /** How long running reconciles may go on after the stop before their signal is aborted. @default 20000 */
  readonly graceMs?: number;
  /** Aborts running reconciles at once (the lease is no longer surely held). */
  readonly abort?: AbortSignal;
  /** @default random UUIDs */
  readonly newReconcileId?: () => string;
}

/** A controller that has not been started. */
export interface Controller {
  readonly name: string;
  /** Works until the signal is aborted; resolves when the running reconciles have ended. Can be called once. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a controller; `run` starts it. */
export function createController(options: ControllerOptions): Controller {
  return { name: options.name, run: (signal) => run(options, signal) };
}

async function run(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const hardStop = new AbortController();
  let cancelGrace: (() => void) | undefined;
  const onStop = (): void => {
    options.queue.shutDown();
    const stopHard = (): void =>
      hardStop.abort(new Error(`controller ${options.name} is stopping and its reconcile took too long`));
    cancelGrace = options.clock.after(options.graceMs ?? 20_000, stopHard);
  };
  if (signal.aborted) onStop();
  else signal.addEventListener('abort', onStop, { once: true });
  options.metrics?.workers(options.concurrency);
  const breathe = createBreather();
  const worker = (): Promise<void> => work({ ...options, breathe }, signal, hardStop.signal);
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  cancelGrace?.();
}

interface WorkerOptions extends ControllerOptions {
  /** Resolves when the next reconcile may start. */
  readonly breathe: () => Promise<void> | undefined;
}

async function work(options: WorkerOptions, stop: AbortSignal, hardStop: AbortSignal): Promise<void> {
  for (let item = await options.queue.get(stop); item !== undefined; item = await options.queue.get(stop)) {
    try {
      await process(options, item, hardStop);
    } finally {
      options.queue.done(item.key);
    }
    await options.breathe();
  }
}

/** After so many reconciles others get their turn: answers of the API server, timers, the renewal of the lease. */
const inARow = 8;

/**
 * Reconciles that find nothing to do wait for nothing, so that ten thousand of them in the queue would keep the process to themselves for many seconds: promises
 * go before everything else (Node.js guide, "The Node.js Event Loop"). All workers of a controller pause together, for one turn of the event loop.
 */
function createBreather(): WorkerOptions['breathe'] {
  let count = 0;
  let pause: Promise<void> | undefined;
  return () => {
    if (++count >= inARow)
      pause ??= setImmediate().then(() => {
        count = 0;
        pause = undefined;
      });
    return pause;
  };
}

async function process(options: ControllerOptions, item: QueueItem, hardStop: AbortSignal): Promise<void> {
  const { clock, metrics, name } = options;
  const reconcileId = (options.newReconcileId ?? randomUUID)();
  // Most reconciles log nothing, and a child costs more than many of them.
  let child: Logger | undefined;
  const loggerOf = (): Logger => (child ??= options.logger.child({ controller: name, ...logFieldsOf(item.key), reconcileId }));
  const started = clock.now();
  metrics?.started();
  const limit = timeLimit(options, hardStop);
  const context: ReconcileContext = {
    get logger() {
      return loggerOf();
    },
    signal: limit.signal,
    reconcileId,
  };
  const result = await reconcileSafely(options, item.key, context);
  limit.release();
  settle(options, item, { result, context });
  metrics?.ended(labelOf(result), clock.now() - started);
}

/** A queue may hold other keys than objects', so that any key is good enough for a log line. */
function logFieldsOf(key: string): LogFields {
  const [namespace, name, ...rest] = key.split('/');
  return name === undefined || rest.length > 0 ? { name: key } : { namespace, name };
}

/** Whatever happens in a reconcile becomes a Result: a worker never ends by an exception. */
async function reconcileSafely(options: ControllerOptions, key: string, context: ReconcileContext): Promise<Result> {
  try {
    return await options.reconcile(key, context);
  } catch (error) {
    options.metrics?.threw();
    return { kind: 'retry', error };
  }
}

function settle(
  options: ControllerOptions,
  item: QueueItem,
  { result, context }: { readonly result: Result; readonly context: ReconcileContext },
): void {
  const { queue } = options;
  switch (result.kind) {
    case 'done':
      queue.forget(item.key);
      return;
    case 'requeue':
      // Forget first: a requeue is a success, and the next failure's backoff starts anew.
      queue.forget(item.key);
      queue.add(item.key, { afterMs: result.afterMs, priority: result.priority ?? item.priority });
      return;
    case 'retry': {
      const backoffMs = retry(queue, item, result.afterMs);
      const fields = { error: result.error, retries: queue.retries(item.key), retryInMs: backoffMs };
      // A conflict is how optimistic concurrency works: somebody was faster, the next try sees it.
      if (isConflict(result.error)) context.logger.debug(fields, 'the object was changed meanwhile, trying again');
      else context.logger.error(fields, 'reconcile failed, trying again');
    }
  }
}

function retry(queue: Queue, item: QueueItem, afterMs: number | undefined): number {
  if (afterMs === undefined) return queue.addRateLimited(item.key, { priority: item.priority });
  queue.add(item.key, { afterMs, priority: item.priority });
  return afterMs;
}

function labelOf(result: Result): ReconcileLabel {
  switch (result.kind) {
    case 'done':
      return 'success';
    case 'requeue':
      return 'requeue_after';
    case 'retry':
      return 'error';
  }
}

function timeLimit(options: ControllerOptions, hardStop: AbortSignal): { readonly signal: AbortSignal; release(): void } {
  const { clock, metrics, timeoutMs, name } = options;
  const stops = options.abort === undefined ? [hardStop] : [hardStop, options.abort];
  if (timeoutMs === undefined) return { signal: AbortSignal.any(stops), release: () => undefined };
  const timeout = new AbortController();
  const expire = (): void => {
    metrics?.timedOut();
    timeout.abort(new Error(`the reconcile of controller ${name} took longer than ${timeoutMs} ms`));
  };
  return { signal: AbortSignal.any([...stops, timeout.signal]), release: clock.after(timeoutMs, expire) };
}
