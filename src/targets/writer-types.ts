/**
 * What goes into one run of a target and what comes out. Types only; the run itself is writer.ts.
 */
import type { AwsFailure } from '../aws/errors.ts';
import type { PrincipalCheck } from '../aws/principals.ts';
import type { Clock } from '../clock.ts';
import type { Contribution, Finding, PrincipalGrant, PrincipalRef, TargetKind } from './target.ts';
import type { Conflict } from './writer-conflict.ts';

/** What all runs share. */
export interface WriterOptions {
  readonly clock: Clock;
  readonly installation: string;
  /** The error table (src/aws/errors.ts). */
  readonly classify: (error: unknown) => AwsFailure;
  /** Whether the lease is surely held; asked before every single write. */
  readonly mayWrite: () => boolean;
  /** Compares a principal's unique id with the one of its consent. Answers are shared for a second by who makes them (src/aws/principals.ts). */
  readonly checkPrincipal: (principal: PrincipalRef, signal: AbortSignal) => Promise<PrincipalCheck>;
}

/** One run of one target. A key must not be run twice at once: the work queue sees to that. */
export interface TargetRun<Coordinates, Grant extends PrincipalGrant, Observed, Step, Context> {
  readonly kind: TargetKind<Coordinates, Grant, Observed, Step, Context>;
  readonly coordinates: Coordinates;
  readonly contributions: readonly Contribution<Grant>[];
  readonly context: Context;
  readonly signal: AbortSignal;
  /**
   * False as soon as something else is asked than when the run began: it writes nothing any more and ends, so that a new one starts from what is
   * asked now. A run may wait a minute for AWS to show a write; consent may be withdrawn meanwhile. @default always true
   */
  readonly isCurrent?: () => boolean;
  /** Also look at the state of the resource itself (verify). @default false */
  readonly verify?: boolean;
}

/** How far an item has got in a target, as of the last read. `message` is for the item's own people, `ownerMessage` for the target's owner. */
export interface ItemResult {
  readonly state: 'Applied' | 'Pending' | 'Failed' | 'Removed';
  /** A condition reason; absent when Applied or Removed. */
  readonly reason?: string;
  /** AWS's error code, where there is one. */
  readonly code?: string;
  readonly message: string;
  readonly ownerMessage?: string;
  readonly findings: readonly Finding[];
}

/** One AWS write that was attempted. `result` is "Succeeded" or AWS's error code. */
export interface WriteRecord {
  readonly action: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly result: string;
  readonly requestId?: string;
}

/** The outcome of a run. */
export interface TargetReport<Observed> {
  readonly key: string;
  /** When the last observation that this report rests on was made (ms since the epoch); undefined: AWS could not be read. */
  readonly observedAt: number | undefined;
  /** The documents as read last, for who evaluates them. */
  readonly observed: Observed | undefined;
  readonly items: ReadonlyMap<string, ItemResult>;
  /**
   * By item: what the first observation of this run found, before anything was written. What a repair has already mended can be read here only.
   * Empty where AWS could not be read.
   */
  readonly found: ReadonlyMap<string, readonly Finding[]>;
  /** For the target's owner only. */
  readonly unowned: readonly Finding[];
  readonly writes: readonly WriteRecord[];
  /** When to run again to see whether somebody else wrote at the same time (ms since the epoch). */
  readonly readBackAt?: number;
  /** Somebody keeps undoing what we write. */
  readonly conflict?: Conflict;
  /** When to run again: to repair what somebody keeps undoing, to see whether that has held, or to see what AWS may not show yet (ms since the epoch). */
  readonly lookAt?: number;
  /** Somebody else changed the document between our read and a read-back of our write: one of the two may have been lost. */
  readonly concurrentForeignChange: boolean;
  /** The run ended early because something else is asked by now: run again at once. */
  readonly superseded: boolean;
  /** What AWS said where a call failed, in its own words: for the operator's people. */
  readonly failure?: AwsFailure;
}

/** Runs targets. What it remembers between runs is an aid, never the truth: after a restart it reads everything again. */
export interface Writer {
  run<Coordinates, Grant extends PrincipalGrant, Observed, Step, Context>(
    request: TargetRun<Coordinates, Grant, Observed, Step, Context>,
  ): Promise<TargetReport<Observed>>;
  /** Forgets a target that nobody contributes to any more. */
  forget(key: string): void;
}
