/**
 * Our finalizers on objects: added before something depends on them, taken away when nothing does. By server-side apply under our own field manager, so that
 * nobody else's metadata is touched.
 */
import type { ResolvedShare } from '../api/index.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import { keyOf, type DeepReadonly, type KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import { types } from './cluster.ts';
import { finalizers, metadataManager, type Operator } from './operator.ts';

/** Sees to it that the object has the finalizer, or hasn't. An object that is gone by now, or was made anew, is left alone. */
export async function setFinalizer<T extends KubeObject>(
  { client, writes }: Pick<Operator, 'client' | 'writes'>,
  type: ResourceType<T>,
  object: DeepReadonly<T>,
  { name: finalizer, wanted }: { readonly name: string; readonly wanted: boolean },
): Promise<void> {
  if ((object.metadata.finalizers?.includes(finalizer) ?? false) === wanted) return;
  // The API server refuses new finalizers on an object that is being deleted.
  if (wanted && object.metadata.deletionTimestamp !== undefined) return;
  const { name, namespace, uid } = object.metadata;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    finalizers: wanted ? [finalizer] : [],
  };
  try {
    const written = await client.apply(type, { metadata }, { fieldManager: metadataManager, force: true });
    writes.wrote(`${type.plural}/${keyOf(object)}`, written.metadata.resourceVersion ?? '');
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** Before an entry is recorded: what it needs to be taken back, and the Dataset and roles that it speaks of, can't vanish while it lives. */
export async function holdUsed(
  operator: Operator,
  item: { readonly namespace: string; readonly datasetKey: string },
  entries: readonly ResolvedShare[],
): Promise<void> {
  const { environments, datasets, roles } = operator.cluster;
  const held = { name: finalizers.inUse, wanted: true };
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
