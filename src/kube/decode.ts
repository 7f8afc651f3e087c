/**
 * Makes what the API server sent fit for the cache: without the parts that nobody reads and that are half of an object's size
 * (managedFields, kubectl's copy of the last applied manifest), and with the apiVersion and kind that lists of built-in kinds leave out.
 */
import type { DeepReadonly, KubeObject } from './object.ts';
import { apiVersionOf } from './resource.ts';
import type { ResourceType } from './resource.ts';
import { createStringPool } from './string-pool.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Makes an object fit for the cache. Takes it apart: it must be fresh from JSON and used by nobody else. */
export type Decoder<T extends KubeObject> = (object: T) => DeepReadonly<T>;

/** A decoder of one kind; what it decodes shares its strings. */
export function createDecoder<T extends KubeObject>(type: ResourceType<T>): Decoder<T> {
  const pool = createStringPool();
  return (object) => pool.share(trimmed(type, object));
}

function trimmed<T extends KubeObject>(type: ResourceType<T>, object: T): DeepReadonly<T> {
  const raw = object as {
    apiVersion?: string;
    kind?: string;
    metadata: { managedFields?: unknown; annotations?: Record<string, string> };
  };
  raw.apiVersion ??= apiVersionOf(type);
  raw.kind ??= type.kind;
  // Copied rather than deleted from: an object that has lost a member takes several times the room.
  const { managedFields: _unread, ...metadata } = raw.metadata;
  if (metadata.annotations !== undefined) {
    const { [LAST_APPLIED]: _applied, ...annotations } = metadata.annotations;
    metadata.annotations = annotations;
  }
  raw.metadata = metadata;
  return object as DeepReadonly<T>;
}
