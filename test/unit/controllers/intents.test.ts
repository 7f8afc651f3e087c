/** The order of documents: forward when granting, backward when taking back, and no document waits for one that can't be had. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResolvedShare } from '../../../src/api/index.ts';
import { fingerprintOf, intentsOf, type RepairRule, type StampedIntent } from '../../../src/controllers/intents.ts';
import { createMemory, historyLength, intentOf, remember } from '../../../src/controllers/memory.ts';
import { sameJson, timestamp } from '../../../src/controllers/status.ts';
import { verdictConditions } from '../../../src/controllers/verdict.ts';
import type { Decision, Situation } from '../../../src/shares/decide.ts';
import type { TargetState } from '../../../src/shares/report.ts';
import { anEntry, anItem, beginning } from '../../support/builders.ts';

type State = TargetState['state'] | 'Retried' | undefined;
const granted: Situation = { kind: 'granted', exceeding: [] };
const repairing: RepairRule = { reportOnly: false, token: '', reapply: false };
const reporting: RepairRule = { ...repairing, reportOnly: true };

/** Modes of the entry's documents, in their order, when they are in these states. */
function modes(state: ResolvedShare['state'], situation: Situation, states: readonly State[], rule = repairing): string[] {
  return intents(state, situation, states, rule).map(({ mode, repair }) => (repair ? `${mode}!` : mode));
}

function intents(
  state: ResolvedShare['state'],
  situation: Situation,
  states: readonly State[],
  rule: RepairRule,
): StampedIntent[] {
  const entry = anEntry({ state });
  const decision: Decision = {
    situation,
    consent: undefined,
    resolved: [entry],
    permissions: ['Read'],
    dueAt: undefined,
    discard: false,
  };
  const lookup = ({ target }: { readonly target: string }): TargetState | undefined => {
    const found = states[entry.targets.indexOf(target)];
    const none = { target, missing: [], excess: [], observedAt: undefined };
    if (found === 'Retried')
      return { ...none, state: 'Pending', reason: 'ProgressingWithRetry', message: 'AWS answered Throttling' };
    return found === undefined ? undefined : { ...none, state: found };
  };
  const byContribution = intentsOf(anItem(), decision, lookup, rule);
  return [...byContribution.values()]
    .flatMap((byTarget) => entry.targets.map((target) => byTarget.get(target)))
    .filter((intent) => intent !== undefined);
}

describe('a grant goes forward', () => {
  test.each<[readonly State[], readonly string[]]>([
    [
      [undefined, undefined, undefined],
      ['want!', 'hold', 'hold'],
    ],
    [
      ['Pending', undefined, undefined],
      ['want!', 'hold', 'hold'],
    ],
    [
      ['Applied', undefined, undefined],
      ['want!', 'want!', 'hold'],
    ],
    [
      ['Applied', 'Failed', undefined],
      ['want!', 'want!', 'hold'],
    ],
    [
      ['Applied', 'Retried', undefined],
      ['want!', 'want!', 'hold'],
    ],
    [
      ['Applied', 'Applied', 'Pending'],
      ['want!', 'want!', 'want!'],
    ],
    [
      ['Failed', 'Applied', 'Applied'],
      ['want!', 'hold', 'hold'],
    ],
  ])('with documents %j: %j', (states, expected) => {
    expect(modes('Granting', granted, states)).toEqual(expected);
  });

  test('but once all of it has been in place, documents are kept independently of each other', () => {
    expect(modes('Live', granted, ['Failed', undefined, 'Applied'])).toEqual(['want!', 'want!', 'want!']);
  });
});

describe('a revoke goes backward, and attempts every document', () => {
  test.each<[readonly State[], readonly string[]]>([
    [
      [undefined, undefined, undefined],
      ['hold', 'hold', 'drop'],
    ],
    [
      [undefined, undefined, 'Pending'],
      ['hold', 'drop', 'drop'],
    ],
    [
      [undefined, undefined, 'Removed'],
      ['hold', 'drop', 'drop'],
    ],
    [
      [undefined, undefined, 'Failed'],
      ['hold', 'drop', 'drop'],
    ],
    [
      [undefined, undefined, 'Retried'],
      ['hold', 'drop', 'drop'],
    ],
    [
      [undefined, 'Failed', 'Retried'],
      ['drop', 'drop', 'drop'],
    ],
    [
      ['Removed', 'Removed', 'Removed'],
      ['drop', 'drop', 'drop'],
    ],
  ])('with documents %j: %j', (states, expected) => {
    expect(modes('Revoking', { kind: 'ended', cause: 'Withdrawn' }, states)).toEqual(expected);
  });

  test('whatever is decided about the item itself, also before it is', () => {
    for (const situation of [granted, { kind: 'undecided' }, { kind: 'rejected', message: '' }] as const)
      expect(modes('Revoking', situation, [undefined, undefined, undefined])).toEqual(['hold', 'hold', 'drop']);
  });

  test('and in the end all of them were asked to go, whichever of them failed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<State>('Removed', 'Failed', 'Retried'), { minLength: 3, maxLength: 3 }),
        (outcomes) => {
          const states: State[] = [undefined, undefined, undefined];
          for (let turn = 0; turn < 3; turn++)
            modes('Revoking', { kind: 'ended', cause: 'Expired' }, states).forEach((mode, index) => {
              if (mode === 'drop') states[index] = outcomes[index];
            });
          expect(states).toEqual(outcomes);
        },
      ),
    );
  });
});

describe('what is not decided, or is in somebody’s way, is held', () => {
  test.each<Situation>([{ kind: 'undecided' }, { kind: 'blocked', reason: 'NotClaimed', message: '', live: true }])(
    '$kind',
    (situation) => {
      for (const state of ['Granting', 'Live'] as const)
        expect(modes(state, situation, ['Applied', 'Applied', 'Applied'])).toEqual(['hold', 'hold', 'hold']);
    },
  );
});

describe('drift that is only reported', () => {
  const applied = ['Applied', 'Applied', 'Applied'] as const;

  test('is no reason to write, but a first grant and a request to re-apply are', () => {
    expect(modes('Live', granted, applied, reporting)).toEqual(['want', 'want', 'want']);
    expect(modes('Granting', granted, applied, reporting)).toEqual(['want!', 'want!', 'want!']);
    expect(modes('Live', granted, applied, { ...reporting, token: 'now', reapply: true })).toEqual(['want!', 'want!', 'want!']);
  });
});

describe('the fingerprint of a question', () => {
  test('changes with permissions, principal and a request to re-apply, and with nothing else', () => {
    const base = fingerprintOf(anEntry(), 'want', repairing);
    const others = [
      fingerprintOf(anEntry({ permissions: ['Read', 'Write'] }), 'want', repairing),
      fingerprintOf(anEntry({ principal: { ...anEntry().principal, uniqueId: 'AROAANOTHER0000000001' } }), 'want', repairing),
      fingerprintOf(anEntry(), 'want', { ...repairing, token: 'now' }),
      fingerprintOf(anEntry(), 'drop', repairing),
    ];
    expect(new Set([base, ...others]).size).toBe(5);
    expect(fingerprintOf(anEntry({ state: 'Live' }), 'want', { ...reporting, reapply: true })).toBe(base);
  });
});

describe('memory', () => {
  const entry = (action: string) => ({ time: timestamp(beginning), action, target: 'bucket', result: 'Succeeded' });

  test('keeps the newest changes first, and no more than a status shows', () => {
    const memory = createMemory();
    remember(memory, 'uid', [entry('first'), entry('second')]);
    remember(
      memory,
      'uid',
      Array.from({ length: historyLength }, (_, index) => entry(`later-${String(index)}`)),
    );
    const actions = memory.history.get('uid')?.map(({ action }) => action) ?? [];
    expect(actions).toHaveLength(historyLength);
    expect(actions[0]).toBe(`later-${String(historyLength - 1)}`);
  });

  test('knows no intent of an item that was not decided', () => {
    expect(intentOf(createMemory(), 'uid/entry', 'bucket')).toBeUndefined();
  });
});

describe('conditions from a verdict', () => {
  test.each([
    [{ kind: 'ok' }, ['Ready=True/Succeeded']],
    [{ kind: 'unknown' }, ['Ready=Unknown/Progressing']],
    [{ kind: 'problem', reason: 'BucketNotFound', message: 'm' }, ['Ready=False/BucketNotFound', 'Stalled=True/BucketNotFound']],
    [{ kind: 'notClaimed', message: 'm', immediately: false }, ['Ready=False/NotClaimed', 'Stalled=True/NotClaimed']],
  ] as const)('%j', (verdict, expected) => {
    expect(verdictConditions(verdict, 'fine').map(({ type, status, reason }) => `${type}=${status}/${reason}`)).toEqual(expected);
  });
});

describe('equal as JSON', () => {
  test('means the same text, whatever the order of keys', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => sameJson(value, JSON.parse(JSON.stringify(value)))));
    expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(sameJson([1, 2], [2, 1])).toBe(false);
    expect(sameJson([], {})).toBe(false);
    expect(sameJson({ a: 1 }, { b: 1 })).toBe(false);
  });
});
