/**
 * A person's client on the API server of the random worlds: its store, with the errors that the real one would answer with. No rights and no field ownership: an apply
 * writes the whole spec.
 */
import type { Client } from '../../../src/kube/client.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import type { KubeObject, ObjectRef } from '../../../src/kube/object.ts';
import type { ResourceType } from '../../../src/kube/resource.ts';
import { Refused } from '../../worlds/objects.ts';
import type { Scene } from '../../worlds/scene.ts';
import { merged } from './memory-client.ts';

/** A client on the scene's objects. */
export function createSceneClient({ api: { objects } }: Pick<Scene, 'api'>): Client {
  const read = <T extends KubeObject>({ plural, kind }: ResourceType<T>, ref: ObjectRef): T => {
    const found = objects.get(plural, keyOf(ref));
    if (found === undefined)
      throw new ApiError({
        status: 404,
        reason: 'NotFound',
        message: `${plural} "${ref.name}" not found`,
        details: { kind: plural, name: ref.name },
      });
    return { ...found, kind } as T;
  };
  const write = <T extends KubeObject>(type: ResourceType<T>, object: KubeObject): T => {
    const key = keyOf(object.metadata);
    const there = objects.get(type.plural, key) !== undefined;
    return answered(() => (there ? objects.replace(type.plural, key, object) : objects.create(type.plural, object))) as T;
  };
  const no = (): Promise<never> => Promise.reject(new Error('kubectl share does not use this'));
  return {
    get: async (type, ref) => read(type, ref),
    list: async <T extends KubeObject>(type: ResourceType<T>, { namespace }: { readonly namespace?: string } = {}) => {
      const all = objects.list(type.plural).map((object) => ({ ...object, kind: type.kind }) as T);
      const items = all.filter(({ metadata }) => !type.namespaced || namespace === undefined || metadata.namespace === namespace);
      return { items, resourceVersion: String(objects.version()) };
    },
    apply: async (type, object) => write(type, { apiVersion: 'sluice.dev/v1alpha1', kind: type.kind, ...object } as KubeObject),
    mergePatch: async (type, { body, ...ref }) => write(type, merged(read(type, ref), body) as KubeObject),
    create: no,
    delete: no,
    replace: no,
    applyStatus: no,
    jsonPatch: no,
  };
}

function keyOf({ namespace, name }: ObjectRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function answered<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof Refused) throw new ApiError({ status: error.status, reason: error.reason, message: error.message });
    throw error;
  }
}
