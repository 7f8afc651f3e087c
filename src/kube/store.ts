/**
 * The cache of one kind: objects by key, with named indexes. Only the informer writes it; everybody else reads. Objects are handed out
 * as they are, without copying, so that they are deep-readonly by type. Lists are sorted by key: equal contents give equal answers.
 */
import { dropFrom, emptyBucket, setIn, valuesOf } from './bucket.ts';
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
  /** One string for all places that hold it. */
  readonly key: string;
  readonly object: DeepReadonly<T>;
  /** Kept, so that removal finds the buckets even if an index function misbehaves. */
  readonly places: readonly Place<T>[];
}

/** The objects under one index key. */
interface Place<T extends KubeObject> extends Bucket<DeepReadonly<T>> {
  readonly index: Index<T>;
  readonly indexKey: string;
}

type Index<T extends KubeObject> = Map<string, Place<T>>;

/** Options of {@link createStore}. */
export interface StoreOptions<T extends KubeObject> {
  readonly indexes?: IndexFunctions<T>;
  /** Called when an index function throws; the object is then missing from that index only. */
  readonly onIndexError?: (index: string, key: string, error: unknown) => void;
}

interface State<T extends KubeObject> {
  readonly options: StoreOptions<T>;
  readonly entries: Map<string, Entry<T>>;
  readonly all: Bucket<DeepReadonly<T>>;
  readonly indexes: ReadonlyMap<string, Index<T>>;
}

/** An empty store. */
export function createStore<T extends KubeObject>(options: StoreOptions<T> = {}): WritableStore<T> {
  const state: State<T> = {
    options,
    entries: new Map(),
    all: emptyBucket(),
    indexes: new Map(Object.keys(options.indexes ?? {}).map((name) => [name, new Map()])),
  };
  const { entries } = state;
  return {
    get size() {
      return entries.size;
    },
    get: (key) => entries.get(key)?.object,
    list: () => objectsIn(state, state.all),
    index: (name, indexKey) => readIndex(state, name, indexKey),
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
  const before = state.entries.get(key);
  const old = before?.object;
  if (old !== undefined && isSameVersion(old, object)) return [];
  take(state, key);
  insert(state, before?.key ?? key, object);
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
  const places = placesOf(state, key, object);
  state.entries.set(key, { key, object, places });
  setIn(state.all, key);
  for (const place of places) setIn(place, key);
}

function take<T extends KubeObject>(state: State<T>, key: string): Entry<T> | undefined {
  const entry = state.entries.get(key);
  if (entry === undefined) return undefined;
  state.entries.delete(key);
  dropFrom(state.all, key);
  for (const place of entry.places) {
    dropFrom(place, key);
    if (place.keys.size === 0) place.index.delete(place.indexKey);
  }
  return entry;
}

function readIndex<T extends KubeObject>(state: State<T>, name: string, indexKey: string): readonly DeepReadonly<T>[] {
  const index = state.indexes.get(name);
  if (index === undefined)
    throw new RangeError(`there is no index "${name}"; known are: ${[...state.indexes.keys()].join(', ') || 'none'}`);
  const place = index.get(indexKey);
  return place === undefined ? [] : objectsIn(state, place);
}

function objectsIn<T extends KubeObject>({ entries }: State<T>, bucket: Bucket<DeepReadonly<T>>): readonly DeepReadonly<T>[] {
  return valuesOf(bucket, (key) => (entries.get(key) as Entry<T>).object);
}

/** An equal resourceVersion means an equal object; objects without one are always taken for changed. */
function isSameVersion(old: { readonly metadata: { uid?: string; resourceVersion?: string } }, next: typeof old): boolean {
  const version = next.metadata.resourceVersion;
  return version !== undefined && version === old.metadata.resourceVersion && next.metadata.uid === old.metadata.uid;
}

function placesOf<T extends KubeObject>(state: State<T>, key: string, object: DeepReadonly<T>): Entry<T>['places'] {
  const places = Object.entries(state.options.indexes ?? {}).flatMap(([name, keysOf]) => {
    try {
      return [...new Set(keysOf(object))].map((indexKey) => placeIn(state, name, indexKey));
    } catch (error) {
      state.options.onIndexError?.(name, key, error);
      return [];
    }
  });
  // A copy has no spare room.
  return places.slice();
}

function placeIn<T extends KubeObject>({ indexes }: State<T>, name: string, indexKey: string): Place<T> {
  const index = indexes.get(name) ?? new Map<string, Place<T>>();
  const found = index.get(indexKey);
  if (found !== undefined) return found;
  const place = { ...emptyBucket<DeepReadonly<T>>(), index, indexKey };
  index.set(indexKey, place);
  return place;
}
