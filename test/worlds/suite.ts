/** The worlds that `make test` plays: half of them in each of two files, since files are what runs at the same time. */
import { expect, it } from 'vitest';
import { playMany } from './many.ts';
import { seedOfRun } from './seed.ts';

const counts = { small: 900, large: 100 } as const;

/** Declares the tests of one half; `number` makes its worlds others than those of the other half. */
export function declareHalf(number: 1 | 2): void {
  it.each(['small', 'large'] as const)('everything that must hold holds in %s worlds', async (size) => {
    const count = counts[size];
    const seed = seedOfRun(`${String(count)} ${size}`, number);
    const { played, failure } = await playMany({ size, count, seed });
    expect(failure).toBeUndefined();
    expect(played).toBe(count);
  });
}
