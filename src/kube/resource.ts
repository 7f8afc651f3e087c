/**
 * Which collection of the API a kind lives in, and the URL paths into it. A description only: no discovery, no requests.
 */
import type { KubeObject } from './object.ts';

/** A kind and its place in the API. `T` is the type of its objects; it exists at compile time only. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural, as in URLs. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries `T`, so that a client's answers are typed by what was asked for. */
  readonly objectType?: T;
}

/** What an API path points at. Without `name`: the collection. Without `namespace`: all namespaces. */
export interface PathTarget {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/**
 * The URL path of a collection, an object or a subresource.
 * @throws TypeError if a namespaced object is named without its namespace.
 */
export function apiPath(type: ResourceType, target: PathTarget = {}): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (type.namespaced && target.name !== undefined && !target.namespace) {
    throw new TypeError(`${type.kind} "${target.name}" is addressed without a namespace; ${type.plural} are namespaced`);
  }
  const scope = type.namespaced && target.namespace ? `/namespaces/${encodeURIComponent(target.namespace)}` : '';
  const name = target.name === undefined ? '' : `/${encodeURIComponent(target.name)}`;
  const subresource = target.subresource === undefined ? '' : `/${target.subresource}`;
  return `${root}${scope}/${type.plural}${name}${subresource}`;
}

/** The `apiVersion` of a kind's objects: "group/version", or "v1" in the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}
