/** Who gets what: consent given, widened, narrowed, pinned, combined. When it ends is in decide-endings.test.ts and decide-time.test.ts. */
import { describe, expect, test } from 'vitest';
import type { ShareApproval } from '../../../src/api/index.ts';
import {
  allowing,
  anApproval,
  aRejection,
  aRequest,
  changed,
  day,
  deleting,
  meta,
  sharing,
  spec,
  aDataset,
  time,
  type Modifier,
} from '../../support/builders.ts';
import { modeOf } from '../../../src/shares/decide.ts';
import { createStory, type Story } from './story.ts';

const readWrite = ['Read', 'Write'] as const;
const askingBoth = () => aRequest(spec({ permissions: readWrite }));
const second = (seconds: number) => meta<ShareApproval>({ name: 'second', uid: 'uid-second', creationTimestamp: time(seconds) });
const digestOf = (story: Story): string => {
  const resolution = story.resolve();
  return resolution.kind === 'resolved' ? resolution.digest : '';
};

describe('an item that nobody has decided on', () => {
  test('waits for approval, and nothing is recorded', () => {
    const story = createStory();
    expect(story.settle()).toMatchObject({
      situation: { kind: 'pending', reason: 'PendingApproval' },
      consent: undefined,
      resolved: [],
    });
  });

  test.each<[string, Modifier<ShareApproval>]>([
    ['names another principal', spec({ principal: { arn: 'arn:aws:iam::444455556666:role/teams/interns' } })],
    ['names another item', spec({ items: [{ type: 'Bucket', name: 'acme-payments', permissions: ['Read'] }] })],
    ['is being deleted', deleting<ShareApproval>()],
    ['has expired', spec({ expireTime: time(0) })],
    ['is pinned to something else', allowing(['Read'], `v1:sha256:${'b'.repeat(64)}`)],
    ['allows only what is not asked for', allowing(['Modify'])],
  ])('gets nothing from an approval that %s', (_what, modifier) => {
    const story = createStory({ approvals: [anApproval(modifier)] });
    expect(story.settle()).toMatchObject({ situation: { kind: 'pending' }, consent: undefined, resolved: [] });
  });

  test('is rejected with the reason of the owner, and a later approval replaces the rejection', () => {
    const story = createStory({ approvals: [anApproval(), aRejection()] });
    expect(story.settle().situation).toEqual({
      kind: 'rejected',
      message: 'rejected by the owner (ShareApproval no): not this quarter',
    });
    story.approvals = [changed(aRejection(), spec({ decision: 'Approved', items: anApproval().spec.items }))];
    expect(story.settle().situation.kind).toBe('granted');
  });

  test('says what is missing while its ConsumptionRole is, rather than that something was taken back', () => {
    const story = createStory({ approvals: [anApproval()] });
    story.resolution = { kind: 'gone', reason: 'ConsumptionRoleNotFound', message: 'create it', discard: false, lost: false };
    expect(story.step()).toMatchObject({
      situation: { kind: 'blocked', reason: 'ConsumptionRoleNotFound', live: false },
      discard: false,
    });
  });

  test('of a draft goes, since a draft asks for nothing', () => {
    const story = createStory({ request: aRequest(spec({ state: 'Draft' })), approvals: [anApproval()] });
    expect(story.step()).toMatchObject({ situation: { kind: 'ended' }, resolved: [], consent: undefined, discard: true });
  });
});

describe('an approved item', () => {
  test('records who consented to what, and where it will live, before it is anything else', () => {
    const story = createStory({ approvals: [anApproval(meta({ generation: 3 }))] });
    const { consent, resolved } = story.step();
    expect(consent).toEqual({
      source: 'Approval',
      approvalRef: { name: 'yes', uid: 'uid-yes', generation: 3 },
      digest: digestOf(story),
      permissions: ['Read'],
      grantedTime: time(0),
      requestGeneration: 1,
    });
    expect(resolved).toMatchObject([
      { bucket: 'acme-orders', permissions: ['Read'], state: 'Granting', digest: digestOf(story) },
    ]);
  });

  test('is Granting until a read-back has shown all of it, then Live, and stays Live when that is forgotten', () => {
    const story = createStory({ approvals: [anApproval()] });
    expect(story.step().resolved).toMatchObject([{ state: 'Granting' }]);
    expect(story.step().resolved).toMatchObject([{ state: 'Granting' }]);
    expect(story.settle().resolved).toMatchObject([{ state: 'Live' }]);
    expect(story.step().resolved).toMatchObject([{ state: 'Live' }]);
  });

  test('gets what is asked for, approved and offered, and nothing else', () => {
    const story = createStory({
      request: aRequest(spec({ permissions: ['Read', 'Modify'] })),
      dataset: aDataset(sharing({ permissions: ['Read', 'Write'] })),
      approvals: [anApproval(allowing(['Read', 'Write', 'Modify']))],
    });
    expect(story.step()).toMatchObject({
      permissions: ['Read'],
      situation: { kind: 'granted', exceeding: ['Modify on Bucket acme-orders'] },
    });
  });

  test('gets nothing new when more is asked for; what was live stays', () => {
    const story = createStory({ approvals: [anApproval()] });
    story.settle();
    story.request = changed(aRequest(), spec({ permissions: readWrite }));
    expect(story.step()).toMatchObject({
      situation: { kind: 'granted', exceeding: ['Write on Bucket acme-orders'] },
      resolved: [{ permissions: ['Read'], state: 'Live' }],
    });
  });

  test('is Granting again while an approval of more is being put in place', () => {
    const story = createStory({ request: askingBoth(), approvals: [anApproval()] });
    story.settle();
    story.approvals = [changed(anApproval(), allowing(readWrite))];
    expect(story.step().resolved).toMatchObject([{ permissions: ['Read', 'Write'], state: 'Granting' }]);
    expect(story.settle()).toMatchObject({ resolved: [{ state: 'Live' }], consent: { permissions: ['Read', 'Write'] } });
  });

  test.each([
    ['the request', (story: Story) => (story.request = changed(askingBoth(), spec({ permissions: ['Read'] })))],
    ['the approval', (story: Story) => (story.approvals = [changed(anApproval())])],
    ['the Dataset', (story: Story) => (story.dataset = aDataset(sharing({ permissions: ['Read'] })))],
  ])('is narrowed at once by %s, and what it has no longer is taken back beside it', (_who, narrow) => {
    const story = createStory({ request: askingBoth(), approvals: [anApproval(allowing(readWrite))] });
    story.settle();
    narrow(story);
    expect(story.step().resolved).toMatchObject([
      { permissions: ['Read', 'Write'], state: 'Revoking' },
      { permissions: ['Read'], state: 'Live' },
    ]);
    expect(story.settle().resolved).toMatchObject([{ permissions: ['Read'], state: 'Live' }]);
  });

  test('is narrowed while its dataset is not ready, though all else is left as it is then', () => {
    const story = createStory({ request: askingBoth(), approvals: [anApproval(allowing(readWrite))] });
    story.settle();
    story.approvals = [changed(anApproval())];
    story.resolution = { kind: 'unavailable', reason: 'DatasetNotReady', message: 'see there' };
    const { situation, resolved } = story.step();
    expect(situation).toMatchObject({ kind: 'blocked', live: true });
    expect(resolved.map((entry) => [entry.permissions, modeOf(entry, situation)])).toEqual([
      [['Read', 'Write'], 'drop'],
      [['Read'], 'hold'],
    ]);
  });

  test('takes back once, however often it is narrowed and widened meanwhile', () => {
    const story = createStory({ request: askingBoth(), approvals: [anApproval(allowing(readWrite))] });
    story.settle();
    for (const permissions of [['Read'], ['Read', 'Write'], ['Read']] as const) {
      story.approvals = [changed(story.approvals[0] ?? anApproval(), allowing(permissions))];
      story.step();
    }
    expect(story.item.spec.resolved).toMatchObject([
      { permissions: ['Read', 'Write'], state: 'Revoking' },
      { permissions: ['Read'] },
    ]);
    expect(story.settle().resolved).toMatchObject([{ permissions: ['Read'], state: 'Live' }]);
  });

  test('is narrowed by its owner also while its request is a draft, which itself adds and takes away nothing', () => {
    const story = createStory({ request: askingBoth(), approvals: [anApproval(allowing(readWrite))] });
    story.settle();
    story.request = changed(askingBoth(), spec({ state: 'Draft', items: [], permissions: ['Read'] }));
    expect(story.step()).toMatchObject({
      situation: { kind: 'granted', exceeding: [] },
      resolved: [{ permissions: ['Read', 'Write'] }],
    });
    story.approvals = [changed(anApproval())];
    expect(story.step().resolved.filter(({ state }) => state !== 'Revoking')).toMatchObject([{ permissions: ['Read'] }]);
    story.approvals = [changed(story.approvals[0] ?? anApproval(), allowing(['Read', 'Write', 'Modify']))];
    expect(story.step().resolved.filter(({ state }) => state !== 'Revoking')).toMatchObject([{ permissions: ['Read'] }]);
  });

  test('is not touched by a typo in its purpose', () => {
    const story = createStory({ approvals: [anApproval()] });
    story.settle();
    const before = story.item;
    story.request = changed(aRequest(), spec({ purpose: 'Weekly revnue' }));
    story.settle();
    expect(story.item).toEqual(before);
  });

  test('keeps its grant through a restart while AWS has not been asked, and is held until then', () => {
    const story = createStory({ approvals: [anApproval()] });
    story.settle();
    const before = story.item;
    story.resolution = { kind: 'unknown' };
    expect(story.step().situation).toEqual({ kind: 'undecided' });
    expect(story.item).toEqual(before);
  });

  test('stays as it is while its dataset is not ready, and gets nothing more', () => {
    const story = createStory({ request: askingBoth(), approvals: [anApproval()] });
    story.settle();
    story.approvals = [changed(anApproval(), allowing(readWrite))];
    story.resolution = { kind: 'unavailable', reason: 'DatasetNotReady', message: 'see there' };
    expect(story.step()).toMatchObject({
      situation: { kind: 'blocked', reason: 'DatasetNotReady', live: true },
      resolved: [{ permissions: ['Read'], state: 'Live' }],
    });
  });
});

describe('a pinned approval', () => {
  test('approves exactly what was reviewed', () => {
    const story = createStory();
    story.approvals = [anApproval(allowing(['Read'], digestOf(story)))];
    expect(story.settle().situation.kind).toBe('granted');
  });

  test('gives no permission that was not in what was reviewed, though it lists it', () => {
    const story = createStory();
    story.approvals = [anApproval(allowing(readWrite, digestOf(story)))];
    story.settle();
    story.request = changed(aRequest(), spec({ permissions: readWrite }));
    expect(story.step()).toMatchObject({
      situation: { kind: 'granted', exceeding: ['Write on Bucket acme-orders'] },
      permissions: ['Read'],
    });
  });

  test('sustains what is narrower than what was reviewed', () => {
    const story = createStory({ request: askingBoth() });
    story.approvals = [anApproval(allowing(readWrite, digestOf(story)))];
    story.settle();
    story.request = changed(askingBoth(), spec({ permissions: ['Read'] }));
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, permissions: ['Read'] });
  });

  test.each([
    ['AWS has not been asked', { kind: 'unknown' }],
    ['the dataset is not ready', { kind: 'unavailable', reason: 'DatasetNotReady', message: '' }],
  ] as const)('that was renewed for a narrower request still counts while %s', (_when, resolution) => {
    const story = createStory({ request: askingBoth() });
    story.approvals = [anApproval(allowing(readWrite, digestOf(story)))];
    story.settle();
    story.request = changed(askingBoth(), spec({ permissions: ['Read'] }));
    story.approvals = [changed(anApproval(), allowing(['Read'], digestOf(story)))];
    story.resolution = resolution;
    expect(story.step().resolved.at(-1)).toMatchObject({ state: 'Live' });
    expect(story.item.spec.consent?.ended).toBeUndefined();
  });

  test('goes on sustaining what it gave when another one, pinned to a wider request, has come and gone', () => {
    const story = createStory();
    story.approvals = [anApproval(allowing(['Read'], digestOf(story)))];
    story.settle();
    story.request = changed(aRequest(), spec({ permissions: readWrite }));
    const wider = anApproval(second(60), allowing(readWrite, digestOf(story)), spec({ expireTime: time(day) }));
    story.approvals = [...story.approvals, wider];
    expect(story.settle().permissions).toEqual(['Read', 'Write']);
    story.now = day;
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, permissions: ['Read'] });
  });

  test('that is pinned to something else by now no longer sustains the share', () => {
    const story = createStory();
    story.approvals = [anApproval(allowing(['Read'], digestOf(story)))];
    story.settle();
    story.approvals = [changed(anApproval(), allowing(['Read'], `v1:sha256:${'c'.repeat(64)}`))];
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Withdrawn' });
  });
});

describe('two approvals', () => {
  const read = anApproval(spec({ expireTime: time(30 * day) }));
  const write = anApproval(second(0), allowing(['Write']), spec({ expireTime: time(60 * day) }));

  test('are united by tuples, each with its own end, never by fields', () => {
    const story = createStory({ request: askingBoth(), approvals: [read, write] });
    expect(story.settle()).toMatchObject({
      permissions: ['Read', 'Write'],
      dueAt: Date.parse(time(30 * day)),
      consent: { expireTime: time(60 * day) },
    });
    story.now = 30 * day;
    expect(story.settle()).toMatchObject({ permissions: ['Write'], dueAt: Date.parse(time(60 * day)) });
    story.now = 60 * day;
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Expired' });
  });

  test('give a permission until the later of their ends', () => {
    const story = createStory({ approvals: [read, anApproval(second(0), spec({ expireTime: time(60 * day) }))] });
    expect(story.settle().consent?.expireTime).toBe(time(60 * day));
    story.now = 59 * day;
    expect(story.settle().permissions).toEqual(['Read']);
  });

  test('do not lend each other their principal: one for another role adds nothing', () => {
    const other = anApproval(
      second(0),
      allowing(readWrite),
      spec({ principal: { arn: 'arn:aws:iam::444455556666:role/teams/interns' } }),
    );
    const story = createStory({ request: askingBoth(), approvals: [read, other] });
    expect(story.settle().permissions).toEqual(['Read']);
  });

  test('go on with the other one when one is deleted', () => {
    const story = createStory({ request: askingBoth(), approvals: [anApproval(), anApproval(second(0), allowing(readWrite))] });
    story.settle();
    story.approvals = [anApproval()];
    expect(story.settle()).toMatchObject({
      situation: { kind: 'granted', exceeding: ['Write on Bucket acme-orders'] },
      permissions: ['Read'],
    });
  });

  test('of which one is not asked for do not keep the other alive', () => {
    const story = createStory({ approvals: [read, write] });
    story.settle();
    story.now = 30 * day;
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Expired' });
  });
});
