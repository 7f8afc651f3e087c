/** The first of several times. */
import { describe, expect, it } from 'vitest';
import { earliest } from '../../src/earliest.ts';

describe('the earliest of several times', () => {
  it('is the smallest of those that are known, wherever it stands', () => {
    expect(earliest([3, undefined, 1, 2])).toBe(1);
    expect(earliest(new Set([-1, 0]))).toBe(-1);
  });

  it('is known where it is the first moment of all', () => {
    expect(earliest([undefined, 0])).toBe(0);
  });

  it('is not there where no time is known', () => {
    expect(earliest([])).toBeUndefined();
    expect(earliest([undefined, undefined])).toBeUndefined();
  });
});
