/**
 * The contents of the fake API server: objects by collection and key, one counter of resourceVersions, and the history that watches
 * start from. No HTTP.
 */

/** What is stored: anything with metadata. */
export interface FakeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  } & Record<string, unknown>;
  readonly [field: string]: unknown;
}

/** An event of a watch. */
export interface FakeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: FakeObject;
}

/** A page of a list, or 410. */
export interface FakePage {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly FakeObject[];
}

interface JsonPatchStep {
  readonly op: 'add' | 'replace' | 'remove' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

interface Logged extends FakeEvent {
  readonly collection: string;
  readonly version: number;
}

/** All collections. Writes answer with the object, or with the HTTP status of their failure (499: there is one already). */
export class FakeCollections {
  onEvent: (collection: string, event: FakeEvent) => void = () => undefined;
  private readonly collections = new Map<string, Map<string, FakeObject>>();
  private history: Logged[] = [];
  private compactedAt = 0;
  private last = 100;
  private uids = 0;

  version(): string {
    return String(this.last);
  }

  compact(): void {
    this.last++;
    this.history = [];
    this.compactedAt = this.last;
  }

  get(collection: string, key: string): FakeObject | undefined {
    return this.collections.get(collection)?.get(key);
  }

  all(collection: string): readonly FakeObject[] {
    return [...this.of(collection).values()];
  }

  put(collection: string, object: FakeObject): FakeObject {
    const key = keyOf(object);
    const old = this.get(collection, key);
    this.last++;
    const uid = old?.metadata.uid ?? `uid-${++this.uids}`;
    const stored = { ...object, metadata: { uid, ...object.metadata, resourceVersion: String(this.last) } };
    this.of(collection).set(key, stored);
    this.log(collection, { type: old === undefined ? 'ADDED' : 'MODIFIED', object: stored });
    return stored;
  }

  create(collection: string, object: FakeObject): FakeObject | number {
    return this.get(collection, keyOf(object)) === undefined ? this.put(collection, object) : 499;
  }

  replace(collection: string, key: string, object: FakeObject): FakeObject | number {
    const old = this.get(collection, key);
    if (old === undefined) return 404;
    const version = object.metadata.resourceVersion;
    return version !== undefined && version !== old.metadata.resourceVersion ? 409 : this.put(collection, object);
  }

  patch(collection: string, key: string, { body, create }: { body: FakeObject; create: boolean }): FakeObject | number {
    const old = this.get(collection, key);
    if (old === undefined) return create ? this.put(collection, body) : 404;
    if (Array.isArray(body)) return this.patchSteps(collection, old, body as JsonPatchStep[]);
    const version = (body.metadata as FakeObject['metadata'] | undefined)?.resourceVersion;
    if (version !== undefined && version !== old.metadata.resourceVersion) return 409;
    return this.put(collection, merge(old, body) as FakeObject);
  }

  private patchSteps(collection: string, old: FakeObject, steps: readonly JsonPatchStep[]): FakeObject | number {
    const next = structuredClone(old) as Record<string, unknown>;
    for (const { op, path, value } of steps) {
      const names = path
        .split('/')
        .slice(1)
        .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
      const last = names.pop() ?? '';
      const parent = names.reduce<Record<string, unknown> | undefined>(
        (at, name) => at?.[name] as Record<string, unknown> | undefined,
        next,
      );
      if (parent === undefined || (op === 'test' && JSON.stringify(parent[last]) !== JSON.stringify(value))) return 422;
      if (op === 'remove') delete parent[last];
      else if (op !== 'test') parent[last] = value;
    }
    return this.put(collection, next as unknown as FakeObject);
  }

  removeIf(collection: string, key: string, options: { preconditions?: { uid?: string } } | undefined): FakeObject | number {
    const old = this.get(collection, key);
    if (old === undefined) return 404;
    const uid = options?.preconditions?.uid;
    return uid !== undefined && uid !== old.metadata.uid ? 409 : (this.remove(collection, key) ?? 404);
  }

  remove(collection: string, key: string): FakeObject | undefined {
    const old = this.get(collection, key);
    if (old === undefined) return undefined;
    this.last++;
    this.of(collection).delete(key);
    const object = { ...old, metadata: { ...old.metadata, resourceVersion: String(this.last) } };
    this.log(collection, { type: 'DELETED', object });
    return object;
  }

  /** Continue tokens are "version:offset"; they expire with history. */
  page(collection: string, options: { namespace?: string | undefined; limit: number; token: string | null }): FakePage | number {
    const [version = this.version(), offset = '0'] = options.token === null ? [] : options.token.split(':');
    if (Number(version) < this.compactedAt) return 410;
    const all = this.all(collection).filter(
      ({ metadata }) => options.namespace === undefined || metadata.namespace === options.namespace,
    );
    const start = Number(offset);
    const end = options.limit > 0 ? start + options.limit : all.length;
    const next = end < all.length ? { continue: `${version}:${end}` } : {};
    return { kind: 'List', metadata: { resourceVersion: version, ...next }, items: all.slice(start, end) };
  }

  /** What happened after `version`; undefined if that is forgotten. */
  since(collection: string, version: string): readonly FakeEvent[] | undefined {
    if (Number(version) < this.compactedAt) return undefined;
    const events = this.history.filter((entry) => entry.collection === collection && entry.version > Number(version));
    return events.map(({ type, object }) => ({ type, object }));
  }

  private of(collection: string): Map<string, FakeObject> {
    const found = this.collections.get(collection) ?? new Map<string, FakeObject>();
    this.collections.set(collection, found);
    return found;
  }

  private log(collection: string, event: FakeEvent): void {
    this.history.push({ ...event, collection, version: this.last });
    this.onEvent(collection, event);
  }
}

function keyOf({ metadata }: FakeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function merge(old: unknown, patch: unknown): unknown {
  if (!isRecord(old) || !isRecord(patch)) return patch;
  const merged = Object.entries(patch).map(([name, value]) => [name, merge(old[name], value)] as const);
  return Object.fromEntries([...Object.entries(old), ...merged].filter(([, value]) => value !== null));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
