/**
 * Token buckets per account and service: when AWS throttles one call, all calls to that service in that account slow down together, not item by item.
 * Additive increase, multiplicative decrease, as in the SDK's adaptive mode, but shared by all clients of the process.
 */
import type { Clock } from '../clock.ts';

/** Highest rates in requests per second, below AWS's published ones. KMS PutKeyPolicy has 15/s: docs/kms/latest/developerguide/requests-per-second.md. */
const ceilings: Readonly<Record<string, number>> = {
  'KMS.PutKeyPolicy': 10,
  KMS: 200,
  IAM: 50,
  S3: 200,
  // AWS publishes no rate for access points (docs/general/latest/gr/s3.md): this one is ours, and the first SlowDown halves it.
  'S3 Control': 50,
  STS: 50,
};
const defaultCeiling = 50;
/** However often AWS throttles, a call every two seconds gets through: what has to be taken back must not wait for ever. */
const floor = 0.5;
const decrease = 0.5;
const increasePerSecond = 1;

interface Bucket {
  readonly accountId: string;
  readonly name: string;
  readonly ceiling: number;
  rate: number;
  tokens: number;
  refilledAt: number;
  decreasedAt: number;
  queue: Promise<unknown>;
}

/** Admits AWS calls at a rate that AWS bears. */
export interface RateLimiter {
  /** Resolves when a call to `service`/`operation` in `accountId` may be made, with the time of it (ms since the epoch). */
  take(call: LimitedCall, signal?: AbortSignal): Promise<number>;
  /**
   * AWS throttled a call that was admitted then: the rate is halved at once, nothing is admitted for as long as one call takes at the new rate, and it grows
   * again by one call a second each second. Calls that were under way when it was halved say nothing about the new rate.
   */
  throttled(call: LimitedCall, admittedAt: number): void;
  /** The rates as they are now, in calls per second. */
  rates(): readonly { readonly accountId: string; readonly service: string; readonly rate: number; readonly ceiling: number }[];
}

/** What is limited together: a service in an account; an operation of its own where AWS gives it a lower rate. */
export interface LimitedCall {
  readonly accountId: string;
  readonly service: string;
  readonly operation: string;
}

/** Makes a limiter on `clock`. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (call: LimitedCall): Bucket => {
    const own = `${call.service}.${call.operation}`;
    const name = own in ceilings ? own : call.service;
    const key = `${call.accountId}/${name}`;
    const bucket = buckets.get(key) ?? newBucket(call.accountId, name, clock.now());
    buckets.set(key, bucket);
    return bucket;
  };
  return {
    take: (call, signal) => {
      const bucket = bucketOf(call);
      const turn = bucket.queue.then(() => takeToken(bucket, clock, signal));
      // The next caller waits for this one whatever became of it: an aborted wait must not break the chain.
      bucket.queue = turn.catch(() => undefined);
      return turn;
    },
    throttled: (call, admittedAt) => {
      const bucket = bucketOf(call);
      if (admittedAt <= bucket.decreasedAt) return;
      refill(bucket, clock.now());
      bucket.rate = Math.max(floor, bucket.rate * decrease);
      bucket.tokens = Math.min(bucket.tokens, 0);
      bucket.decreasedAt = clock.now();
    },
    rates: () => {
      for (const bucket of buckets.values()) refill(bucket, clock.now());
      return [...buckets.values()].map(({ accountId, name, rate, ceiling }) => ({ accountId, service: name, rate, ceiling }));
    },
  };
}

function newBucket(accountId: string, name: string, now: number): Bucket {
  const rate = ceilings[name] ?? defaultCeiling;
  const common = { accountId, name, ceiling: rate, rate, tokens: rate, refilledAt: now };
  return { ...common, decreasedAt: Number.NEGATIVE_INFINITY, queue: Promise.resolve() };
}

async function takeToken(bucket: Bucket, clock: Clock, signal: AbortSignal | undefined): Promise<number> {
  signal?.throwIfAborted();
  refill(bucket, clock.now());
  // Whoever waits meets what has become of the rate meanwhile.
  while (bucket.tokens < 1) {
    await clock.sleep(Math.ceil(((1 - bucket.tokens) / bucket.rate) * 1000), signal);
    refill(bucket, clock.now());
  }
  bucket.tokens -= 1;
  return clock.now();
}

/** At most what a second brings is saved up: after a pause a throttled account is not met with a burst. */
function refill(bucket: Bucket, now: number): void {
  const seconds = Math.max(0, now - bucket.refilledAt) / 1000;
  const earned = bucket.tokens + seconds * bucket.rate;
  bucket.rate = Math.min(bucket.ceiling, bucket.rate + seconds * increasePerSecond);
  bucket.tokens = Math.min(Math.max(1, bucket.rate), earned);
  bucket.refilledAt = now;
}
