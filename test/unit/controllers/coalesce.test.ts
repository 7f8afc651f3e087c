/** A single share is written at once; a thousand of them are written together. */
import { describe, expect, it } from 'vitest';
import { createCoalescer } from '../../../src/controllers/coalesce.ts';

describe('the coalescer', () => {
  const at = { now: 0 };
  const make = (backlog: number) => createCoalescer({ now: () => at.now }, () => backlog);

  it('lets a single change run at once', () => {
    expect(make(1).wait('bucket')).toBe(0);
  });

  it('leaves a document alone for half a second after a write, and not after a mere look', () => {
    at.now = 10_000;
    const coalescer = make(0);
    coalescer.ran('bucket', false);
    expect(coalescer.wait('bucket')).toBe(0);
    coalescer.ran('bucket', true);
    at.now += 100;
    expect(coalescer.wait('bucket')).toBe(400);
    expect(coalescer.wait('other')).toBe(0);
    at.now += 400;
    expect(coalescer.wait('bucket')).toBe(0);
  });

  it('waits for a backlog of undecided items, but never longer than four seconds', () => {
    at.now = 0;
    const coalescer = make(1000);
    expect(coalescer.wait('bucket')).toBeGreaterThan(0);
    at.now = 3999;
    expect(coalescer.wait('bucket')).toBeGreaterThan(0);
    at.now = 4000;
    expect(coalescer.wait('bucket')).toBe(0);
    coalescer.ran('bucket', true);
    at.now = 4500;
    expect(coalescer.wait('bucket')).toBeGreaterThan(0);
  });

  it('forgets what it knew of a target that nobody needs any more', () => {
    at.now = 0;
    const coalescer = make(0);
    coalescer.ran('bucket', true);
    coalescer.forget('bucket');
    expect(coalescer.wait('bucket')).toBe(0);
  });
});
