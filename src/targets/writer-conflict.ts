/**
 * Somebody else (Terraform, CloudFormation) who keeps rewriting a document that we keep repairing: a war that neither wins, at the price of calls, of history and
 * of an audit log full of both. Repairs that were undone are counted; from the third within an hour on the next one waits, minutes first, an hour at last.
 * What is held back is repairing only: what is to be taken away is always written, and what was never in place, or is asked for anew, is written once at once.
 * In memory only: an operator that starts has no quarrel with anybody, and learns of one in a few minutes.
 */
import { createHash } from 'node:crypto';
import type { Assessment, Contribution, Finding, PrincipalGrant } from './target.ts';

/** So many repairs undone within the window make a conflict. */
const undoneBeforeConflict = 3;
const windowMs = 3_600_000;
const firstDelayMs = 5 * 60_000;
const longestDelayMs = 3_600_000;

/** What was seen of a conflict over one document. Times in milliseconds since the epoch. */
export interface Conflict {
  /** How often a write of ours was found undone, and between when and when. */
  readonly count: number;
  readonly since: number;
  readonly lastAt: number;
  /** Nothing is repaired before this. */
  readonly repairAt: number;
  /** The wait before the last repair: one that is still there after as long again has held, and ends the conflict. */
  readonly delayMs: number;
  /** What each item lacked, or had too much, when it was undone last. */
  readonly items: ReadonlyMap<string, string>;
}

/** What is remembered of one document. */
export interface ConflictMemory {
  /** Contributions that a read-back after our last write showed in place, with what was asked of them then. */
  readonly inPlace: ReadonlyMap<string, string>;
  /** Since when what we wrote stands, until it is found undone. */
  readonly standingSince?: number | undefined;
  /** When writes of ours were found undone, within the window. */
  readonly undone: readonly number[];
  readonly open?: Conflict | undefined;
}

/** No write, no quarrel. */
export const noConflict: ConflictMemory = { inPlace: new Map(), undone: [] };

/** What one observation of a document says, and when it was made. */
export interface Look {
  readonly key: string;
  readonly contributions: readonly Contribution<PrincipalGrant>[];
  readonly assessment: Assessment;
  readonly now: number;
}

/** Before anything is written: has our last write been undone, or has it held? */
export function afterLook(memory: ConflictMemory, look: Look): ConflictMemory {
  const { standingSince, open } = memory;
  const lost = undoneItems(memory, look);
  // Whoever mended it during our pause: what stands now is what has to hold.
  if (standingSince === undefined)
    return open !== undefined && lost === undefined ? { ...memory, standingSince: look.now } : memory;
  if (lost !== undefined) return afterUndoing(memory, look, lost);
  const heldMs = look.now - standingSince;
  if (open !== undefined && heldMs >= open.delayMs) return { ...memory, undone: [], open: undefined };
  return memory;
}

/** After a read-back that shows our writes: from now on they can be undone. */
export function afterWrite(memory: ConflictMemory, { contributions, assessment, now }: Look): ConflictMemory {
  const complete = contributions.filter(({ item, mode }) => mode === 'want' && driftOf(assessment, item).length === 0);
  return {
    ...memory,
    standingSince: memory.standingSince ?? now,
    inPlace: new Map(complete.map((one) => [one.item, questionOf(one)])),
  };
}

/** Whether it was in place by our hand, as it is asked for now: repairing it has to wait during a pause. */
export function wasInPlace({ inPlace }: ConflictMemory, one: Contribution<PrincipalGrant>): boolean {
  return one.mode === 'want' && inPlace.get(one.item) === questionOf(one);
}

/** Whether repairs of the document have to wait. */
export function isPaused({ open }: ConflictMemory, now: number): boolean {
  return open !== undefined && now < open.repairAt;
}

/** When to look again on the conflict's account: to repair, or to see whether the repair has held. What is due already waits as everything that fails does. */
export function conflictDueAt({ open, standingSince }: ConflictMemory, now: number): number | undefined {
  if (open === undefined) return undefined;
  const dueAt = standingSince === undefined ? open.repairAt : standingSince + open.delayMs;
  return dueAt > now ? dueAt : undefined;
}

/** What the people of an item that was undone are told until a repair has held; undefined: it has no part in a conflict. */
export function conflictMessage({ open, standingSince }: ConflictMemory, item: string, describe: string): string | undefined {
  const seen = open?.items.get(item);
  if (open === undefined || seen === undefined) return undefined;
  const next =
    standingSince === undefined
      ? `It is repaired again at ${time(open.repairAt)}.`
      : `It is in place since ${time(standingSince)}, and counts as mended if it still is at ${time(standingSince + open.delayMs)}.`;
  return `Something else keeps changing the ${describe}: what Sluice wrote there was undone ${String(open.count)} times since ${time(open.since)}, last seen at ${time(open.lastAt)} (${seen}). ${next} Have the other writer leave alone what carries Sluice's mark.`;
}

function afterUndoing(memory: ConflictMemory, { key, now }: Look, lost: ReadonlyMap<string, string>): ConflictMemory {
  const undone = [...memory.undone.filter((at) => now - at < windowMs), now];
  const before = memory.open;
  if (before === undefined && undone.length < undoneBeforeConflict) return { ...memory, standingSince: undefined, undone };
  const delayMs = before === undefined ? firstDelayMs : Math.min(before.delayMs * 2, longestDelayMs);
  const count = before === undefined ? undone.length : before.count + 1;
  const open = {
    count,
    since: before?.since ?? undone[0] ?? now,
    lastAt: now,
    repairAt: now + spread(delayMs, `${key} ${String(count)}`),
    delayMs,
    items: new Map([...(before?.items ?? []), ...lost]),
  };
  return { ...memory, standingSince: undefined, undone, open };
}

/**
 * What has been undone, by item; undefined: nothing. Too much counts only while the same is asked as when we wrote: else it may be what somebody narrowed, and
 * belongs to nobody's quarrel.
 */
function undoneItems(memory: ConflictMemory, { contributions, assessment }: Look): Map<string, string> | undefined {
  const ours = contributions.filter((one) => wasInPlace(memory, one));
  const unchanged = ours.length === contributions.filter(({ mode }) => mode !== 'hold').length;
  const counts = ({ kind }: Finding): boolean => kind === 'missing' || (kind === 'excess' && unchanged);
  const lost = ours.flatMap(({ item }): [string, string][] => {
    const findings = driftOf(assessment, item);
    return findings.some(counts) ? [[item, findings.map(({ message }) => message).join(' | ')]] : [];
  });
  return lost.length > 0 || (unchanged && ours.length > 0 && assessment.unowned.length > 0) ? new Map(lost) : undefined;
}

function driftOf(assessment: Assessment, item: string): Finding[] {
  return (assessment.items.get(item) ?? []).filter(({ kind }) => kind !== 'waiting');
}

function questionOf({ question }: Contribution<PrincipalGrant>): string {
  return question ?? '';
}

/** The delay ±10 %, other for each document and turn, so that documents which one tool rewrites together aren't repaired together. */
function spread(delayMs: number, seed: string): number {
  const fraction = createHash('sha256').update(seed).digest().readUInt16BE(0) / 65_536;
  return Math.round(delayMs * (0.9 + fraction * 0.2));
}

function time(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
