import { describe, expect, it } from 'vitest';
import { createReadYourWrites } from '../../../src/kube/read-your-writes.ts';
import { includesVersion } from '../../../src/kube/resource-version.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

describe('resourceVersions', () => {
  it.each([
    ['10', '9', true],
    ['9', '10', false],
    ['10', '10', true],
    // As numbers these two would be equal.
    ['9007199254740993', '9007199254740992', true],
    ['9007199254740992', '9007199254740993', false],
    ['abc', 'abc', true],
    ['abc', '10', 'unknown'],
  ] as const)('%s includes %s: %s', (seen, written, expected) => {
    expect(includesVersion(seen, written)).toBe(expected);
  });
});

describe('reading our own writes', () => {
  it('takes any cache for fresh as long as nothing was written', () => {
    const writes = createReadYourWrites({ clock: createVirtualClock() });
    expect(writes.isFresh('a', undefined)).toBe(true);
    expect(writes.isFresh('a', '1')).toBe(true);
  });

  it('waits until the cache holds the write, and then forgets it', () => {
    const writes = createReadYourWrites({ clock: createVirtualClock() });
    writes.wrote('a', '100');
    expect(writes.isFresh('a', undefined)).toBe(false);
    expect(writes.isFresh('a', '99')).toBe(false);
    expect(writes.isFresh('b', '1')).toBe(true);
    expect(writes.isFresh('a', '101')).toBe(true);
    expect(writes.size).toBe(0);
  });

  it('keeps the newer of two writes whose answers came in the wrong order', () => {
    const writes = createReadYourWrites({ clock: createVirtualClock() });
    writes.wrote('a', '101');
    writes.wrote('a', '100');
    expect(writes.isFresh('a', '100')).toBe(false);
  });

  it('does not block a key for ever when the watch event is lost', async () => {
    const clock = createVirtualClock();
    const writes = createReadYourWrites({ clock, timeoutMs: 10_000 });
    writes.wrote('a', '100');
    await clock.advance(9_999);
    expect(writes.isFresh('a', '99')).toBe(false);
    await clock.advance(1);
    expect(writes.isFresh('a', '99')).toBe(true);
  });

  it('forgets what was written to a deleted object', () => {
    const writes = createReadYourWrites({ clock: createVirtualClock() });
    writes.wrote('a', '100');
    writes.forget('a');
    expect(writes.isFresh('a', '1')).toBe(true);
  });
});
