import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs } from '../../../src/api/index.ts';

describe('durations of specs', () => {
  test.each([
    ['2160h', 2160 * 3_600_000],
    ['1h30m', 5_400_000],
    ['90m', 5_400_000],
    ['45s', 45_000],
    ['0s', 0],
    ['1h0m1s', 3_601_000],
  ])('%s is %i ms', (value, ms) => {
    expect(durationMs(value)).toBe(ms);
  });

  test.each(['', '1d', '90', 'h', '1m1h', '-1h', '1.5h', ' 1h', '1h ', '9999999h'])(
    'given "%s", then it is refused with an example',
    (value) => {
      expect(() => durationMs(value)).toThrow(/is not a duration: write hours, minutes and seconds, such as 2160h/);
    },
  );

  test('what is written in hours, minutes and seconds is read as their sum', () => {
    const part = fc.integer({ min: 0, max: 999_999 });
    fc.assert(
      fc.property(part, part, part, (h, m, s) => {
        expect(durationMs(`${h}h${m}m${s}s`)).toBe((h * 3600 + m * 60 + s) * 1000);
      }),
    );
  });
});
