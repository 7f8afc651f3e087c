/**
 * Every situation of a ShareItem crossed with what AWS holds of it, as inputs of reportItem. Combinations that can't occur are left out by name. Shared by the
 * page and by the test that holds it to the rules.
 */
import type { ResolvedShare } from '../../src/api/index.ts';
import type { Decision, EndReason, Situation } from '../../src/shares/decide.ts';
import type { EntryState, ReportInput, TargetState } from '../../src/shares/report.ts';

/** One combination, with names for people. */
export interface LifecycleCase {
  readonly situation: string;
  readonly aws: string;
  readonly input: ReportInput;
}

const endReasons: readonly EndReason[] = ['Withdrawn', 'Expired', 'Removed', 'Rejected', 'PrincipalRecreated', 'ClaimLost'];

/** All situations, by name. */
const situations: Readonly<Record<string, Situation>> = {
  'not decided since start-up': { kind: 'undecided' },
  'waits for approval': { kind: 'pending', reason: 'PendingApproval', message: 'waiting for the owner' },
  'waits, principal made again': { kind: 'pending', reason: 'PrincipalRecreated', message: 'the owner has to consent again' },
  rejected: { kind: 'rejected', message: 'rejected by the owner' },
  'something in the way, nothing shared': { kind: 'blocked', reason: 'DatasetNotReady', message: 'not ready', live: false },
  'something in the way, shared before': { kind: 'blocked', reason: 'NotClaimed', message: 'no claim', live: true },
  'consented to': { kind: 'granted', exceeding: [] },
  'consented to, more is asked for': { kind: 'granted', exceeding: ['Write on Bucket acme-orders'] },
  'consented to, a later end is asked for': { kind: 'granted', exceeding: [], extension: 'Pending' },
  'consented to, a later end is rejected': { kind: 'granted', exceeding: [], extension: 'Rejected' },
  ...Object.fromEntries(endReasons.map((cause) => [`ended: ${cause}`, { kind: 'ended', cause } as const])),
};

const drift = 'Requestor analysts missing s3 permissions';

/** What one document is like, by name. */
const states: Readonly<Record<string, Omit<TargetState, 'target'>>> = {
  unknown: { state: 'Unknown', missing: [], excess: [], observedAt: undefined },
  waiting: {
    state: 'Pending',
    reason: 'Progressing',
    message: 'not written yet',
    missing: ['a part'],
    excess: [],
    observedAt: 1,
  },
  retried: {
    state: 'Pending',
    reason: 'ProgressingWithRetry',
    message: 'AWS answered Throttling',
    missing: [],
    excess: [],
    observedAt: 1,
  },
  'not attached': {
    state: 'Pending',
    reason: 'WaitingForAttachment',
    message: 'attach it',
    missing: [],
    excess: [],
    observedAt: 1,
  },
  applied: { state: 'Applied', missing: [], excess: [], observedAt: 1 },
  'in excess': { state: 'Applied', missing: [], excess: ['s3:* besides'], observedAt: 1 },
  drifted: { state: 'Pending', missing: [drift], excess: [], observedAt: 1 },
  'drifted, not repaired': {
    state: 'Failed',
    reason: 'Drifted',
    message: 'was changed',
    missing: [drift],
    excess: [],
    observedAt: 1,
  },
  failed: {
    state: 'Failed',
    reason: 'AccessDenied',
    message: 'AWS answered AccessDenied',
    missing: [],
    excess: [],
    observedAt: 1,
  },
  removed: { state: 'Removed', missing: [], excess: [], observedAt: 1 },
};

interface Place {
  readonly name: string;
  readonly states: readonly { readonly entry: ResolvedShare['state']; readonly first: string; readonly second: string }[];
}

const none: Place = { name: 'nothing', states: [] };
const single = (entry: ResolvedShare['state'], names: readonly string[]): Place[] =>
  names.flatMap((first, at) =>
    names.slice(at).flatMap((second) => {
      const name = `${entry}: ${first === second ? `both ${first}` : `${first} and ${second}`}`;
      // Which of the two documents it is must make no difference: both orders are cases, under one name.
      const orders =
        first === second
          ? [[first, second]]
          : [
              [first, second],
              [second, first],
            ];
      return orders.map(([one = '', other = '']) => ({ name, states: [{ entry, first: one, second: other }] }));
    }),
  );
const granting = single('Granting', ['unknown', 'waiting', 'retried', 'not attached', 'applied', 'failed']);
const live = single('Live', [
  'unknown',
  'retried',
  'not attached',
  'applied',
  'in excess',
  'drifted',
  'drifted, not repaired',
  'failed',
]);
const revoking = single('Revoking', ['unknown', 'retried', 'failed', 'removed']);
const moved: Place[] = ['unknown', 'retried', 'failed', 'removed'].map((old) => ({
  name: `Live: both applied; old place Revoking: both ${old}`,
  states: [
    { entry: 'Revoking', first: old, second: old },
    { entry: 'Live', first: 'applied', second: 'applied' },
  ],
}));

/** What may be found in AWS in a situation: what was never granted is nowhere, what ended is being taken back, what goes on is not. */
function placesOf(situation: Situation): readonly Place[] {
  switch (situation.kind) {
    case 'undecided':
      return [none, ...granting, ...live, ...revoking];
    case 'pending':
    case 'rejected':
      return [none];
    case 'blocked':
      return situation.live ? [...granting, ...live] : [none];
    case 'granted':
      return [...granting, ...live, ...moved];
    case 'ended':
      return [none, ...revoking];
  }
}

/** All combinations, with drift repaired and with drift only reported. */
export function lifecycleCases(): LifecycleCase[] {
  return Object.entries(situations).flatMap(([name, situation]) =>
    placesOf(situation).flatMap((place) =>
      [false, true]
        .filter((reportOnly) => !reportOnly || place.name.startsWith('Live'))
        .map((reportOnly) => ({
          situation: name,
          aws: place.name,
          input: { decision: decisionOf(situation, place), entries: entriesOf(place), reportOnly, label: 'Bucket acme-orders' },
        })),
    ),
  );
}

function entriesOf(place: Place): EntryState[] {
  return place.states.map(({ entry, first, second }, index) => ({
    entry: { ...sampleShare, id: String(index), state: entry },
    targets: [first, second].map((name, at): TargetState => ({
      target: `${at === 0 ? 'bucket' : 'policy'}-${String(index)}`,
      ...stateOf(name),
    })),
  }));
}

function stateOf(name: string): Omit<TargetState, 'target'> {
  const state = states[name];
  if (state === undefined) throw new RangeError(`there is no state "${name}"`);
  return state;
}

function decisionOf(situation: Situation, place: Place): Decision {
  const consent = {
    source: 'Approval',
    digest: sampleShare.digest,
    permissions: ['Read'],
    grantedTime: '2026-01-01T00:00:00Z',
    ...(situation.kind === 'ended' ? { ended: { time: '2026-01-02T00:00:00Z', reason: situation.cause } } : {}),
  } as const;
  const consented = situation.kind === 'granted' || situation.kind === 'ended' || place.states.length > 0;
  return {
    situation,
    consent: consented ? consent : undefined,
    resolved: entriesOf(place).map(({ entry }) => entry),
    permissions: ['Read'],
    dueAt: undefined,
    discard: false,
  };
}

const session = { name: 'sales', accountId: '111122223333', region: 'eu-west-1' };

/** A resolved entry as it is recorded. */
export const sampleShare: ResolvedShare = {
  id: '0',
  type: 'Bucket',
  environment: session,
  consumer: { ...session, name: 'analytics', accountId: '444455556666' },
  partition: 'aws',
  bucket: 'acme-orders',
  principal: { arn: 'arn:aws:iam::444455556666:role/analysts', uniqueId: 'AROAANALYSTS000000001' },
  permissions: ['Read'],
  policyManagement: 'Managed',
  awsNamePrefix: 'sluice',
  targets: ['bucket', 'policy'],
  state: 'Live',
  digest: `v1:sha256:${'a'.repeat(64)}`,
};
