/** What orphans are told as, and since when; the sweep itself is tested in test/unit/controllers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  areOrphansHeld,
  oldOrphans,
  orphanCondition,
  seenSince,
  type Orphan,
  type SeenOrphan,
} from '../../../src/shares/orphans.ts';

const orphan = (name: string, over: Partial<SeenOrphan> = {}): SeenOrphan => ({
  kind: 'BucketPolicy',
  target: `s3:bucket-policy/111122223333/${name}`,
  principals: ['arn:aws:iam::444455556666:role/analysts'],
  content: 'a',
  certain: true,
  since: 0,
  ...over,
});
const report = { environment: 'sales', gaps: [], deletes: false, held: false } as const;

describe('the condition Orphans', () => {
  test('given none, then it is False', () => {
    expect(orphanCondition({ ...report, orphans: [] })).toMatchObject({ status: 'False', reason: 'NoOrphans' });
  });

  test('given five, then it counts them and names three', () => {
    const { message, status, reason } = orphanCondition({
      ...report,
      orphans: ['a', 'b', 'c', 'd', 'e'].map((name) => orphan(name)),
    });
    expect([status, reason]).toEqual(['True', 'OrphansFound']);
    expect(message).toMatch(/^5 documents carry .*\/a, .*\/b, .*\/c and 2 more; restore the objects/);
  });

  test('given gaps and nothing found, then it is Unknown and names what is missing', () => {
    expect(orphanCondition({ ...report, orphans: [], gaps: ['iam:ListPolicies (AccessDenied)'] })).toMatchObject({
      status: 'Unknown',
      reason: 'PermissionsMissing',
      message: 'not everything could be looked at: iam:ListPolicies (AccessDenied)',
    });
  });

  test.each([
    ['that only reports', report, /or with spec.orphans: Delete$/],
    ['that removes', { ...report, deletes: true }, /removed once two sweeps in a row have seen it$/],
    [
      'that removes and is held',
      { ...report, deletes: true, held: true },
      /kubectl annotate environment sales sluice\.dev\/allow-removal-until=/,
    ],
  ])('given an Environment %s, then the message says what happens next', (_, given, message) => {
    expect(orphanCondition({ ...given, orphans: [orphan('a')] }).message).toMatch(message);
  });
});

const found = fc.record({
  kind: fc.constant('BucketPolicy' as const),
  target: fc.constantFrom('a', 'b', 'c'),
  principals: fc.constant([]),
  content: fc.constantFrom('x', 'y'),
  certain: fc.boolean(),
});
const sweeps = fc.array(fc.uniqueArray(found, { selector: ({ target }) => target }), { minLength: 1, maxLength: 8 });

describe('the age of an orphan', () => {
  test('counts from the first of those sweeps in a row that saw it unchanged, and only what is certain grows old', () => {
    const step = 10;
    fc.assert(
      fc.property(sweeps, (history) => {
        const last = history.reduce<readonly SeenOrphan[]>((before, now, index) => seenSince(now, before, index * step), []);
        const streak = ({ target, content }: Orphan): number =>
          history.length -
          1 -
          history.findLastIndex((sweep) => !sweep.some((each) => each.target === target && each.content === content));
        for (const one of last) expect(one.since).toBe((history.length - streak(one)) * step);
        const now = (history.length - 1) * step;
        expect(oldOrphans(last, now, step)).toEqual(last.filter((one) => one.certain && streak(one) >= 2));
      }),
    );
  });

  test('a changed orphan forgets why it could not be removed', () => {
    const before = [orphan('a', { message: 'refused' })];
    expect(seenSince([orphan('a')], before, 5)[0]).toMatchObject({ since: 0, message: 'refused' });
    expect(seenSince([orphan('a', { content: 'b' })], before, 5)[0]?.since).toBe(5);
  });
});

describe('the guard over orphans', () => {
  const later = new Date(1_000_000).toISOString();
  test.each([
    [{ marked: 20, orphans: 20, shares: 1 }, false],
    [{ marked: 21, orphans: 21, shares: 1 }, true],
    [{ marked: 100, orphans: 25, shares: 1 }, false],
    [{ marked: 100, orphans: 26, shares: 1 }, true],
    [{ marked: 1, orphans: 1, shares: 0 }, true],
    [{ marked: 0, orphans: 0, shares: 0 }, false],
  ])('given %j, then held is %s, and the annotation lifts it until its time', (count, held) => {
    expect(areOrphansHeld(count, undefined, 0)).toBe(held);
    expect(areOrphansHeld(count, later, 999_999)).toBe(false);
    expect(areOrphansHeld(count, later, 1_000_000)).toBe(held);
  });
});
