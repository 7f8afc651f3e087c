/**
 * A client on objects in memory: whole reads and writes, no schemas, no field ownership, and rights as a list of what is forbidden. Only what `kubectl share` uses.
 */
import type { Client } from '../../../src/kube/client.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import type { ResourceType } from '../../../src/kube/resource.ts';

/** What it reads and writes, and where it notes what it was asked for. */
export interface Memory {
  readonly objects: Map<string, KubeObject>;
  /** `list sharerequests team-x`, `get …`, `apply …`, `patch …`. */
  readonly requests: string[];
}

interface Ref {
  readonly namespace?: string | undefined;
  readonly name?: string;
}

/** The key of an object in memory. */
export function keyOf(kind: string, { namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return `${kind} ${namespace}/${name}`;
}

/** A client that is refused the requests that begin with one of `forbidden`. */
export function createMemoryClient(memory: Memory, forbidden: readonly string[]): Client {
  const note = (verb: string, { plural }: ResourceType, { namespace = '*', name }: Ref): void => {
    const request = `${verb} ${plural} ${namespace}${name === undefined ? '' : `/${name}`}`;
    memory.requests.push(request);
    if (forbidden.some((each) => `${request} `.startsWith(`${each} `))) throw refusal(verb, plural);
  };
  const store = <T extends KubeObject>(object: T, dryRun: boolean | undefined): T => {
    if (dryRun !== true) memory.objects.set(keyOf(object.kind, object.metadata), object);
    return object;
  };
  return {
    ...unused,
    get: async (type, ref) => {
      note('get', type, ref);
      return find(memory, type, ref);
    },
    list: async (type, options = {}) => {
      const scope = type.namespaced && options.namespace !== undefined ? { namespace: options.namespace } : {};
      note('list', type, scope);
      return { items: listed(memory, type, scope), resourceVersion: '1' };
    },
    apply: async (type, object, options) => {
      note('apply', type, object.metadata);
      return store({ apiVersion: 'sluice.dev/v1alpha1', kind: type.kind, ...object } as never, options.dryRun);
    },
    mergePatch: async <T extends KubeObject>(
      type: ResourceType<T>,
      patch: { readonly name: string; readonly namespace?: string; readonly body: Readonly<Record<string, unknown>> },
      options: { readonly dryRun?: boolean } = {},
    ) => {
      note('patch', type, patch);
      return store(merged(find(memory, type, patch), patch.body) as T, options.dryRun);
    },
  };
}

const no = (): Promise<never> => Promise.reject(new Error('kubectl share does not use this'));
const unused = { create: no, delete: no, replace: no, applyStatus: no, jsonPatch: no };

function refusal(verb: string, plural: string): ApiError {
  const message = `${plural}.sluice.dev is forbidden: User "bob" cannot ${verb} resource "${plural}"`;
  return new ApiError({ status: 403, reason: 'Forbidden', message, details: { kind: plural } });
}

function find<T extends KubeObject>(
  { objects }: Memory,
  { kind, plural }: ResourceType<T>,
  ref: { readonly namespace?: string; readonly name: string },
): T {
  const found = objects.get(keyOf(kind, ref));
  if (found !== undefined) return found as T;
  const message = `${plural}.sluice.dev "${ref.name}" not found`;
  throw new ApiError({ status: 404, reason: 'NotFound', message, details: { kind: plural, name: ref.name } });
}

function listed<T extends KubeObject>({ objects }: Memory, type: ResourceType<T>, { namespace }: Ref): T[] {
  const found = [...objects.values()].filter(
    ({ kind, metadata }) => kind === type.kind && (namespace === undefined || metadata.namespace === namespace),
  );
  return found as T[];
}

/** RFC 7386, as far as patches here go. */
export function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const entries = Object.entries(patch).map(([key, value]) => [
    key,
    merged((target as Record<string, unknown> | undefined)?.[key], value),
  ]);
  return { ...(target as object), ...(Object.fromEntries(entries) as object) };
}
