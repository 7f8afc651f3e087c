/** What is lost: the principal that consent was given to, and the claim that it was given under. */
import { describe, expect, test } from 'vitest';
import { anApproval, aDataset, aRequest, changed, day, sharing, spec, time } from '../../support/builders.ts';
import { createStory, type Story } from './story.ts';

const claimLost = { kind: 'claimLost', message: 'ask for a claim', immediately: false } as const;

function liveStory(start: Parameters<typeof createStory>[0] = {}): Story {
  const story = createStory({ approvals: [anApproval()], ...start });
  story.settle();
  return story;
}

describe('a principal that was deleted and made again', () => {
  const again = 'AROAANOTHER0000000001';

  test('waits for a new consent: neither an old approval nor an old change of it nor a change of the request will do', () => {
    const story = liveStory();
    story.approvals = [changed(anApproval())];
    story.settle();
    story.now = 100;
    story.uniqueId = again;
    story.settle();
    story.request = changed(aRequest());
    expect(story.settle().situation).toMatchObject({ kind: 'pending', reason: 'PrincipalRecreated' });
    story.approvals = [changed(story.approvals[0] ?? anApproval())];
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, resolved: [{ principal: { uniqueId: again } }] });
  });

  test('is not answered by a change of the approval that is seen together with it: nobody knows which came first', () => {
    const story = liveStory();
    story.approvals = [changed(anApproval(), spec({ reason: 'all good' }))];
    story.uniqueId = again;
    expect(story.settle().situation).toMatchObject({ kind: 'pending', reason: 'PrincipalRecreated' });
  });

  test('waits too where approval is automatic, unless the Dataset follows', () => {
    const story = createStory({ dataset: aDataset(sharing({ approval: 'Automatic' })) });
    story.settle();
    story.uniqueId = again;
    expect(story.settle().situation).toMatchObject({ kind: 'pending', reason: 'PrincipalRecreated' });
  });

  test('keeps its share where the Dataset follows, granted anew to the new one', () => {
    const story = liveStory({ dataset: aDataset(sharing({ onPrincipalRecreated: 'Follow' })) });
    story.uniqueId = again;
    expect(story.step()).toMatchObject({
      situation: { kind: 'granted' },
      resolved: [{ state: 'Granting', principal: { uniqueId: again } }],
    });
    expect(story.settle().resolved).toMatchObject([{ state: 'Live' }]);
  });

  test('is followed also by shares that were consented to before the Dataset said so', () => {
    const story = liveStory();
    story.dataset = aDataset(sharing({ onPrincipalRecreated: 'Follow' }));
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted', exceeding: [] }, resolved: [{ state: 'Live' }] });
    story.uniqueId = again;
    expect(story.settle()).toMatchObject({
      situation: { kind: 'granted', exceeding: [] },
      resolved: [{ principal: { uniqueId: again } }],
    });
  });
});

describe('a lost claim', () => {
  test('ends the share after a day, not before', () => {
    const story = liveStory();
    story.resolution = claimLost;
    story.now = 100;
    expect(story.step()).toMatchObject({
      situation: { kind: 'blocked', reason: 'NotClaimed', live: true },
      consent: { claimLostTime: time(100) },
      dueAt: Date.parse(time(100 + day)),
    });
    story.now = 99 + day;
    expect(story.step().situation.kind).toBe('blocked');
    story.now = 100 + day;
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'ClaimLost' });
  });

  test('that is regained ends nothing, and the next loss has a day again', () => {
    const story = liveStory();
    story.resolution = claimLost;
    story.step();
    story.resolution = undefined;
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, resolved: [{ state: 'Live' }] });
    expect(story.item.spec.consent?.claimLostTime).toBeUndefined();
    story.resolution = claimLost;
    story.now = 2 * day;
    expect(story.step()).toMatchObject({ consent: { claimLostTime: time(2 * day) } });
  });

  test.each([
    ['a draft', (story: Story) => (story.request = changed(aRequest(), spec({ state: 'Draft' })))],
    [
      'an unready principal',
      (story: Story) => (story.resolution = { kind: 'unavailable', reason: 'ConflictingPolicyManagement', message: '' }),
    ],
  ])('is not made to last by %s', (_what, hide) => {
    const story = liveStory();
    story.resolution = claimLost;
    story.step();
    hide(story);
    story.now = day / 2;
    story.step();
    story.resolution = claimLost;
    story.now = day;
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'ClaimLost' });
  });

  test('grants nothing to who waits', () => {
    const story = createStory({ approvals: [anApproval()] });
    story.resolution = claimLost;
    expect(story.step()).toMatchObject({ situation: { kind: 'blocked', reason: 'NotClaimed', live: false }, resolved: [] });
  });

  test('does not put off the end that was agreed on', () => {
    const story = liveStory({ approvals: [anApproval(spec({ expireTime: time(1000) }))] });
    story.resolution = claimLost;
    expect(story.step().dueAt).toBe(Date.parse(time(1000)));
    story.now = 1000;
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Expired' });
  });
});
