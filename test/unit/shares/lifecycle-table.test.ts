/** Every situation of an item crossed with what AWS holds of it, held to the rules of conditions. The page of the same table is in the reference. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lifecycleCases } from '../../../scripts/lifecycle/cases.ts';
import { lifecyclePage } from '../../../scripts/lifecycle/page.ts';
import { argoHealthOf, kstatusOf } from '../../../scripts/lifecycle/readers.ts';
import { explainReason, isReason, type Condition } from '../../../src/api/index.ts';
import { stampConditions } from '../../../src/controllers/status.ts';
import { reportItem, type ItemReport, type ReportInput } from '../../../src/shares/report.ts';
import { beginning } from '../../support/builders.ts';

const cases = lifecycleCases().flatMap((one) => {
  const report = reportItem(one.input);
  return report === undefined ? [] : [{ ...one, report }];
});

const find = (report: ItemReport, type: string) => report.conditions.find((condition) => condition.type === type);
const isTrue = (report: ItemReport, type: string): boolean => find(report, type)?.status === 'True';
const targetsOf = ({ entries }: ReportInput) => entries.flatMap((each) => each.targets);
const kstatus = ({ conditions }: ItemReport) => kstatusOf({ generation: 1, observedGeneration: 1, conditions });

/** Names of the cases that break a rule: a failure says where. */
function breaking(rule: (one: (typeof cases)[number]) => boolean): string[] {
  return cases
    .filter((one) => !rule(one))
    .map(({ situation, aws, report }) => `${situation}, ${aws}: ${JSON.stringify(report.conditions)}`);
}

describe('in every situation, whatever AWS holds', () => {
  test('the page of the reference is what the code says', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/lifecycle-table.md'), 'utf8');
    expect(page, 'run: npm run generate').toBe(lifecyclePage());
  });

  test('there are hundreds of cases, and each phase of an item occurs', () => {
    expect(cases.length).toBeGreaterThan(300);
    expect([...new Set(cases.map(({ report }) => report.phase))].toSorted()).toEqual([
      'PendingApproval',
      'PendingExtension',
      'RevokeApproved',
      'RevokeFailed',
      'RevokeInProgress',
      'RevokeSucceeded',
      'ShareApproved',
      'ShareFailed',
      'ShareInProgress',
      'ShareRejected',
      'ShareSucceeded',
    ]);
  });

  test('nothing is said while nothing is decided, nor of what was in place and has not been looked at', () => {
    const silent = lifecycleCases().filter(({ input }) => reportItem(input) === undefined);
    for (const { input } of silent) {
      const live = input.entries.find(({ entry }) => entry.state === 'Live');
      expect(input.decision.situation.kind === 'undecided' || live?.targets.some(({ state }) => state === 'Unknown')).toBe(true);
    }
  });

  test('Ready is there, and True only where consent is in force and every document was read back as applied', () => {
    expect(breaking(({ report }) => find(report, 'Ready') !== undefined)).toEqual([]);
    expect(
      breaking(
        ({ report, input }) =>
          !isTrue(report, 'Ready') ||
          (input.decision.situation.kind === 'granted' &&
            targetsOf(input).length > 0 &&
            targetsOf(input).every(({ state }) => state === 'Applied')),
      ),
    ).toEqual([]);
  });

  test('Ready is True wherever that is so', () => {
    expect(
      breaking(
        ({ report, input }) =>
          isTrue(report, 'Ready') ||
          input.decision.situation.kind !== 'granted' ||
          targetsOf(input).some(({ state }) => state !== 'Applied'),
      ),
    ).toEqual([]);
  });

  test('Reconciling and Stalled are there only while True, never both, and never beside Ready', () => {
    expect(
      breaking(({ report }) => {
        const abnormal = report.conditions.filter(({ type }) => type === 'Reconciling' || type === 'Stalled');
        return (
          abnormal.length <= 1 &&
          abnormal.every(({ status }) => status === 'True') &&
          !(abnormal.length === 1 && isTrue(report, 'Ready'))
        );
      }),
    ).toEqual([]);
  });

  test('no condition is there twice, and each is one that the kind has', () => {
    expect(
      breaking(({ report }) => new Set(report.conditions.map(({ type }) => type)).size === report.conditions.length),
    ).toEqual([]);
    const known = ['Ready', 'Granted', 'Healthy', 'Reconciling', 'Stalled'];
    expect(breaking(({ report }) => report.conditions.every(({ type }) => known.includes(type)))).toEqual([]);
  });

  test('every reason is documented for ShareItems', () => {
    const used = new Set(cases.flatMap(({ report }) => report.conditions.map(({ reason }) => reason)));
    expect([...used].filter((reason) => !isReason(reason) || !explainReason(reason).kinds.includes('ShareItem'))).toEqual([]);
  });

  test('every message says something, and fits what a condition can carry', () => {
    const stamped = cases.flatMap(({ report }) =>
      stampConditions(report.conditions, undefined, { generation: 1, now: beginning }),
    );
    for (const { message } of stamped) {
      expect(message).not.toBe('');
      expect(message.length).toBeLessThanOrEqual(1024);
    }
  });

  test('Healthy is said only of what is shared, and is False where Ready is False for drift', () => {
    expect(breaking(({ report }) => find(report, 'Healthy') === undefined || report.shared)).toEqual([]);
    expect(
      breaking(({ report }) => find(report, 'Ready')?.reason !== 'Drifted' || find(report, 'Healthy')?.reason === 'Drifted'),
    ).toEqual([]);
    expect(
      breaking(({ report }) => (report.healthStatus === undefined) === (report.grants.length === 0 && !report.shared)),
    ).toEqual([]);
  });

  test('what has never been in place is not called drifted', () => {
    expect(
      breaking(
        ({ report, input }) =>
          input.entries.some(({ entry }) => entry.state === 'Live') ||
          !report.conditions.some(({ reason }) => reason === 'Drifted'),
      ),
    ).toEqual([]);
  });

  test('more than was granted, and nothing missing, leaves it Ready and is told by Healthy alone', () => {
    const excess = cases.filter(({ situation, aws }) => situation === 'consented to' && aws === 'Live: both in excess');
    expect(excess.length).toBeGreaterThan(0);
    for (const { report } of excess) {
      expect(find(report, 'Ready')).toMatchObject({ status: 'True', reason: 'Succeeded' });
      expect(find(report, 'Healthy')).toMatchObject({ status: 'False', reason: 'Excess' });
    }
  });

  test('while anything can not be taken back, that is what is told', () => {
    expect(
      breaking(
        ({ report, input }) =>
          !input.entries.some(
            ({ entry, targets }) => entry.state === 'Revoking' && targets.some(({ state }) => state === 'Failed'),
          ) ||
          (report.phase === 'RevokeFailed' && isTrue(report, 'Stalled')),
      ),
    ).toEqual([]);
  });

  test('kstatus says Current where it is Ready, Failed where somebody has to act, InProgress otherwise', () => {
    expect(
      breaking(
        ({ report }) =>
          kstatus(report) === (isTrue(report, 'Ready') ? 'Current' : isTrue(report, 'Stalled') ? 'Failed' : 'InProgress'),
      ),
    ).toEqual([]);
  });

  test('Argo CD shows Suspended while a person decides or acts: before consent, after its end, at a policy to attach; and only then', () => {
    expect(
      breaking(({ report, input }) => {
        const health = argoHealthOf({ generation: 1, observedGeneration: 1, conditions: report.conditions });
        const { kind } = input.decision.situation;
        const decided = kind === 'pending' || (kind === 'ended' && input.entries.length === 0);
        const attaches = find(report, 'Ready')?.reason === 'WaitingForAttachment' && !isTrue(report, 'Reconciling');
        return (health === 'Suspended') === (decided || attaches);
      }),
    ).toEqual([]);
  });

  test('Argo CD and kstatus agree', () => {
    const alike = { Healthy: 'Current', Degraded: 'Failed', Progressing: 'InProgress', Suspended: 'InProgress' } as const;
    for (const observedGeneration of [undefined, 1, 2])
      expect(
        breaking(({ report: { conditions } }) => {
          const read = { generation: 2, conditions, ...(observedGeneration === undefined ? {} : { observedGeneration }) };
          // kstatus takes a status that names no generation for a current one; Sluice writes none without it.
          const expected = observedGeneration === undefined ? 'InProgress' : kstatusOf(read);
          return alike[argoHealthOf(read)] === expected;
        }),
      ).toEqual([]);
  });

  test('which of two documents is in which state changes neither phase nor Ready', () => {
    const seen = new Map<string, string>();
    for (const { situation, aws, input, report } of cases) {
      const key = `${situation}|${aws}|${String(input.reportOnly)}`;
      const told = `${report.phase} ${find(report, 'Ready')?.status ?? ''} ${find(report, 'Ready')?.reason ?? ''}`;
      expect(seen.get(key) ?? told, key).toBe(told);
      seen.set(key, told);
    }
  });
});

describe('drift', () => {
  const drifted = (reportOnly: boolean) =>
    cases.find(
      ({ input, aws, situation }) =>
        situation === 'consented to' && aws === 'Live: both drifted, not repaired' && input.reportOnly === reportOnly,
    )?.report;

  test('is repaired under Reapply: Reconciling, PendingReapply', () => {
    expect(drifted(false)).toMatchObject({ phase: 'ShareSucceeded', healthStatus: 'PendingReapply' });
    expect(find(drifted(false) ?? ({ conditions: [] } as never), 'Reconciling')?.reason).toBe('Drifted');
  });

  test('waits for somebody under Report: Stalled, Unhealthy', () => {
    expect(drifted(true)).toMatchObject({ phase: 'ShareSucceeded', healthStatus: 'Unhealthy' });
    expect(find(drifted(true) ?? ({ conditions: [] } as never), 'Stalled')?.reason).toBe('Drifted');
  });
});

describe('kstatus', () => {
  const ready = [{ type: 'Ready', status: 'True', reason: 'Succeeded' }] as const;
  test.each([
    ['a deletion before all', { deleting: true, generation: 1, conditions: ready }, 'Terminating'],
    [
      'a generation that was not seen yet before conditions',
      { generation: 2, observedGeneration: 1, conditions: ready },
      'InProgress',
    ],
    ['a kind that was never seen, by its default of -1', { generation: 1, observedGeneration: -1, conditions: [] }, 'InProgress'],
    ['no Ready as Current', { generation: 1, observedGeneration: 1, conditions: [] }, 'Current'],
  ])('takes %s', (_what, object, expected) => {
    expect(kstatusOf(object)).toBe(expected);
  });
});

describe('a stamped condition', () => {
  const ready = (status: 'True' | 'False', message = '') => ({ type: 'Ready', status, reason: 'Succeeded', message });
  const before: Condition = { ...ready('True'), lastTransitionTime: '2025-01-01T00:00:00Z', observedGeneration: 1 };

  test('keeps its time while its status is the same, and moves with it', () => {
    const at = { generation: 2, now: beginning };
    expect(stampConditions([ready('True', 'new words')], [before], at)).toEqual([
      { ...before, message: 'new words', observedGeneration: 2 },
    ]);
    expect(stampConditions([ready('False')], [before], at)[0]?.lastTransitionTime).toBe('2026-01-01T12:00:00Z');
  });

  test('is cut where its message is too long', () => {
    const [cut] = stampConditions([ready('True', 'x'.repeat(2000))], undefined, { generation: 1, now: beginning });
    expect(cut?.message).toBe(`${'x'.repeat(1023)}…`);
  });
});
