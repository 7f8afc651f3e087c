/**
 * How long news that changes nothing for anybody may wait: a step on the way, a sum of which the next part is about to change. Alone such news is told almost at
 * once; in a crowd the API server has better things to do, and each object is soon written again anyway. What has an end is never held back.
 */
import type { ConditionValue } from '../shares/report.ts';
import type { Operator } from './operator.ts';

/** A share that is alone is granted in about this time (ms), and needs to tell of no step in between. */
const stepMs = 1000;
/** About what the API server takes for one item (ms): as long as it takes to get through the crowd. */
const perItemMs = 10;
const countMs = 500;
const longestMs = 120_000;
const longestSumMs = 5000;

/** Milliseconds that a sum over several items may wait for the next of them; 0 where nothing else is going on. */
export function sumPatience(operator: Pick<Operator, 'queues'>): number {
  return Math.min(crowdMs(operator), longestSumMs);
}

/** Milliseconds that the counts of a Dataset may wait: all of its items are gone through for them. */
export function countPatience(operator: Pick<Operator, 'queues'>): number {
  return Math.max(countMs, sumPatience(operator));
}

/** How long a report may go untold still (ms); 0: now. Told now, it is no longer counted as untold. */
export function untoldMs(
  operator: Pick<Operator, 'queues' | 'clock' | 'memory'>,
  uid: string,
  news: { readonly conditions: readonly ConditionValue[]; readonly shown: readonly Shown[] | undefined },
): number {
  const { clock, memory } = operator;
  const since = isStep(news.conditions, news.shown) ? (memory.untold.get(uid) ?? clock.now()) : undefined;
  const wait = since === undefined ? 0 : since + stepPatience(operator) - clock.now();
  if (since === undefined || wait <= 0) memory.untold.delete(uid);
  else memory.untold.set(uid, since);
  return Math.max(0, wait);
}

interface Shown {
  readonly type: string;
  readonly status: string;
}

/** A step on the way, which takes nothing back that is said now; and the very first news, that consent is awaited: often it is there already. */
function isStep(conditions: readonly ConditionValue[], shown: readonly Shown[] | undefined): boolean {
  const moves = conditions.some(({ type, reason }) => type === 'Reconciling' && steps.has(reason));
  const waits = shown === undefined && conditions.some(({ type, reason }) => type === 'Ready' && reason === 'PendingApproval');
  return waits || (moves && !(shown ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'));
}

const steps = new Set(['Progressing', 'Revoking']);

function stepPatience(operator: Pick<Operator, 'queues'>): number {
  return Math.min(stepMs + crowdMs(operator), longestMs);
}

function crowdMs({ queues }: Pick<Operator, 'queues'>): number {
  return queues.item.length * perItemMs;
}
