/** Turns within an interval: even over many things, regular for each, and the same after a restart. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextTurn, untilTurn } from '../../../src/controllers/turns.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 0, 1);

it('given ten thousand documents that were looked at together, their next turns are spread evenly over the interval', () => {
  const bins = Array.from({ length: 20 }, () => 0);
  for (let number = 0; number < 10_000; number++) {
    const turn = nextTurn(`s3:bucket-policy/111122223333/data-${String(number)}`, hour, start);
    const bin = Math.floor(((turn - start - hour / 10) / hour) * bins.length);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  // 500 each; chance alone moves one by 22 (the standard deviation).
  for (const count of bins) expect(Math.abs(count - 500)).toBeLessThan(110);
});

const names = fc.string({ minLength: 1 });
const intervals = fc.integer({ min: 1000, max: 30 * 24 * hour });
const times = fc.integer({ min: start, max: start + 365 * 24 * hour });

it('a turn comes later than a tenth of the interval after a look, and at most one and a tenth of it', () => {
  fc.assert(
    fc.property(names, intervals, times, (name, interval, lookedAt) => {
      const wait = nextTurn(name, interval, lookedAt) - lookedAt;
      expect(wait).toBeGreaterThanOrEqual(interval / 10);
      expect(wait).toBeLessThanOrEqual(interval * 1.1 + 1);
    }),
  );
});

it('who is looked at when it is his turn has the next one exactly an interval later, whoever asks and whenever it began', () => {
  fc.assert(
    fc.property(names, intervals, times, times, (name, interval, one, other) => {
      const [first, second] = [nextTurn(name, interval, one), nextTurn(name, interval, other)];
      expect(nextTurn(name, interval, first)).toBe(first + interval);
      expect(Math.abs(first - second) % interval).toBe(0);
    }),
  );
});

it('what is overdue waits for a turn to come, so that what fails is not looked at without pause', () => {
  fc.assert(
    fc.property(names, intervals, times, fc.nat(48 * hour), (name, interval, lookedAt, late) => {
      const now = nextTurn(name, interval, lookedAt) + late;
      expect(untilTurn(name, interval, { lookedAt, now })).toBeGreaterThanOrEqual(interval / 10);
      expect(untilTurn(name, interval, { lookedAt, now: lookedAt })).toBe(nextTurn(name, interval, lookedAt) - lookedAt);
    }),
  );
});

it('what was never looked at has the turn that it would have after a look now', () => {
  fc.assert(
    fc.property(names, intervals, times, (name, interval, now) => {
      expect(untilTurn(name, interval, { lookedAt: undefined, now })).toBe(nextTurn(name, interval, now) - now);
    }),
  );
});
