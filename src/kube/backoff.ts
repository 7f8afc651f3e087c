/**
 * Exponential backoff with jitter for loops that must never end (reflector, requests). The work queue keeps its own, per key.
 */
import type { Clock } from '../clock.ts';

/** How waits grow. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** After this long without a failure the next wait is `baseMs` again. */
  readonly resetAfterMs: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The waits of one loop. */
export interface Backoff {
  /** How long to wait after the failure that has just happened, in milliseconds. */
  next(): number;
}

/**
 * Waits of base·2^n, each with up to 100 % of itself added at random, so that many clients don't come back in step; never above `maxMs`.
 * Same figures as client-go's reflector: 800 ms → 30 s, reset after 2 min.
 */
export function createBackoff(options: BackoffOptions): Backoff {
  let failures = 0;
  let lastFailure = Number.NEGATIVE_INFINITY;
  return {
    next: () => {
      const now = options.clock.now();
      if (now - lastFailure > options.resetAfterMs) failures = 0;
      lastFailure = now;
      const plain = Math.min(options.baseMs * 2 ** failures, options.maxMs);
      if (plain < options.maxMs) failures++;
      return Math.min(plain * (1 + options.random()), options.maxMs);
    },
  };
}
