/**
 * Read your own writes, for every kind. A copy that is older than what we wrote ourselves is no ground for a decision: the same would be decided twice, and a status
 * that has to change back would pass for unchanged, with nothing left that brings anybody back to it.
 */
import type { ReconcileContext, Result } from '../kube/controller.ts';
import type { Informer } from '../kube/informer.ts';
import type { DeepReadonly, KubeObject } from '../kube/object.ts';
import { keyOf } from '../kube/object.ts';
import type { Operator } from './operator.ts';

/** A cache that is behind our own last write is asked again after this long. */
export const staleCacheMs = 20;

type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

/** `reconcile`, which is called once the cache holds our own last write to the object, its finalizers included. */
export function onceFresh<T extends KubeObject>(
  { writes }: Pick<Operator, 'writes'>,
  { type, store }: Pick<Informer<T>, 'type' | 'store'>,
  reconcile: Reconcile,
): Reconcile {
  return async (key, context) => {
    const object = store.get(key);
    if (object === undefined) writes.forget(`${type.plural}/${key}`);
    else if (!isFresh({ writes }, type, object)) return { kind: 'requeue', afterMs: staleCacheMs };
    return reconcile(key, context);
  };
}

/** Whether the copy holds our own last write to the object. */
export function isFresh<T extends KubeObject>(
  { writes }: Pick<Operator, 'writes'>,
  { plural }: Pick<Informer<T>['type'], 'plural'>,
  object: DeepReadonly<T>,
): boolean {
  return writes.isFresh(`${plural}/${keyOf(object)}`, object.metadata.resourceVersion);
}
