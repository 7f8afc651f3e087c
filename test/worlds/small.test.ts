/** Many small worlds, whose AWS calls take the short cut past the wire. The large ones are in large.test.ts, so that both files run at the same time. */
import { expect, it } from 'vitest';
import { playMany } from './many.ts';
import { seedOfRun } from './seed.ts';

const count = 1800;

it(`everything that must hold holds in ${String(count)} small worlds`, async () => {
  const { played, failure } = await playMany({ size: 'small', count, seed: seedOfRun('small') });
  expect(failure).toBeUndefined();
  expect(played).toBe(count);
});
