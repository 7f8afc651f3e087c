/** How objects are put together: metadata with where they come from, lists in the order of names, and the check that the API server will make. */
import { apiVersion, kinds, type KindDefinition } from '../../api/index.ts';
import type { KubeObject } from '../../kube/object.ts';

/** Where an object is and what it was made from. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
  /** Annotations that say where it comes from. */
  readonly from?: Readonly<Record<string, string>>;
}

/** An object of ours. */
export function object(kind: string, { namespace, name, from }: Place, spec: object): KubeObject {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, ...(from === undefined ? {} : { annotations: from }) },
    spec,
  };
}

/** In the order of names. */
export function byName<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every object passes the schema of its kind: otherwise an error is better than a file that the API server refuses. */
export function checked(made: KubeObject): KubeObject {
  const definition = (kinds as readonly KindDefinition[]).find(({ kind }) => kind === made.kind);
  const parsed = definition?.specSchema.safeParse((made as { readonly spec?: unknown }).spec);
  if (parsed?.success === true) return made;
  const issues = parsed?.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`) ?? [];
  throw new Error(`${made.kind} ${made.metadata.name} can't be written: ${issues.join('; ')}`);
}
