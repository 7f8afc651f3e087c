/** Something that was consented to moves: the old grant stays as consented, the new place waits for an answer of its own. */
import { describe, expect, test } from 'vitest';
import type { ShareApproval } from '../../../src/api/index.ts';
import {
  allowing,
  anApproval,
  aDataset,
  aRequest,
  aRole,
  bucketName,
  changed,
  keyArn,
  meta,
  sharing,
  spec,
  time,
} from '../../support/builders.ts';
import { createStory, type Story } from './story.ts';

const otherArn = 'arn:aws:iam::444455556666:role/teams/interns';
const second = (seconds: number) => meta<ShareApproval>({ name: 'second', uid: 'uid-second', creationTimestamp: time(seconds) });
const encrypted = aDataset(spec({ buckets: [{ name: bucketName, kmsKeyArn: keyArn }] }));
const digestOf = (story: Story): string => {
  const resolution = story.resolve();
  return resolution.kind === 'resolved' ? resolution.digest : '';
};

function live(approvals: ShareApproval[] = [anApproval()]): Story {
  const story = createStory({ approvals });
  story.settle();
  story.now = 1000;
  return story;
}

const moves: readonly { readonly what: string; readonly move: (story: Story) => void; readonly arn?: string }[] = [
  { what: 'the key changes', move: (story) => (story.dataset = encrypted) },
  { what: 'policyManagement changes', move: (story) => (story.role = aRole(spec({ policyManagement: 'External' }))) },
  {
    what: 'the ConsumptionRole is made again for another role',
    move: (story) => (story.role = aRole(spec({ principalArn: otherArn }))),
    arn: otherArn,
  },
];

describe.each(moves)('when $what', ({ move, arn }) => {
  const renewed = arn === undefined ? [] : [spec<ShareApproval>({ principal: { arn } })];

  test('the old grant stays as consented, and nothing new is granted', () => {
    const story = live();
    const before = story.item;
    move(story);
    expect(story.settle().situation).toMatchObject({
      kind: 'granted',
      exceeding: [expect.stringContaining('as it is defined now')],
    });
    expect(story.item).toEqual(before);
  });

  test('an approval that was changed before, for another reason, is no answer to it', () => {
    const story = live();
    story.approvals = [changed(anApproval(), spec({ reason: 'all good' }))];
    story.settle();
    move(story);
    expect(story.settle().resolved).toHaveLength(1);
    expect(story.item.spec.resolved[0]).toMatchObject({
      principal: { arn: 'arn:aws:iam::444455556666:role/teams/analysts' },
      policyManagement: 'Managed',
    });
    expect(story.item.spec.resolved[0]?.kmsKeyArn).toBeUndefined();
  });

  test('nor is another one that was written before', () => {
    const story = live();
    story.approvals = [anApproval(), anApproval(second(500))];
    story.settle();
    const before = story.item.spec.resolved;
    move(story);
    story.settle();
    expect(story.item.spec.resolved).toEqual(before);
  });

  test('a newer approval grants the new place first, then the old one goes; access since the first consent is one', () => {
    const story = live();
    const [old] = story.item.spec.resolved;
    move(story);
    story.step();
    story.approvals = [...story.approvals, anApproval(second(2000), ...renewed)];
    story.now = 2000;
    const decision = story.step();
    expect(decision.resolved.map(({ state }) => state)).toEqual(['Revoking', 'Granting']);
    expect(decision.resolved[0]?.id).toBe(old?.id);
    expect(decision.consent).toMatchObject({ grantedTime: time(0), approvalRef: { name: 'second' } });
    expect(story.settle().resolved).toMatchObject([{ state: 'Live' }]);
  });

  test('and moves back, nothing was lost', () => {
    const story = live();
    const { dataset, role, item } = story;
    move(story);
    story.settle();
    Object.assign(story, { dataset, role });
    expect(story.settle().situation).toEqual({ kind: 'granted', exceeding: [] });
    expect(story.item).toEqual(item);
  });

  test('the end of the consent is the end of the old grant too', () => {
    const story = live();
    move(story);
    story.step();
    story.approvals = [];
    expect(story.step()).toMatchObject({ situation: { kind: 'ended', cause: 'Withdrawn' }, resolved: [{ state: 'Revoking' }] });
  });

  test('a draft leaves the old place alone and asks for no new one', () => {
    const story = live();
    move(story);
    story.request = changed(aRequest(), spec({ state: 'Draft' }));
    story.approvals = [...story.approvals, anApproval(second(2000), ...renewed)];
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted', exceeding: [] }, resolved: [{ state: 'Live' }] });
  });
});

test('a change of the same approval answers a move', () => {
  const story = live();
  story.dataset = encrypted;
  story.step();
  story.approvals = [changed(anApproval())];
  expect(story.settle().resolved).toMatchObject([{ kmsKeyArn: keyArn, state: 'Live' }]);
});

test('an approval that is pinned anew to the moved place takes the share there without a gap', () => {
  const story = createStory();
  story.approvals = [anApproval(allowing(['Read'], digestOf(story)))];
  story.settle();
  story.dataset = encrypted;
  story.settle();
  expect(story.item.spec.resolved).toMatchObject([{ state: 'Live' }]);
  story.approvals = [changed(anApproval(), allowing(['Read'], digestOf(story)))];
  expect(story.step()).toMatchObject({ situation: { kind: 'granted', exceeding: [] }, consent: { digest: digestOf(story) } });
  expect(story.item.spec.consent?.ended).toBeUndefined();
  expect(story.settle().resolved).toMatchObject([{ kmsKeyArn: keyArn, state: 'Live' }]);
});

test('a pin that was answered already is no answer to a change that the digest does not show', () => {
  const story = createStory();
  story.approvals = [anApproval(allowing(['Read'], digestOf(story)))];
  story.settle();
  story.role = aRole(spec({ policyManagement: 'External' }));
  expect(story.settle().resolved).toMatchObject([{ policyManagement: 'Managed', state: 'Live' }]);
});

test('where approval is automatic, the new place is approved as the old one was', () => {
  const story = createStory({ dataset: aDataset(sharing({ approval: 'Automatic' })) });
  story.settle();
  story.dataset = spec<typeof encrypted>({ buckets: encrypted.spec.buckets })(story.dataset);
  expect(story.settle().resolved).toMatchObject([{ kmsKeyArn: keyArn, state: 'Live' }]);
});

test('an old place that can not be cleaned stays on record beside the new one', () => {
  const story = live();
  story.dataset = encrypted;
  story.approvals = [anApproval(), anApproval(second(2000))];
  story.step();
  for (let turn = 0; turn < 3; turn++) expect(story.step().resolved.map(({ state }) => state)).toEqual(['Revoking', 'Granting']);
});
