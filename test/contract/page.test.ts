// The suite's own tables: cases and differences fit together, and docs/contract.md says what the code says.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { contractCases } from './cases/index.ts';
import { differences, reasons } from './differences.ts';
import { liveVariables } from './live/settings.ts';
import { pageFile, renewed } from './page.ts';

const page = readFileSync(pageFile, 'utf8');

describe('the cases', () => {
  test('every sentence is there once, and ends as a sentence', () => {
    const sentences = contractCases.map(({ sentence }) => sentence);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(sentences.filter((sentence) => !/^[A-Z].*\.$/.test(sentence))).toEqual([]);
  });

  test("every case names a page of AWS's documentation", () => {
    const odd = contractCases.filter(({ guide }) => !/^(AmazonS3|IAM|STS|kms)\/latest\/\w+\/[\w-]+$/.test(guide));
    expect(odd.map(({ guide }) => guide)).toEqual([]);
  });
});

describe('the differences', () => {
  test('each is of a case that exists, and answers otherwise than AWS', () => {
    for (const { sentence, answers } of differences) {
      const found = contractCases.find((one) => one.sentence === sentence);
      expect(found, sentence).toBeDefined();
      expect(isDeepStrictEqual(found?.aws, answers), `${sentence} is no difference`).toBe(false);
    }
  });

  test('each case is listed at most once for an implementation, and every reason is used', () => {
    const keys = differences.map(({ who, sentence }) => `${who} ${sentence}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(Object.keys(reasons).filter((why) => !differences.some((one) => one.why === why))).toEqual([]);
  });
});

describe('docs/contract.md', () => {
  test('is what the code makes of it; otherwise run "make generate"', () => {
    expect(page).toBe(renewed(page));
  });

  test('names every variable of verify-live', () => {
    expect(Object.keys(liveVariables).filter((name) => !page.includes(name))).toEqual([]);
  });

  test('a page without the two lines is refused with what to do', () => {
    expect(() => renewed('# Contract')).toThrow(/docs\/contract.md needs the lines/);
  });
});
