/**
 * How long grants take: from the moment at which consent was decided on, before its record was written, to the read-back that showed all of it. Measured in
 * memory: a grant that a restart interrupted is not measured, rather than measured from a time that means something else.
 */
import type { ResolvedShare, ShareItem } from '../api/index.ts';
import { contributionId } from './ledger.ts';
import type { Operator } from './operator.ts';

/** What is about to be, or has just been, recorded of an item's entries. */
export interface Recorded {
  readonly resolved: readonly ResolvedShare[];
  /** When it was decided (milliseconds since the epoch). */
  readonly decidedAt: number;
}

/**
 * Notes which entries begin to be granted, and observes those that have become Live. Only for entries that begin now: an extension grants nothing, and what is
 * widened or moved is measured from its own beginning, not from the first consent.
 */
export function noteGrants(
  { memory, metrics }: Pick<Operator, 'memory' | 'metrics'>,
  item: ShareItem,
  { resolved, decidedAt }: Recorded,
): void {
  const { grantingSince } = memory;
  for (const entry of resolved) {
    const id = contributionId(item, entry);
    if (entry.state === 'Granting') {
      const before = item.spec.resolved.find((each) => each.id === entry.id);
      if (before?.state !== 'Granting' || isWider(entry, before)) grantingSince.set(id, decidedAt);
      continue;
    }
    const since = grantingSince.get(id);
    if (entry.state === 'Live' && since !== undefined) metrics.granted((decidedAt - since) / 1000);
    grantingSince.delete(id);
  }
  for (const { id } of item.spec.resolved)
    if (!resolved.some((entry) => entry.id === id)) grantingSince.delete(contributionId(item, { id }));
}

function isWider(entry: ResolvedShare, before: ResolvedShare): boolean {
  return entry.permissions.some((permission) => !before.permissions.includes(permission));
}
