/** A request is summed up from its items: phases in order, the worst item's reason, and the same rules of conditions as for an item. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lifecycleCases, type LifecycleCase } from '../../../scripts/lifecycle/cases.ts';
import { kstatusOf } from '../../../scripts/lifecycle/readers.ts';
import { explainReason, isReason, type ShareItem } from '../../../src/api/index.ts';
import {
  invalidItemsOf,
  reportRequest,
  type AskedItem,
  type RequestInput,
  type RequestItem,
} from '../../../src/shares/request-report.ts';
import { datasetNotAvailable } from '../../../src/shares/resolve.ts';
import { reportItem } from '../../../src/shares/report.ts';
import { anApproval, anItem, aRequest, spec } from '../../support/builders.ts';

const decided = lifecycleCases().filter(({ input }) => reportItem(input) !== undefined);

function requestItem({ input }: LifecycleCase, name = 'acme-orders'): RequestItem {
  const report = reportItem(input);
  if (report === undefined) throw new RangeError('nothing is decided in this case');
  return { item: anItem(spec<ShareItem>({ name })), decision: input.decision, report };
}

/** A case by the names that the table has. */
function the(situation: string, aws = 'nothing'): LifecycleCase {
  const found = lifecycleCases().find((each) => each.situation === situation && each.aws === aws);
  if (found === undefined) throw new RangeError(`there is no case "${situation}" with "${aws}"`);
  return found;
}

const notListed = {
  type: 'Bucket',
  name: 'no-such',
  reason: 'ItemNotFound',
  message: 'the dataset lists no Bucket no-such',
} as const;

function summaryOf(cases: readonly LifecycleCase[], over: Partial<RequestInput> = {}): ReturnType<typeof reportRequest> {
  const items = cases.map((each, index) => requestItem(each, `bucket-${String(index)}`));
  const request = aRequest(spec({ items: items.map(({ item }) => ({ type: 'Bucket' as const, name: item.spec.name })) }));
  return reportRequest({ request, items, asked: [], invalid: [], approvals: [anApproval()], ...over });
}

const find = ({ conditions }: ReturnType<typeof reportRequest>, type: string) =>
  conditions.find((condition) => condition.type === type);
const shared = the('consented to', 'Live: both applied');

describe('the phase of a request is the first that fits', () => {
  test.each<[string, readonly LifecycleCase[], string]>([
    ['no item yet', [], 'Submitted'],
    ['one waits', [the('waits for approval')], 'Submitted'],
    ['one waits, one is shared', [the('waits for approval'), shared], 'Submitted'],
    ['consent, nothing written', [the('consented to', 'Granting: both unknown')], 'Approved'],
    ['being written', [the('consented to', 'Granting: unknown and applied'), the('waits for approval')], 'ShareInProgress'],
    [
      'to be taken back, nothing done',
      [the('ended: Withdrawn', 'Revoking: both unknown'), the('consented to', 'Granting: both unknown')],
      'Revoked',
    ],
    [
      'being taken back',
      [the('ended: Withdrawn', 'Revoking: unknown and removed'), the('ended: Expired', 'Revoking: both unknown')],
      'RevokeInProgress',
    ],
    [
      'a later end is asked for',
      [shared, the('consented to, a later end is asked for', 'Live: both applied'), the('waits for approval')],
      'SubmittedForExtension',
    ],
    ['a later end was rejected', [the('consented to, a later end is rejected', 'Live: both applied')], 'ExtensionRejected'],
    ['all rejected', [the('rejected'), the('rejected')], 'Rejected'],
    ['one rejected, one shared', [the('rejected'), shared], 'Processed'],
    ['all shared', [shared, shared], 'Processed'],
    ['one failed', [shared, the('consented to', 'Granting: both failed')], 'Processed'],
    ['all taken back', [the('ended: Expired')], 'Processed'],
  ])('%s', (_what, cases, phase) => {
    expect(summaryOf(cases).phase).toBe(phase);
  });

  test('Draft, as long as nothing is shared', () => {
    const request = aRequest(spec({ state: 'Draft', items: [] }));
    expect(summaryOf([], { request })).toMatchObject({
      phase: 'Draft',
      conditions: [
        { type: 'Ready', reason: 'Draft' },
        { type: 'Approved', status: 'Unknown', reason: 'Draft' },
      ],
    });
    expect(summaryOf([shared], { request }).phase).toBe('Processed');
  });
});

describe('whatever its items are like', () => {
  const someCases = fc.array(fc.constantFrom(...decided), { maxLength: 4 });
  const holds = (check: (summary: ReturnType<typeof reportRequest>, cases: readonly LifecycleCase[]) => void): void =>
    fc.assert(
      fc.property(someCases, fc.boolean(), (cases, broken) =>
        check(summaryOf(cases, broken ? { invalid: [notListed] } : {}), cases),
      ),
      { numRuns: 1000 },
    );

  test('Ready is True only when there are items and all of them are', () => {
    holds((summary) => {
      const all =
        summary.items.length > 0 &&
        summary.invalid.length === 0 &&
        summary.items.every(({ report }) => report.conditions[0]?.status === 'True');
      expect(find(summary, 'Ready')?.status).toBe(all ? 'True' : 'False');
    });
  });

  test('Reconciling and Stalled are never both there, only while True, and never beside Ready', () => {
    holds((summary) => {
      const abnormal = summary.conditions.filter(({ type }) => type === 'Reconciling' || type === 'Stalled');
      expect(abnormal.length).toBeLessThanOrEqual(find(summary, 'Ready')?.status === 'True' ? 0 : 1);
      expect(abnormal.every(({ status }) => status === 'True')).toBe(true);
    });
  });

  test('it is Stalled when any item is, and kstatus follows', () => {
    holds((summary) => {
      const stalled =
        summary.invalid.length > 0 ||
        summary.items.some(({ report }) => report.conditions.some(({ type }) => type === 'Stalled'));
      expect(find(summary, 'Stalled') !== undefined).toBe(stalled);
      const ready = find(summary, 'Ready')?.status === 'True';
      expect(kstatusOf({ generation: 1, observedGeneration: 1, conditions: summary.conditions })).toBe(
        stalled ? 'Failed' : ready ? 'Current' : 'InProgress',
      );
    });
  });

  test('every reason is documented for requests and for the owner’s view of them', () => {
    holds((summary) => {
      for (const { reason } of summary.conditions) {
        expect(isReason(reason) && explainReason(reason).kinds.includes('ShareRequest'), reason).toBe(true);
      }
    });
  });

  test('its counts add up', () => {
    holds(({ counts, items, invalid }) => {
      expect(counts.total).toBe(items.length + invalid.length);
      for (const count of [counts.pending, counts.shared, counts.failed, counts.revoked, counts.unhealthy])
        expect(count).toBeLessThanOrEqual(items.length);
    });
  });
});

describe('the reason of a request', () => {
  test('is that of its worst item, with how many are shared and which item it is', () => {
    expect(find(summaryOf([shared, the('waits for approval'), the('consented to', 'Granting: both failed')]), 'Ready')).toEqual({
      type: 'Ready',
      status: 'False',
      reason: 'AccessDenied',
      message: '1/3 shared: Bucket bucket-2: AWS answered AccessDenied',
    });
  });

  test('names an item that the Dataset does not list', () => {
    expect(find(summaryOf([shared], { invalid: [notListed] }), 'Stalled')?.message).toBe(
      '1/2 shared: Bucket no-such: the dataset lists no Bucket no-such',
    );
  });

  test('is one for the whole request, word for word the same, where the Dataset is not there for it', () => {
    const resolution = { kind: 'gone', discard: true, lost: true, ...datasetNotAvailable } as const;
    const asked: AskedItem[] = [{ type: 'Bucket', name: 'acme-orders', resolution }];
    const summary = summaryOf([], { asked, invalid: invalidItemsOf(asked, []) });
    expect(find(summary, 'Ready')).toEqual({ type: 'Ready', status: 'False', ...datasetNotAvailable });
    expect(summary.invalid).toEqual([]);
  });

  test('while items are being made is that work goes on', () => {
    expect(summaryOf([]).conditions).toContainEqual({
      type: 'Reconciling',
      status: 'True',
      reason: 'Progressing',
      message: 'items are being made',
    });
  });
});

describe('Approved', () => {
  test.each<[string, readonly LifecycleCase[], string]>([
    ['all is consented to', [shared], 'True/Approved'],
    ['something waits', [shared, the('waits for approval')], 'Unknown/PendingApproval'],
    ['something is rejected', [shared, the('rejected')], 'False/Rejected'],
    ['more is asked for', [the('consented to, more is asked for', 'Live: both applied')], 'False/ScopeExceeded'],
    ['it has expired', [the('ended: Expired')], 'False/Expired'],
    ['it was withdrawn', [the('ended: Withdrawn')], 'False/Revoked'],
    ['it was rejected when it was shared', [the('ended: Rejected')], 'False/Rejected'],
    ['a later end waits: unchanged', [the('consented to, a later end is asked for', 'Live: both applied')], 'True/Approved'],
    ['a later end is rejected: unchanged', [the('consented to, a later end is rejected', 'Live: both applied')], 'True/Approved'],
  ])('when %s', (_what, cases, expected) => {
    const approved = find(summaryOf(cases), 'Approved');
    expect(`${approved?.status ?? ''}/${approved?.reason ?? ''}`).toBe(expected);
  });

  test('is not changed by an item that the request itself no longer lists', () => {
    const items = [requestItem(shared), requestItem(the('ended: Removed', 'Revoking: both unknown'), 'dropped')];
    expect(
      find(reportRequest({ request: aRequest(), items, asked: [], invalid: [], approvals: [] }), 'Approved')?.status,
    ).not.toBe('False');
  });

  test('with more asked for leaves Ready as it is, and the rest is listed', () => {
    const summary = summaryOf([the('consented to, more is asked for', 'Live: both applied')], {
      request: aRequest(spec({ permissions: ['Read', 'Write'], items: [{ type: 'Bucket', name: 'bucket-0' }] })),
    });
    expect(find(summary, 'Ready')?.status).toBe('True');
    expect(summary.exceeding).toEqual([{ type: 'Bucket', name: 'bucket-0', permissions: ['Write'] }]);
  });
});

describe('the end that a request shows', () => {
  const until = (expireTime: string | undefined): RequestItem => {
    const item = requestItem(shared);
    const { consent } = item.decision;
    return consent === undefined
      ? item
      : { ...item, decision: { ...item.decision, consent: { ...consent, ...(expireTime === undefined ? {} : { expireTime }) } } };
  };
  const endOf = (...items: RequestItem[]) =>
    reportRequest({ request: aRequest(), items, asked: [], invalid: [], approvals: [] }).expireTime;

  test('is when its last share ends, and none where one does not end', () => {
    expect(endOf(until('2026-03-01T00:00:00Z'), until('2026-02-01T00:00:00Z'))).toBe('2026-03-01T00:00:00Z');
    expect(endOf(until('2026-03-01T00:00:00Z'), until(undefined))).toBeUndefined();
    expect(endOf()).toBeUndefined();
  });

  test('says nothing of shares that have ended', () => {
    expect(endOf(until('2026-03-01T00:00:00Z'), requestItem(the('ended: Expired')))).toBe('2026-03-01T00:00:00Z');
  });
});
