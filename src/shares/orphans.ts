/**
 * Orphans: AWS documents that carry this installation's mark and that no ShareItem's record names. Since when each has been seen, which of them may be removed,
 * and what the platform team reads. Pure: a sweep finds them (src/aws/orphans.ts), the target controller removes them.
 *
 * What is left over inside a document that some share uses is no orphan: whoever writes that document finds it.
 */
import { allowRemovalAnnotation, isRemovalHeld } from './guard.ts';
import type { ConditionValue } from './report.ts';

/** Kinds of documents that can be orphans. */
export const orphanKinds = ['SharePolicy', 'BucketPolicy', 'KeyPolicy', 'AccessPoint'] as const;
/** One of them. */
export type OrphanKind = (typeof orphanKinds)[number];

/** A document that nobody explains. */
export interface Orphan {
  readonly kind: OrphanKind;
  /** Key of the target, as in `ShareItem.spec.resolved[].targets`. */
  readonly target: string;
  /** Whom it gives something, as AWS shows them. */
  readonly principals: readonly string[];
  /** Equal for equal contents under our mark: what somebody changed meanwhile is a new orphan. */
  readonly content: string;
  /** Name, path and tags, or Sid, all say that it is ours. What isn't certain is reported and never touched. */
  readonly certain: boolean;
}

/** An orphan with its history. */
export interface SeenOrphan extends Orphan {
  /** When it was first seen like this (milliseconds). */
  readonly since: number;
  /** Why it could not be removed. */
  readonly message?: string;
}

/** What the guard counts in an Environment. */
export interface OrphanCount {
  /** Documents that carry our mark: explained ones and orphans. */
  readonly marked: number;
  readonly orphans: number;
  /** ShareItems with a record, in the whole cluster. */
  readonly shares: number;
}

/** The orphans with the time since when each is one; an orphan that changed starts anew. */
export function seenSince(found: readonly Orphan[], before: readonly SeenOrphan[], now: number): SeenOrphan[] {
  const known = new Map(before.map((orphan) => [orphan.target, orphan]));
  return found.map((orphan) => {
    const last = known.get(orphan.target);
    if (last?.content !== orphan.content) return { ...orphan, since: now };
    return { ...orphan, since: last.since, ...(last.message === undefined ? {} : { message: last.message }) };
  });
}

/** Orphans that were seen in two sweeps at least `ageMs` apart and are certainly ours. */
export function oldOrphans(orphans: readonly SeenOrphan[], now: number, ageMs: number): SeenOrphan[] {
  return orphans.filter(({ certain, since }) => certain && now - since >= ageMs);
}

/**
 * True where orphans are not removed though the Environment says so: when so many appear that objects were probably lost, and always in a cluster without any
 * share, which is what a lost etcd looks like. `allowedUntil` is the value of the annotation.
 */
export function areOrphansHeld(count: OrphanCount, allowedUntil: string | undefined, now: number): boolean {
  const { marked, orphans, shares } = count;
  const unexplained = shares === 0 && orphans > 0 ? Number.POSITIVE_INFINITY : orphans;
  return isRemovalHeld({ live: marked, unexplained }, allowedUntil, now);
}

/** What the condition is made from. `gaps` says what could not be looked at, one sentence each. */
export interface OrphanReport {
  readonly environment: string;
  readonly orphans: readonly SeenOrphan[];
  readonly gaps: readonly string[];
  readonly deletes: boolean;
  readonly held: boolean;
}

/** How many orphans and gaps a message names. */
const named = 3;

/** The Environment's condition Orphans. */
export function orphanCondition(report: OrphanReport): ConditionValue {
  const { orphans, gaps } = report;
  const blind = gaps.length === 0 ? '' : `not everything could be looked at: ${firstOf(gaps)}`;
  if (orphans.length > 0) {
    const message = [orphansMessage(orphans), advice(report), blind].filter((part) => part !== '').join('; ');
    return { type: 'Orphans', status: 'True', reason: 'OrphansFound', message };
  }
  if (blind !== '') return { type: 'Orphans', status: 'Unknown', reason: 'PermissionsMissing', message: blind };
  const message = "a share explains everything that was found under this installation's mark";
  return { type: 'Orphans', status: 'False', reason: 'NoOrphans', message };
}

/** `2 documents carry this installation's mark and no share explains them: …` */
export function orphansMessage(orphans: readonly Orphan[]): string {
  const count = orphans.length === 1 ? '1 document carries' : `${String(orphans.length)} documents carry`;
  const them = orphans.length === 1 ? 'it' : 'them';
  return `${count} this installation's mark and no share explains ${them}: ${firstOf(orphans.map(({ target }) => target))}`;
}

function advice({ environment, deletes, held, orphans }: OrphanReport): string {
  if (!deletes) return 'restore the objects that explain them, or remove them: by hand, or with spec.orphans: Delete';
  if (held)
    return `removal waits, since objects may have been lost: restore them, or, if it is meant: kubectl annotate environment ${environment} ${allowRemovalAnnotation}="$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"`;
  const failed = orphans.find(({ message }) => message !== undefined);
  if (failed !== undefined) return `${failed.target} could not be removed: ${failed.message ?? ''}`;
  return 'what is certainly ours is removed once two sweeps in a row have seen it';
}

function firstOf(texts: readonly string[]): string {
  const rest = texts.length - named;
  return `${texts.slice(0, named).join(', ')}${rest > 0 ? ` and ${String(rest)} more` : ''}`;
}
