/**
 * The cache of one kind: objects by key, with named indexes. Only the informer writes it; everybody else reads. Objects are handed out
 * as they are, without copying, so that they are deep-readonly by type. Lists are sorted by key: equal contents give equal answers.
 */
import { createBucket } from './bucket.ts';
import type { Bucket } from './bucket.ts';
import { keyOf } from './object.ts';
import type { DeepReadonly, KubeObject } from './object.ts';

/** The index keys under which an object is found; none: it isn't in this index. Must be pure: same object, same keys. */
export type IndexFunction<T extends KubeObject> = (object: DeepReadonly<T>) => readonly string[];

/** Index functions by the name of their index. */
export type IndexFunctions<T extends KubeObject> = Readonly<Record<string, IndexFunction<T>>>;

/** What readers see. */
export interface Store<T extends KubeObject> {
  readonly size: number;
  get(key: string): DeepReadonly<T> | undefined;
  /** All objects, sorted by key. The array is shared and never changes. */
  list(): readonly DeepReadonly<T>[];
  /** The objects under an index key, sorted by key. @throws RangeError if no index has this name. */
  index(name: string, indexKey: string): readonly DeepReadonly<T>[];
  /** The resourceVersion at which `key` is cached; undefined if it isn't. */
  resourceVersion(key: string): string | undefined;
}

/** One difference that a write made. An object that was made anew under its old name (other uid) is deleted, then added. */
export type StoreChange<T extends KubeObject> =
  | { readonly type: 'added'; readonly object: DeepReadonly<T> }
  | { readonly type: 'updated'; readonly object: DeepReadonly<T>; readonly old: DeepReadonly<T> }
  | { readonly type: 'deleted'; readonly object: DeepReadonly<T> };

/** The informer's side. Each call is atomic for readers and returns the differences in order. */
export interface WritableStore<T extends KubeObject> extends Store<T> {
  put(object: DeepReadonly<T>): readonly StoreChange<T>[];
  remove(key: string): readonly StoreChange<T>[];
  /** Makes `objects` the whole contents. Deletions come first, so that handlers don't see old and new names side by side. */
  replace(objects: readonly DeepReadonly<T>[]): readonly StoreChange<T>[];
}

interface Entry<T extends KubeObject> {
  readonly object: DeepReadonly<T>;
  /** Kept, so that removal finds the buckets even if an index function misbehaves. */
  readonly places: readonly (readonly [index: string, indexKey: string])[];
}

/** Options of {@link createStore}. */
export interface StoreOptions<T extends KubeObject> {
  readonly indexes?: IndexFunctions<T>;
  /** Called when an index function throws; the object is then missing from that index only. */
  readonly onIndexError?: (index: string, key: string, error: unknown) => void;
}

type Buckets<T> = ReadonlyMap<string, Map<string, Bucket<T>>>;

interface State<T extends KubeObject> {
  readonly options: StoreOptions<T>;
  readonly entries: Map<string, Entry<T>>;
  readonly all: Bucket<DeepReadonly<T>>;
  readonly buckets: Buckets<DeepReadonly<T>>;
}

/** An empty store. */
export function createStore<T extends KubeObject>(options: StoreOptions<T> = {}): WritableStore<T> {
  const state: State<T> = {
    options,
    entries: new Map(),
    all: createBucket(),
    buckets: new Map(Object.keys(options.indexes ?? {}).map((name) => [name, new Map()])),
  };
  const { entries } = state;
  return {
    get size() {
      return entries.size;
    },
    get: (key) => entries.get(key)?.object,
    list: () => state.all.values(),
    index: (name, indexKey) => readIndex(state.buckets, name, indexKey),
    resourceVersion: (key) => entries.get(key)?.object.metadata.resourceVersion,
    put: (object) => put(state, object),
    remove: (key) => remove(state, key),
    replace: (objects) => {
      const next = new Set(objects.map((object) => keyOf(object)));
      const gone = [...entries.keys()].filter((key) => !next.has(key));
      return [...gone.flatMap((key) => remove(state, key)), ...objects.flatMap((object) => put(state, object))];
    },
  };
}

function put<T extends KubeObject>(state: State<T>, object: DeepReadonly<T>): readonly StoreChange<T>[] {
  const key = keyOf(object);
  const old = state.entries.get(key)?.object;
  if (old !== undefined && isSameVersion(old, object)) return [];
  take(state, key);
  insert(state, key, object);
  if (old === undefined) return [{ type: 'added', object }];
  if (old.metadata.uid === object.metadata.uid) return [{ type: 'updated', object, old }];
  return [
    { type: 'deleted', object: old },
    { type: 'added', object },
  ];
}

function remove<T extends KubeObject>(state: State<T>, key: string): readonly StoreChange<T>[] {
  const entry = take(state, key);
  return entry === undefined ? [] : [{ type: 'deleted', object: entry.object }];
}

function insert<T extends KubeObject>(state: State<T>, key: string, object: DeepReadonly<T>): void {
  const places = placesOf(state.options, key, object);
  state.entries.set(key, { object, places });
  state.all.set(key, object);
  for (const [index, indexKey] of places) bucketOf(state.buckets, index, indexKey).set(key, object);
}

function take<T extends KubeObject>(state: State<T>, key: string): Entry<T> | undefined {
  const entry = state.entries.get(key);
  if (entry === undefined) return undefined;
  state.entries.delete(key);
  state.all.delete(key);
  for (const place of entry.places) dropFromBucket(state.buckets, place, key);
  return entry;
}

function readIndex<T>(buckets: Buckets<T>, name: string, indexKey: string): readonly T[] {
  const index = buckets.get(name);
  if (index === undefined)
    throw new RangeError(`there is no index "${name}"; known are: ${[...buckets.keys()].join(', ') || 'none'}`);
  return index.get(indexKey)?.values() ?? [];
}

/** An equal resourceVersion means an equal object; objects without one are always taken for changed. */
function isSameVersion(old: { readonly metadata: { uid?: string; resourceVersion?: string } }, next: typeof old): boolean {
  const version = next.metadata.resourceVersion;
  return version !== undefined && version === old.metadata.resourceVersion && next.metadata.uid === old.metadata.uid;
}

function placesOf<T extends KubeObject>(options: StoreOptions<T>, key: string, object: DeepReadonly<T>): Entry<T>['places'] {
  return Object.entries(options.indexes ?? {}).flatMap(([index, keysOf]) => {
    try {
      return [...new Set(keysOf(object))].map((indexKey) => [index, indexKey] as const);
    } catch (error) {
      options.onIndexError?.(index, key, error);
      return [];
    }
  });
}

function bucketOf<T>(buckets: Buckets<T>, index: string, indexKey: string): Bucket<T> {
  const ofIndex = buckets.get(index);
  const found = ofIndex?.get(indexKey);
  if (found !== undefined) return found;
  const bucket = createBucket<T>();
  ofIndex?.set(indexKey, bucket);
  return bucket;
}

function dropFromBucket<T>(buckets: Buckets<T>, [index, indexKey]: readonly [string, string], key: string): void {
  const ofIndex = buckets.get(index);
  const bucket = ofIndex?.get(indexKey);
  bucket?.delete(key);
  if (bucket?.size === 0) ofIndex?.delete(indexKey);
}
