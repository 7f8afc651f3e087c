import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONSENT_ENDS, eventReasons, explainReason, isReason, reasons } from '../../../src/api/index.ts';
import { kinds } from '../../../src/api/kinds.ts';

const entries = Object.entries(reasons);
const root = join(import.meta.dirname, '../../..');
const src = join(root, 'src');

/** What the CLI and the importer say is made up from these very reasons: they produce none. */
const said = textsIn('src', /^(api|cli)\//);
/** Neither do tests of the CLI, which make statuses up; nor this one. */
const expected = textsIn('test', /^(unit\/cli|bench)\/|^unit\/api\/reasons\.test/);

function textsIn(folder: string, except: RegExp): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts') && !except.test(name));
  return files.map((name) => readFileSync(join(root, folder, name), 'utf8'));
}

/** As a value of its own, or in the short form of tests: `Failed/AccessDenied`. */
const asValue = (reason: string): RegExp => new RegExp(`['"\`](?:[A-Z][A-Za-z]+/)?${reason}['"\`]`);

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

  test.each(Object.keys(reasons))('%s is said by the operator, and a test expects it', (reason) => {
    expect(
      said.some((text) => asValue(reason).test(text)),
      'nothing says it: delete it',
    ).toBe(true);
    expect(
      expected.some((text) => asValue(reason).test(text)),
      'no test produces it',
    ).toBe(true);
  });

  test.each(Object.keys(eventReasons))(
    'the Event %s is told by the operator, explained to operators of it, and expected by a test',
    (reason) => {
      expect(said.some((text) => asValue(reason).test(text))).toBe(true);
      expect(expected.some((text) => asValue(reason).test(text))).toBe(true);
      expect(readFileSync(join(root, 'docs/reference/reasons.md'), 'utf8')).toContain(`| \`${reason}\` |`);
    },
  );

  test('each is in the reference, where those who read it in a condition look', () => {
    const page = readFileSync(join(root, 'docs/reference/reasons.md'), 'utf8');
    expect(Object.keys(reasons).filter((reason) => !page.includes(`| \`${reason}\` |`))).toEqual([]);
    for (const { kind, singular } of kinds) {
      const own = readFileSync(join(root, 'docs/reference', `${singular}.md`), 'utf8');
      const given = entries.filter(([, doc]) => (doc.kinds as readonly string[]).includes(kind)).map(([reason]) => reason);
      expect(
        given.filter((reason) => !own.includes(`| \`${reason}\` |`)),
        kind,
      ).toEqual([]);
    }
  });

  test.each(['targets', 'shares', 'controllers'])('what src/%s refuses with is in the table', (folder) => {
    const files = readdirSync(join(src, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const texts = files.map((name) => readFileSync(join(src, folder, name), 'utf8'));
    const used = texts.flatMap((text) => [...text.matchAll(/\breason: '([A-Za-z]+)'/g)].map(([, reason]) => reason ?? ''));
    const others = new Set<string>([...CONSENT_ENDS, ...Object.keys(eventReasons)]);
    expect(used.filter((reason) => !isReason(reason) && !others.has(reason))).toEqual([]);
  });
});
