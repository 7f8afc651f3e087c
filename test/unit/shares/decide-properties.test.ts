/** What holds of decisions whatever people do, in whatever order. The oracles are written from the rules, not from the code. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Consent, ResolvedShare, ShareApproval, ShareRequest } from '../../../src/api/index.ts';
import type { Permission } from '../../../src/shares/permissions.ts';
import {
  allowing,
  anApproval,
  aDataset,
  aRejection,
  aRequest,
  bucketName,
  changed,
  keyArn,
  meta,
  sharing,
  spec,
  time,
} from '../../support/builders.ts';
import { createStory, type Story } from './story.ts';

const permissionSets = fc.constantFrom<readonly Permission[]>(
  ['Read'],
  ['Read', 'Write'],
  ['Read', 'Modify'],
  ['Read', 'Write', 'Modify'],
);
const items = aRequest().spec.items;

/** Something that somebody does. It says what it is to an ended consent: an answer of the owner, a question of the requester, or nothing. */
interface Act {
  readonly name: string;
  readonly news: 'answer' | 'question' | 'none';
  readonly run: (story: Story) => void;
}

const act = (name: string, news: Act['news'], run: Act['run']): Act => ({ name, news, run });

function editRequest(patch: Partial<ShareRequest['spec']>): Act['run'] {
  return (story) => {
    if (story.request !== undefined) story.request = changed(story.request, spec(patch));
  };
}

let serial = 0;
const approve =
  (permissions: readonly Permission[], options: { readonly days?: number; readonly pinned: boolean }): Act['run'] =>
  (story) => {
    serial += 1;
    const resolution = story.resolve();
    const digest = options.pinned && resolution.kind === 'resolved' ? resolution.digest : undefined;
    const approval = anApproval(
      meta({ name: `yes-${String(serial)}`, uid: `uid-${String(serial)}`, creationTimestamp: time(story.now) }),
      allowing(permissions, digest),
      ...(options.days === undefined ? [] : [spec<ShareApproval>({ expireTime: time(story.now + options.days * 86_400) })]),
    );
    story.approvals = [...story.approvals, approval];
  };

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(permissionSets, fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }), fc.boolean())
      .map(([permissions, days, pinned]) =>
        act(
          `approve ${permissions.join('+')}${pinned ? ' pinned' : ''} for ${String(days)}`,
          'answer',
          approve(permissions, { pinned, ...(days === undefined ? {} : { days }) }),
        ),
      ),
  },
  permissionSets.map((permissions) => act(`ask for ${permissions.join('+')}`, 'question', editRequest({ permissions }))),
  permissionSets.map((permissions) =>
    act(`offer ${permissions.join('+')}`, 'none', (story) => (story.dataset = sharing({ permissions })(story.dataset))),
  ),
  permissionSets.map((permissions) =>
    act(`edit an approval to ${permissions.join('+')}`, 'answer', (story) => {
      const [first, ...rest] = story.approvals;
      if (first !== undefined && first.spec.decision === 'Approved')
        story.approvals = [...rest, changed(first, allowing(permissions))];
    }),
  ),
  fc.constantFrom(
    act('withdraw all', 'none', (story) => (story.approvals = [])),
    act('withdraw the first', 'answer', (story) => (story.approvals = story.approvals.slice(1))),
    act(
      'reject',
      'none',
      (story) => (story.approvals = [...story.approvals, aRejection(meta({ creationTimestamp: time(story.now) }))]),
    ),
    act(
      'take rejections back',
      'answer',
      (story) => (story.approvals = story.approvals.filter((each) => each.spec.decision === 'Approved')),
    ),
    act('automatic on', 'answer', (story) => (story.dataset = sharing({ approval: 'Automatic' })(story.dataset))),
    act('automatic off', 'none', (story) => (story.dataset = sharing({ approval: 'Manual' })(story.dataset))),
    act('draft', 'question', editRequest({ state: 'Draft' })),
    act('submit', 'question', editRequest({ state: 'Submitted' })),
    act('unlist', 'question', editRequest({ items: [{ type: 'Bucket', name: 'acme-payments' }] })),
    act('list again', 'question', editRequest({ items })),
    act(
      'encrypt',
      'none',
      (story) =>
        (story.dataset = spec<typeof story.dataset>({ buckets: [{ name: bucketName, kmsKeyArn: keyArn }] })(story.dataset)),
    ),
    act(
      'decrypt',
      'none',
      (story) => (story.dataset = spec<typeof story.dataset>({ buckets: [{ name: bucketName }] })(story.dataset)),
    ),
    act(
      'make the principal again',
      'none',
      (story) =>
        (story.uniqueId = story.uniqueId === 'AROAANALYSTS000000001' ? 'AROAANOTHER0000000001' : 'AROAANALYSTS000000001'),
    ),
    act('lose the claim', 'none', (story) => (story.resolution = { kind: 'claimLost', message: '', immediately: false })),
    act(
      'make the dataset unready',
      'none',
      (story) => (story.resolution = { kind: 'unavailable', reason: 'DatasetNotReady', message: '' }),
    ),
    act('restart', 'none', (story) => (story.resolution = { kind: 'unknown' })),
  ),
  { weight: 2, arbitrary: fc.constant(act('see AWS', 'none', (story) => (story.resolution = undefined))) },
  { weight: 2, arbitrary: fc.constant(act('settle', 'none', (story) => void story.settle())) },
);

/** What may be granted at the most now, said without consent being looked at but where it persists: automatic consent that was turned off. */
function ceiling(story: Story, principalArn: string, consent: Consent | undefined): ReadonlySet<Permission> {
  const approved = story.approvals
    .filter(({ spec: each }) => each.decision === 'Approved' && each.principal?.arn === principalArn)
    .filter(({ spec: each }) => each.expireTime === undefined || Date.parse(each.expireTime) > Date.parse(time(story.now)))
    .flatMap(({ spec: each }) => each.items.flatMap(({ permissions }) => permissions));
  const { sharing: terms } = story.dataset.spec;
  const automatic = [
    ...(terms.approval === 'Automatic' ? terms.permissions : []),
    ...(consent?.source === 'Automatic' ? consent.permissions : []),
  ];
  const asked = story.request?.spec.state === 'Draft' ? terms.permissions : (story.request?.spec.permissions ?? []);
  return new Set(
    [...approved, ...automatic].filter((permission) => asked.includes(permission) && terms.permissions.includes(permission)),
  );
}

const inForce = (story: Story): readonly ResolvedShare[] => story.item.spec.resolved.filter(({ state }) => state !== 'Revoking');

/** Runs the acts; after each, decides once and hands both sides of the step to the check. */
function run(
  steps: readonly { readonly act: Act; readonly wait: number }[],
  check: (step: { story: Story; before: Story['item']; act: Act }) => void,
): void {
  serial = 0;
  const story = createStory({ dataset: aDataset(sharing({ permissions: ['Read', 'Write'] })) });
  for (const { act: each, wait } of steps) {
    story.now += wait;
    each.run(story);
    const before = story.item;
    story.step();
    check({ story, before, act: each });
  }
}

const stories = fc.array(fc.record({ act: acts, wait: fc.constantFrom(1, 60, 86_400) }), { minLength: 1, maxLength: 25 });
const holds = (check: Parameters<typeof run>[1]): void =>
  fc.assert(
    fc.property(stories, (steps) => run(steps, check)),
    { numRuns: 250 },
  );

describe('whatever people do, in whatever order', () => {
  test('no more is granted than was asked for, approved and offered', () => {
    holds(({ story }) => {
      if (story.resolve().kind === 'unknown') return;
      for (const entry of inForce(story)) {
        const most = ceiling(story, entry.principal.arn, story.item.spec.consent);
        expect(entry.permissions.filter((permission) => !most.has(permission))).toEqual([]);
        expect(entry.permissions.length).toBeGreaterThan(0);
      }
    });
  });

  test('a draft, a dataset that is not ready and a restart add nothing', () => {
    holds(({ story, before }) => {
      if (story.request?.spec.state !== 'Draft' && story.resolve().kind === 'resolved') return;
      for (const entry of inForce(story)) {
        const old = before.spec.resolved.find(({ id, state }) => id === entry.id && state !== 'Revoking');
        expect(entry.permissions.filter((permission) => old?.permissions.includes(permission) !== true)).toEqual([]);
      }
    });
  });

  test('what has ended is not granted again without news', () => {
    let answered = false;
    let asked = false;
    holds(({ story, before, act: { news } }) => {
      const was = before.spec.consent?.ended;
      answered = was !== undefined && (answered || news === 'answer');
      asked = was !== undefined && (asked || news === 'question');
      if (was === undefined || inForce(story).length === 0) return;
      expect(answered || (asked && was.reason !== 'PrincipalRecreated')).toBe(true);
    });
  });

  test('deciding on what was recorded changes nothing', () => {
    holds(({ story }) => {
      const first = story.step();
      const recorded = story.item;
      expect(story.step()).toEqual(first);
      expect(story.item).toEqual(recorded);
    });
  });

  test('an entry leaves only when it is clean, there is one place in force at the most, and none without consent', () => {
    holds(({ story, before }) => {
      const ids = story.item.spec.resolved.map(({ id }) => id);
      expect(before.spec.resolved.filter(({ id }) => !ids.includes(id))).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
      expect(inForce(story).length).toBe(
        story.item.spec.consent !== undefined && story.item.spec.consent.ended === undefined ? 1 : 0,
      );
    });
  });

  test('Live comes only after Granting was read back, and Granting after Live only for something more', () => {
    holds(({ story, before }) => {
      for (const entry of story.item.spec.resolved) {
        const old = before.spec.resolved.find(({ id }) => id === entry.id);
        if (entry.state === 'Live') expect(old?.state).toBe('Live');
        const more = entry.permissions.some((permission) => old?.permissions.includes(permission) !== true);
        if (entry.state === 'Granting' && old?.state === 'Live') expect(more).toBe(true);
      }
    });
  });

  test('what was recorded and is wanted no longer is recorded to be taken back until a read-back finds nothing left', () => {
    holds(({ story, before }) => {
      const { resolved } = story.item.spec;
      for (const old of before.spec.resolved.filter(({ state }) => state !== 'Revoking'))
        for (const permission of old.permissions)
          expect(resolved.some(({ bucket, permissions }) => bucket === old.bucket && permissions.includes(permission))).toBe(
            true,
          );
    });
  });

  test('nothing outlives the end that was agreed on, and somebody looks when it comes', () => {
    holds(({ story }) => {
      const { consent } = story.item.spec;
      if (inForce(story).length === 0 || consent?.expireTime === undefined) return;
      expect(Date.parse(consent.expireTime)).toBeGreaterThan(Date.parse(time(story.now)));
      const due = story.step().dueAt;
      expect(due).toBeDefined();
      expect(due).toBeLessThanOrEqual(Date.parse(consent.expireTime));
    });
  });
});
