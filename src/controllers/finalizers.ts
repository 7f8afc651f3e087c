/**
 * Our finalizers on objects: added before something depends on them, taken away when nothing does. By server-side apply under our own field manager, so that
 * nobody else's metadata is touched.
 */
import type { ResolvedShare } from '../api/index.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import { keyOf, type DeepReadonly, type KubeObject } from '../kube/object.ts';
import { includesVersion } from '../kube/resource-version.ts';
import type { ResourceType } from '../kube/resource.ts';
import { types } from './cluster.ts';
import { finalizers, metadataManager, type Operator } from './operator.ts';

/** What is held for a record is recorded at once, and the cache shows the record a little later (ms): until then it can't be told that nobody needs it. */
export const recordingMs = 3000;

/** Which finalizer. `forRecord`: something that depends on the object is about to be recorded. */
interface Finalizer {
  readonly name: string;
  readonly wanted: boolean;
  readonly forRecord?: boolean;
}

/**
 * Sees to it that the object has the finalizer, or hasn't. An object that is gone by now, or was made anew, is left alone. Returns false where the finalizer
 * stays for now, since what depends on it may be on its way into the cache: ask again after {@link recordingMs}.
 */
export async function setFinalizer<T extends KubeObject>(
  operator: Pick<Operator, 'client' | 'writes' | 'memory' | 'clock'>,
  type: ResourceType<T>,
  object: DeepReadonly<T>,
  { name, wanted, forRecord = false }: Finalizer,
): Promise<boolean> {
  const { clock, memory } = operator;
  const place = `${type.plural}/${object.metadata.uid ?? keyOf(object)}/${name}`;
  const there = object.metadata.finalizers?.includes(name) ?? false;
  const last = memory.holds.get(place);
  const at = forRecord ? clock.now() : (last?.at ?? 0);
  if (!wanted) {
    if (clock.now() - at < recordingMs) return !there;
    if (there) await write(operator, type, object, []);
    memory.holds.delete(place);
    return true;
  }
  if (there) {
    if (forRecord) memory.holds.set(place, { at, version: undefined });
    return true;
  }
  // The API server refuses new finalizers on an object that is being deleted.
  if (object.metadata.deletionTimestamp !== undefined) return true;
  // Hundreds of items may need the same role at once: it is written once, and they wait for that.
  if (last?.version !== undefined && isNewer(await last.version, object.metadata.resourceVersion)) return true;
  const version = write(operator, type, object, [name]);
  memory.holds.set(place, { at, version });
  try {
    await version;
  } catch (error) {
    memory.holds.delete(place);
    throw error;
  }
  return true;
}

/** Whether the cache still shows the object as it was before that write. */
function isNewer(version: string | undefined, cached: string | undefined): boolean {
  return version !== undefined && cached !== undefined && includesVersion(cached, version) === false;
}

async function write<T extends KubeObject>(
  { client, writes }: Pick<Operator, 'client' | 'writes'>,
  type: ResourceType<T>,
  object: DeepReadonly<T>,
  finalizers: readonly string[],
): Promise<string | undefined> {
  const { name, namespace, uid } = object.metadata;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    finalizers,
  };
  try {
    const written = await client.apply(type, { metadata }, { fieldManager: metadataManager, force: true });
    writes.wrote(`${type.plural}/${keyOf(object)}`, written.metadata.resourceVersion ?? '');
    return written.metadata.resourceVersion;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
    return undefined;
  }
}

/** Before an entry is recorded: what it needs to be taken back, and the Dataset and roles that it speaks of, can't vanish while it lives. */
export async function holdUsed(
  operator: Operator,
  item: { readonly namespace: string; readonly datasetKey: string },
  entries: readonly ResolvedShare[],
): Promise<void> {
  const { environments, datasets, roles } = operator.cluster;
  const held = { name: finalizers.inUse, wanted: true, forRecord: true };
  const names = entries.flatMap(({ environment, consumer, keyEnvironment = environment }) =>
    [environment, consumer, keyEnvironment].map(({ name }) => name),
  );
  for (const name of new Set(names)) {
    const environment = environments.store.get(name);
    if (environment !== undefined) await setFinalizer(operator, types.environment, environment, held);
  }
  for (const arn of new Set(entries.map(({ principal }) => principal.arn))) {
    for (const role of roles.store.index('principal', arn))
      if (role.metadata.namespace === item.namespace) await setFinalizer(operator, types.role, role, held);
  }
  const dataset = entries.length === 0 ? undefined : datasets.store.get(item.datasetKey);
  if (dataset !== undefined) await setFinalizer(operator, types.dataset, dataset, held);
}
