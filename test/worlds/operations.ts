/**
 * What can happen in a world: what people write, what somebody does to AWS by hand, what goes wrong, and time. As data, so that a world can be printed, played again and
 * made smaller. Numbers are taken modulo what there is: any operation fits any world.
 */
import fc from 'fast-check';
import { permissionLists, type PermissionList } from './manifests.ts';
import { lateKinds, type Foreign, type Management, type Setup } from './scene.ts';

/** Ways to break what Sluice has written. */
export const breakages = ['narrow', 'widen', 'remove', 'removeAll'] as const;
/** One of them. */
export type Breakage = (typeof breakages)[number];

/** Ways to change what is not Sluice's. */
export type ForeignEdit = 'add' | 'change' | 'remove';

/** What goes wrong with AWS calls. */
export const faultKinds = ['throttle', 'error', 'lose-reply', 'refuse-connection', 'expired-token'] as const;

/** Something that happens. Times are in milliseconds; `expiresIn` counts from then. */
export type Operation =
  | {
      readonly do: 'request';
      readonly which: number;
      readonly items: readonly boolean[];
      readonly permissions: PermissionList;
      readonly draft: boolean;
      readonly expiresIn: number | null;
    }
  | {
      readonly do: 'approve';
      readonly which: number;
      readonly second: boolean;
      readonly rejects: boolean;
      readonly items: readonly boolean[];
      readonly permissions: PermissionList;
      readonly expiresIn: number | null;
    }
  | { readonly do: 'deleteRequest'; readonly which: number; readonly propagation: 'Orphan' | 'Background' | 'Foreground' }
  | { readonly do: 'withdraw'; readonly which: number; readonly second: boolean }
  | {
      readonly do: 'dataset';
      readonly which: number;
      readonly lists: readonly boolean[];
      readonly permissions: PermissionList;
      readonly approval: 'Manual' | 'Automatic';
      readonly keyless: boolean;
    }
  | { readonly do: 'deleteDataset'; readonly which: number }
  | { readonly do: 'role'; readonly which: number }
  | { readonly do: 'deleteRole'; readonly which: number }
  | { readonly do: 'deleteItem'; readonly which: number }
  | { readonly do: 'doors'; readonly claimed: boolean; readonly admitted: boolean }
  | { readonly do: 'iamRole'; readonly which: number; readonly becomes: 'gone' | 'another' }
  | { readonly do: 'breakBucket'; readonly which: number; readonly how: Breakage }
  | { readonly do: 'breakKey'; readonly which: number; readonly how: Breakage }
  | { readonly do: 'breakPoint'; readonly which: number; readonly how: Breakage }
  | { readonly do: 'breakRole'; readonly which: number; readonly how: Breakage | 'detach' }
  | { readonly do: 'foreignBucket'; readonly which: number; readonly how: ForeignEdit }
  | { readonly do: 'foreignKey'; readonly which: number; readonly how: ForeignEdit }
  | { readonly do: 'fault'; readonly kind: (typeof faultKinds)[number]; readonly after: number; readonly times: number }
  | {
      readonly do: 'crash';
      readonly at: 'aws' | 'api';
      readonly phase: 'before' | 'after';
      readonly after: number;
      readonly downFor: number;
    }
  | { readonly do: 'apiFault'; readonly loses: boolean; readonly after: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'rest' };

const which = fc.nat(4);
const items = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean());
const permissions = fc.constantFrom(...permissionLists);
const expiresIn = fc.option(fc.constantFrom(30_000, 400_000, 3_000_000), { freq: 3 });
const after = fc.nat(12);

const waiting = fc.record({
  do: fc.constant('wait' as const),
  // A day is long for who verifies every ten minutes: it is rare.
  ms: fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(0, 40, 700, 5000, 70_000, 400_000) },
    { weight: 4, arbitrary: fc.constant(4_000_000) },
    { weight: 1, arbitrary: fc.constant(93_000_000) },
  ),
});
const asking = fc.record({ do: fc.constant('request' as const), which, items, permissions, draft: often(false), expiresIn });
const approving = fc.record({
  do: fc.constant('approve' as const),
  which,
  second: often(false),
  rejects: often(false),
  items,
  permissions,
  expiresIn,
});

function often(value: boolean): fc.Arbitrary<boolean> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: fc.constant(!value) });
}

const ofPeople: readonly fc.Arbitrary<Operation>[] = [
  fc.record({
    do: fc.constant('deleteRequest' as const),
    which,
    propagation: fc.constantFrom('Background', 'Foreground', 'Orphan'),
  }),
  fc.record({ do: fc.constant('withdraw' as const), which, second: often(false) }),
  fc.record({
    do: fc.constant('dataset' as const),
    which,
    lists: items,
    permissions,
    approval: fc.constantFrom('Manual', 'Manual', 'Automatic'),
    keyless: often(false),
  }),
  fc.record({ do: fc.constantFrom('deleteDataset' as const, 'role' as const, 'deleteRole' as const), which }),
  fc.record({ do: fc.constant('deleteItem' as const), which }),
];

const doors = fc.record({ do: fc.constant('doors' as const), claimed: fc.boolean(), admitted: often(true) });

const byHand: readonly fc.Arbitrary<Operation>[] = [
  fc.record({ do: fc.constant('iamRole' as const), which, becomes: fc.constantFrom('gone', 'another') }),
  fc.record({
    do: fc.constantFrom('breakBucket' as const, 'breakKey' as const, 'breakPoint' as const),
    which,
    how: fc.constantFrom(...breakages),
  }),
  fc.record({ do: fc.constant('breakRole' as const), which, how: fc.constantFrom(...breakages, 'detach' as const) }),
  fc.record({
    do: fc.constantFrom('foreignBucket' as const, 'foreignKey' as const),
    which,
    how: fc.constantFrom('add', 'change', 'remove'),
  }),
];

const goingWrong: readonly fc.Arbitrary<Operation>[] = [
  fc.record({
    do: fc.constant('fault' as const),
    kind: fc.constantFrom(...faultKinds),
    after,
    times: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constant('crash' as const),
    at: fc.constantFrom('aws', 'aws', 'api'),
    phase: fc.constantFrom('before', 'after'),
    after,
    downFor: fc.constantFrom(0, 3000, 200_000),
  }),
  fc.record({ do: fc.constant('apiFault' as const), loses: fc.boolean(), after }),
];

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: waiting },
  { weight: 3, arbitrary: asking },
  { weight: 4, arbitrary: approving },
  { weight: 5, arbitrary: fc.oneof(...ofPeople) },
  { weight: 1, arbitrary: doors },
  { weight: 4, arbitrary: fc.oneof(...byHand) },
  { weight: 4, arbitrary: fc.oneof(...goingWrong) },
  { weight: 1, arbitrary: fc.constant({ do: 'rest' as const }) },
);

/** How large worlds are. Small ones are many. */
export type Size = 'small' | 'large';

const foreign = fc.constantFrom<Foreign>('none', 'none', 'some', 'odd', 'nearlyFull');
const management = fc.constantFrom<Management>('Managed', 'Managed', 'Managed', 'External', 'Detached');

function setup(size: Size): fc.Arbitrary<Setup> {
  return fc.record({
    buckets: size === 'small' ? fc.constantFrom(1, 1, 2) : fc.constantFrom(2, 3),
    roles: size === 'small' ? fc.constantFrom(1, 1, 2) : fc.constantFrom(2, 3),
    folders: fc.constantFrom(0, 0, 1, 2),
    drift: fc.constantFrom('Reapply', 'Reapply', 'Reapply', 'Report'),
    wire: fc.constant(size === 'large'),
    watchLagMs: fc.constantFrom(0, 0, 30, 900),
    late: fc.oneof(fc.constant('all' as const), fc.constantFrom(...lateKinds)),
    latencyMs: fc.constantFrom(0, 0, 0, 60, 1500),
    staleMs: fc.constantFrom(0, 0, 300, 20_000),
    encrypted: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    foreign: fc.tuple(foreign, foreign, foreign),
    management: fc.tuple(management, management, management),
    attachmentQuota: fc.constantFrom(10, 10, 2, 1),
  });
}

/** A world: how it is set up, what happens in it, and the seed of everything else. */
export interface WorldPlan {
  readonly setup: Setup;
  readonly story: readonly Operation[];
  readonly seed: number;
}

/** Worlds of a size. Each begins with somebody who asks and an owner who consents, since nothing else would matter without. */
export function worlds(size: Size): fc.Arbitrary<WorldPlan> {
  const [minLength, maxLength] = size === 'small' ? [1, 8] : [4, 20];
  const opening = fc.array(fc.oneof(asking, approving, approving), { maxLength: size === 'small' ? 1 : 4 });
  const story = fc
    .tuple(asking, often(true), opening, fc.array(operation, { minLength, maxLength }))
    .map(([ask, waits, more, rest]): Operation[] => {
      const { which: first, items: wanted, permissions: given } = ask;
      const consent = { second: false, rejects: false, items: wanted, permissions: given, expiresIn: null };
      const answered: Operation[] = [
        { ...ask, draft: false },
        { do: 'approve', which: first, ...consent },
      ];
      return [...answered, ...more, ...(waits ? [{ do: 'wait', ms: 5000 } as const] : []), ...rest];
    });
  return fc.record({ setup: setup(size), story, seed: fc.nat(1_000_000) });
}
