/**
 * Keeps equal small values once, as string-pool.ts does for strings: of ten thousand shares that are in place each has the same conditions, the same lines on its
 * documents and the same questions to them. For what is kept for long and never changed.
 */

/** Much more than the values that are in use at the same time. When it is full it starts anew, and those who have a value keep it. */
const capacity = 4096;

/** Replaces a value by an equal one that is known already. */
export interface ValuePool {
  /** `value` is JSON: a member that is undefined is no member. Nobody may change it any more, nor what comes back. */
  readonly keep: <T>(value: T) => T;
}

/** An empty pool. */
export function createValuePool(): ValuePool {
  const known = new Map<string, unknown>();
  return {
    keep: <T>(value: T): T => {
      if (value === undefined) return value;
      const text = JSON.stringify(value);
      const before = known.get(text);
      if (before !== undefined) return before as T;
      if (known.size >= capacity) known.clear();
      known.set(text, value);
      return value;
    },
  };
}
