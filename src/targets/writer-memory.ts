/**
 * What the writer remembers of a target between two runs: its own last write, to tell a stale read from a changed document, and what others had in it
 * at that time. Lost at a restart, which costs calls and nothing else.
 */
import { nameHash } from '../policy/name-hash.ts';
import { noConflict, type ConflictMemory } from './writer-conflict.ts';

/** How long AWS may take to show a write everywhere. S3 and IAM give no figure; a minute is generous. */
export const visibilityMs = 60_000;
/**
 * How long an old content is doubted once a read-back has shown our own. Copies that lag behind may still be read (docs/AmazonS3/latest/userguide/Welcome.md,
 * "Amazon S3 data consistency model": bucket configurations are eventually consistent), but of a dozen reads over ten seconds one would show ours again.
 */
const shownDoubtMs = 10_000;

/** What a target held, by its fingerprint's hash, and when that came or went (ms). */
interface Content {
  readonly fingerprint: string;
  readonly at: number;
}

/** What is remembered of one target. */
export interface TargetMemory {
  /** Contents that our writes replaced, newest last. Seeing one of them again soon after means an old copy was read. */
  superseded: readonly Content[];
  /** What our last write put there. */
  written?: Content;
  /** A read-back has shown our last write. */
  shown: boolean;
  /** The foreign part as the read-back showed it, until a second look about a minute later. */
  foreign?: { readonly hash: string; readonly writtenAt: number } | undefined;
  /** Whether somebody keeps undoing what we write. */
  conflict: ConflictMemory;
  /** Items of an earlier operator whose grants this process found and took away (writer-inherited.ts). */
  readonly taken: Set<string>;
  /** The last observation, of targets whose parts never change once written. */
  known?: unknown;
}

/** Nothing remembered. */
export function emptyMemory(): TargetMemory {
  return { superseded: [], shown: false, conflict: noConflict, taken: new Set() };
}

/**
 * Remembers that `before` was replaced by `after` just now. What we wrote a moment ago is replaced too, though AWS showed what somebody else wrote meanwhile: a copy of it may
 * still come.
 */
export function rememberWrite(
  memory: TargetMemory,
  change: { readonly before: string; readonly after: string },
  now: number,
): void {
  const written: Content = { fingerprint: hash(change.after), at: now };
  const own = memory.written === undefined || now - memory.written.at >= visibilityMs ? [] : [memory.written.fingerprint];
  const replaced = [...own, hash(change.before)].map((fingerprint) => ({ fingerprint, at: now }));
  const recent = memory.superseded.filter(({ at }) => now - at < visibilityMs);
  memory.shown = false;
  memory.superseded = [...recent, ...replaced].filter(({ fingerprint }) => fingerprint !== written.fingerprint);
  memory.written = written;
}

/** Remembers that this content is in force: whatever else we wrote before, this is no old copy. */
export function rememberSeen(memory: TargetMemory, fingerprint: string): void {
  memory.shown = true;
  memory.superseded = memory.superseded.filter((old) => old.fingerprint !== hash(fingerprint));
}

/** True when the content is one that we replaced less than a minute ago. */
export function isStale(memory: TargetMemory, fingerprint: string, now: number): boolean {
  return memory.superseded.some((old) => old.fingerprint === hash(fingerprint) && now - old.at < visibilityMs);
}

/** How long a content that looks like an old copy is waited for to give way. */
export function doubtMs({ shown }: TargetMemory): number {
  return shown ? shownDoubtMs : visibilityMs;
}

/** Remembers what others have in the document, to be compared once more a minute after the write. */
export function rememberForeign(memory: TargetMemory, foreign: string, now: number): void {
  memory.foreign = { hash: hash(foreign), writtenAt: now };
}

/** Whether others changed their part since our write; after the second look nothing is compared any more. */
export function foreignChanged(memory: TargetMemory, foreign: string, now: number): boolean {
  const before = memory.foreign;
  if (before === undefined) return false;
  const late = now - before.writtenAt >= visibilityMs;
  memory.foreign = late ? undefined : { ...before, hash: hash(foreign) };
  return before.hash !== hash(foreign);
}

/** When the second look is due; one that is overdue, since AWS could not be read, waits as everything that fails does. */
export function secondLookAt({ foreign }: TargetMemory, now: number): number | undefined {
  const dueAt = foreign === undefined ? now : foreign.writtenAt + visibilityMs;
  return dueAt > now ? dueAt : undefined;
}

function hash(text: string): string {
  return nameHash(26, text);
}
