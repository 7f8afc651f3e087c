/**
 * A set of keys that can be read as an array of their values, sorted by key. Sorting is put off until somebody reads, and done again only when keys came or
 * went: a relist of 10,000 objects sorts once. It is the store's building block and of no use elsewhere. Plain data with functions beside it: a store has
 * thousands of them, most with a single key, and functions of its own would make each of them five times as large.
 */

/** Keys of values that live elsewhere. Only the functions of this file change it. */
export interface Bucket<V> {
  readonly keys: Set<string>;
  /** Undefined where keys came or went since. */
  sorted: readonly string[] | undefined;
  /** Undefined where a value has changed since. */
  values: readonly V[] | undefined;
  /** A key that left since the last sort is kept aside: an update is a delete and a set of the same key, and costs no sort. */
  left: string | undefined;
}

/** An empty bucket. */
export function emptyBucket<V>(): Bucket<V> {
  return { keys: new Set(), sorted: undefined, values: undefined, left: undefined };
}

/** The key came, or its value has changed. */
export function setIn<V>(bucket: Bucket<V>, key: string): void {
  if (key === bucket.left) bucket.left = undefined;
  else if (!bucket.keys.has(key)) bucket.sorted = undefined;
  bucket.keys.add(key);
  bucket.values = undefined;
}

/** The key goes. */
export function dropFrom<V>(bucket: Bucket<V>, key: string): void {
  if (!bucket.keys.delete(key)) return;
  settle(bucket);
  bucket.left = key;
  bucket.values = undefined;
}

/** Values sorted by key (UTF-16 order). The same array until the next change; it never changes itself. */
export function valuesOf<V>(bucket: Bucket<V>, valueOf: (key: string) => V): readonly V[] {
  settle(bucket);
  bucket.sorted ??= [...bucket.keys].sort();
  bucket.values ??= bucket.sorted.map(valueOf);
  return bucket.values;
}

function settle<V>(bucket: Bucket<V>): void {
  if (bucket.left !== undefined) bucket.sorted = undefined;
  bucket.left = undefined;
}
