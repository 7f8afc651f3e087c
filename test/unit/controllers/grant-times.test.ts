/** sluice_time_to_grant_seconds: what is measured is the time of a grant, never the age of a share. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedShare } from '../../../src/api/index.ts';
import { noteGrants } from '../../../src/controllers/grant-times.ts';
import { createMemory } from '../../../src/controllers/memory.ts';
import { anEntry, anItem, spec } from '../../support/builders.ts';

const second = 1000;
const entry = (over: Partial<ResolvedShare>): ResolvedShare => ({ ...anEntry(), ...over });
const granting = entry({ state: 'Granting', permissions: ['Read'] });
const live = entry({ state: 'Live', permissions: ['Read'] });
const widening = entry({ state: 'Granting', permissions: ['Read', 'Write'] });

let observed: number[];
let step: (before: readonly ResolvedShare[], after: readonly ResolvedShare[], at: number) => void;

beforeEach(() => {
  observed = [];
  const memory = createMemory();
  const metrics = { granted: (seconds: number) => void observed.push(seconds) };
  step = (before, after, at) =>
    noteGrants({ memory, metrics }, anItem(spec({ resolved: [...before] })), { resolved: after, decidedAt: at });
});

describe('the time to grant', () => {
  test('given consent at 10 s and a complete read-back at 14 s, then four seconds are observed, once', () => {
    step([], [granting], 10 * second);
    step([granting], [granting], 11 * second);
    step([granting], [live], 14 * second);
    step([live], [live], 900 * second);
    expect(observed).toEqual([4]);
  });

  test('given a share of old age that is extended, then nothing is observed', () => {
    step([live], [live], 90_000 * second);
    expect(observed).toEqual([]);
  });

  test('given a share of old age that is widened, then the widening is measured from its own consent', () => {
    step([live], [widening], 90_000 * second);
    step([widening], [{ ...widening, state: 'Live' }], 90_003 * second);
    expect(observed).toEqual([3]);
  });

  test('given a place that moves, then the new place is measured and the old one is not', () => {
    const other = { ...granting, id: 'another' };
    step([live], [{ ...live, state: 'Revoking' }, other], 100 * second);
    step([{ ...live, state: 'Revoking' }, other], [{ ...other, state: 'Live' }], 107 * second);
    expect(observed).toEqual([7]);
  });

  test('given an operator that was restarted in between, then nothing is observed, since nobody knows when it began', () => {
    step([granting], [live], 14 * second);
    expect(observed).toEqual([]);
  });

  test('given a grant that is taken back before it is complete, then nothing is observed, nor when it is granted anew much later', () => {
    step([], [granting], 10 * second);
    step([granting], [{ ...granting, state: 'Revoking' }], 20 * second);
    step([{ ...granting, state: 'Revoking' }], [], 21 * second);
    step([], [granting], 500 * second);
    step([granting], [live], 502 * second);
    expect(observed).toEqual([2]);
  });
});
