/** Calls slow down together per account and service when AWS throttles, and come back to speed slowly. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createRateLimiter, type LimitedCall, type RateLimiter } from '../../../src/aws/limiter.ts';
import type { Clock } from '../../../src/clock.ts';

const call: LimitedCall = { accountId: '111122223333', service: 'IAM', operation: 'GetRole' };
let now: number;
let limiter: RateLimiter;

beforeEach(() => {
  now = 1_000_000;
  // Time jumps to the end of every wait.
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      return Promise.resolve();
    },
    after: () => () => undefined,
  };
  limiter = createRateLimiter(clock);
});

const rateOf = (service: string, accountId = call.accountId): number =>
  limiter.rates().find((each) => each.service === service && each.accountId === accountId)?.rate ?? Number.NaN;

/** Milliseconds that so many calls take, one after the other. */
async function timeOf(count: number, which = call): Promise<number> {
  const start = now;
  for (let made = 0; made < count; made++) await limiter.take(which);
  return now - start;
}

describe('without throttling', () => {
  test('a second’s worth of calls goes at once, the rest at the rate', async () => {
    expect(await timeOf(50)).toBe(0);
    expect(await timeOf(100)).toBeGreaterThanOrEqual(1900);
  });

  test('each account, service and named operation has a rate of its own', async () => {
    await timeOf(50);
    expect(await timeOf(50, { ...call, accountId: '444455556666' })).toBe(0);
    expect(await timeOf(50, { ...call, service: 'S3', operation: 'GetBucketPolicy' })).toBe(0);
    expect(await timeOf(10, { ...call, service: 'KMS', operation: 'PutKeyPolicy' })).toBe(0);
    expect(await timeOf(1, { ...call, service: 'KMS', operation: 'PutKeyPolicy' })).toBe(100);
    expect(await timeOf(1, { ...call, service: 'KMS', operation: 'GetKeyPolicy' })).toBe(0);
  });
});

describe('when AWS throttles', () => {
  test('the rate is halved, and nothing is admitted for as long as a call takes at the new rate', async () => {
    const admitted = await limiter.take(call);
    now += 10;
    limiter.throttled(call, admitted);
    expect(rateOf('IAM')).toBe(25);
    expect(await timeOf(1)).toBe(40);
  });

  test('fifty calls that were under way together halve it once, not fifty times', async () => {
    const admitted = await Promise.all(Array.from({ length: 50 }, () => limiter.take(call)));
    now += 30;
    for (const at of admitted) limiter.throttled(call, at);
    expect(rateOf('IAM')).toBe(25);
  });

  test('throttling that goes on halves it again and again, down to a call in two seconds and no further', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const admitted = await limiter.take(call);
      now += 1;
      limiter.throttled(call, admitted);
    }
    expect(rateOf('IAM')).toBeGreaterThanOrEqual(0.5);
    expect(rateOf('IAM')).toBeLessThan(4);
    expect(await timeOf(1)).toBeLessThanOrEqual(2000);
  });

  test('other accounts and services go on as before', async () => {
    await timeOf(1, { ...call, accountId: '444455556666' });
    await timeOf(1, { ...call, service: 'S3' });
    limiter.throttled(call, await limiter.take(call));
    now += 1;
    limiter.throttled(call, await limiter.take(call));
    expect([rateOf('IAM', '444455556666'), rateOf('S3')]).toEqual([50, 200]);
  });

  test('it grows by one call a second each second, up to the ceiling', async () => {
    const admitted = await limiter.take(call);
    limiter.throttled(call, admitted);
    now += 5000;
    expect(rateOf('IAM')).toBeCloseTo(30);
    now += 60_000;
    expect(rateOf('IAM')).toBe(50);
  });

  test('no burst follows a pause: at most a second’s worth at the new rate', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const admitted = await limiter.take(call);
      now += 1;
      limiter.throttled(call, admitted);
    }
    now += 3000;
    const rate = rateOf('IAM');
    expect(rate).toBeLessThan(8);
    expect(await timeOf(Math.ceil(rate) + 1)).toBeGreaterThan(0);
  });
});

test('a caller that gives up waiting does not hold up the next one', async () => {
  await timeOf(50);
  const controller = new AbortController();
  controller.abort(new Error('stopped'));
  await expect(limiter.take(call, controller.signal)).rejects.toThrow('stopped');
  expect(await limiter.take(call)).toBeLessThanOrEqual(now);
});
