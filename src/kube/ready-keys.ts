/**
 * The keys that are ready to run, in the order in which they get their turns: the highest priority first, but every eighth turn
 * belongs to the key that has waited longest. So a change overtakes a resync of thousands however long that takes, and nothing is
 * starved: a key waits at most eight turns for each key that is older. Ageing by turns, not by time, keeps that true at any load.
 * Part of the work queue (queue.ts); knows nothing of running or delayed keys.
 */
import { createHeap } from './heap.ts';

/** A ready key. */
export interface ReadyKey {
  readonly key: string;
  readonly priority: number;
  /** When it became ready, in milliseconds since the epoch. */
  readonly since: number;
}

/** Ready keys by priority and age. */
export interface ReadyKeys {
  readonly size: number;
  get(key: string): ReadyKey | undefined;
  /** Adds a key that isn't ready yet. */
  push(item: ReadyKey): void;
  /** Gives a ready key another priority; it keeps its age. */
  reprioritize(key: string, priority: number): void;
  /** Takes the key whose turn it is. */
  take(): ReadyKey | undefined;
}

interface Entry extends ReadyKey {
  readonly sequence: number;
}

const AGED_TURN = 8;

/** No keys. Takes O(log n) per operation. */
export function createReadyKeys(): ReadyKeys {
  const entries = new Map<string, Entry>();
  const byPriority = createHeap<Entry>(
    (a, b) => a.priority > b.priority || (a.priority === b.priority && a.sequence < b.sequence),
  );
  const byAge = createHeap<Entry>((a, b) => a.sequence < b.sequence);
  let sequence = 0;
  let turn = 0;

  const orders = [byPriority, byAge];
  const insert = (entry: Entry): void => {
    entries.set(entry.key, entry);
    for (const order of orders) order.push(entry);
  };
  const drop = (entry: Entry): void => {
    entries.delete(entry.key);
    for (const order of orders) order.remove(entry);
  };

  return {
    get size() {
      return entries.size;
    },
    get: (key) => entries.get(key),
    push: (item) => insert({ ...item, sequence: sequence++ }),
    reprioritize: (key, priority) => {
      const entry = entries.get(key);
      if (entry === undefined) return;
      drop(entry);
      insert({ ...entry, priority });
    },
    take: () => {
      const entry = (turn % AGED_TURN === AGED_TURN - 1 ? byAge : byPriority).peek();
      if (entry === undefined) return undefined;
      turn++;
      drop(entry);
      return entry;
    },
  };
}
