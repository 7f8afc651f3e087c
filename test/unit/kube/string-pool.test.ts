/** Sharing strings changes nothing that can be read, and never ends. (That it saves memory is seen by the benchmark of scale.) */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createStringPool } from '../../../src/kube/string-pool.ts';

it('changes no contents', () => {
  const pool = createStringPool();
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.stringify(pool.share(JSON.parse(text)))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

it('goes on when it is full', () => {
  const pool = createStringPool();
  const many = Array.from({ length: 50_000 }, (_, number) => `name-${String(number)}`);
  expect(pool.share([...many])).toEqual(many);
  expect(pool.share(['name-1'])).toEqual(['name-1']);
});
