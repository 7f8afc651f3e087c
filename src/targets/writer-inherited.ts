/**
 * What the operator before this one wrote in its last moments. AWS may show it a minute late, and this process does not know of it: a grant that is to be dropped and
 * is not there may be one that is only not shown yet. So for a minute after the start «nothing to take away» is no answer for what somebody else has recorded.
 * Own writes are writer-memory.ts's business. Pure but for the note that it keeps.
 */
import type { Contribution, PrincipalGrant } from './target.ts';
import { visibilityMs, type TargetMemory } from './writer-memory.ts';
import type { Block } from './writer-report.ts';
import type { TargetReport } from './writer-types.ts';

/** A run, as far as it matters here. */
export interface Ended {
  readonly contributions: readonly Contribution<PrincipalGrant>[];
  readonly found: TargetReport<unknown>['found'];
  readonly writes: TargetReport<unknown>['writes'];
}

/** Notes what the run found and took away: that is known to have been shown, and how it ended is this process's own knowledge. */
export function noteTaken(memory: TargetMemory, { contributions, found, writes }: Ended): void {
  if (!writes.some(({ result }) => result === 'Succeeded')) return;
  for (const { item, mode, inherited } of contributions)
    if (mode === 'drop' && inherited === true && found.get(item)?.some(({ kind }) => kind === 'excess') === true)
      memory.taken.add(item);
}

/** When what the operator before wrote is shown for sure (ms since the epoch), for a process that began to write at `startedAt`. */
export function inheritedShownAt(startedAt: number): number {
  return startedAt + visibilityMs;
}

/** What is to be dropped and can't be called removed yet, by item. */
export function inheritedDoubts(
  memory: TargetMemory,
  contributions: readonly Contribution<PrincipalGrant>[],
  place: { readonly shownAt: number; readonly now: number; readonly describe: string },
): Map<string, Block> {
  if (place.now >= place.shownAt) return new Map();
  const message = `There is nothing to take back in the ${place.describe}, but AWS may not show yet what was written before this operator started. It is looked at again at ${new Date(place.shownAt).toISOString()}.`;
  return new Map(
    contributions
      .filter(({ item, mode, inherited }) => mode === 'drop' && inherited === true && !memory.taken.has(item))
      .map(({ item }) => [item, { state: 'Pending', reason: 'Progressing', message }]),
  );
}
