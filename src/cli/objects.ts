/**
 * Finding what a command line names. A name alone means the command's usual kind; `kind/name` any other. Reads single objects wherever it can: lists only
 * where a request's items have to be found, and those in its own namespace.
 */
import { kinds, type ShareItem, type ShareRequest } from '../api/index.ts';
import { types } from '../controllers/cluster.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import { scopeOf, type Context } from './context.ts';
import { CliError, exitCodes } from './exit.ts';

/** An object as it is named on the command line. */
export interface Named {
  readonly type: ResourceType;
  readonly name: string;
}

const byWord: ReadonlyMap<string, ResourceType> = new Map(
  kinds.flatMap(({ resource, kind, plural, singular }) =>
    [kind.toLowerCase(), plural, singular].map((word) => [word, resource] as const),
  ),
);

/** Reads `orders` or `shareitem/orders`. @throws CliError for a kind that is not ours, or not one of those allowed. */
export function parseName(text: string, usual: ResourceType, allowed?: readonly ResourceType[]): Named {
  const slash = text.indexOf('/');
  if (slash < 0) return { type: usual, name: text };
  const type = byWord.get(text.slice(0, slash).toLowerCase());
  const choice = (allowed ?? kinds.map(({ resource }) => resource)).map(({ kind }) => kind.toLowerCase());
  if (type === undefined || !choice.includes(type.kind.toLowerCase()))
    throw new CliError(
      exitCodes.usage,
      `"${text}" names no kind that fits here: use one of ${choice.join(', ')}, such as ${choice[0] ?? ''}/name`,
    );
  return { type, name: text.slice(slash + 1) };
}

/** Reads an object of the command's namespace. */
export function read<T extends KubeObject>(
  { client, namespace, signal }: Pick<Context, 'client' | 'namespace' | 'signal'>,
  type: ResourceType<T>,
  name: string,
): Promise<T> {
  return client.get(type, type.namespaced ? { namespace, name } : { name }, { signal });
}

/** Lists a kind in the command's namespace, or with -A in all. */
export async function list<T extends KubeObject>(context: Context, type: ResourceType<T>): Promise<readonly T[]> {
  const { items } = await context.client.list(type, { ...scopeOf(context), signal: context.signal });
  return items;
}

/** A request with its items. */
export interface RequestWithItems {
  readonly request: ShareRequest;
  readonly items: readonly ShareItem[];
}

/** The request of this name, or all of them, each with its items. */
export async function requestsWithItems(context: Context, name: string | undefined): Promise<RequestWithItems[]> {
  const [requests, items] = await Promise.all([
    name === undefined ? list(context, types.request) : read(context, types.request, name).then((request) => [request]),
    list(name === undefined ? context : { ...context, allNamespaces: false }, types.item),
  ]);
  return requests.map((request) => ({ request, items: items.filter((item) => belongsTo(item, request)).toSorted(byItem) }));
}

function belongsTo({ metadata, spec }: ShareItem, request: ShareRequest): boolean {
  return metadata.namespace === request.metadata.namespace && spec.requestRef.uid === request.metadata.uid;
}

function byItem(left: ShareItem, right: ShareItem): number {
  return left.spec.type.localeCompare(right.spec.type) || left.spec.name.localeCompare(right.spec.name);
}
