/**
 * The parts of a Kubernetes object that every kind has: metadata and conditions, as far as Sluice reads or writes them.
 * It is not a client and knows no kind.
 */

/** A reference to the object that owns this one (metav1.OwnerReference). */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** metav1.ObjectMeta, as read from the API server. Times are RFC 3339 in UTC. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Moves with every change of spec, never with a change of status or metadata. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  /** Present once deletion was asked for; finalizers hold the object until they are gone. */
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** One condition, metav1.Condition exactly. `lastTransitionTime` moves only when `status` changes. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
  /** CamelCase; one of reasons.ts. */
  readonly reason: string;
  readonly message: string;
}

/** Read-only all the way down: objects come from a cache that everybody shares. */
export type DeepReadonly<T> = T extends readonly (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;
