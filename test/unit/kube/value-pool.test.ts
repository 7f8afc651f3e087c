/** A kept value reads as the one that was given, equal ones are one and the same, and the pool never ends. (That it saves memory is seen by `make bench-rest`.) */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createValuePool } from '../../../src/kube/value-pool.ts';

it('changes no contents', () => {
  const { keep } = createValuePool();
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(keep(JSON.parse(text))).toEqual(JSON.parse(text));
    }),
  );
});

it('keeps equal values once, and others apart', () => {
  const { keep } = createValuePool();
  const line = { target: 'a', state: 'Applied' };
  expect(keep(line)).toBe(line);
  expect(keep({ ...line })).toBe(line);
  expect(keep({ ...line, message: undefined })).toBe(line);
  expect(keep({ ...line, state: 'Failed' })).toEqual({ target: 'a', state: 'Failed' });
  expect(keep('1')).toBe('1');
  expect(keep(1)).toBe(1);
  expect(keep(undefined)).toBeUndefined();
});

it('goes on when it is full', () => {
  const { keep } = createValuePool();
  for (let number = 0; number < 10_000; number++) expect(keep({ number })).toEqual({ number });
  expect(keep({ number: 1 })).toEqual({ number: 1 });
});
