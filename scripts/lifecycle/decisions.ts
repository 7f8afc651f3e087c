/**
 * Everything that people can have written about one item, crossed: what becomes of it when AWS has done all that is decided. Shared by the page and by the test that
 * holds it to the rules. Each combination is played by story.ts, none is left out.
 */
import type { ShareApproval, ShareItem } from '../../src/api/index.ts';
import type { Resolution } from '../../src/shares/resolution.ts';
import { reportItem, type ItemReport } from '../../src/shares/report.ts';
import { reportRequest, type RequestSummary } from '../../src/shares/request-report.ts';
import {
  aDataset,
  anApproval,
  anItem,
  aRequest,
  dayMs,
  digestOf,
  beginning,
  settle,
  time,
  type Outcome,
  type World,
} from './story.ts';

/** What is crossed, in the order of the page's columns. */
export const axes = ['before', 'request', 'Dataset', 'ShareApproval', 'principal', 'in the way'] as const;
export type Axis = (typeof axes)[number];

/** A combination: the name of one value for each axis. */
export type Combination = Readonly<Record<Axis, string>>;

/** A combination with what becomes of it. */
export interface DecisionCase {
  readonly combination: Combination;
  /** What was asked for, and by what it was answered. */
  readonly world: World;
  /** What was in force before. */
  readonly before: ShareItem;
  readonly outcome: Outcome;
  /** Undefined: the item has gone. */
  readonly report: ItemReport | undefined;
  /** Undefined: the request has gone, or asks for other items only. */
  readonly summary: RequestSummary | undefined;
}

const uniqueId = 'AROAANALYSTS000000001';
const first = { name: 'yes', generation: 1, day: 0 };

/** The world that a story begins in: asked for, and nothing else. */
const start: World = {
  request: aRequest(1),
  dataset: aDataset({}),
  approvals: [],
  uniqueId,
  inTheWay: undefined,
  day: 0,
};

const automatic = aDataset({ approval: 'Automatic' });
const approved: World = { ...start, approvals: [anApproval(first)] };

/** What was before, and what the approval is then that answers now: a change of the old one, or one that was made after the end. */
const befores: Readonly<Record<string, { readonly item: () => ShareItem; readonly answer: typeof first }>> = {
  'never shared': { item: () => anItem(), answer: first },
  'shared by approval': { item: () => kept(settle(approved, anItem())), answer: { ...first, generation: 2 } },
  'shared automatically': {
    item: () => kept(settle({ ...start, dataset: automatic }, anItem())),
    answer: { ...first, day: 1 },
  },
  'withdrawn before': {
    item: () => kept(settle(start, kept(settle(approved, anItem())))),
    answer: { name: 'again', generation: 1, day: 1 },
  },
};

const requests: Readonly<Record<string, World['request']>> = {
  'asks for Read': aRequest(1),
  'asks for Read and Write': aRequest(2, { permissions: ['Read', 'Write'] }),
  'asks for a later end': aRequest(2, { expireTime: time(20) }),
  draft: aRequest(2, { state: 'Draft' }),
  'no longer lists it': aRequest(2, { items: [{ type: 'Bucket', name: 'another' }] }),
  deleted: undefined,
};

const datasets = {
  Manual: aDataset({}),
  Automatic: automatic,
  'Manual, a rule for the namespace': aDataset({
    autoApprove: [{ namespaces: ['team-analytics'], items: [{ type: 'Bucket', name: 'acme-orders' }], permissions: ['Read'] }],
  }),
};

type Answer = (of: typeof first, now: Pick<World, 'request' | 'uniqueId'>) => readonly ShareApproval[];
const approvals: Readonly<Record<string, Answer>> = {
  none: () => [],
  approves: (of) => [anApproval(of)],
  'approves exactly this': (of, now) => [anApproval(of, { digest: digestOf(now) })],
  'approves something else': (of) => [anApproval(of, { digest: `v1:sha256:${'0'.repeat(64)}` })],
  'is for another principal': (of) => [anApproval(of, { principal: { arn: 'arn:aws:iam::444455556666:role/others' } })],
  'has come to its end': (of) => [anApproval(of, { expireTime: time(1) })],
  'allows the later end': (of) => [anApproval(of, { expireTime: time(30) })],
  'rejects the later end': (of) => [anApproval(of, { extension: { rejectedExpireTime: time(15) } })],
  rejects: (of) => [anApproval({ ...of, name: 'no' }, { decision: 'Rejected', items: [] })],
};

const principals = {
  'the same': { uniqueId, follow: false },
  'made again': { uniqueId: 'AROAANOTHER0000000001', follow: false },
  'made again, Follow': { uniqueId: 'AROAANOTHER0000000001', follow: true },
};

const obstacles: Readonly<Record<string, Resolution | undefined>> = {
  nothing: undefined,
  'Dataset not ready': { kind: 'unavailable', reason: 'DatasetNotReady', message: 'the Dataset is not Ready' },
  'a limit of the Dataset': { kind: 'unavailable', reason: 'LimitReached', message: 'older requests have the places' },
  'the claim was lost': { kind: 'claimLost', message: 'no claim covers it', immediately: true },
};

/** Values of each axis, by name. */
export const values: Readonly<Record<Axis, readonly string[]>> = {
  before: Object.keys(befores),
  request: Object.keys(requests),
  Dataset: Object.keys(datasets),
  ShareApproval: Object.keys(approvals),
  principal: Object.keys(principals),
  'in the way': Object.keys(obstacles),
};

/** All combinations, each played to its end. */
export function decisionCases(): DecisionCase[] {
  const items = new Map(Object.entries(befores).map(([name, { item }]) => [name, item()]));
  return axes
    .reduce<Partial<Combination>[]>(
      (some, axis) => some.flatMap((one) => values[axis].map((name) => ({ ...one, [axis]: name }))),
      [{}],
    )
    .map((one) => play(one as Combination, items.get(one.before ?? '') ?? anItem()));
}

function play(combination: Combination, before: ShareItem): DecisionCase {
  const world = worldOf(combination);
  const outcome = settle(world, before);
  const report = outcome.item === undefined ? undefined : reportOf(outcome);
  return { combination, world, before, outcome, report, summary: summaryOf(world, outcome, report) };
}

/** A day later people have written what the combination says. */
function worldOf(combination: Combination): World {
  const { uniqueId: now, follow } = of(principals, combination.principal);
  const dataset = of(datasets, combination.Dataset);
  const request = of(requests, combination.request);
  const sharing = { ...dataset.spec.sharing, ...(follow ? { onPrincipalRecreated: 'Follow' as const } : {}) };
  return {
    request,
    dataset: { ...dataset, spec: { ...dataset.spec, sharing } },
    approvals: of(approvals, combination.ShareApproval)(of(befores, combination.before).answer, { request, uniqueId: now }),
    uniqueId: now,
    inTheWay: of(obstacles, combination['in the way']),
    day: 2,
  };
}

/** Every document is as it should be: what else may be is the other table. */
function reportOf({ decision }: Outcome): ItemReport | undefined {
  const applied = { state: 'Applied', missing: [], excess: [], observedAt: beginning + dayMs } as const;
  const entries = decision.resolved.map((entry) => ({
    entry,
    targets: entry.targets.map((target) => ({ target, ...applied })),
  }));
  return reportItem({ decision, entries, reportOnly: false, label: 'Bucket acme-orders' });
}

function summaryOf(
  { request, approvals: answers, inTheWay }: World,
  outcome: Outcome,
  report: ItemReport | undefined,
): RequestSummary | undefined {
  const { item, decision } = outcome;
  if (request === undefined || (item === undefined && request.spec.state !== 'Draft')) return undefined;
  const asked = inTheWay === undefined ? [] : [{ type: 'Bucket' as const, name: 'acme-orders', resolution: inTheWay }];
  const items = item === undefined || report === undefined ? [] : [{ item, decision, report }];
  return reportRequest({ request, items, asked, invalid: [], approvals: answers });
}

function kept({ item }: Outcome): ShareItem {
  if (item === undefined) throw new RangeError('an item that a story begins with is there');
  return item;
}

function of<T>(table: Readonly<Record<string, T>>, name: string): T {
  if (!Object.hasOwn(table, name)) throw new RangeError(`there is no "${name}"`);
  return table[name] as T;
}
