/**
 * From a decision and the last read-back to what people see of a ShareItem: phase, conditions, health. Pure, and the only place where phases are made.
 * Phases carry data.all's names; conditions carry the truth for machines.
 */
import type { ResolvedShare, ShareItem } from '../api/index.ts';
import { shortPrincipal } from './arn.ts';
import type { Decision, EndReason, Situation } from './decide.ts';

/** A condition before the clock and the previous status have given it its times. */
export interface ConditionValue {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** How far one target of one resolved entry has got, as of the last read-back. Unknown: not looked at since it was last decided. */
export interface TargetState {
  readonly target: string;
  readonly state: 'Unknown' | 'Pending' | 'Applied' | 'Failed' | 'Removed';
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly missing: readonly string[];
  readonly excess: readonly string[];
  /** Milliseconds since the epoch. */
  readonly observedAt: number | undefined;
}

/** The targets of one resolved entry, in the order in which they are granted. */
export interface EntryState {
  readonly entry: ResolvedShare;
  readonly targets: readonly TargetState[];
}

/** What an item's status says. */
export interface ItemReport {
  readonly phase: NonNullable<NonNullable<ShareItem['status']>['phase']>;
  readonly conditions: readonly ConditionValue[];
  /** Undefined where nothing is shared: then there is nothing to be healthy. */
  readonly healthStatus: 'Healthy' | 'Unhealthy' | 'PendingVerify' | 'PendingReapply' | undefined;
  readonly healthMessage: string;
  readonly verifiedAt: number | undefined;
  readonly grants: readonly {
    readonly target: string;
    readonly state: 'Applied' | 'Pending' | 'Failed';
    readonly message: string;
  }[];
  readonly shared: boolean;
  readonly principal: string;
}

/** What a report is made from. */
export interface ReportInput {
  readonly decision: Decision;
  readonly entries: readonly EntryState[];
  /** Drift is only reported, not repaired. */
  readonly reportOnly: boolean;
  /** Name of the item in words: `Bucket acme-orders`. */
  readonly label: string;
}

/** Reports an item; undefined while nothing is decided, so that nothing untrue is written. */
export function reportItem(input: ReportInput): ItemReport | undefined {
  const { situation } = input.decision;
  if (situation.kind === 'undecided' || isUnseen(input)) return undefined;
  const outcome = outcomeOf(input, situation);
  const health = healthOf(input, outcome);
  const entry = input.entries.at(-1)?.entry;
  return {
    phase: outcome.phase,
    conditions: conditionsOf(outcome, health, input),
    healthStatus: input.entries.length === 0 ? undefined : health.status,
    healthMessage: health.message,
    verifiedAt: verifiedAt(input.entries),
    grants: input.entries.flatMap(({ targets }) => targets.filter((each) => each.state !== 'Removed').map(grantLine)),
    shared: input.entries.length > 0,
    principal: entry === undefined ? '' : shortPrincipal(entry.principal.arn),
  };
}

/** Whether everything that the item consented to is in place and was read back. */
export function isReady(report: ItemReport): boolean {
  return report.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** What has been in place is not reported on before it was looked at again: after a restart the old status stands until then. */
function isUnseen({ decision, entries }: ReportInput): boolean {
  return (
    decision.situation.kind === 'granted' &&
    entries.some(({ entry, targets }) => entry.state === 'Live' && targets.some((target) => target.state === 'Unknown'))
  );
}

/** Ready, and whether the operator is at work or somebody has to act. */
interface Outcome {
  readonly phase: ItemReport['phase'];
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  readonly progress: 'none' | 'reconciling' | 'stalled';
}

function outcomeOf(input: ReportInput, situation: Exclude<Situation, { kind: 'undecided' }>): Outcome {
  switch (situation.kind) {
    case 'pending':
      return { phase: 'PendingApproval', ready: false, reason: situation.reason, message: situation.message, progress: 'none' };
    case 'rejected':
      return { phase: 'ShareRejected', ready: false, reason: 'Rejected', message: situation.message, progress: 'stalled' };
    case 'blocked':
      return {
        phase: situation.live ? 'ShareSucceeded' : 'PendingApproval',
        ready: false,
        reason: situation.reason,
        message: situation.message,
        progress: 'stalled',
      };
    case 'granted':
      return grantedOutcome(input);
    case 'ended':
      return endedOutcome(input, situation.cause);
  }
}

function grantedOutcome(input: ReportInput): Outcome {
  const live = input.entries.find(({ entry }) => entry.state !== 'Revoking');
  const targets = live?.targets ?? [];
  const drifted = live?.entry.state === 'Live' && targets.some((target) => target.missing.length > 0);
  const failed = targets.find((target) => target.state === 'Failed' && !(drifted && target.reason === 'Drifted'));
  if (failed !== undefined) {
    return {
      phase: 'ShareFailed',
      ready: false,
      reason: failed.reason ?? 'AccessDenied',
      message: failed.message ?? failed.target,
      progress: 'stalled',
    };
  }
  if (targets.length > 0 && targets.every((target) => target.state === 'Applied')) return inPlaceOutcome(input);
  const waiting = targets.find((target) => target.state === 'Pending' && target.reason === 'WaitingForAttachment');
  if (waiting !== undefined && targets.every((target) => target === waiting || target.state === 'Applied')) {
    return {
      phase: 'ShareInProgress',
      ready: false,
      reason: 'WaitingForAttachment',
      message: waiting.message ?? '',
      progress: 'none',
    };
  }
  if (drifted) return driftedOutcome(input, targets);
  return progressing(targets, { phase: targets.some(isTouched) ? 'ShareInProgress' : 'ShareApproved', reason: 'Progressing' });
}

/** All of it is there. Ready waits until the place that it moved from is clean, so that a failed revoke isn't hidden behind a good grant. */
function inPlaceOutcome(input: ReportInput): Outcome {
  const left = input.entries.filter(({ entry }) => entry.state === 'Revoking').flatMap((each) => each.targets);
  if (left.length > 0) return takingBack(left, { touched: 'ShareInProgress', untouched: 'ShareInProgress' });
  const { situation } = input.decision;
  return {
    phase: situation.kind === 'granted' && situation.extension === 'Pending' ? 'PendingExtension' : 'ShareSucceeded',
    ready: true,
    reason: 'Succeeded',
    message: `${input.label} is shared and was read back from AWS`,
    progress: 'none',
  };
}

function driftedOutcome(input: ReportInput, targets: readonly TargetState[]): Outcome {
  const message = targets.flatMap((target) => target.missing).join(' | ');
  return {
    phase: 'ShareSucceeded',
    ready: false,
    reason: 'Drifted',
    message,
    progress: input.reportOnly ? 'stalled' : 'reconciling',
  };
}

function endedOutcome(input: ReportInput, cause: EndReason): Outcome {
  if (input.entries.length === 0) return { phase: 'RevokeSucceeded', ready: false, ...endedReason(cause), progress: 'none' };
  const targets = input.entries.flatMap((each) => each.targets);
  return takingBack(targets, { touched: 'RevokeInProgress', untouched: 'RevokeApproved' });
}

function takingBack(
  targets: readonly TargetState[],
  phases: { readonly touched: Outcome['phase']; readonly untouched: Outcome['phase'] },
): Outcome {
  const failed = targets.filter((target) => target.state === 'Failed');
  if (failed.length > 0) {
    const message = `access could not be taken back everywhere; still to do: ${failed.map((each) => each.message ?? each.target).join(' | ')}`;
    return { phase: 'RevokeFailed', ready: false, reason: 'RevokeFailed', message, progress: 'stalled' };
  }
  return progressing(targets, { phase: targets.some(isTouched) ? phases.touched : phases.untouched, reason: 'Revoking' });
}

function endedReason(cause: EndReason): { reason: string; message: string } {
  switch (cause) {
    case 'Expired':
      return {
        reason: 'Expired',
        message: 'the share has expired and was taken back; ask for a later expiry and have it approved to get it again',
      };
    case 'PrincipalRecreated':
      return {
        reason: 'PrincipalRecreated',
        message: 'the principal was deleted and created again; access was taken back until the owner consents to the new one',
      };
    case 'ClaimLost':
      return { reason: 'NotClaimed', message: 'no claim of the Environment covers the data any more; access was taken back' };
    case 'Rejected':
      return { reason: 'Rejected', message: 'the owner rejected the share; access was taken back' };
    case 'Withdrawn':
      return { reason: 'Revoked', message: 'the owner withdrew consent; access was taken back' };
    case 'Removed':
      return { reason: 'Revoked', message: 'no longer asked for or no longer offered; access was taken back' };
  }
}

function progressing(
  targets: readonly TargetState[],
  as: { readonly phase: Outcome['phase']; readonly reason: string },
): Outcome {
  const told = targets.filter((target) => target.state === 'Pending' && target.message !== undefined);
  // What AWS refused says more than what merely has not been done yet, whichever document comes first.
  const retried =
    told.find(({ reason }) => reason === 'ProgressingWithRetry') ??
    told.find(({ reason }) => reason !== 'Progressing') ??
    told[0];
  const done = targets.filter((each) => each.state === 'Applied' || each.state === 'Removed').length;
  const verb = as.reason === 'Revoking' ? 'taken back' : 'granted';
  const still = `access is being ${verb}: ${String(done)} of ${String(targets.length)} AWS policies done`;
  const { reason = 'ProgressingWithRetry', message = '' } = retried ?? { reason: as.reason, message: still };
  return { phase: as.phase, ready: false, reason, message, progress: 'reconciling' };
}

function isTouched(target: TargetState): boolean {
  return target.state === 'Applied' || target.state === 'Removed' || target.message !== undefined;
}

interface Health {
  readonly status: NonNullable<ItemReport['healthStatus']>;
  readonly reason: string;
  readonly message: string;
}

function healthOf({ entries }: ReportInput, outcome: Outcome): Health {
  const targets = entries.flatMap((each) => (each.entry.state === 'Revoking' ? [] : each.targets));
  // What has never been in place isn't missing, it is not there yet.
  const inPlace = entries.filter(({ entry }) => entry.state === 'Live').flatMap((each) => each.targets);
  const missing = inPlace.flatMap((target) => target.missing);
  const excess = targets.flatMap((target) => target.excess);
  if (missing.length > 0)
    return {
      status: outcome.progress === 'reconciling' ? 'PendingReapply' : 'Unhealthy',
      reason: 'Drifted',
      message: [...missing, ...excess].join(' | '),
    };
  if (excess.length > 0) return { status: 'Unhealthy', reason: 'Excess', message: excess.join(' | ') };
  if (outcome.ready) return { status: 'Healthy', reason: 'Verified', message: '' };
  if (outcome.phase === 'ShareFailed') return { status: 'Unhealthy', reason: outcome.reason, message: outcome.message };
  // No condition says so: Healthy is absent until it was looked at.
  return { status: 'PendingVerify', reason: outcome.reason, message: '' };
}

/** Reconciling and Stalled are present only while True (kstatus); Healthy only for what is shared. */
function conditionsOf(outcome: Outcome, health: Health, input: ReportInput): ConditionValue[] {
  const { reason, message } = outcome;
  const conditions: ConditionValue[] = [{ type: 'Ready', status: outcome.ready ? 'True' : 'False', reason, message }];
  const targets = input.entries.flatMap((each) => each.targets);
  const carried = targets.filter((target) => target.state !== 'Removed').length;
  conditions.push(
    targets.length === 0
      ? { type: 'Granted', status: 'False', reason: 'NotGranted', message: 'nothing is granted in AWS' }
      : {
          type: 'Granted',
          status: 'True',
          reason,
          message: `${String(carried)} of ${String(targets.length)} AWS policies may carry this share`,
        },
  );
  if (health.status === 'Healthy')
    conditions.push({ type: 'Healthy', status: 'True', reason: health.reason, message: 'AWS holds what was consented to' });
  else if (health.status !== 'PendingVerify')
    conditions.push({ type: 'Healthy', status: 'False', reason: health.reason, message: health.message });
  if (outcome.progress === 'reconciling') conditions.push({ type: 'Reconciling', status: 'True', reason, message });
  if (outcome.progress === 'stalled') conditions.push({ type: 'Stalled', status: 'True', reason, message });
  return conditions;
}

function verifiedAt(entries: readonly EntryState[]): number | undefined {
  const times = entries.flatMap((each) => each.targets.map((target) => target.observedAt));
  return times.length === 0 || times.includes(undefined) ? undefined : Math.min(...times.filter((time) => time !== undefined));
}

function grantLine(target: TargetState): { target: string; state: 'Applied' | 'Pending' | 'Failed'; message: string } {
  const state = target.state === 'Applied' || target.state === 'Failed' ? target.state : 'Pending';
  return { target: target.target, state, message: target.message ?? '' };
}
