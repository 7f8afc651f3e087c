/** The queue against a model that is too slow and too simple to be wrong: an array that is searched from end to end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeap } from '../../../src/kube/heap.ts';
import { createQueue } from '../../../src/kube/queue.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

interface ModelKey {
  key: string;
  priority: number;
  /** Order in which it became ready, or when it will be. */
  ready?: number;
  dueAt?: number;
}

class Model {
  now = 0;
  queued: ModelKey[] = [];
  running = new Map<string, { dirty?: number }>();
  private turn = 0;
  private arrivals = 0;

  add(key: string, priority: number, afterMs: number): void {
    const old = this.queued.find((entry) => entry.key === key);
    const running = this.running.get(key);
    if (running?.dirty !== undefined || old?.ready !== undefined) {
      if (running?.dirty !== undefined) running.dirty = Math.max(running.dirty, priority);
      if (old?.ready !== undefined) old.priority = Math.max(old.priority, priority);
      return;
    }
    const highest = Math.max(priority, old?.priority ?? priority);
    this.queued = this.queued.filter((entry) => entry.key !== key);
    if (afterMs > 0) this.queued.push({ key, priority: highest, dueAt: Math.min(this.now + afterMs, old?.dueAt ?? Infinity) });
    else this.makeReady(key, highest);
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.queued.filter(({ dueAt }) => dueAt !== undefined && dueAt <= this.now);
    for (const entry of due.sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))) {
      this.queued = this.queued.filter((other) => other !== entry);
      this.makeReady(entry.key, entry.priority);
    }
  }

  take(): ModelKey | undefined {
    const ready = this.queued.filter((entry) => entry.ready !== undefined).sort((a, b) => (a.ready ?? 0) - (b.ready ?? 0));
    const [oldest] = ready;
    if (oldest === undefined) return undefined;
    const aged = this.turn++ % 8 === 7;
    const chosen = aged ? oldest : ready.reduce((best, entry) => (entry.priority > best.priority ? entry : best));
    this.queued = this.queued.filter((entry) => entry !== chosen);
    this.running.set(chosen.key, {});
    return chosen;
  }

  done(key: string): void {
    const dirty = this.running.get(key)?.dirty;
    if (!this.running.delete(key) || dirty === undefined) return;
    this.queued = this.queued.filter((entry) => entry.key !== key);
    this.makeReady(key, dirty);
  }

  get length(): number {
    return this.queued.filter(({ ready }) => ready !== undefined).length;
  }

  private makeReady(key: string, priority: number): void {
    const running = this.running.get(key);
    if (running !== undefined) running.dirty = Math.max(priority, running.dirty ?? priority);
    else this.queued.push({ key, priority, ready: this.arrivals++ });
  }
}

type Step =
  | { readonly kind: 'add'; readonly key: string; readonly priority: number; readonly afterMs: number }
  | { readonly kind: 'take' }
  | { readonly kind: 'done'; readonly key: string }
  | { readonly kind: 'advance'; readonly ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      key,
      priority: fc.constantFrom(-100, 0, 10),
      afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('done' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 40 }) }) },
);

const UNIQUE: Readonly<Record<string, number>> = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 };

describe('the work queue, compared with a model', () => {
  it('does what the model does, for any sequence of adds, turns, ends and waits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 120 }), async (steps) => {
        const clock = createVirtualClock({ start: 0, turns: 0 });
        const queue = createQueue({ clock, name: 'model' });
        const model = new Model();
        for (const each of steps) {
          switch (each.kind) {
            case 'add': {
              // Times in steps of 1000 with the key's own digits: no two keys fall due together.
              const afterMs = each.afterMs === 0 ? 0 : each.afterMs * 1000 + (UNIQUE[each.key] ?? 0) - (clock.now() % 1000);
              queue.add(each.key, { priority: each.priority, afterMs });
              model.add(each.key, each.priority, afterMs);
              break;
            }
            case 'take': {
              if (model.length === 0) break;
              const expected = model.take();
              expect(await queue.get()).toEqual({ key: expected?.key, priority: expected?.priority });
              break;
            }
            case 'done':
              queue.done(each.key);
              model.done(each.key);
              break;
            case 'advance':
              await clock.advance(each.ms * 1000);
              model.advance(each.ms * 1000);
          }
          expect(queue.length).toBe(model.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the heap', () => {
  it('gives its items in order, whatever was removed from its middle', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), fc.array(fc.nat(199)), (numbers, removals) => {
        const items = numbers.map((value) => ({ value }));
        const heap = createHeap<{ value: number }>((a, b) => a.value < b.value);
        for (const item of items) heap.push(item);
        const removed = new Set(removals.flatMap((index) => items[index] ?? []));
        for (const item of removed) expect(heap.remove(item)).toBe(true);
        const given: number[] = [];
        for (let item = heap.peek(); item !== undefined; item = heap.peek()) {
          given.push(item.value);
          heap.remove(item);
        }
        const expected = items.filter((item) => !removed.has(item)).map(({ value }) => value);
        expect(given).toEqual(expected.sort((a, b) => a - b));
      }),
    );
  });

  it('moves 10,000 keys in and out with n·log n comparisons, not n²', () => {
    const count = 10_000;
    let comparisons = 0;
    const heap = createHeap<{ value: number }>((a, b) => {
      comparisons++;
      return a.value < b.value;
    });
    const items = Array.from({ length: count }, (_, index) => ({ value: (index * 7_919) % count }));
    for (const item of items) heap.push(item);
    for (const item of items) heap.remove(item);
    // In: ≤ log2(n) each. Out: ≤ 2·log2(n) + 1 each.
    expect(comparisons).toBeLessThan(count * (3 * Math.log2(count) + 1));
  });
});
