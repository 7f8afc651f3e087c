/**
 * The contract suite: every statement about AWS that Sluice depends on, asked of the stand-in and of moto over HTTP, with real SDK clients.
 * An answer that differs from AWS's has to be the one that differences.ts tells. The same cases run on real accounts: `make verify-live`.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { contractCases } from './cases/index.ts';
import { differenceOf, type LocalPlace } from './differences.ts';
import type { StartedPlace } from './place.ts';
import { startMoto } from './places/moto.ts';
import { startStandIn } from './places/stand-in.ts';
import { runCase } from './runner.ts';
import { tallyTable, type Ending } from './tally.ts';

type Started = StartedPlace | { readonly missing: string };

const log = (line: string): void => console.log(line);
const starters: Readonly<Record<LocalPlace, () => Promise<Started>>> = {
  'stand-in': () => startStandIn(),
  moto: () => startMoto(log),
};
const columns: { name: string; leftOut?: string; endings: Map<string, Ending> }[] = [];

// Whatever the developer's shell says about AWS: requests are made for AWS's own names and sent to this machine.
beforeAll(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
});

afterAll(() => {
  vi.unstubAllEnvs();
  log(`\n${tallyTable(contractCases, columns)}\n`);
});

describe.each(Object.keys(starters) as LocalPlace[])('%s', (who) => {
  const column: (typeof columns)[number] = { name: who, endings: new Map() };
  let started: Started;

  // The first time on a machine, moto is downloaded and installed.
  beforeAll(async () => {
    columns.push(column);
    started = await starters[who]();
    if ('missing' in started) column.leftOut = started.missing;
  }, 600_000);

  afterAll(async () => {
    if ('stop' in started) await started.stop();
  });

  test.for(contractCases)('$service: $sentence', async (one, { skip }) => {
    if ('missing' in started) return skip(`${who} is left out: ${started.missing}`);
    const known = differenceOf(who, one.sentence);
    const expected = known?.answers ?? one.aws;
    column.endings.set(one.sentence, 'unexpected');
    const { observed, left } = await runCase(one, started.place, expected);
    if (known && isDeepStrictEqual(observed, one.aws))
      expect.fail(`${who} answers as AWS does by now: strike the case off differences.ts, then run "make generate".`);
    expect(observed).toEqual(expected);
    expect(left).toEqual([]);
    column.endings.set(one.sentence, known ? 'known difference' : 'as AWS');
  });
});
