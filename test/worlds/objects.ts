/**
 * Objects as the API server of the worlds keeps them: resourceVersions, uids, generations, finalizers and who set them, and everything that happened, in
 * order. The rules are those of the real one (Kubernetes API conventions, «Metadata»); there is no admission and no RBAC. No HTTP, no time of its own.
 */
import { kinds } from '../../src/api/index.ts';
import type { KubeObject, ObjectMeta } from '../../src/kube/object.ts';

/** An object as it is stored. Frozen by convention: readers of the transport get copies. */
export type Stored = KubeObject;

/** Something that happened to an object, with the object as it was then (JSON). */
export interface Happened {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly text: string;
}

/** A refusal with its HTTP status and reason. */
export class Refused extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** How an object is deleted. */
export interface Deletion {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: 'Orphan' | 'Background' | 'Foreground' | undefined;
}

/** The store. Keys are "namespace/name", or "name". */
export interface Objects {
  get(plural: string, key: string): Stored | undefined;
  list(plural: string): readonly Stored[];
  version(): number;
  since(version: number): readonly Happened[];
  create(plural: string, object: KubeObject): Stored;
  /** Writes metadata and spec; the status stays. Conflicts unless the resourceVersion is the stored one or absent. */
  replace(plural: string, key: string, object: KubeObject): Stored;
  replaceStatus(plural: string, key: string, change: { readonly uid: string | undefined; readonly status: unknown }): Stored;
  /** Server-side apply of finalizers: those that the manager set before and leaves out now go. */
  applyFinalizers(
    plural: string,
    key: string,
    change: { readonly uid: string | undefined; readonly manager: string; readonly finalizers: readonly string[] },
  ): Stored;
  delete(plural: string, key: string, deletion: Deletion): void;
  /** What the garbage collector does in one round; false when there was nothing to do. */
  collect(): boolean;
}

const schemas = new Map(kinds.map((kind) => [kind.plural, kind] as const));
const gcFinalizers = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined } as const;

/** An empty store. `now` gives milliseconds; `onHappened` hears of each change after it was made. */
export function createObjects(now: () => number, onHappened: (event: Happened) => void): Objects {
  const collections = new Map<string, Map<string, Stored>>();
  const managers = new Map<string, Map<string, readonly string[]>>();
  const history: Happened[] = [];
  let version = 100;
  let uids = 0;
  const of = (plural: string): Map<string, Stored> => {
    const found = collections.get(plural) ?? new Map<string, Stored>();
    collections.set(plural, found);
    return found;
  };
  const stamp = (): string => new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const must = (plural: string, key: string): Stored => {
    const found = of(plural).get(key);
    if (found === undefined) throw new Refused(404, 'NotFound', `${plural} "${key}" not found`);
    return found;
  };
  const commit = (plural: string, type: Happened['type'], object: Stored): Stored => {
    version++;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const key = keyOf(stored);
    if (type === 'DELETED') of(plural).delete(key);
    else of(plural).set(key, stored);
    const event = { version, type, plural, namespace: stored.metadata.namespace, text: JSON.stringify(stored) };
    history.push(event);
    onHappened(event);
    return stored;
  };
  /** Whatever changed: the generation counts, and the last finalizer of what is being deleted takes the object along. */
  const update = (plural: string, old: Stored, next: Stored): Stored => {
    const grown = JSON.stringify(next.spec) !== JSON.stringify(old.spec);
    const generation = (old.metadata.generation ?? 0) + (grown ? 1 : 0);
    const stored = { ...next, metadata: { ...next.metadata, generation } };
    const released = stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0;
    if (released) return commit(plural, 'DELETED', stored);
    return JSON.stringify(stored) === JSON.stringify(old) ? old : commit(plural, 'MODIFIED', stored);
  };
  const remove: Objects['delete'] = (plural, key, { uid, resourceVersion, propagation = 'Background' }) => {
    const old = must(plural, key);
    if (uid !== undefined && uid !== old.metadata.uid) throw conflict(key, 'the UID in the precondition differs');
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) throw conflict(key, 'it was changed');
    const extra = gcFinalizers[propagation];
    const held = [...(old.metadata.finalizers ?? []), ...(extra === undefined ? [] : [extra])];
    if (held.length === 0) return void commit(plural, 'DELETED', old);
    if (old.metadata.deletionTimestamp !== undefined) return;
    const generation = (old.metadata.generation ?? 0) + 1;
    const metadata = { ...old.metadata, generation, deletionTimestamp: stamp(), finalizers: held };
    commit(plural, 'MODIFIED', { ...old, metadata });
  };
  return {
    get: (plural, key) => of(plural).get(key),
    list: (plural) => [...of(plural).values()],
    version: () => version,
    since: (since) => history.filter((event) => event.version > since),
    create: (plural, object) => {
      if (of(plural).has(keyOf(object))) throw new Refused(409, 'AlreadyExists', `${plural} "${keyOf(object)}" already exists`);
      const fresh = { uid: `uid-${String(++uids)}`, generation: 1, creationTimestamp: stamp() };
      const { status: _none, ...rest } = withDefaults(plural, object);
      return commit(plural, 'ADDED', { ...rest, metadata: { ...object.metadata, ...fresh } });
    },
    replace: (plural, key, object) => {
      const old = must(plural, key);
      const { resourceVersion, uid } = object.metadata;
      if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
        throw conflict(key, 'it was changed');
      if (uid !== undefined && uid !== old.metadata.uid) throw conflict(key, 'it was made anew');
      const metadata = { ...object.metadata, ...fixed(old.metadata) };
      refuseNewFinalizers(old.metadata, metadata);
      const { status } = old;
      const next = { ...withDefaults(plural, object), metadata };
      return update(plural, old, status === undefined ? next : { ...next, status });
    },
    replaceStatus: (plural, key, { uid, status }) => {
      const old = must(plural, key);
      if (uid !== undefined && uid !== old.metadata.uid) throw conflict(key, 'it was made anew');
      return update(plural, old, { ...old, status: schemas.get(plural)?.statusSchema.parse(status) ?? status });
    },
    applyFinalizers: (plural, key, { uid, manager, finalizers }) => {
      const old = of(plural).get(key);
      if (old === undefined || (uid !== undefined && uid !== old.metadata.uid)) throw conflict(key, 'it is another one or gone');
      const own = managers.get(old.metadata.uid ?? '') ?? new Map<string, readonly string[]>();
      managers.set(old.metadata.uid ?? '', own);
      const left = own.get(manager)?.filter((each) => !finalizers.includes(each)) ?? [];
      own.set(manager, finalizers);
      const kept = (old.metadata.finalizers ?? []).filter((each) => !left.includes(each));
      const next = [...new Set([...kept, ...finalizers])];
      refuseNewFinalizers(old.metadata, { finalizers: next });
      return update(plural, old, { ...old, metadata: withFinalizers(old.metadata, next) });
    },
    delete: remove,
    collect: () => collect({ collections, update, remove }),
  };
}

/** The last part of what the API server gives: nobody changes it. */
function fixed(old: ObjectMeta): Partial<ObjectMeta> {
  const { uid, creationTimestamp, deletionTimestamp } = old;
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}

function withFinalizers({ finalizers: _old, ...rest }: ObjectMeta, finalizers: readonly string[]): ObjectMeta {
  return finalizers.length === 0 ? rest : { ...rest, finalizers };
}

function withDefaults(plural: string, object: KubeObject): KubeObject {
  const schema = schemas.get(plural)?.specSchema;
  return schema === undefined ? object : { ...object, spec: schema.parse(object.spec) };
}

function refuseNewFinalizers(old: ObjectMeta, next: Pick<ObjectMeta, 'finalizers'>): void {
  const added = (next.finalizers ?? []).filter((each) => old.finalizers?.includes(each) !== true);
  if (old.deletionTimestamp !== undefined && added.length > 0)
    throw new Refused(422, 'Invalid', 'no new finalizers can be added if the object is being deleted');
}

function conflict(key: string, why: string): Refused {
  return new Refused(409, 'Conflict', `Operation cannot be fulfilled on "${key}": ${why}`);
}

/** The key of an object in its collection. */
export function keyOf({ metadata }: { readonly metadata: ObjectMeta }): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

interface Collector {
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, Stored>>;
  readonly update: (plural: string, old: Stored, next: Stored) => Stored;
  readonly remove: Objects['delete'];
}

/** Dependents of what is gone are deleted; what is deleted in the foreground waits for its dependents; orphans are let go. */
function collect({ collections, update, remove }: Collector): boolean {
  const all = [...collections].flatMap(([plural, objects]) => [...objects.values()].map((object) => ({ plural, object })));
  const byUid = new Map(all.map((one) => [one.object.metadata.uid, one.object]));
  let worked = false;
  for (const { plural, object } of all) {
    const owners = object.metadata.ownerReferences ?? [];
    const living = owners.map(({ uid }) => byUid.get(uid)).filter((owner) => owner !== undefined);
    const orphaned = living.some((owner) => owner.metadata.finalizers?.includes('orphan'));
    const unwanted =
      owners.length > 0 &&
      (living.length === 0 || living.every((owner) => owner.metadata.finalizers?.includes('foregroundDeletion')));
    if (orphaned) {
      const { ownerReferences: _gone, ...metadata } = object.metadata;
      update(plural, object, { ...object, metadata });
    } else if (unwanted && object.metadata.deletionTimestamp === undefined) remove(plural, keyOf(object), {});
    worked ||= orphaned || (unwanted && object.metadata.deletionTimestamp === undefined);
  }
  for (const { plural, object } of all) {
    const held = object.metadata.finalizers ?? [];
    const waits = all.some((one) => one.object.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid));
    const done = held.filter((each) => each === 'orphan' || (each === 'foregroundDeletion' && !waits));
    const current = collections.get(plural)?.get(keyOf(object));
    if (done.length === 0 || worked || current === undefined) continue;
    const left = (current.metadata.finalizers ?? []).filter((each) => !done.includes(each));
    update(plural, current, { ...current, metadata: withFinalizers(current.metadata, left) });
    worked = true;
  }
  return worked;
}
