/**
 * One life of the operator: what it is given (clock, connections) stops working at the moment it is killed, as for a process that ends without a good-bye. Whatever
 * it was waiting for never comes, and its timers never fire.
 */
import type { Clock } from '../../src/clock.ts';

/** A life, and a clock that stops with it. */
export interface Life {
  readonly alive: boolean;
  readonly clock: Clock;
  /** The promise's outcome, unless the life has ended by then: then nothing ever comes. */
  gate<T>(promise: Promise<T>): Promise<T>;
  /** SIGKILL. */
  end(): void;
  /** What has to be let go with the life, so that nothing of it goes on in this process. */
  onEnd(release: () => void): void;
}

/** Begins a life on a clock that goes on after it. */
export function createLife(clock: Clock): Life {
  const timers = new Set<() => void>();
  const releases: (() => void)[] = [];
  let alive = true;
  const after: Clock['after'] = (ms, callback) => {
    if (!alive) return () => undefined;
    const forget = (): void => {
      cancel();
      timers.delete(forget);
    };
    const cancel = clock.after(ms, () => {
      timers.delete(forget);
      callback();
    });
    timers.add(forget);
    return forget;
  };
  const gate = <T>(promise: Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      promise.then(
        (value) => void (alive && resolve(value)),
        (error: unknown) => void (alive && reject(error instanceof Error ? error : new Error(String(error)))),
      );
    });
  return {
    get alive() {
      return alive;
    },
    clock: { now: () => clock.now(), after, sleep: (ms, signal) => sleepWith(after, ms, signal) },
    gate,
    end: () => {
      alive = false;
      for (const forget of [...timers]) forget();
      for (const release of releases.splice(0)) release();
    },
    onEnd: (release) => void releases.push(release),
  };
}

function sleepWith(after: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      cancel();
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal?.reason }));
    };
    const cancel = after(ms, () => {
      signal?.removeEventListener('abort', fail);
      resolve();
    });
    if (signal?.aborted === true) fail();
    else signal?.addEventListener('abort', fail, { once: true });
  });
}
