/**
 * When a target may be run: what changes together is written together. After a write the document is left alone for a moment; while many items wait to be decided,
 * it waits for them a little. A single share never waits. Holds times only; the queue holds the keys.
 */
import type { Clock } from '../clock.ts';

/** After a write the document is left alone for this long (ms). */
const afterWriteMs = 500;
/** Whatever came of it, a run takes time for each contribution: so much longer a crowded document rests, that runs take a fraction of the time (ms). */
const perContributionMs = 2;
const longestRestMs = 2000;
/** With more items than this undecided, others that write into the same document are probably among them. */
const backlogLength = 20;
/** How long a document waits for a backlog at most (ms): one that something has to be taken out of, and one that is only added to. */
const longestWaitMs = { removing: 4000, adding: 20_000 } as const;
/** How often it looks at the least (ms): about when the backlog may be gone. */
const lookAgainMs = 200;

/** Paces the runs of targets. */
export interface Coalescer {
  /** Milliseconds that the target should wait still; 0: it may run now. `removes`: something has to be taken out of it, which must not wait long. */
  wait(key: string, removes: boolean): number;
  /** The target was run, with so many contributions to it. */
  ran(key: string, wrote: boolean, contributions?: number): void;
  forget(key: string): void;
}

/** Makes a coalescer. `backlog`: how many items wait to be decided. */
export function createCoalescer(clock: Pick<Clock, 'now'>, backlog: () => number): Coalescer {
  const dueSince = new Map<string, number>();
  const restUntil = new Map<string, number>();
  return {
    wait: (key, removes) => {
      const now = clock.now();
      const since = dueSince.get(key) ?? now;
      dueSince.set(key, since);
      const pause = (restUntil.get(key) ?? now) - now;
      if (pause > 0) return pause;
      const length = backlog();
      const left = since + longestWaitMs[removes ? 'removing' : 'adding'] - now;
      return length > backlogLength && left > 0 ? Math.min(left, Math.max(lookAgainMs, length)) : 0;
    },
    ran: (key, wrote, contributions = 0) => {
      dueSince.delete(key);
      const rest = Math.min(contributions * perContributionMs, longestRestMs);
      restUntil.set(key, clock.now() + Math.max(rest, wrote ? afterWriteMs : 0));
    },
    forget: (key) => {
      dueSince.delete(key);
      restUntil.delete(key);
    },
  };
}
