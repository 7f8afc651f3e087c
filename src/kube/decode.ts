/**
 * Makes what the API server sent fit for the cache: without the parts that nobody reads and that are half of an object's size
 * (managedFields, kubectl's copy of the last applied manifest), and with the apiVersion and kind that lists of built-in kinds leave out.
 */
import type { DeepReadonly, KubeObject } from './object.ts';
import { apiVersionOf } from './resource.ts';
import type { ResourceType } from './resource.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object for the cache. Takes `object` apart: it must be fresh from JSON and used by nobody else. */
export function decodeObject<T extends KubeObject>(type: ResourceType<T>, object: T): DeepReadonly<T> {
  const raw = object as {
    apiVersion?: string;
    kind?: string;
    metadata: { managedFields?: unknown; annotations?: Record<string, string> };
  };
  raw.apiVersion ??= apiVersionOf(type);
  raw.kind ??= type.kind;
  delete raw.metadata.managedFields;
  if (raw.metadata.annotations !== undefined) delete raw.metadata.annotations[LAST_APPLIED];
  return object as DeepReadonly<T>;
}
