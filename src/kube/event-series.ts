/**
 * Aggregation of Events: what happens again and again is one Event with a count. Pure: who writes the Events is events.ts.
 * The rules are those of client-go's tools/events: an Event that repeats within 6 min continues its series, and a series that goes on
 * is written at most every 30 min, so that a failing object costs two writes an hour and not one per failure.
 */

/** A series as it is in the cluster. */
export interface Series {
  /** Name of the Event object; undefined until it was written. */
  readonly eventName: string;
  readonly namespace: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly lastSeen: number;
  readonly lastWritten: number;
}

/** What to do about one occurrence. */
export type SeriesStep =
  | { readonly kind: 'create' }
  /** Write the count of the series to its Event. */
  | { readonly kind: 'update'; readonly series: Series }
  /** Remember only. */
  | { readonly kind: 'count'; readonly series: Series };

const FINISH_MS = 6 * 60_000;
const REFRESH_MS = 30 * 60_000;

/** What the occurrence at `now` means for its series (undefined: there is none). */
export function nextStep(series: Series | undefined, now: number): SeriesStep {
  if (series === undefined || now - series.lastSeen > FINISH_MS) return { kind: 'create' };
  const next = { ...series, count: series.count + 1, lastSeen: now };
  // The second occurrence makes it visible that this is a series.
  const due = next.count === 2 || now - series.lastWritten >= REFRESH_MS;
  return due ? { kind: 'update', series: { ...next, lastWritten: now } } : { kind: 'count', series: next };
}
