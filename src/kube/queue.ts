/**
 * The work queue: which key is reconciled next. It holds keys, never objects or events.
 *
 * - A key is in the queue once, however often it is added.
 * - A key never runs twice at once: added while it runs, it waits until `done`.
 * - A delayed key keeps its earliest time and the highest priority of all adds. An add without delay takes the place of a delayed one;
 *   a delayed add to a ready key only raises its priority, since a reconcile that is about to run asks for its own next one.
 * - Turns go by priority, with ageing (ready-keys.ts).
 *
 * The contract is client-go's (util/workqueue), the priorities are controller-runtime's.
 */
import type { Clock } from '../clock.ts';
import { createDelayedKeys } from './delayed-keys.ts';
import type { DelayedKeys } from './delayed-keys.ts';
import { createReadyKeys } from './ready-keys.ts';
import type { ReadyKeys } from './ready-keys.ts';

/** The priorities in use; any integer is allowed. `resync` is for the initial list and for periodic work. */
export const Priority = { change: 0, resync: -100 } as const;

/** How to add a key. */
export interface AddOptions {
  /** @default Priority.change */
  readonly priority?: number;
  /** @default 0 */
  readonly afterMs?: number;
}

/** A key whose turn it is. */
export interface QueueItem {
  readonly key: string;
  /** The priority with which it was queued: a retry keeps it. */
  readonly priority: number;
}

/** What the queue tells of itself; metrics.ts turns it into the workqueue_* metrics. Times are in milliseconds. */
export interface QueueMetrics {
  added(): void;
  retried(): void;
  /** A key became ready (+1) or left the ready ones (−1). */
  depthChanged(priority: number, by: 1 | -1): void;
  waited(ms: number): void;
  worked(ms: number): void;
  /** Called once: `read` gives how long each running key has been running. */
  watchRunning(read: () => readonly number[]): void;
}

/** A work queue; see the file's comment for its contract. */
export interface Queue {
  readonly name: string;
  /** Ready keys: neither delayed nor running. */
  readonly length: number;
  add(key: string, options?: AddOptions): void;
  /** Adds after the key's own exponential backoff, which this lengthens. Returns the delay in milliseconds. */
  addRateLimited(key: string, options?: Omit<AddOptions, 'afterMs'>): number;
  /** The key succeeded: its backoff starts anew. Doesn't take it out of the queue. */
  forget(key: string): void;
  /** How many times in a row the key was rate-limited. */
  retries(key: string): number;
  /** The next key, as soon as there is one; undefined once the queue is shut down or the signal aborted. Each key needs its `done`. */
  get(signal?: AbortSignal): Promise<QueueItem | undefined>;
  done(key: string): void;
  /** No more keys are taken or given. Running ones may finish. */
  shutDown(): void;
}

/** Options of {@link createQueue}. */
export interface QueueOptions {
  readonly clock: Clock;
  readonly name: string;
  readonly metrics?: QueueMetrics;
  /** Delay base·2^n per key, up to `maxMs`. @default 5 ms to 1,000 s, as in client-go */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
}

type Waiter = (item: QueueItem | undefined) => void;

interface State {
  readonly options: QueueOptions;
  readonly ready: ReadyKeys;
  readonly delayed: DelayedKeys;
  /** Since when each key runs. */
  readonly running: Map<string, number>;
  /** Keys that became ready while running, with their priority. */
  readonly dirty: Map<string, number>;
  readonly failures: Map<string, number>;
  readonly waiters: Set<Waiter>;
  closed: boolean;
}

/** An empty queue. Takes O(log n) per operation. */
export function createQueue(options: QueueOptions): Queue {
  const state: State = {
    options,
    ready: createReadyKeys(),
    delayed: createDelayedKeys(options.clock, (item) => makeReady(state, item.key, item.priority)),
    running: new Map(),
    dirty: new Map(),
    failures: new Map(),
    waiters: new Set(),
    closed: false,
  };
  options.metrics?.watchRunning(() => [...state.running.values()].map((since) => options.clock.now() - since));
  return {
    name: options.name,
    get length() {
      return state.ready.size;
    },
    add: (key, add) => addKey(state, key, add),
    addRateLimited: (key, add) => addRateLimited(state, key, add),
    forget: (key) => void state.failures.delete(key),
    retries: (key) => state.failures.get(key) ?? 0,
    get: (signal) => getKey(state, signal),
    done: (key) => finish(state, key),
    shutDown: () => shutDown(state),
  };
}

function addKey(state: State, key: string, add: AddOptions = {}): void {
  if (state.closed) return;
  const { clock, metrics } = state.options;
  const priority = add.priority ?? Priority.change;
  const afterMs = add.afterMs ?? 0;
  metrics?.added();
  if (afterMs > 0 && !isWaiting(state, key)) {
    state.delayed.add({ key, priority, dueAt: clock.now() + afterMs });
    return;
  }
  const delayed = state.delayed.take(key);
  makeReady(state, key, Math.max(priority, delayed?.priority ?? priority));
}

/** Ready, or to be ready as soon as it has run. */
function isWaiting(state: State, key: string): boolean {
  return state.ready.get(key) !== undefined || state.dirty.has(key);
}

function makeReady(state: State, key: string, priority: number): void {
  const { clock, metrics } = state.options;
  if (state.running.has(key)) {
    state.dirty.set(key, Math.max(priority, state.dirty.get(key) ?? priority));
    return;
  }
  const old = state.ready.get(key);
  if (old === undefined) {
    state.ready.push({ key, priority, since: clock.now() });
    metrics?.depthChanged(priority, 1);
    serve(state);
  } else if (priority > old.priority) {
    state.ready.reprioritize(key, priority);
    metrics?.depthChanged(old.priority, -1);
    metrics?.depthChanged(priority, 1);
  }
}

function addRateLimited(state: State, key: string, add: Omit<AddOptions, 'afterMs'> = {}): number {
  const { baseMs, maxMs } = state.options.backoff ?? { baseMs: 5, maxMs: 1_000_000 };
  const failures = state.failures.get(key) ?? 0;
  state.failures.set(key, failures + 1);
  const delayMs = Math.min(baseMs * 2 ** failures, maxMs);
  state.options.metrics?.retried();
  addKey(state, key, { ...add, afterMs: delayMs });
  return delayMs;
}

function getKey(state: State, signal: AbortSignal | undefined): Promise<QueueItem | undefined> {
  if (state.closed || signal?.aborted) return Promise.resolve(undefined);
  const item = take(state);
  if (item !== undefined) return Promise.resolve(item);
  return new Promise((resolve) => {
    const onAbort = (): void => waiter(undefined);
    const waiter: Waiter = (given) => {
      state.waiters.delete(waiter);
      signal?.removeEventListener('abort', onAbort);
      resolve(given);
    };
    state.waiters.add(waiter);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function take(state: State): QueueItem | undefined {
  const { clock, metrics } = state.options;
  const next = state.ready.take();
  if (next === undefined) return undefined;
  state.running.set(next.key, clock.now());
  metrics?.depthChanged(next.priority, -1);
  metrics?.waited(clock.now() - next.since);
  return { key: next.key, priority: next.priority };
}

function serve(state: State): void {
  for (const waiter of state.waiters) {
    const item = take(state);
    if (item === undefined) return;
    waiter(item);
  }
}

function finish(state: State, key: string): void {
  const since = state.running.get(key);
  if (since === undefined) return;
  state.running.delete(key);
  state.options.metrics?.worked(state.options.clock.now() - since);
  const priority = state.dirty.get(key);
  if (priority === undefined || state.closed) return;
  state.dirty.delete(key);
  makeReady(state, key, priority);
}

function shutDown(state: State): void {
  state.closed = true;
  state.delayed.clear();
  for (const waiter of [...state.waiters]) waiter(undefined);
}
