/** How shares end, and what it takes to begin again. */
import { describe, expect, test } from 'vitest';
import type { ShareApproval } from '../../../src/api/index.ts';
import {
  anApproval,
  aDataset,
  analystsId,
  anItem,
  aRejection,
  aRequest,
  changed,
  day,
  deleting,
  meta,
  sharing,
  spec,
  time,
} from '../../support/builders.ts';
import { createStory, type Story } from './story.ts';

const claimLost = { kind: 'claimLost', message: 'ask for a claim', immediately: false } as const;
const second = (seconds: number) => meta<ShareApproval>({ name: 'second', uid: 'uid-second', creationTimestamp: time(seconds) });

function liveStory(start: Parameters<typeof createStory>[0] = {}): Story {
  const story = createStory({ approvals: [anApproval()], ...start });
  story.settle();
  return story;
}

interface EndCase {
  readonly what: string;
  readonly end: (story: Story) => void;
  readonly cause: string;
  readonly discard: boolean;
}

const cases: readonly EndCase[] = [
  { what: 'the request is deleted', end: (story) => (story.request = aRequest(deleting())), cause: 'Removed', discard: true },
  {
    what: 'the request is gone, or made again with another uid',
    end: (story) => (story.request = undefined),
    cause: 'Removed',
    discard: true,
  },
  {
    what: 'the item is deleted by hand',
    end: (story) => (story.item = deleting<typeof story.item>()(story.item)),
    cause: 'Removed',
    discard: true,
  },
  {
    what: 'the request no longer lists the item',
    end: (story) => (story.request = changed(aRequest(), spec({ items: [{ type: 'Bucket', name: 'acme-payments' }] }))),
    cause: 'Removed',
    discard: true,
  },
  {
    what: 'the Dataset no longer lists the item',
    end: (story) => (story.dataset = aDataset(spec({ buckets: [{ name: 'acme-payments' }] }))),
    cause: 'Removed',
    discard: true,
  },
  { what: 'the Dataset is deleted', end: (story) => (story.dataset = aDataset(deleting())), cause: 'Removed', discard: true },
  {
    what: 'the ConsumptionRole is deleted',
    end: (story) => (story.role = deleting<typeof story.role>()(story.role)),
    cause: 'Removed',
    discard: false,
  },
  { what: 'the approval is deleted', end: (story) => (story.approvals = []), cause: 'Withdrawn', discard: false },
  {
    what: 'the approval is being deleted',
    end: (story) => (story.approvals = [anApproval(deleting())]),
    cause: 'Withdrawn',
    discard: false,
  },
  {
    what: 'a rejection is added',
    end: (story) => (story.approvals = [anApproval(), aRejection()]),
    cause: 'Rejected',
    discard: false,
  },
  {
    what: 'the approval has become a rejection',
    end: (story) => (story.approvals = [changed(anApproval(), spec({ decision: 'Rejected' }))]),
    cause: 'Rejected',
    discard: false,
  },
  {
    what: 'the principal was made again',
    end: (story) => (story.uniqueId = 'AROAANOTHER0000000001'),
    cause: 'PrincipalRecreated',
    discard: false,
  },
  {
    what: 'the claim is lost and says at once',
    end: (story) => (story.resolution = { ...claimLost, immediately: true }),
    cause: 'ClaimLost',
    discard: false,
  },
];

describe.each(cases)('given a live share, when $what', ({ end, cause, discard }) => {
  test(`it ends as ${cause}, with the end recorded and everything to be taken back`, () => {
    const story = liveStory();
    story.now = 100;
    end(story);
    const decision = story.step();
    expect(decision).toMatchObject({ situation: { kind: 'ended', cause }, discard, resolved: [{ state: 'Revoking' }] });
    expect(decision.consent?.ended).toEqual({ time: time(100), reason: cause, principalUniqueId: analystsId });
  });

  test('deciding again changes nothing, and the entry leaves only when it is clean', () => {
    const story = liveStory();
    end(story);
    const first = story.step();
    story.now += 7 * day;
    expect(story.step()).toEqual(first);
    expect(story.settle().resolved).toEqual([]);
  });
});

describe('an ended share', () => {
  test.each(cases.filter(({ discard }) => !discard))('does not come back by itself after $what', ({ end }) => {
    const story = liveStory();
    const { approvals, role } = story;
    story.now = 100;
    end(story);
    story.settle();
    const taken = story.item.spec.consent;
    story.resolution = undefined;
    story.role = role;
    story.approvals = story.approvals.some(({ spec: each }) => each.decision === 'Rejected') ? story.approvals : approvals;
    story.now = 200;
    const after = story.settle();
    expect(after.resolved).toEqual([]);
    expect(after.consent).toEqual(taken);
    expect(after.situation.kind).not.toBe('granted');
  });

  test.each([
    ['a new approval', () => [anApproval(second(150))]],
    ['a change of the approval', () => [changed(anApproval())]],
  ])('is granted again, with durations from then on, by %s', (_what, renewed) => {
    for (const { end } of cases.filter(({ cause, discard }) => !discard && cause !== 'Rejected')) {
      const story = liveStory();
      const { role } = story;
      story.now = 100;
      end(story);
      story.settle();
      story.resolution = undefined;
      story.role = role;
      story.approvals = renewed();
      story.now = 200;
      expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, consent: { grantedTime: time(200) } });
    }
  });

  test('by withdrawal is asked for again by a change of the request, and granted by the next approval', () => {
    const story = liveStory();
    story.approvals = [];
    story.now = 100;
    expect(story.settle().situation).toEqual({ kind: 'ended', cause: 'Withdrawn' });
    story.request = changed(aRequest());
    expect(story.settle().situation).toMatchObject({ kind: 'pending', reason: 'PendingApproval' });
    story.approvals = [anApproval(second(100))];
    expect(story.settle().situation.kind).toBe('granted');
  });

  test('by removal is taken back to the end and then granted again, when the item is listed again before it is clean', () => {
    const story = liveStory();
    story.request = changed(aRequest(), spec({ items: [] }));
    expect(story.step().resolved).toMatchObject([{ state: 'Revoking' }]);
    story.request = changed(story.request);
    story.request = spec<NonNullable<typeof story.request>>({ items: aRequest().spec.items })(story.request);
    // A new operator may read what was taken away a moment ago: it must not be told to leave that in place.
    expect(story.step()).toMatchObject({ situation: { kind: 'ended', cause: 'Removed' }, resolved: [{ state: 'Revoking' }] });
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, resolved: [{ state: 'Live' }] });
  });

  test('is not for a principal that was made again since, however it ended: that takes a newer consent', () => {
    const story = liveStory();
    story.request = changed(aRequest(), spec({ items: [] }));
    story.settle();
    story.uniqueId = 'AROAANOTHER0000000001';
    story.request = changed(story.request, spec({ items: aRequest().spec.items }));
    expect(story.settle()).toMatchObject({ situation: { kind: 'pending', reason: 'PrincipalRecreated' }, resolved: [] });
    story.approvals = [changed(anApproval())];
    expect(story.settle()).toMatchObject({
      situation: { kind: 'granted' },
      resolved: [{ principal: { uniqueId: story.uniqueId } }],
    });
  });

  test('is not for a principal that was made again by a rule either, unless consent follows the name', () => {
    for (const onPrincipalRecreated of ['Reapprove', 'Follow'] as const) {
      const dataset = aDataset(sharing({ approval: 'Automatic', onPrincipalRecreated }));
      const story = createStory({ dataset });
      story.settle();
      story.request = changed(aRequest(), spec({ items: [] }));
      story.settle();
      story.uniqueId = 'AROAANOTHER0000000001';
      story.request = changed(story.request, spec({ items: aRequest().spec.items }));
      expect(story.settle().situation.kind).toBe(onPrincipalRecreated === 'Follow' ? 'granted' : 'pending');
    }
  });

  test('is still ended, not rejected or waiting, while it is being taken back', () => {
    const story = liveStory();
    story.approvals = [aRejection()];
    story.step();
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Rejected' });
    expect(story.settle().situation.kind).toBe('rejected');
  });

  test('stays ended when AWS or the dataset can not be asked afterwards', () => {
    const story = liveStory();
    story.approvals = [];
    story.settle();
    story.resolution = { kind: 'unavailable', reason: 'DatasetNotReady', message: '' };
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Withdrawn' });
  });

  test('that was rejected comes back when the rejection is taken back and an approval stands', () => {
    const story = liveStory();
    story.approvals = [anApproval(), aRejection()];
    story.settle();
    story.approvals = [anApproval()];
    expect(story.settle().situation.kind).toBe('granted');
  });
});

describe('an item that was never granted', () => {
  test('goes without a trace when it is not asked for', () => {
    const story = createStory({ request: changed(aRequest(), spec({ items: [] })) });
    expect(story.step()).toMatchObject({
      situation: { kind: 'ended', cause: 'Removed' },
      consent: undefined,
      resolved: [],
      discard: true,
    });
  });

  test('goes when it is deleted by hand', () => {
    expect(createStory({ item: anItem(deleting()) }).step()).toMatchObject({ discard: true, resolved: [] });
  });
});
