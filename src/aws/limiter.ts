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
const floor = 0.5;
const decrease = 0.5;
const increasePerSecond = 1;

interface Bucket {
  rate: number;
  tokens: number;
  refilledAt: number;
  ceiling: number;
  queue: Promise<void>;
}

/** Admits AWS calls at a rate that AWS bears. */
export interface RateLimiter {
  /** Resolves when a call to `service`/`operation` in `accountId` may be made. */
  take(call: LimitedCall, signal?: AbortSignal): Promise<void>;
  /** AWS throttled a call: the rate is halved at once and grows again by one call a second each second. */
  throttled(call: LimitedCall): void;
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
    const existing = buckets.get(key);
    if (existing !== undefined) return existing;
    const ceiling = ceilings[name] ?? defaultCeiling;
    const bucket: Bucket = { rate: ceiling, tokens: ceiling, refilledAt: clock.now(), ceiling, queue: Promise.resolve() };
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
    throttled: (call) => {
      const bucket = bucketOf(call);
      bucket.rate = Math.max(floor, bucket.rate * decrease);
      bucket.tokens = Math.min(bucket.tokens, 0);
      bucket.refilledAt = clock.now();
    },
  };
}

async function takeToken(bucket: Bucket, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  refill(bucket, clock.now());
  if (bucket.tokens < 1) {
    await clock.sleep(Math.ceil(((1 - bucket.tokens) / bucket.rate) * 1000), signal);
    refill(bucket, clock.now());
  }
  bucket.tokens -= 1;
}

function refill(bucket: Bucket, now: number): void {
  const seconds = Math.max(0, now - bucket.refilledAt) / 1000;
  bucket.rate = Math.min(bucket.ceiling, bucket.rate + seconds * increasePerSecond);
  bucket.tokens = Math.min(bucket.ceiling, bucket.tokens + seconds * bucket.rate);
  bucket.refilledAt = now;
}
