/** Consent that a Dataset's rule gives: at once, once, and for good where it was given. */
import { describe, expect, test } from 'vitest';
import type { ShareApproval } from '../../../src/api/index.ts';
import { allowing, anApproval, aRejection, aRequest, day, meta, sharing, spec, aDataset, time } from '../../support/builders.ts';
import { createStory } from './story.ts';

const readWrite = ['Read', 'Write'] as const;

const askingBoth = () => aRequest(spec({ permissions: readWrite }));

const second = (seconds: number) => meta<ShareApproval>({ name: 'second', uid: 'uid-second', creationTimestamp: time(seconds) });

describe('automatic approval', () => {
  const automatic = aDataset(sharing({ approval: 'Automatic', permissions: ['Read'] }));

  test('grants at once', () => {
    const story = createStory({ dataset: automatic });
    expect(story.settle()).toMatchObject({
      situation: { kind: 'granted' },
      consent: { source: 'Automatic', permissions: ['Read'] },
    });
  });

  test('never grants from a Dataset whose confidentiality is Secret', () => {
    const story = createStory({ dataset: spec<typeof automatic>({ confidentiality: 'Secret' })(automatic) });
    expect(story.settle().situation.kind).toBe('pending');
  });

  test('that is turned off leaves what it granted, and new items wait', () => {
    const story = createStory({ dataset: automatic });
    story.settle();
    story.dataset = aDataset();
    expect(story.settle()).toMatchObject({ situation: { kind: 'granted' }, resolved: [{ state: 'Live' }] });
    expect(createStory({ dataset: story.dataset }).settle().situation.kind).toBe('pending');
  });

  test('does not keep what only an approval gave on top of it', () => {
    const story = createStory({
      dataset: aDataset(
        sharing({
          autoApprove: [
            { namespaces: ['team-analytics'], items: [{ type: 'Bucket', name: 'acme-orders' }], permissions: ['Read'] },
          ],
        }),
      ),
      request: askingBoth(),
    });
    story.settle();
    story.approvals = [anApproval(second(60), allowing(readWrite), spec({ expireTime: time(30 * day) }))];
    expect(story.settle()).toMatchObject({ permissions: ['Read', 'Write'], consent: { source: 'Automatic' } });
    story.now = 30 * day;
    expect(story.settle().permissions).toEqual(['Read']);
  });

  test('is ended by a rejection, and goes on when the rejection is taken back', () => {
    const story = createStory({ dataset: automatic });
    story.settle();
    story.approvals = [aRejection()];
    expect(story.step().situation).toEqual({ kind: 'ended', cause: 'Rejected' });
    expect(story.settle()).toMatchObject({ situation: { kind: 'rejected' }, resolved: [] });
    story.approvals = [];
    expect(story.settle().situation.kind).toBe('granted');
  });

  test.each([
    ['names the namespace', { namespaces: ['team-analytics'] }, 'granted'],
    ['names another one', { namespaces: ['team-other'] }, 'pending'],
    ['names none', { namespaces: [] }, 'pending'],
    ['selects by name', { selector: { matchLabels: { 'kubernetes.io/metadata.name': 'team-analytics' } } }, 'granted'],
    ['has an empty selector', { selector: {} }, 'pending'],
  ])('by a rule that %s: %j', (_what, whom, kind) => {
    const rule = { ...whom, items: [{ type: 'Bucket' as const, name: 'acme-orders' }], permissions: ['Read' as const] };
    expect(createStory({ dataset: aDataset(sharing({ autoApprove: [rule] })) }).settle().situation.kind).toBe(kind);
  });

  test('by a rule that lists no item grants none', () => {
    const rule = { namespaces: ['team-analytics'], items: [], permissions: ['Read' as const] };
    expect(createStory({ dataset: aDataset(sharing({ autoApprove: [rule] })) }).settle().situation.kind).toBe('pending');
  });
});
