/**
 * Our finalizers on objects: added before something depends on them, taken away when nothing does. By server-side apply under our own field manager, so that
 * nobody else's metadata is touched.
 */
import { isConflict, isNotFound } from '../kube/errors.ts';
import { keyOf, type DeepReadonly, type KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import { metadataManager, type Operator } from './operator.ts';

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
