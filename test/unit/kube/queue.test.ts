import { describe, expect, it } from 'vitest';
import { Priority, createQueue } from '../../../src/kube/queue.ts';
import type { Queue, QueueOptions } from '../../../src/kube/queue.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';

function setUp(options: Partial<QueueOptions> = {}): { clock: VirtualClock; queue: Queue } {
  const clock = createVirtualClock();
  return { clock, queue: createQueue({ clock, name: 'test', ...options }) };
}

/** The next key, which is done at once; undefined if nothing is ready. */
async function next(queue: Queue): Promise<string | undefined> {
  const item = await queue.get(AbortSignal.abort()).then(() => (queue.length === 0 ? undefined : queue.get()));
  if (item !== undefined) queue.done(item.key);
  return item?.key;
}

async function drain(queue: Queue): Promise<string[]> {
  const keys: string[] = [];
  for (let key = await next(queue); key !== undefined; key = await next(queue)) keys.push(key);
  return keys;
}

describe('the work queue', () => {
  it('holds a key once, however often it is added', async () => {
    const { queue } = setUp();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(queue.length).toBe(2);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('never gives a key out twice at once: added while it runs, it comes back after done', async () => {
    const { queue } = setUp();
    queue.add('a');
    expect(await queue.get()).toEqual({ key: 'a', priority: 0 });
    queue.add('a');
    queue.add('a', { priority: 5 });
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(await queue.get()).toEqual({ key: 'a', priority: 5 });
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('hands a key to whoever has waited longest for one', async () => {
    const { queue } = setUp();
    const first = queue.get();
    const second = queue.get();
    queue.add('a');
    queue.add('b');
    expect([await first, await second].map((item) => item?.key)).toEqual(['a', 'b']);
  });

  it('lets changes overtake a resync', async () => {
    const { queue } = setUp();
    for (const key of ['r1', 'r2', 'r3']) queue.add(key, { priority: Priority.resync });
    queue.add('change');
    expect(await drain(queue)).toEqual(['change', 'r1', 'r2', 'r3']);
  });

  it('raises a ready key to the highest priority it was added with, and never lowers it', async () => {
    const { queue } = setUp();
    for (const key of ['r1', 'r2', 'r3']) queue.add(key, { priority: Priority.resync });
    queue.add('r3');
    queue.add('r3', { priority: Priority.resync });
    expect(await drain(queue)).toEqual(['r3', 'r1', 'r2']);
  });

  it('gives every eighth turn to the key that waits longest, however many changes there are', async () => {
    const { queue } = setUp();
    queue.add('old', { priority: Priority.resync });
    const taken: (string | undefined)[] = [];
    for (let turn = 0; turn < 8; turn++) {
      queue.add(`change-${turn}`);
      queue.add(`more-${turn}`);
      taken.push(await next(queue));
    }
    expect(taken.indexOf('old')).toBe(7);
  });

  it('makes a delayed key ready when its time has come, and not before', async () => {
    const { queue, clock } = setUp();
    queue.add('a', { afterMs: 1_000 });
    await clock.advance(999);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(['a']);
  });

  it('keeps the earliest time and the highest priority of a delayed key', async () => {
    const { queue, clock } = setUp();
    queue.add('a', { afterMs: 1_000, priority: Priority.resync });
    queue.add('a', { afterMs: 5_000, priority: 7 });
    queue.add('a', { afterMs: 500, priority: Priority.resync });
    await clock.advance(500);
    expect(await queue.get()).toEqual({ key: 'a', priority: 7 });
    queue.done('a');
    await clock.advance(10_000);
    expect(queue.length).toBe(0);
  });

  it('lets an immediate add take the place of a delayed one', async () => {
    const { queue, clock } = setUp();
    queue.add('a', { afterMs: 1_000 });
    queue.add('a');
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(10_000);
    expect(queue.length).toBe(0);
    expect(clock.pending()).toBeLessThanOrEqual(1);
  });

  it('waits for months without waking early', async () => {
    const { queue, clock } = setUp();
    const year = 365 * 86_400_000;
    queue.add('expiry', { afterMs: year });
    await clock.advance(year - 1);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
  });

  it('backs off per key, exponentially and up to the limit, until it is forgotten', async () => {
    const { queue, clock } = setUp({ backoff: { baseMs: 5, maxMs: 50 } });
    const delays = Array.from({ length: 6 }, () => queue.addRateLimited('a'));
    expect(delays).toEqual([5, 10, 20, 40, 50, 50]);
    expect(queue.addRateLimited('b')).toBe(5);
    expect(queue.retries('a')).toBe(6);
    queue.forget('a');
    expect(queue.retries('a')).toBe(0);
    await clock.advance(5);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('stays finite after a thousand failures', () => {
    const { queue } = setUp();
    const delays = Array.from({ length: 1_100 }, () => queue.addRateLimited('a'));
    expect(delays.at(-1)).toBe(1_000_000);
  });

  it('sends all waiters away at shutdown, takes nothing more, and lets what runs finish', async () => {
    const { queue, clock } = setUp();
    queue.add('running');
    await queue.get();
    queue.add('later', { afterMs: 10 });
    const waiter = queue.get();
    queue.add('running');
    queue.shutDown();
    expect(await waiter).toBeUndefined();
    queue.done('running');
    queue.add('a');
    expect(queue.length).toBe(0);
    expect(await queue.get()).toBeUndefined();
    expect(clock.pending()).toBe(0);
  });

  it('sends a waiter away when its signal is aborted, and gives its key to another', async () => {
    const { queue } = setUp();
    const controller = new AbortController();
    const gone = queue.get(controller.signal);
    const stays = queue.get();
    controller.abort();
    queue.add('a');
    expect(await gone).toBeUndefined();
    expect(await stays).toMatchObject({ key: 'a' });
  });

  it('ignores done for a key that does not run', () => {
    const { queue } = setUp();
    queue.add('a');
    queue.done('a');
    expect(queue.length).toBe(1);
  });

  it('tells its metrics of adds, depth by priority, waits, work and retries', async () => {
    const told: string[] = [];
    let running: () => readonly number[] = () => [];
    const { queue, clock } = setUp({
      metrics: {
        added: () => told.push('added'),
        retried: () => told.push('retried'),
        depthChanged: (priority, by) => told.push(`depth ${priority} ${by}`),
        waited: (ms) => told.push(`waited ${ms}`),
        worked: (ms) => told.push(`worked ${ms}`),
        watchRunning: (read) => (running = read),
      },
    });
    queue.add('a', { priority: -100 });
    queue.add('a');
    await clock.advance(30);
    await queue.get();
    await clock.advance(20);
    expect(running()).toEqual([20]);
    queue.addRateLimited('a');
    queue.done('a');
    expect(told).toEqual([
      'added',
      'depth -100 1',
      'added',
      'depth -100 -1',
      'depth 0 1',
      'depth 0 -1',
      'waited 30',
      'retried',
      'added',
      'worked 20',
    ]);
  });
});
