import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONSENT_ENDS, explainReason, isReason, reasons } from '../../../src/api/index.ts';
import { kinds } from '../../../src/api/kinds.ts';

const entries = Object.entries(reasons);
const src = join(import.meta.dirname, '../../../src');

describe('reasons', () => {
  test.each(entries)('%s is one CamelCase word of at most 64 characters, with a meaning and a next step', (name, doc) => {
    expect(name).toMatch(/^[A-Z][A-Za-z]{2,63}$/);
    expect(doc.meaning).toMatch(/^[A-Z].{10,}\.$/);
    expect(doc.next).toMatch(/^[A-Z].*\.$/);
    expect(doc.kinds.length).toBeGreaterThan(0);
  });

  test('where somebody has to act, the next step is more than to wait', () => {
    for (const [, doc] of entries) if (doc.actor !== 'nobody') expect(doc.next).not.toMatch(/^Nothing[;.]/);
  });

  test('they are given to kinds that exist and have conditions', () => {
    const known = new Set(kinds.map(({ kind }) => kind));
    for (const [, doc] of entries) for (const kind of doc.kinds) expect(known).toContain(kind);
  });

  test('a text from elsewhere is a reason only if it is in the table', () => {
    expect(isReason('PolicySizeLimit')).toBe(true);
    expect(isReason('toString')).toBe(false);
    expect(explainReason('PolicySizeLimit').actor).toBe('owner');
  });

  test.each(['targets', 'shares'])('what src/%s refuses with is in the table', (folder) => {
    const files = readdirSync(join(src, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const texts = files.map((name) => readFileSync(join(src, folder, name), 'utf8'));
    const used = texts.flatMap((text) => [...text.matchAll(/\breason: '([A-Za-z]+)'/g)].map(([, reason]) => reason ?? ''));
    const ends = new Set<string>(CONSENT_ENDS);
    expect(used.filter((reason) => !isReason(reason) && !ends.has(reason))).toEqual([]);
  });
});
