/** Worlds with several buckets, roles and requests, in which every AWS call is signed, written as HTTP and parsed. */
import { expect, it } from 'vitest';
import { playMany } from './many.ts';
import { seedOfRun } from './seed.ts';

const count = 200;

it(`everything that must hold holds in ${String(count)} large worlds`, async () => {
  const { played, failure } = await playMany({ size: 'large', count, seed: seedOfRun('large') });
  expect(failure).toBeUndefined();
  expect(played).toBe(count);
});
