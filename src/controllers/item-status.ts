/**
 * The status of a ShareItem from its decision and report: shapes, cuts and the history. Nothing is decided here.
 */
import type { ShareItem, ShareItemStatus } from '../api/index.ts';
import { regardingOf } from '../kube/events.ts';
import { shortPrincipal } from '../shares/arn.ts';
import type { Decision } from '../shares/decide.ts';
import type { ItemReport } from '../shares/report.ts';
import { types } from './cluster.ts';
import { connectionOf } from './connection.ts';
import { roleOf } from './gather.ts';
import { requestOf } from './item-input.ts';
import { historyLength } from './memory.ts';
import type { Operator } from './operator.ts';
import { untoldMs } from './patience.ts';
import { sameJson, stampConditions, timestamp, writeStatus } from './status.ts';
import { isWorthShowing, verifyIntervalOf } from './verify-interval.ts';

/**
 * Writes the item's status where it differs, with what was done in AWS since, and tells of a new phase. A step on the way waits a little, as the next
 * one may be the end: then this returns the milliseconds after which to publish again.
 */
export async function publish(
  operator: Operator,
  outcome: { readonly item: ShareItem; readonly decision: Decision; readonly report: ItemReport },
): Promise<number | undefined> {
  const { item, report } = outcome;
  const uid = item.metadata.uid ?? '';
  const fresh = operator.memory.history.get(uid) ?? [];
  const status = statusOf(operator, outcome, fresh);
  if (sameJson(item.status, status) || isOldNews(operator, item, status)) return void operator.memory.untold.delete(uid);
  const waitMs = untoldMs(operator, uid, { conditions: report.conditions, shown: item.status?.conditions });
  if (waitMs > 0) return waitMs;
  const written = await writeStatus(operator, types.item, item, status);
  // More may have been done in AWS while the status was on its way.
  const later = (operator.memory.history.get(uid) ?? []).filter((entry) => !fresh.includes(entry));
  if (later.length > 0) operator.memory.history.set(uid, later);
  else operator.memory.history.delete(uid);
  if (written && item.status?.phase !== report.phase) announce(operator, item, report);
  return undefined;
}

/** Only the time of verification differs, by little: after a restart all documents are read, which is no reason to write every status. */
function isOldNews(operator: Operator, item: ShareItem, status: ShareItemStatus): boolean {
  const [shown, now] = [item.status?.lastVerificationTime, status.lastVerificationTime];
  if (shown === undefined || now === undefined) return false;
  if (isWorthShowing(Date.parse(now) - Date.parse(shown), verifyIntervalOf(operator, [item]))) return false;
  return sameJson(item.status, { ...status, lastVerificationTime: shown });
}

function statusOf(
  operator: Operator,
  outcome: { readonly item: ShareItem; readonly decision: Decision; readonly report: ItemReport },
  fresh: readonly NonNullable<ShareItemStatus['history']>[number][],
): ShareItemStatus {
  const { item, decision, report } = outcome;
  const known = operator.memory.items.get(item.metadata.uid ?? '');
  const generation = item.metadata.generation ?? 0;
  const live = decision.resolved.findLast((entry) => entry.state !== 'Revoking');
  const history = [...fresh, ...(item.status?.history ?? [])].slice(0, historyLength);
  const request = requestOf(operator, item);
  const declared = request === undefined ? undefined : roleOf(operator, request)?.spec.principalArn;
  const principalArn = decision.resolved.at(-1)?.principal.arn ?? declared ?? item.status?.display?.principalArn;
  return {
    observedGeneration: generation,
    phase: report.phase,
    ...(report.healthStatus === undefined ? {} : { healthStatus: report.healthStatus }),
    ...(report.healthMessage === '' ? {} : { healthMessage: report.healthMessage.slice(0, 4096) }),
    ...(report.verifiedAt === undefined ? {} : { lastVerificationTime: timestamp(report.verifiedAt) }),
    ...(decision.consent?.expireTime === undefined || live === undefined ? {} : { expireTime: decision.consent.expireTime }),
    conditions: stampConditions(report.conditions, item.status?.conditions, { generation, now: operator.clock.now() }),
    ...(report.grants.length === 0 ? {} : { grants: dedupeTargets(report.grants) }),
    ...(live === undefined ? {} : { connection: connectionOf(operator, live, item.status?.connection) }),
    ...(history.length === 0 ? {} : { history }),
    ...(known === undefined || known.handledVerify === '' ? {} : { lastHandledVerifyAt: known.handledVerify }),
    ...(known === undefined || known.handledReapply === '' ? {} : { lastHandledReapplyAt: known.handledReapply }),
    display: {
      dataset: `${item.spec.datasetRef.namespace}/${item.spec.datasetRef.name}`,
      ...(principalArn === undefined ? {} : { principal: shortPrincipal(principalArn) }),
      ...(principalArn === undefined ? {} : { principalArn }),
    },
  };
}

/** An item may have two entries on one document while it moves; the list is keyed by document and shows the one that is furthest behind. */
function dedupeTargets(grants: ItemReport['grants']): NonNullable<ShareItemStatus['grants']> {
  const rank = { Failed: 0, Pending: 1, Applied: 2 };
  const byTarget = new Map<string, ItemReport['grants'][number]>();
  for (const grant of grants) {
    const other = byTarget.get(grant.target);
    if (other === undefined || rank[grant.state] < rank[other.state]) byTarget.set(grant.target, grant);
  }
  return [...byTarget.values()].map(({ target, state, message }) => ({
    target,
    state,
    ...(message === '' ? {} : { message: message.slice(0, 1024) }),
  }));
}

function announce(operator: Operator, item: ShareItem, report: ItemReport): void {
  const ready = report.conditions.find((condition) => condition.type === 'Ready');
  const bad = report.phase === 'ShareFailed' || report.phase === 'RevokeFailed' || report.phase === 'ShareRejected';
  const note = ready?.message ?? report.phase;
  operator.events.record({
    regarding: regardingOf(types.item, item),
    type: bad ? 'Warning' : 'Normal',
    reason: report.phase,
    action: 'Reconcile',
    note,
  });
}
