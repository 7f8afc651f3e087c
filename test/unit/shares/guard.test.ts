/** A few unexplained endings are life; many at once wait for the platform team. */
import { describe, expect, it } from 'vitest';
import { isRemovalHeld, removalHeldMessage } from '../../../src/shares/guard.ts';
import { beginning, time } from '../../support/builders.ts';

describe('the guard against mass removal', () => {
  it.each([
    [100, 20, false],
    [100, 25, false],
    [100, 26, true],
    [20, 20, false],
    [21, 21, true],
    [1000, 250, false],
    [1000, 251, true],
    [0, 0, false],
  ])('given %d live shares of which %d would end unexplained, then held is %s', (live, unexplained, held) => {
    expect(isRemovalHeld({ live, unexplained }, undefined, beginning)).toBe(held);
  });

  it('given the platform team allows it, then it goes on until the time that it named', () => {
    const count = { live: 100, unexplained: 100 };
    expect(isRemovalHeld(count, time(60), beginning)).toBe(false);
    expect(isRemovalHeld(count, time(60), beginning + 60_000)).toBe(true);
    expect(isRemovalHeld(count, 'tomorrow', beginning)).toBe(true);
  });

  it('says how many, why, and what to do', () => {
    const message = removalHeldMessage({ live: 100, unexplained: 99 }, 'sales');
    expect(message).toContain('99 of 100 shares');
    expect(message).toContain('kubectl annotate environment sales sluice.dev/allow-removal-until=');
    expect(message.length).toBeLessThanOrEqual(1024);
  });
});
