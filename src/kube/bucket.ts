/**
 * A map that can be read as an array sorted by key. Sorting is put off until somebody reads, and done again only when keys came or
 * went: a relist of 10,000 objects sorts once. It is the store's building block and of no use elsewhere.
 */

/** Values by key, sorted on demand. */
export interface Bucket<V> {
  readonly size: number;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Values sorted by key (UTF-16 order). The same array until the next change; it never changes itself. */
  values(): readonly V[];
}

/** An empty bucket. */
export function createBucket<V>(): Bucket<V> {
  const items = new Map<string, V>();
  let sortedKeys: readonly string[] | undefined;
  let values: readonly V[] | undefined;

  // Keys that left since the last sort are kept aside: an update is a delete and a set of the same key, and costs no sort.
  let left: string | undefined;
  const settle = (): void => {
    if (left !== undefined) sortedKeys = undefined;
    left = undefined;
  };

  return {
    get size() {
      return items.size;
    },
    set: (key, value) => {
      if (key === left) left = undefined;
      else if (!items.has(key)) sortedKeys = undefined;
      items.set(key, value);
      values = undefined;
    },
    delete: (key) => {
      if (!items.delete(key)) return;
      settle();
      left = key;
      values = undefined;
    },
    values: () => {
      settle();
      sortedKeys ??= [...items.keys()].sort();
      values ??= sortedKeys.map((key) => items.get(key) as V);
      return values;
    },
  };
}
