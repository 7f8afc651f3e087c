/**
 * The keys that become ready later, on one timer for all of them. A key is delayed once: it keeps its earliest time and its highest
 * priority. Part of the work queue (queue.ts).
 */
import type { Clock } from '../clock.ts';
import { createHeap } from './heap.ts';

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

/** No keys. `onDue` gets each key once, when its time has come, in the order of their times. */
export function createDelayedKeys(clock: Clock, onDue: (item: DelayedKey) => void): DelayedKeys {
  const entries = new Map<string, DelayedKey>();
  const byTime = createHeap<DelayedKey>((a, b) => a.dueAt < b.dueAt);
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  const take = (key: string): DelayedKey | undefined => {
    const entry = entries.get(key);
    if (entry !== undefined) byTime.remove(entry);
    entries.delete(key);
    return entry;
  };
  const wake = (): void => {
    timer = undefined;
    for (let next = byTime.peek(); next !== undefined && next.dueAt <= clock.now(); next = byTime.peek()) {
      take(next.key);
      onDue(next);
    }
    arm();
  };
  /** The timer may be early (its key was taken out): it then finds nothing due and is set anew. */
  const arm = (): void => {
    const next = byTime.peek();
    if (next === undefined || (timer !== undefined && timer.at <= next.dueAt)) return;
    timer?.cancel();
    timer = { at: next.dueAt, cancel: clock.after(Math.min(Math.max(0, next.dueAt - clock.now()), LONGEST_TIMER_MS), wake) };
  };

  return {
    get size() {
      return entries.size;
    },
    add: (item) => {
      const old = take(item.key);
      const dueAt = Math.min(item.dueAt, old?.dueAt ?? item.dueAt);
      const entry = { key: item.key, dueAt, priority: Math.max(item.priority, old?.priority ?? item.priority) };
      entries.set(entry.key, entry);
      byTime.push(entry);
      arm();
    },
    take,
    clear: () => {
      timer?.cancel();
      timer = undefined;
      for (const key of [...entries.keys()]) take(key);
    },
  };
}
