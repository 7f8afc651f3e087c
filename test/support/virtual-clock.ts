/**
 * A clock that stands still until a test moves it. `advance` steps to each due timer in order (never showing a callback a later time
 * than its own) and lets promises settle in between, so that chains of sleeps behave as on a real clock, without waiting.
 * It is not a mock of global timers: only code that takes a Clock sees it.
 */
import { setImmediate } from 'node:timers';
import type { Clock } from '../../src/clock.ts';

/** A Clock under the control of a test. */
export interface VirtualClock extends Clock {
  /** Moves time forward by `ms`, running everything that falls due on the way, in order. */
  advance(ms: number): Promise<void>;
  /** Lets everything that is ready run, without moving time. */
  settle(): Promise<void>;
  /** How many timers are waiting: sleepers and callbacks. */
  pending(): number;
}

/** Options of {@link createVirtualClock}. */
export interface VirtualClockOptions {
  /** Where time starts, in milliseconds since the epoch. @default 2026-01-01T00:00:00Z */
  readonly start?: number;
  /** How many turns of the event loop `settle` waits for. Raise it in tests that do real socket I/O. @default 3 */
  readonly turns?: number;
}

interface Timer {
  readonly due: number;
  readonly id: number;
  readonly fire: () => void;
}

/** As in Node: a timer beyond 24.8 days fires after 1 ms. Code that waits longer must wait in steps, here too. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Makes a clock that starts at a fixed time and moves by `advance` only. */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const turns = options.turns ?? 3;
  const timers = new Map<number, Timer>();
  let now = options.start ?? Date.UTC(2026, 0, 1);
  let nextId = 0;

  const after = (ms: number, callback: () => void): (() => void) => {
    const id = nextId++;
    timers.set(id, { due: now + (ms > LONGEST_TIMER_MS ? 1 : Math.max(0, ms)), id, fire: callback });
    return () => void timers.delete(id);
  };

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  };

  const advance = async (ms: number): Promise<void> => {
    const end = now + ms;
    await settle();
    for (let timer = earliest(timers, end); timer !== undefined; timer = earliest(timers, end)) {
      timers.delete(timer.id);
      now = Math.max(now, timer.due);
      timer.fire();
      await settle();
    }
    now = end;
    await settle();
  };

  return { now: () => now, after, sleep: (ms, signal) => sleep(after, ms, signal), advance, settle, pending: () => timers.size };
}

function earliest(timers: ReadonlyMap<number, Timer>, end: number): Timer | undefined {
  let best: Timer | undefined;
  for (const timer of timers.values()) {
    if (timer.due > end) continue;
    if (best === undefined || timer.due < best.due || (timer.due === best.due && timer.id < best.id)) best = timer;
  }
  return best;
}

function sleep(after: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void =>
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal?.reason }));
    if (signal?.aborted) {
      fail();
      return;
    }
    const onAbort = (): void => {
      cancel();
      fail();
    };
    const cancel = after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
