/**
 * From the last observation and what happened on the way to what each item is told. Pure. Only an observation makes an item Applied or Removed.
 */
import { isRetryable, type AwsFailure, type AwsFailureKind } from '../aws/errors.ts';
import type { Assessment, Contribution, Finding, PrincipalGrant, Refusal } from './target.ts';
import type { ItemResult } from './writer-types.ts';

/** A refusal, and whether waiting may help. */
export interface Block extends Refusal {
  readonly state: 'Pending' | 'Failed';
  readonly code?: string;
}

/** What the results are made from. */
export interface Outcome {
  readonly contributions: readonly Contribution<PrincipalGrant>[];
  /** "bucket policy of acme-orders" */
  readonly describe: string;
  readonly goneReason: string;
  readonly reasonOf: (code: string) => string | undefined;
  readonly denialHint?: string | undefined;
  /** Undefined: AWS could not be read, or there is no such resource. */
  readonly assessment: Assessment | undefined;
  readonly blocks: ReadonlyMap<string, Block>;
  /** What the items are told that somebody keeps undoing, also while a repair stands that has not held yet. */
  readonly conflicts: ReadonlyMap<string, Block>;
  /** What the items are told that are to be dropped and may only not be shown yet. */
  readonly doubts: ReadonlyMap<string, Block>;
  readonly failure: AwsFailure | undefined;
  /** Our last write did not show within the time that AWS may take. */
  readonly notVisible: boolean;
}

/** One result per contribution. */
export function resultsOf(outcome: Outcome): Map<string, ItemResult> {
  return new Map(outcome.contributions.map((one) => [one.item, resultOf(one, outcome)]));
}

/** What a failure means to the items that it concerns. */
export function failureBlock(
  failure: AwsFailure,
  outcome: Pick<Outcome, 'describe' | 'goneReason' | 'reasonOf' | 'denialHint'>,
): Block {
  const reason = outcome.reasonOf(failure.code) ?? (failure.kind === 'gone' ? outcome.goneReason : reasons[failure.kind]);
  const actions = failure.actions?.join(' and ');
  const told =
    actions === undefined
      ? `AWS answered ${failure.code} for the ${outcome.describe}. ${advice[failure.kind]}`
      : `AWS answered ${failure.code} to ${actions} for the ${outcome.describe}. Give the operator's role ${actions}, or remove the Deny.`;
  const message = failure.kind === 'denied' && outcome.denialHint !== undefined ? `${told} ${outcome.denialHint}` : told;
  const state = isRetryable(failure.kind) ? 'Pending' : 'Failed';
  return { state, reason, code: failure.code, message, ownerMessage: `${message} AWS says: ${failure.message}` };
}

function resultOf(one: Contribution<PrincipalGrant>, outcome: Outcome): ItemResult {
  const { assessment, failure } = outcome;
  if (assessment === undefined) {
    if (failure?.kind === 'gone' && one.mode === 'drop') return { state: 'Removed', message: '', findings: [] };
    return blocked(failure === undefined ? inProgress(outcome) : failureBlock(failure, outcome), []);
  }
  const findings = assessment.items.get(one.item) ?? [];
  const open = findings.filter(({ kind }) => kind === (one.mode === 'drop' ? 'excess' : 'missing'));
  const conflict = one.mode === 'want' ? outcome.conflicts.get(one.item) : undefined;
  if (open.length === 0) return conflict === undefined ? settled(one, findings, outcome) : blocked(conflict, findings);
  return blocked(blockOf(one, outcome), findings);
}

function settled(one: Contribution<PrincipalGrant>, findings: readonly Finding[], outcome: Outcome): ItemResult {
  if (one.mode === 'drop') {
    const doubt = outcome.doubts.get(one.item);
    return doubt === undefined ? { state: 'Removed', message: '', findings } : blocked(doubt, findings);
  }
  const waiting = findings.filter(({ kind }) => kind === 'waiting');
  const [first] = [...waiting.filter(({ blocks }) => blocks === true), ...waiting];
  if (first !== undefined) {
    const { reason = 'Progressing', blocks, ...told } = first;
    return blocked({ ...told, state: blocks === true ? 'Failed' : 'Pending', reason }, findings);
  }
  const excess = outcome.failure !== undefined && findings.length > 0;
  return { state: 'Applied', message: excess ? failureBlock(outcome.failure, outcome).message : '', findings };
}

/** Why something is still open: what was decided about this item, then what AWS said, then that it takes time. */
function blockOf(one: Contribution<PrincipalGrant>, outcome: Outcome): Block {
  const own = outcome.blocks.get(one.item) ?? (one.mode === 'want' ? outcome.conflicts.get(one.item) : undefined);
  if (own !== undefined) return own;
  if (one.mode === 'hold')
    return {
      state: 'Pending',
      reason: 'Progressing',
      message: `The ${outcome.describe} is left as it is until this share is decided.`,
    };
  if (outcome.failure !== undefined) return failureBlock(outcome.failure, outcome);
  if (one.mode === 'want' && !one.repair) {
    return { state: 'Failed', reason: 'Drifted', message: `The ${outcome.describe} was changed; drift is only reported here.` };
  }
  return inProgress(outcome);
}

function inProgress({ describe, notVisible }: Outcome): Block {
  return notVisible
    ? { state: 'Pending', reason: 'ProgressingWithRetry', message: `The ${describe} is written, but AWS does not show it yet.` }
    : { state: 'Pending', reason: 'Progressing', message: `The ${describe} is not written yet.` };
}

function blocked(block: Block, findings: readonly Finding[]): ItemResult {
  const { state, reason, message, code, ownerMessage } = block;
  return {
    state,
    reason,
    message,
    findings,
    ...(code === undefined ? {} : { code }),
    ...(ownerMessage === undefined ? {} : { ownerMessage }),
  };
}

/** Condition reasons by kind of failure; «gone» has the target kind's own. */
const reasons: Readonly<Record<AwsFailureKind, string>> = {
  throttled: 'ProgressingWithRetry',
  transient: 'ProgressingWithRetry',
  expired: 'ProgressingWithRetry',
  conflict: 'ProgressingWithRetry',
  aborted: 'ProgressingWithRetry',
  gone: 'ProgressingWithRetry',
  denied: 'AccessDenied',
  malformed: 'MalformedPolicy',
  tooLarge: 'PolicySizeLimit',
  quota: 'QuotaExceeded',
  permanent: 'AwsRefused',
};

/** What to do, by kind of failure. */
const advice: Readonly<Record<AwsFailureKind, string>> = {
  throttled: 'It is tried again later.',
  transient: 'It is tried again.',
  expired: 'It is tried again with new credentials.',
  conflict: 'Somebody wrote at the same time; it is tried again.',
  aborted: 'The operator stopped the call; it is tried again.',
  gone: 'The resource does not exist.',
  denied: "Give the operator's role the permission that is missing, or remove the Deny.",
  malformed: 'AWS refuses the document as it would be; its owner has to look at it.',
  tooLarge: 'There is no room left in it.',
  quota: 'A quota of the account is used up.',
  permanent: 'Trying again will not help until something changes.',
};
