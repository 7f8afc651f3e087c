/**
 * Reads and writes of single objects, typed by ResourceType. Writes are by server-side apply or patch wherever possible, so that we own
 * only the fields that we set; `replace` is for objects that are ours alone. No caching, no retries beyond the transport's.
 */
import type { DeepReadonly, KubeObject, ObjectMeta, ObjectRef } from './object.ts';
import { apiPath, apiVersionOf } from './resource.ts';
import type { ResourceType } from './resource.ts';
import type { Query, RequestOptions, Transport } from './transport.ts';

/** Everything optional, at any depth; arrays are given whole. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> }
    : T;

/**
 * The fields that a field manager sets. Fields it set before and leaves out now are removed.
 * Beware: an apply to an object that is gone makes it anew. Give `metadata.uid` to get a conflict instead.
 */
export interface ApplyObject<T extends KubeObject> {
  readonly metadata: ObjectRef & Partial<ObjectMeta>;
  readonly spec?: DeepPartial<DeepReadonly<T['spec']>>;
  readonly status?: DeepPartial<DeepReadonly<NonNullable<T['status']>>>;
}

/** An object to be made. Its apiVersion and kind are the type's. */
export type NewObject<T extends KubeObject> = { readonly metadata: ObjectMeta } & DeepReadonly<
  Omit<T, 'apiVersion' | 'kind' | 'metadata'>
>;

/** Options of all calls. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Limit of one attempt. @default 30000 */
  readonly timeoutMs?: number;
}

/** Options of writes. */
export interface WriteOptions extends CallOptions {
  /** Validate and admit, but don't store. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

/** Options of server-side apply. */
export interface ApplyOptions extends WriteOptions {
  /** Who owns the fields: one name per writer and purpose, at most 128 characters. */
  readonly fieldManager: string;
  /** Take fields over from other managers. Without it they are a conflict (409). */
  readonly force: boolean;
}

/** Options of lists. */
export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Options of deletions. */
export interface DeleteOptions extends CallOptions {
  /** Delete only what was looked at. A mismatch is a conflict (409). */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly dryRun?: boolean;
}

/** Options of patches. */
export interface PatchOptions extends WriteOptions {
  readonly subresource?: 'status';
}

/** One step of a JSON patch (RFC 6902). */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** A complete list, as of one resourceVersion. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** Typed access to the API. All calls throw ApiError or ConnectionError (errors.ts). */
export interface Client {
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** All pages. A list that takes so long that it expires (410) is for the caller to repeat. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: NewObject<T>, options?: WriteOptions): Promise<T>;
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Writes the whole object. With `metadata.resourceVersion` it is a conflict if somebody else was faster. */
  replace<T extends KubeObject>(type: ResourceType<T>, object: DeepReadonly<T>, options?: WriteOptions): Promise<T>;
  /** Server-side apply of metadata and spec. */
  apply<T extends KubeObject>(type: ResourceType<T>, object: ApplyObject<T>, options: ApplyOptions): Promise<T>;
  /** Server-side apply of the status subresource. Never makes an object: 404 if it is gone. */
  applyStatus<T extends KubeObject>(type: ResourceType<T>, object: ApplyObject<T>, options: ApplyOptions): Promise<T>;
  /** All steps or none; a failed `test` is an ApiError with status 422. */
  jsonPatch<T extends KubeObject>(
    type: ResourceType<T>,
    patch: ObjectRef & { readonly operations: readonly JsonPatchOperation[] },
    options?: PatchOptions,
  ): Promise<T>;
  /** RFC 7386: null removes a field. With `metadata.resourceVersion` in the body it is a conflict if somebody else was faster. */
  mergePatch<T extends KubeObject>(
    type: ResourceType<T>,
    patch: ObjectRef & { readonly body: Readonly<Record<string, unknown>> },
    options?: PatchOptions,
  ): Promise<T>;
}

const PAGE_SIZE = 500;

/** A client on a transport. */
export function createClient(transport: Transport): Client {
  const send = <T>(request: RequestOptions, options: CallOptions = {}): Promise<T> =>
    transport.request<T>({ ...request, ...callOf(options) });
  const apply = <T extends KubeObject>(request: ApplyRequest<T>): Promise<T> => send<T>(applyRequest(request), request.options);
  return {
    get: (type, ref, options) => send({ method: 'GET', path: apiPath(type, ref) }, options),
    list: (type, options) => listAll(transport, type, options),
    create: (type, object, options) => {
      const path = apiPath(type, { namespace: object.metadata.namespace });
      return send({ method: 'POST', path, query: writeQuery(options), body: typed(type, object) }, options);
    },
    delete: async (type, ref, options = {}) => {
      const { preconditions, propagationPolicy, dryRun } = options;
      const body = { preconditions, propagationPolicy, dryRun: dryRun ? ['All'] : undefined };
      await send({ method: 'DELETE', path: apiPath(type, ref), body }, options);
    },
    replace: (type, object, options) =>
      send(
        { method: 'PUT', path: apiPath(type, object.metadata), query: writeQuery(options), body: typed(type, object) },
        options,
      ),
    apply: (type, object, options) => apply({ type, object, options }),
    applyStatus: (type, object, options) => apply({ type, object, options, subresource: 'status' }),
    jsonPatch: (type, { operations, ...ref }, options) =>
      send({ ...patchRequest(type, ref, options), body: operations, contentType: 'application/json-patch+json' }, options),
    mergePatch: (type, { body, ...ref }, options) =>
      send({ ...patchRequest(type, ref, options), body, contentType: 'application/merge-patch+json' }, options),
  };
}

interface ApplyRequest<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly object: ApplyObject<T>;
  readonly options: ApplyOptions;
  readonly subresource?: 'status';
}

function applyRequest<T extends KubeObject>({ type, object, options, subresource }: ApplyRequest<T>): RequestOptions {
  const { name, namespace } = object.metadata;
  return {
    method: 'PATCH',
    path: apiPath(type, { name, namespace, subresource }),
    query: { ...writeQuery(options), force: options.force },
    // JSON is YAML: the content type that all versions since 1.22 take.
    contentType: 'application/apply-patch+yaml',
    body: typed(type, object),
  };
}

function patchRequest(type: ResourceType, ref: ObjectRef, options: PatchOptions = {}): RequestOptions {
  const { name, namespace } = ref;
  return {
    method: 'PATCH',
    path: apiPath(type, { name, namespace, subresource: options.subresource }),
    query: writeQuery(options),
  };
}

function writeQuery(options: WriteOptions = {}): Query {
  return { fieldManager: options.fieldManager, dryRun: options.dryRun ? 'All' : undefined };
}

function callOf({ signal, timeoutMs }: CallOptions): Pick<RequestOptions, 'signal' | 'timeoutMs'> {
  return { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

/** Objects go out with the apiVersion and kind of their type, so that callers needn't repeat them. */
function typed(type: ResourceType, object: object): object {
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}

async function listAll<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  options: ListOptions = {},
): Promise<ObjectList<T>> {
  const { namespace, labelSelector, fieldSelector } = options;
  const items: T[] = [];
  const path = apiPath(type, { namespace });
  for (let token: string | undefined; ;) {
    const query = { limit: PAGE_SIZE, continue: token, labelSelector, fieldSelector };
    const page: ListBody<T> = await transport.request({ method: 'GET', path, query, ...callOf(options) });
    for (const item of page.items ?? []) items.push({ ...item, apiVersion: apiVersionOf(type), kind: type.kind });
    token = page.metadata.continue;
    if (!token) return { items, resourceVersion: page.metadata.resourceVersion };
  }
}
