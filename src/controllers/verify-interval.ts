/** How often what is shared is read back from AWS. */
import { durationMs, type ShareItem } from '../api/index.ts';
import { datasetOf } from './gather.ts';
import type { Operator } from './operator.ts';

/** The shortest interval that the items' Datasets ask for, in milliseconds; without items the operator's own. */
export function verifyIntervalOf(operator: Operator, items: readonly ShareItem[]): number {
  const intervals = items.map((item) => {
    const own = datasetOf(operator, item.spec.datasetRef)?.spec.sharing.verifyInterval;
    return own === undefined ? operator.verifyIntervalMs : durationMs(own);
  });
  return intervals.length === 0 ? operator.verifyIntervalMs : Math.min(...intervals);
}

/** A time of verification that is this much later than the one that is shown is worth a write; a little early is on time. */
export function isWorthShowing(laterMs: number, intervalMs: number): boolean {
  return laterMs >= intervalMs * 0.9;
}
