/** A value with the one before it, for readers that AWS's eventual consistency lets see an old document. Plain data, like all state. */

/** A value that changes by puts. */
export interface Changing<T> {
  current: T;
  previous: T;
  changedAt: number;
}

/** A value that nobody has changed yet. */
export const steady = <T>(value: T): Changing<T> => ({ current: value, previous: value, changedAt: Number.NEGATIVE_INFINITY });

/** Puts a new value; what readers saw until now stays visible to stale readers. */
export function change<T>(value: Changing<T>, next: T, now: number): void {
  value.previous = value.current;
  value.current = next;
  value.changedAt = now;
}

/** What a reader sees at `now`, with a window of `staleMs` after each change. */
export const seen = <T>(value: Changing<T>, now: number, staleMs: number): T =>
  now - value.changedAt < staleMs ? value.previous : value.current;
