/**
 * Delivers messages: in the background, again and again with growing waits, and not for ever. It never makes its caller wait, and holds a bounded number of
 * messages: when there are too many, the oldest is given up. It knows nothing of shares, and stores nothing: what was not delivered when the process ends is
 * put in again by whoever finds that nobody was told (told.ts).
 */
import type { Clock } from '../clock.ts';
import { earliest } from '../earliest.ts';

/** A message and where it goes. */
export interface Delivery<T> {
  /** Two with the same id are one; the later one replaces what has not been tried yet. */
  readonly id: string;
  /** Messages of one lane don't hold up those of another: the mail server, a webhook. */
  readonly lane: string;
  readonly message: T;
}

/** What came of one attempt. `reason` is for people and carries no secret. */
export type Attempt = { readonly kind: 'delivered' } | { readonly kind: 'retry' | 'refused'; readonly reason: string };

/** How a delivery ended. Dropped: too many were waiting. */
export type Ending =
  { readonly kind: 'delivered' } | { readonly kind: 'refused' | 'gave-up' | 'dropped'; readonly reason: string };

/** What is counted. */
export interface OutboxMetrics {
  /** `lane` as it is, `result` of an attempt or of all of them. */
  counted(lane: string, result: Ending['kind'] | 'retried'): void;
}

/** Options of {@link createOutbox}. */
export interface OutboxOptions<T> {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** One attempt. What it throws counts as `retry`. */
  readonly attempt: (delivery: Delivery<T>, signal: AbortSignal) => Promise<Attempt>;
  /** Called once for each delivery that ended; not for what the end of the process cut off. */
  readonly ended: (delivery: Delivery<T>, ending: Ending) => void;
  readonly metrics?: OutboxMetrics;
  /** @default 1000 */
  readonly limit?: number;
}

/** The queue. */
export interface Outbox<T> {
  /** Puts a message in. The first attempt comes a little later, so that what belongs to one message comes together. */
  put(delivery: Delivery<T>): void;
  has(id: string): boolean;
  /** How many wait or are under way. */
  readonly length: number;
  /** Delivers until the signal is aborted; attempts under way are cut off. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** How long a message waits for what belongs to it. */
export const gatheringMs = 2000;
/** Waits between attempts: 5 s, doubling up to 10 min, each with up to a fifth of itself added at random. */
export const retry = { baseMs: 5000, maxMs: 600_000, jitter: 0.2, giveUpAfterMs: 24 * 3_600_000 } as const;
/** Attempts at a time in one lane. */
const perLane = 4;

interface Waiting<T> {
  readonly delivery: Delivery<T>;
  readonly since: number;
  readonly attempts: number;
  readonly dueAt: number;
  readonly busy: boolean;
}

interface State<T> {
  readonly options: OutboxOptions<T>;
  /** Oldest first. */
  readonly waiting: Map<string, Waiting<T>>;
  readonly underWay: Set<Promise<void>>;
  wake: () => void;
}

/** An empty queue; `run` makes it deliver. */
export function createOutbox<T>(options: OutboxOptions<T>): Outbox<T> {
  const state: State<T> = { options, waiting: new Map(), underWay: new Set(), wake: () => undefined };
  return {
    put: (delivery) => put(state, delivery),
    has: (id) => state.waiting.has(id),
    get length() {
      return state.waiting.size;
    },
    run: (signal) => run(state, signal),
  };
}

function put<T>(state: State<T>, delivery: Delivery<T>): void {
  const { clock, limit = 1000 } = state.options;
  const known = state.waiting.get(delivery.id);
  if (known !== undefined) {
    if (known.attempts === 0 && !known.busy) state.waiting.set(delivery.id, { ...known, delivery });
    return;
  }
  if (state.waiting.size >= limit) {
    const oldest = state.waiting.values().find(({ busy }) => !busy);
    if (oldest !== undefined) end(state, oldest.delivery, { kind: 'dropped', reason: 'too many messages were waiting' });
  }
  const now = clock.now();
  state.waiting.set(delivery.id, { delivery, since: now, attempts: 0, dueAt: now + gatheringMs, busy: false });
  state.wake();
}

async function run<T>(state: State<T>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const each of dueNow(state)) start(state, each, signal);
    await nextTurn(state, signal);
  }
  await Promise.all(state.underWay);
}

/** What is due and has room in its lane. */
function dueNow<T>({ waiting, options }: State<T>): Waiting<T>[] {
  const now = options.clock.now();
  const busy = new Map<string, number>();
  for (const each of waiting.values()) if (each.busy) busy.set(each.delivery.lane, (busy.get(each.delivery.lane) ?? 0) + 1);
  return [...waiting.values()].filter((each) => {
    const { lane } = each.delivery;
    const inLane = busy.get(lane) ?? 0;
    if (each.busy || each.dueAt > now || inLane >= perLane) return false;
    busy.set(lane, inLane + 1);
    return true;
  });
}

/** Until something is put in, an attempt ends, or the next message falls due. */
function nextTurn<T>(state: State<T>, signal: AbortSignal): Promise<void> {
  const { clock } = state.options;
  const now = clock.now();
  // What is due already waits for room in its lane: the end of an attempt wakes us.
  const waiting = [...state.waiting.values()].filter(({ busy, dueAt }) => !busy && dueAt > now);
  const next = earliest(waiting.map(({ dueAt }) => dueAt));
  return new Promise((resolve) => {
    const done = (): void => {
      cancel?.();
      signal.removeEventListener('abort', done);
      state.wake = () => undefined;
      resolve();
    };
    const cancel = next === undefined ? undefined : clock.after(next - now, done);
    state.wake = done;
    signal.addEventListener('abort', done, { once: true });
  });
}

function start<T>(state: State<T>, waiting: Waiting<T>, signal: AbortSignal): void {
  state.waiting.set(waiting.delivery.id, { ...waiting, busy: true });
  const attempt = tryOnce(state, waiting, signal).finally(() => {
    state.underWay.delete(attempt);
    state.wake();
  });
  state.underWay.add(attempt);
}

async function tryOnce<T>(state: State<T>, waiting: Waiting<T>, signal: AbortSignal): Promise<void> {
  const { delivery } = waiting;
  const outcome = await attemptSafely(state, delivery, signal);
  if (outcome.kind === 'retry') again(state, waiting, outcome.reason);
  else end(state, delivery, outcome.kind === 'delivered' ? outcome : { kind: 'refused', reason: outcome.reason });
}

async function attemptSafely<T>({ options }: State<T>, delivery: Delivery<T>, signal: AbortSignal): Promise<Attempt> {
  // The end of the process waits for no mail server, not even for one that holds on to a connection.
  const { promise: stopped, resolve } = Promise.withResolvers<Attempt>();
  const stop = (): void => resolve({ kind: 'retry', reason: 'the operator is stopping' });
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([options.attempt(delivery, signal), stopped]);
  } catch (error) {
    return { kind: 'retry', reason: error instanceof Error ? error.name : 'an unknown error' };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function again<T>(state: State<T>, waiting: Waiting<T>, reason: string): void {
  const { clock, random, metrics } = state.options;
  const { delivery } = waiting;
  const plain = Math.min(retry.baseMs * 2 ** waiting.attempts, retry.maxMs);
  const dueAt = clock.now() + Math.round(plain * (1 + random() * retry.jitter));
  if (dueAt - waiting.since > retry.giveUpAfterMs) {
    end(state, delivery, { kind: 'gave-up', reason });
    return;
  }
  metrics?.counted(delivery.lane, 'retried');
  state.waiting.set(delivery.id, { ...waiting, busy: false, attempts: waiting.attempts + 1, dueAt });
}

function end<T>({ waiting, options }: State<T>, delivery: Delivery<T>, ending: Ending): void {
  waiting.delete(delivery.id);
  options.metrics?.counted(delivery.lane, ending.kind);
  options.ended(delivery, ending);
}
