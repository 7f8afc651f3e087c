/**
 * What becomes of a target's report: answers are kept for the items, their history is noted, people are told of drift, and whoever depends on an answer is
 * woken. It decides nothing about AWS; running a target is target.ts.
 */
import type { ResolvedShare, ShareItem } from '../api/index.ts';
import { regardingOf } from '../kube/events.ts';
import { keyOf } from '../kube/object.ts';
import { Priority } from '../kube/queue.ts';
import type { TargetState } from '../shares/report.ts';
import type { Finding } from '../targets/target.ts';
import type { ItemResult, TargetReport } from '../targets/writer-types.ts';
import { indexKeys, types } from './cluster.ts';
import { contributionId } from './ledger.ts';
import { remember, type HistoryEntry, type Memory, type TargetResult } from './memory.ts';
import type { Operator } from './operator.ts';
import { cut, sameJson, timestamp } from './status.ts';
import { isWorthShowing } from './verify-interval.ts';

/** A run's report with what it was asked. */
export interface Absorbed {
  readonly key: string;
  readonly items: readonly ShareItem[];
  /** By contribution: the fingerprint that it had when the run began. */
  readonly questions: ReadonlyMap<string, string>;
  readonly report: TargetReport<unknown>;
  /** How often the target is verified, in milliseconds: an item's time of verification is renewed about as often, not at every run. */
  readonly verifyIntervalMs: number;
}

/** One contribution before and after the run. */
interface Change {
  readonly absorbed: Absorbed;
  readonly item: ShareItem;
  readonly entry: ResolvedShare | undefined;
  readonly known: TargetResult | undefined;
  readonly result: TargetResult;
  readonly found: readonly Finding[];
}

/** Keeps the answers and wakes whom they concern. */
export function absorb(operator: Operator, absorbed: Absorbed): void {
  const { memory } = operator;
  const { key, report, items } = absorbed;
  const before = memory.results.get(key) ?? new Map<string, TargetResult>();
  const after = new Map(
    [...report.items].map(([contribution, result]) => [
      contribution,
      answerOf(memory, absorbed, { contribution, result, before: before.get(contribution) }),
    ]),
  );
  memory.results.set(key, after);
  if (report.observedAt !== undefined) memory.observedAt.set(key, report.observedAt);
  const itemByUid = new Map(items.map((item) => [item.metadata.uid ?? '', item]));
  for (const [contribution, result] of after) {
    const uid = contribution.slice(0, contribution.indexOf('/'));
    const item = itemByUid.get(uid);
    if (item === undefined) continue;
    const entry = memory.items.get(uid)?.decision.resolved.find((each) => contributionId(item, each) === contribution);
    const found = report.found.get(contribution) ?? [];
    settle(operator, { absorbed, item, entry, known: before.get(contribution), result, found });
  }
  keepUnowned(operator, absorbed);
  keepConflict(operator, absorbed);
  if (report.concurrentForeignChange) announceForeignChange(operator, absorbed);
}

/** A failed read says nothing new: what was seen before stays, with the failure beside it. */
function answerOf(
  { values }: Memory,
  { key, questions, report }: Absorbed,
  one: { readonly contribution: string; readonly result: ItemResult; readonly before: TargetResult | undefined },
): TargetResult {
  const { contribution, result, before } = one;
  const state: TargetState = {
    target: key,
    state: result.state,
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    ...(result.message === '' ? {} : { message: result.message }),
    missing: messagesOf(result.findings, 'missing'),
    excess: messagesOf(result.findings, 'excess'),
    observedAt: report.observedAt ?? before?.state.observedAt,
  };
  return {
    fingerprint: questions.get(contribution) ?? 'hold',
    state: values.keep(state),
    ...(result.ownerMessage === undefined ? {} : { ownerMessage: result.ownerMessage }),
  };
}

function settle(operator: Operator, change: Change): void {
  const { memory, queues } = operator;
  const { item, known, result } = change;
  const drift = driftOf(change);
  const repaired = drift.length > 0 && result.state.state === 'Applied' && wrote(change.absorbed.report);
  remember(memory, item.metadata.uid ?? '', historyOf(change, repaired));
  if (drift.length > 0) announceDrift(operator, change, { drift, repaired });
  const answered = sameAnswer(known, result);
  if (answered && !isTimeOfNote(operator, change)) return;
  queues.item.add(keyOf(item), answered ? { priority: Priority.resync } : {});
  if (known?.ownerMessage !== result.ownerMessage) wakeRequest(operator, item);
}

/** The time of a read-back alone is no new answer: else each share added to a document would wake everybody in it. */
function sameAnswer(left: TargetResult | undefined, right: TargetResult): boolean {
  if (left === undefined) return false;
  const timeless = (one: TargetResult): unknown => ({ ...one, state: { ...one.state, observedAt: undefined } });
  return sameJson(timeless(left), timeless(right));
}

/** The item shows when it was verified: where somebody asked for that, and about as often as it is verified anyway. */
function isTimeOfNote({ memory }: Operator, { absorbed, item, result }: Change): boolean {
  const known = memory.items.get(item.metadata.uid ?? '');
  if (known?.verifyAsked !== undefined) return true;
  const shown = known?.report?.verifiedAt;
  return shown !== undefined && isWorthShowing((result.state.observedAt ?? 0) - shown, absorbed.verifyIntervalMs);
}

/**
 * What somebody else did to a share that was in place: a part that is missing, or more than was granted. After a narrower question the rest of the old answer
 * is too much as well, which is nobody's drift.
 */
function driftOf({ absorbed, entry, known, result, found }: Change): string[] {
  if (entry?.state !== 'Live' || result.fingerprint === 'hold' || result.fingerprint === 'drop') return [];
  if (absorbed.report.observedAt === undefined) return [];
  const sameQuestion = known?.fingerprint === result.fingerprint || (known?.state.excess.length ?? 0) > 0;
  return [...messagesOf(found, 'missing'), ...(sameQuestion ? messagesOf(found, 'excess') : [])];
}

/** Writes count for the items for which something was to be done. A failure that repeats itself is noted once. */
function historyOf({ absorbed, known, result, found }: Change, repaired: boolean): HistoryEntry[] {
  const { key, report } = absorbed;
  if (result.fingerprint === 'hold' || !found.some(({ kind }) => kind !== 'waiting')) return [];
  const news = known?.state.state !== result.state.state;
  return report.writes
    .filter((write) => news || write.result === 'Succeeded')
    .map((write) => ({
      time: timestamp(write.at),
      action: write.action,
      target: cut(key, 256),
      result: write.result === 'Succeeded' && repaired ? 'Repaired' : write.result,
      ...(write.requestId === undefined ? {} : { requestId: write.requestId }),
    }));
}

function wrote(report: TargetReport<unknown>): boolean {
  return report.writes.some((write) => write.result === 'Succeeded');
}

function messagesOf(findings: readonly Finding[], kind: Finding['kind']): string[] {
  return findings.filter((finding) => finding.kind === kind).map((finding) => finding.message);
}

/** Told once: drift that was seen before and stays is in the conditions. */
function announceDrift(
  operator: Operator,
  { item, known, absorbed }: Change,
  { drift, repaired }: { readonly drift: readonly string[]; readonly repaired: boolean },
): void {
  const seen = new Set([...(known?.state.missing ?? []), ...(known?.state.excess ?? [])]);
  if (drift.some((message) => !seen.has(message)))
    record(operator, item, { type: 'Warning', reason: 'Drifted', action: 'Verify', note: drift.join(' | ') });
  if (repaired)
    record(operator, item, { type: 'Normal', reason: 'Repaired', action: 'Reapply', note: `${absorbed.key} was repaired` });
}

/** What belongs to no item is for the owner's eyes, in the view of each request on the document. */
function keepUnowned(operator: Operator, { key, items, report }: Absorbed): void {
  const { memory } = operator;
  const unowned = report.unowned.map((finding) => finding.message);
  const before = memory.unowned.get(key) ?? [];
  memory.unowned.set(key, unowned);
  if (sameJson(before, unowned)) return;
  for (const item of items) wakeRequest(operator, item);
}

function wakeRequest({ queues }: Operator, { metadata, spec }: ShareItem): void {
  queues.request.add(indexKeys.request(metadata.namespace ?? '', spec.requestRef.name));
}

/** Told at each turn; in between it is in the conditions of the items that lose by it. */
function keepConflict(operator: Operator, { key, items, report }: Absorbed): void {
  const { conflicts } = operator.memory;
  const before = conflicts.get(key)?.count ?? 0;
  const { conflict } = report;
  if (conflict === undefined) conflicts.delete(key);
  else conflicts.set(key, conflict);
  const [item] = items;
  if (conflict === undefined || conflict.count <= before || item === undefined) return;
  const note = `somebody else keeps changing ${key} back: ${String(conflict.count)} times since ${timestamp(conflict.since)}; it is repaired again at ${timestamp(conflict.repairAt)}. Have the other writer (Terraform, CloudFormation) leave alone what carries Sluice's mark`;
  record(operator, item, { type: 'Warning', reason: 'ConflictingOwner', action: 'Reapply', note });
}

function announceForeignChange(operator: Operator, { items, key }: Absorbed): void {
  const [item] = items;
  if (item === undefined) return;
  const note = `somebody else changed ${key} while Sluice wrote it; AWS has no compare-and-set for it, so one of the two changes may have been lost: check the document`;
  record(operator, item, { type: 'Warning', reason: 'ConcurrentForeignChange', action: 'Verify', note });
}

type Told = Pick<Parameters<Operator['events']['record']>[0], 'type' | 'reason' | 'action' | 'note'>;

function record({ events }: Operator, item: ShareItem, told: Told): void {
  events.record({ regarding: regardingOf(types.item, item), ...told });
}
