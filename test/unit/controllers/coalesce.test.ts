/** A single share is written at once; a thousand of them are written together. */
import { describe, expect, it } from 'vitest';
import { createCoalescer } from '../../../src/controllers/coalesce.ts';

describe('the coalescer', () => {
  const at = { now: 0 };
  const make = (backlog: number) => createCoalescer({ now: () => at.now }, () => backlog);

  it('lets a single change run at once', () => {
    expect(make(1).wait('bucket', false)).toBe(0);
  });

  it('leaves a document alone for half a second after a write, and not after a mere look', () => {
    at.now = 10_000;
    const coalescer = make(0);
    coalescer.ran('bucket', false);
    expect(coalescer.wait('bucket', false)).toBe(0);
    coalescer.ran('bucket', true);
    at.now += 100;
    expect(coalescer.wait('bucket', false)).toBe(400);
    expect(coalescer.wait('other', false)).toBe(0);
    at.now += 400;
    expect(coalescer.wait('bucket', false)).toBe(0);
  });

  it.each([
    { what: 'is only added to', removes: false, longest: 20_000 },
    { what: 'something has to be taken out of', removes: true, longest: 4000 },
  ])(
    'has a document that $what wait for a backlog of undecided items, but never longer than $longest ms',
    ({ removes, longest }) => {
      at.now = 0;
      const coalescer = make(1000);
      expect(coalescer.wait('bucket', removes)).toBeGreaterThan(0);
      at.now = longest - 1;
      expect(coalescer.wait('bucket', removes)).toBeGreaterThan(0);
      at.now = longest;
      expect(coalescer.wait('bucket', removes)).toBe(0);
      coalescer.ran('bucket', true);
      at.now += 500;
      expect(coalescer.wait('bucket', removes)).toBeGreaterThan(0);
    },
  );

  it('ends the wait of a document as soon as something has to be taken out of it', () => {
    at.now = 0;
    const coalescer = make(1000);
    expect(coalescer.wait('bucket', false)).toBeGreaterThan(0);
    at.now = 5000;
    expect(coalescer.wait('bucket', true)).toBe(0);
  });

  it('forgets what it knew of a target that nobody needs any more', () => {
    at.now = 0;
    const coalescer = make(0);
    coalescer.ran('bucket', true);
    coalescer.forget('bucket');
    expect(coalescer.wait('bucket', false)).toBe(0);
  });
});
