/**
 * The keys that become ready later, on one timer for all of them. A key is delayed once: it keeps its earliest time and its highest
 * priority. Part of the work queue (queue.ts).
 */
import type { Clock } from '../clock.ts';
import { createHeap } from './heap.ts';
import type { Heap } from './heap.ts';

/** A delayed key. */
export interface DelayedKey {
  readonly key: string;
  readonly priority: number;
  /** When it becomes ready, in milliseconds since the epoch. */
  readonly dueAt: number;
}

/** Delayed keys. */
export interface DelayedKeys {
  readonly size: number;
  add(item: DelayedKey): void;
  /** Takes a key out before its time. */
  take(key: string): DelayedKey | undefined;
  /** Takes all keys out and stops the timer. */
  clear(): void;
}

/** Node fires timers beyond 2^31 ms at once; a look once a day costs nothing. */
const LONGEST_TIMER_MS = 86_400_000;

interface State {
  readonly clock: Clock;
  readonly onDue: (item: DelayedKey) => void;
  readonly entries: Map<string, DelayedKey>;
  readonly byTime: Heap<DelayedKey>;
  timer: { readonly at: number; readonly cancel: () => void } | undefined;
}

/** No keys. `onDue` gets each key once, when its time has come, in the order of their times. */
export function createDelayedKeys(clock: Clock, onDue: (item: DelayedKey) => void): DelayedKeys {
  const byTime = createHeap<DelayedKey>((a, b) => a.dueAt < b.dueAt);
  const state: State = { clock, onDue, entries: new Map(), byTime, timer: undefined };
  return {
    get size() {
      return state.entries.size;
    },
    add: (item) => add(state, item),
    take: (key) => take(state, key),
    clear: () => {
      state.timer?.cancel();
      state.timer = undefined;
      for (const key of [...state.entries.keys()]) take(state, key);
    },
  };
}

function add(state: State, item: DelayedKey): void {
  const old = take(state, item.key);
  const dueAt = Math.min(item.dueAt, old?.dueAt ?? item.dueAt);
  const entry = { key: item.key, dueAt, priority: Math.max(item.priority, old?.priority ?? item.priority) };
  state.entries.set(entry.key, entry);
  state.byTime.push(entry);
  arm(state);
}

function take(state: State, key: string): DelayedKey | undefined {
  const entry = state.entries.get(key);
  if (entry !== undefined) state.byTime.remove(entry);
  state.entries.delete(key);
  return entry;
}

/** The timer may be early (its key was taken out): it then finds nothing due and is set anew. */
function arm(state: State): void {
  const { clock, byTime } = state;
  const next = byTime.peek();
  if (next === undefined || (state.timer !== undefined && state.timer.at <= next.dueAt)) return;
  state.timer?.cancel();
  const waitMs = Math.min(Math.max(0, next.dueAt - clock.now()), LONGEST_TIMER_MS);
  state.timer = { at: next.dueAt, cancel: clock.after(waitMs, () => wake(state)) };
}

function wake(state: State): void {
  const { clock, byTime } = state;
  state.timer = undefined;
  for (let next = byTime.peek(); next !== undefined && next.dueAt <= clock.now(); next = byTime.peek()) {
    take(state, next.key);
    state.onDue(next);
  }
  arm(state);
}
