/** Everything that people can have written about an item, crossed and played to its end by the real rules: what must hold of every combination. The page is in the reference. */
import { describe, expect, test } from 'vitest';
import { decisionCases, values, type DecisionCase } from '../../../scripts/lifecycle/decisions.ts';
import { inWords, merge } from '../../../scripts/lifecycle/merge.ts';
import { argoHealthOf, kstatusOf } from '../../../scripts/lifecycle/readers.ts';
import { time } from '../../../scripts/lifecycle/story.ts';
import { explainReason, isReason } from '../../../src/api/index.ts';

const cases = decisionCases();

const sharedIn = ({ outcome }: DecisionCase) => outcome.decision.resolved.flatMap(({ permissions }) => permissions);
const sharedBefore = ({ before }: DecisionCase) => before.spec.resolved.flatMap(({ permissions }) => permissions);
const conditionIn = ({ summary }: DecisionCase, type: string) => summary?.conditions.find((condition) => condition.type === type);
const isTrue = (one: DecisionCase, type: string): boolean => conditionIn(one, type)?.status === 'True';
const read = ({ summary }: DecisionCase) => ({ generation: 1, observedGeneration: 1, conditions: summary?.conditions ?? [] });
const says = ({ combination }: DecisionCase, ...names: string[]): boolean =>
  names.every((name) => Object.values(combination).includes(name));
const saysOne = (one: DecisionCase, ...names: string[]): boolean => names.some((name) => says(one, name));

/** The combinations that break a rule: a failure says which. */
function breaking(rule: (one: DecisionCase) => boolean, among: (one: DecisionCase) => boolean = () => true): string[] {
  const looked = cases.filter(among);
  expect(looked.length, 'a rule that is about no combination says nothing').toBeGreaterThan(0);
  return looked.filter((one) => !rule(one)).map(({ combination }) => Object.values(combination).join(', '));
}

describe('whatever people have written, when AWS has done all that follows', () => {
  test('every combination is looked at, and most of what a request can come to occurs', () => {
    expect(cases.length).toBe(Object.values(values).reduce((product, names) => product * names.length, 1));
    const phases = new Set(cases.flatMap(({ summary }) => (summary === undefined ? [] : [summary.phase])));
    const expected = ['Draft', 'ExtensionRejected', 'Processed', 'Rejected', 'Submitted', 'SubmittedForExtension'];
    expect([...phases].toSorted()).toEqual(expected);
  });

  test('nothing is shared without consent: an approval for this principal, unexpired and of exactly this, a rule of the Dataset, or an automatic consent that persists', () => {
    const consents = ['approves', 'approves exactly this', 'allows the later end', 'rejects the later end'];
    const rules = ['Automatic', 'Manual, a rule for the namespace', 'shared automatically'];
    const pinned = (one: DecisionCase) => says(one, 'shared by approval', 'approves something else') && !says(one, 'nothing');
    expect(breaking((one) => sharedIn(one).length === 0 || saysOne(one, ...consents, ...rules) || pinned(one))).toEqual([]);
  });

  test('what is shared is asked for and offered, and never more than was read, where only reading was approved', () => {
    expect(breaking((one) => !sharedIn(one).includes('Write') || says(one, 'asks for Read and Write', 'Automatic'))).toEqual([]);
  });

  test('a rejection and a lost claim leave nothing shared, whatever else is said', () => {
    expect(
      breaking(
        (one) => sharedIn(one).length === 0,
        (one) => saysOne(one, 'rejects', 'the claim was lost'),
      ),
    ).toEqual([]);
  });

  test('an approval whose end has passed never keeps anything alive', () => {
    const alone = (one: DecisionCase) => says(one, 'has come to its end', 'Manual') && !says(one, 'shared automatically');
    expect(breaking((one) => sharedIn(one).length === 0, alone)).toEqual([]);
    expect(
      breaking(
        ({ outcome }) => outcome.decision.situation.kind === 'ended' && outcome.decision.situation.cause === 'Expired',
        (one) => alone(one) && says(one, 'shared by approval') && !saysOne(one, 'deleted', 'no longer lists it'),
      ),
    ).toEqual([]);
  });

  test('a draft, and what is in the way, give nothing new', () => {
    const still = (one: DecisionCase) => says(one, 'draft') || one.world.inTheWay !== undefined;
    expect(breaking((one) => sharedIn(one).every((each) => sharedBefore(one).includes(each)), still)).toEqual([]);
  });

  test('what is in the way takes nothing away, unless the claim was lost', () => {
    const held = (one: DecisionCase) =>
      saysOne(one, 'Dataset not ready', 'a limit of the Dataset') && sharedBefore(one).length > 0;
    const freely = (one: DecisionCase) =>
      held(one) && saysOne(one, 'approves', 'allows the later end') && !saysOne(one, 'deleted', 'no longer lists it');
    expect(breaking((one) => sharedIn(one).includes('Read'), freely)).toEqual([]);
  });

  test('a principal that was made again has nothing of what the old one had, unless the Dataset follows it', () => {
    const another = (one: DecisionCase) => says(one, 'made again', 'nothing') && sharedBefore(one).length > 0;
    expect(breaking((one) => sharedIn(one).length === 0, another)).toEqual([]);
    const followed = (one: DecisionCase) =>
      says(one, 'made again, Follow', 'approves', 'nothing', 'asks for Read') && sharedBefore(one).length > 0;
    expect(breaking((one) => sharedIn(one).length > 0, followed)).toEqual([]);
  });

  test('an extension that is asked for or rejected changes nothing: it goes on, Ready, until the old end', () => {
    const asking = (one: DecisionCase) =>
      one.summary?.phase === 'SubmittedForExtension' || one.summary?.phase === 'ExtensionRejected';
    expect(breaking((one) => isTrue(one, 'Ready') && one.outcome.decision.consent?.expireTime === time(10), asking)).toEqual([]);
    const allowed = (one: DecisionCase) =>
      says(one, 'shared by approval', 'Manual', 'asks for a later end', 'allows the later end', 'the same', 'nothing');
    expect(breaking((one) => isTrue(one, 'Ready') && one.outcome.decision.consent?.expireTime === time(20), allowed)).toEqual([]);
  });

  test('the item goes only where the request does not ask for it', () => {
    expect(
      breaking(
        ({ outcome, ...one }) =>
          outcome.item !== undefined || saysOne({ outcome, ...one }, 'deleted', 'no longer lists it', 'draft'),
      ),
    ).toEqual([]);
    expect(
      breaking(
        (one) => sharedIn(one).length === 0,
        ({ outcome }) => outcome.item === undefined,
      ),
    ).toEqual([]);
  });
});

describe('what machines read of a request', () => {
  const shown = ({ summary }: DecisionCase): boolean => summary !== undefined;

  test('Ready is True only while something is shared by a consent in force', () => {
    const consented = ({ outcome }: DecisionCase) =>
      outcome.decision.consent !== undefined && outcome.decision.consent.ended === undefined;
    expect(breaking((one) => !isTrue(one, 'Ready') || (consented(one) && sharedIn(one).length > 0), shown)).toEqual([]);
  });

  test('Reconciling and Stalled are there only while True, never both, and never beside Ready', () => {
    expect(
      breaking(
        (one) => [isTrue(one, 'Ready'), isTrue(one, 'Stalled'), isTrue(one, 'Reconciling')].filter(Boolean).length <= 1,
        shown,
      ),
    ).toEqual([]);
    expect(
      breaking(
        ({ summary }) =>
          (summary?.conditions ?? []).every(
            ({ type, status }) => (type !== 'Stalled' && type !== 'Reconciling') || status === 'True',
          ),
        shown,
      ),
    ).toEqual([]);
  });

  test('every reason is documented for ShareRequests, and for the ReceivedShares that show the same', () => {
    const used = new Set(cases.flatMap(({ summary }) => (summary?.conditions ?? []).map(({ reason }) => reason)));
    expect(used.size).toBeGreaterThan(8);
    for (const kind of ['ShareRequest', 'ReceivedShare'] as const)
      expect(
        [...used].filter((reason) => !isReason(reason) || !explainReason(reason).kinds.includes(kind)),
        kind,
      ).toEqual([]);
  });

  test('who waits for the owner is Suspended in Argo CD and in progress for kstatus, and neither stalled nor reconciling', () => {
    const waits = (one: DecisionCase) => conditionIn(one, 'Ready')?.reason === 'PendingApproval';
    expect(
      breaking(
        (one) =>
          argoHealthOf(read(one)) === 'Suspended' &&
          kstatusOf(read(one)) === 'InProgress' &&
          !isTrue(one, 'Stalled') &&
          !isTrue(one, 'Reconciling'),
        waits,
      ),
    ).toEqual([]);
  });

  test('a draft waits for nobody: no consent is asked of the owner', () => {
    expect(
      breaking(
        ({ report }) => report?.phase !== 'PendingApproval',
        (one) => says(one, 'draft', 'nothing'),
      ),
    ).toEqual([]);
  });

  test('Argo CD and kstatus agree on what is in place and on what somebody has to repair', () => {
    const pairs = { Healthy: 'Current', Degraded: 'Failed', Suspended: 'InProgress', Progressing: 'InProgress' } as const;
    expect(breaking((one) => pairs[argoHealthOf(read(one))] === kstatusOf(read(one)), shown)).toEqual([]);
  });
});

describe('rows that read alike', () => {
  test('are joined where they differ in one column only, and together stand for the same combinations', () => {
    const rows = ['a', 'b', 'c'].flatMap((one) =>
      ['x', 'y'].map((two) => ({ columns: [[one], [two]], outcome: two === 'x' || one === 'a' ? 'yes' : 'no' })),
    );
    const merged = merge(rows);
    const told = merged.flatMap(({ columns: [ones = [], twos = []], outcome }) =>
      ones.flatMap((one) => twos.map((two) => `${one}${two} ${outcome}`)),
    );
    expect(told.toSorted()).toEqual(rows.map(({ columns, outcome }) => `${columns.flat().join('')} ${outcome}`).toSorted());
    expect(merged.length).toBe(3);
  });

  test.each([
    [['a', 'b', 'c', 'd'], 'any'],
    [['a', 'b', 'd'], 'any but *c*'],
    [['d', 'a'], 'a<br>d'],
  ])('%s of four is said as "%s"', (some, words) => {
    expect(inWords(some, ['a', 'b', 'c', 'd'])).toBe(words);
  });
});
