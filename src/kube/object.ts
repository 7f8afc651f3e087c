/**
 * The shape that all Kubernetes objects share, and the key under which caches and queues know them.
 * It holds no kind: those are described by a ResourceType (resource.ts).
 */

/** Who must be deleted before this object (garbage collection). Source: metav1.OwnerReference. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The metadata we read or write. Times are RFC 3339 strings. Source: metav1.ObjectMeta. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent: the object is cluster-scoped. */
  readonly namespace?: string;
  /** Given by the API server; differs when an object was deleted and made anew under the same name. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Counts changes of the spec only. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any Kubernetes object. `spec` is optional in the API machinery, not in our kinds. */
export interface KubeObject<Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

/** `T` as a cache hands it out: shared by all readers, so that nobody may change it, however deep. */
export type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/** Where an object is: without namespace if its kind is cluster-scoped. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string;
}

/** The key of an object among its kind: "namespace/name", or "name" if cluster-scoped. Names hold no slash, so it is injective. */
export function keyOf(object: { readonly metadata: ObjectRef }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** The reverse of {@link keyOf}. @throws TypeError if `key` has more than one slash or an empty part. */
export function splitKey(key: string): ObjectRef {
  const parts = key.split('/');
  const [first, second] = parts;
  if (parts.length > 2 || first === undefined || first === '' || second === '') {
    throw new TypeError(`"${key}" is no object key: expected "name" or "namespace/name"`);
  }
  return second === undefined ? { name: first } : { namespace: first, name: second };
}
