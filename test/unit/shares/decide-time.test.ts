/** Ends that were agreed on, and later ends that are asked for. */
import { describe, expect, test } from 'vitest';
import type { Dataset, ShareApproval, ShareRequest } from '../../../src/api/index.ts';
import { anApproval, aDataset, aRequest, beginning, changed, day, meta, sharing, spec, time } from '../../support/builders.ts';
import { decide, type Decision } from '../../../src/shares/decide.ts';
import { createStory, type Story } from './story.ts';

const until = (seconds: number) => spec<ShareApproval>({ expireTime: time(seconds) });
const asking = (seconds: number) => spec<ShareRequest>({ expireTime: time(seconds) });
const atMost = (max: string, required = false) => aDataset(sharing({ expiration: { max, required } }));
const second = (seconds: number) => meta<ShareApproval>({ name: 'second', uid: 'uid-second', creationTimestamp: time(seconds) });

describe('a share ends at the earliest of request, approval and Dataset maximum', () => {
  interface Bounds {
    readonly request?: ShareRequest;
    readonly approval?: ShareApproval;
    readonly dataset?: Dataset;
    readonly end: number;
  }

  test.each<[string, Bounds]>([
    [
      'the time of the request',
      { request: aRequest(asking(day)), approval: anApproval(until(2 * day)), dataset: atMost('72h'), end: day },
    ],
    [
      'the duration of the request',
      { request: aRequest(spec({ expiresAfter: '1h30m' })), approval: anApproval(until(day)), end: 5400 },
    ],
    [
      'the time of the approval',
      { request: aRequest(asking(2 * day)), approval: anApproval(until(day)), dataset: atMost('72h'), end: day },
    ],
    [
      'the maximum of the Dataset',
      { request: aRequest(asking(9 * day)), approval: anApproval(until(8 * day)), dataset: atMost('72h'), end: 3 * day },
    ],
  ])('%s', (_which, { request, approval, dataset, end }) => {
    const story = createStory({
      ...(request === undefined ? {} : { request }),
      ...(dataset === undefined ? {} : { dataset }),
      approvals: approval === undefined ? [] : [approval],
    });
    expect(story.settle()).toMatchObject({ consent: { expireTime: time(end) }, dueAt: beginning + end * 1000 });
    story.now = end - 1;
    expect(story.step().situation.kind).toBe('granted');
    story.now = end;
    expect(story.step()).toMatchObject({ situation: { kind: 'ended', cause: 'Expired' }, resolved: [{ state: 'Revoking' }] });
  });

  test('and never, where nobody says when', () => {
    const decision = createStory({ approvals: [anApproval()] }).settle();
    expect(decision.dueAt).toBeUndefined();
    expect(decision.consent?.expireTime).toBeUndefined();
  });
});

test.each([
  ['a draft', (story: Story) => (story.request = changed(aRequest(), spec({ state: 'Draft' })))],
  ['an AWS that has not been asked', (story: Story) => (story.resolution = { kind: 'unknown' })],
  [
    'a dataset that is not ready',
    (story: Story) => (story.resolution = { kind: 'unavailable', reason: 'DatasetNotReady', message: '' }),
  ],
  ['a moved place', (story: Story) => (story.resolution = moved(story))],
])('the end comes on time whatever else is going on: %s', (_what, disturb) => {
  const story = createStory({ approvals: [anApproval(until(day))] });
  story.settle();
  disturb(story);
  expect(story.step().dueAt).toBe(beginning + day * 1000);
  story.now = day;
  expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Expired' });
});

function moved(story: Story): NonNullable<Story['resolution']> {
  const now = story.resolve();
  return now.kind === 'resolved'
    ? { ...now, entry: { ...now.entry, id: 'elsewhere', bucket: 'elsewhere' }, digest: 'v1:sha256:0' }
    : now;
}

describe('durations count from the first consent and never restart', () => {
  test('not with a new generation of the request, which would let a requester renew for ever', () => {
    const story = createStory({ dataset: atMost('24h'), approvals: [anApproval()] });
    story.settle();
    story.now = day;
    story.settle();
    story.request = changed(aRequest(), spec({ purpose: 'again' }));
    expect(story.settle()).toMatchObject({ situation: { kind: 'pending' }, resolved: [] });
  });

  test('not with automatic approval either, neither by itself nor for a changed request', () => {
    const story = createStory({
      dataset: aDataset(sharing({ approval: 'Automatic', expiration: { max: '24h', required: false } })),
    });
    story.settle();
    story.now = day;
    expect(story.settle()).toMatchObject({ situation: { kind: 'ended', cause: 'Expired' }, resolved: [] });
    story.request = changed(aRequest());
    expect(story.settle().resolved).toEqual([]);
  });

  test('but a longer duration that is asked for later is granted where the approval allows it', () => {
    const story = createStory({ request: aRequest(spec({ expiresAfter: '24h' })), approvals: [anApproval()] });
    story.settle();
    story.now = day;
    story.settle();
    story.request = changed(aRequest(), spec({ expiresAfter: '72h' }));
    expect(story.settle()).toMatchObject({
      situation: { kind: 'granted' },
      consent: { grantedTime: time(0), expireTime: time(3 * day) },
    });
  });

  test('a newer consent of the owner is a first consent again', () => {
    const story = createStory({ dataset: atMost('24h'), approvals: [anApproval()] });
    story.settle();
    story.now = 2 * day;
    story.settle();
    story.approvals = [anApproval(), anApproval(second(2 * day + 1))];
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, consent: { expireTime: time(3 * day) } });
  });
});

test('where the Dataset wants an end, an approval without one grants nothing to a request without one', () => {
  const dataset = aDataset(sharing({ expiration: { required: true } }));
  expect(createStory({ dataset, approvals: [anApproval()] }).settle().situation.kind).toBe('pending');
  expect(createStory({ dataset, approvals: [anApproval(until(day))] }).settle().situation.kind).toBe('granted');
  expect(createStory({ dataset, approvals: [anApproval()], request: aRequest(asking(day)) }).settle().situation.kind).toBe(
    'granted',
  );
});

test('a later end that is approved while AWS has not been asked is recorded at once', () => {
  const story = createStory({ approvals: [anApproval(until(day))] });
  story.settle();
  story.resolution = { kind: 'unknown' };
  story.approvals = [changed(anApproval(), until(2 * day))];
  expect(story.step()).toMatchObject({ situation: { kind: 'undecided' }, consent: { expireTime: time(2 * day) } });
});

describe('an extension', () => {
  const live = (): Story => {
    const story = createStory({ request: aRequest(asking(10 * day)), approvals: [anApproval(until(10 * day))] });
    story.settle();
    story.request = changed(aRequest(), asking(20 * day));
    return story;
  };

  test('waits, and access goes on undisturbed until the old end', () => {
    const story = live();
    expect(story.settle()).toMatchObject({
      situation: { kind: 'granted', exceeding: [], extension: 'Pending' },
      resolved: [{ state: 'Live' }],
      consent: { expireTime: time(10 * day) },
    });
  });

  test('is approved by raising the end of the approval', () => {
    const story = live();
    story.settle();
    story.approvals = [changed(anApproval(), until(30 * day))];
    const decision = story.settle();
    expect(decision).toMatchObject({ consent: { expireTime: time(20 * day) }, resolved: [{ state: 'Live' }] });
    expect(decision.situation).toEqual({ kind: 'granted', exceeding: [] });
  });

  test('that is not approved ends at the old end', () => {
    const story = live();
    story.settle();
    story.now = 10 * day;
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Expired' });
  });

  test('is rejected for that time or later; an earlier time is another question', () => {
    const story = live();
    const rejected = spec<ShareApproval>({ extension: { rejectedExpireTime: time(20 * day) } });
    story.approvals = [changed(anApproval(), until(10 * day), rejected)];
    expect(story.settle().situation).toMatchObject({ extension: 'Rejected' });
    story.request = changed(aRequest(), asking(25 * day));
    expect(story.settle().situation).toMatchObject({ extension: 'Rejected' });
    story.request = changed(aRequest(), asking(15 * day));
    expect(story.settle().situation).toMatchObject({ extension: 'Pending' });
    story.request = changed(aRequest(), asking(10 * day));
    expect(story.settle().situation).toEqual({ kind: 'granted', exceeding: [] });
  });

  test('is none where the request says no end, or the Dataset would not allow the later one anyway', () => {
    const approvals = [anApproval(until(10 * day))];
    expect(createStory({ approvals }).settle().situation).toEqual({ kind: 'granted', exceeding: [] });
    const request = aRequest(asking(20 * day));
    expect(createStory({ approvals, request, dataset: atMost('240h') }).settle().situation).toEqual({
      kind: 'granted',
      exceeding: [],
    });
  });
});

test('shares whose objects were lost are held, but not past the end that was agreed on', () => {
  const story = createStory({ approvals: [anApproval(until(day))] });
  story.settle();
  const { resolved } = story.item.spec;
  story.request = undefined;
  const held = (): Decision => decide({ ...story.input(), removalHeld: () => true });
  expect(held()).toMatchObject({ situation: { kind: 'blocked', reason: 'MassRevoke' }, resolved, dueAt: beginning + day * 1000 });
  story.now = day;
  expect(held().situation).toEqual({ kind: 'ended', cause: 'Expired' });
});

describe('clocks of different machines', () => {
  const expired = (): Story => {
    const story = createStory({ approvals: [anApproval(until(day))] });
    story.settle();
    story.now = day;
    story.settle();
    return story;
  };

  test('given the operator runs on a clock that is set back after an end, then what has ended stays ended', () => {
    const story = expired();
    story.now = 100;
    expect(story.settle()).toMatchObject({ situation: { kind: 'ended', cause: 'Expired' }, resolved: [] });
  });

  test('given the API server is hours behind, then an approval made after the end is still the newer one', () => {
    const story = expired();
    story.approvals = [anApproval(until(day)), anApproval(second(day - 7200), until(5 * day))];
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, consent: { expireTime: time(5 * day) } });
  });

  test.each([
    [59, 'granted'],
    [61, 'ended'],
  ])('given the API server is %i s behind, then an approval in place of a withdrawn one leads to %s', (behind, expected) => {
    const story = createStory({ approvals: [anApproval()] });
    story.settle();
    story.now = 1000;
    story.approvals = [];
    story.settle();
    story.approvals = [anApproval(second(1000 - behind))];
    expect(story.settle().situation.kind).toBe(expected);
  });

  test.each([
    [99, 'pending'],
    [100, 'granted'],
  ])(
    'given the end of a principal at second 100, then an approval made in second %i in place of the old one leads to %s',
    (at, to) => {
      const story = createStory({ approvals: [anApproval()] });
      story.settle();
      story.uniqueId = 'AROAANOTHER0000000001';
      story.now = 100.9;
      story.settle();
      story.approvals = [anApproval(second(at))];
      expect(story.settle().situation.kind).toBe(to);
    },
  );

  test('given what a principal had ended because it was made again, then no approval from before that counts, by whichever clock', () => {
    const story = createStory({ approvals: [anApproval(), anApproval(second(50))] });
    story.settle();
    story.uniqueId = 'AROAANOTHER0000000001';
    story.now = 100;
    expect(story.settle().situation).toMatchObject({ kind: 'pending', reason: 'PrincipalRecreated' });
    story.approvals = [
      anApproval(),
      anApproval(second(50)),
      anApproval(meta({ name: 'third', uid: 'uid-third', creationTimestamp: time(90) })),
    ];
    expect(story.settle().situation.kind).toBe('granted');
  });
});
