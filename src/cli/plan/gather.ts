/**
 * The objects that a plan needs: from the files first, then from the cluster, as far as the user may read it. What is missing is named, with the right that would
 * help; whatever needs it is not judged.
 */
import type { ConsumptionRole, Dataset, Environment, ShareRequest } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import { isConnectionError, isForbidden, isNotFound } from '../../kube/errors.ts';
import type { KubeObject, ObjectRef } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { parseArn } from '../../shares/arn.ts';
import type { NamespaceLabels } from '../../shares/selectors.ts';
import type { Context } from '../context.ts';
import { nameOf } from '../words.ts';
import type { Known } from './resolve.ts';

/** Names of AWS objects hold the installation's id; where it is not known they are shown with this one. */
export const unknownInstallation = '00000000';

/** What a plan is made from. */
export interface Gathered {
  readonly known: Omit<Known, 'targetKeys'>;
  /** Requests that lack an object. */
  readonly incomplete: ReadonlySet<ShareRequest>;
  /** What is not known, in sentences. */
  readonly notes: readonly string[];
}

/** What is asked for. */
export interface Wanted {
  readonly requests: readonly ShareRequest[];
  readonly files: readonly KubeObject[];
  readonly offline: boolean;
  readonly installation: string | undefined;
  readonly trustedLabels: readonly string[];
}

interface Search {
  readonly context: Context;
  readonly wanted: Wanted;
  readonly notes: Set<string>;
  readonly found: Map<string, KubeObject | undefined>;
}

/** Finds everything that the requests name. */
export async function gatherKnown(context: Context, wanted: Wanted): Promise<Gathered> {
  const search: Search = { context, wanted, notes: new Set(), found: new Map() };
  const incomplete = new Set<ShareRequest>();
  for (const request of wanted.requests) if (!(await gatherFor(search, request))) incomplete.add(request);
  const all = [...wanted.files, ...[...search.found.values()].filter((object) => object !== undefined)];
  const environments = unique(ofKind<Environment>(all, types.environment));
  const datasets = unique(ofKind<Dataset>(all, types.dataset));
  const roles = unique(ofKind<ConsumptionRole>(all, types.role));
  const namespaces = unique(ofKind<KubeObject>(all, types.namespace)).map(({ metadata }): NamespaceLabels => ({
    name: metadata.name,
    labels: metadata.labels ?? {},
  }));
  const installation =
    wanted.installation ?? environments.map(({ status }) => status?.installation).find((id) => id !== undefined);
  if (installation === undefined && incomplete.size < wanted.requests.length)
    search.notes.add(
      `the installation id, which is part of all names in AWS: shown as ${unknownInstallation} (--installation sets it)`,
    );
  return {
    known: {
      environments,
      datasets,
      roles,
      namespaces,
      installation: installation ?? unknownInstallation,
      trustedLabels: wanted.trustedLabels,
    },
    incomplete,
    notes: [...search.notes],
  };
}

/** True where everything that judging the request needs is there. */
async function gatherFor(search: Search, request: ShareRequest): Promise<boolean> {
  const { datasetRef, principal } = request.spec;
  const { namespace = '' } = request.metadata;
  const [dataset, role] = await Promise.all([
    find(search, types.dataset, datasetRef),
    find(search, types.role, { namespace, name: principal.name }),
  ]);
  const names = [dataset?.spec.environmentRef.name, role?.spec.environmentRef.name].filter((name) => name !== undefined);
  const environments = await Promise.all([...new Set(names)].map((name) => find(search, types.environment, { name })));
  if (dataset === undefined || role === undefined || environments.includes(undefined)) return false;
  await gatherKeyEnvironments(search, dataset);
  if ([...environments, dataset].some((object) => JSON.stringify(object?.spec).includes('"from":"Selector"')))
    await Promise.all([datasetRef.namespace, namespace].map((name) => find(search, types.namespace, { name })));
  return true;
}

/** A key may be in an account of its own, which any Environment may be for. */
async function gatherKeyEnvironments(search: Search, { spec }: Dataset): Promise<void> {
  const accounts = spec.buckets.flatMap(({ kmsKeyArn }) =>
    kmsKeyArn === undefined ? [] : [parseArn(kmsKeyArn)?.accountId ?? ''],
  );
  const known = ofKind<Environment>([...search.wanted.files, ...search.found.values()], types.environment);
  if (search.wanted.offline || accounts.every((account) => known.some((each) => each.spec.accountId === account))) return;
  try {
    const { items } = await search.context.client.list(types.environment, { signal: search.context.signal });
    for (const item of items) search.found.set(`Environment ${item.metadata.name}`, item);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    search.notes.add('the Environments of keys in other accounts: you may not list Environments (role sluice-platform)');
  }
}

async function find<T extends KubeObject>(search: Search, type: ResourceType<T>, ref: ObjectRef): Promise<T | undefined> {
  const label = `${type.kind} ${nameOf({ metadata: ref })}`;
  const filed = ofKind<T>(search.wanted.files, type).find(
    ({ metadata }) => metadata.name === ref.name && (!type.namespaced || metadata.namespace === ref.namespace),
  );
  if (filed !== undefined) return filed;
  if (!search.found.has(label)) search.found.set(label, await fetch(search, { type, ref, label }));
  return search.found.get(label) as T | undefined;
}

async function fetch<T extends KubeObject>(
  { context, wanted, notes }: Search,
  { type, ref, label }: { readonly type: ResourceType<T>; readonly ref: ObjectRef; readonly label: string },
): Promise<T | undefined> {
  if (wanted.offline) {
    notes.add(`${label}: it is in none of the files`);
    return undefined;
  }
  try {
    return { ...(await context.client.get(type, ref, { signal: context.signal })), kind: type.kind };
  } catch (error) {
    if (isForbidden(error)) notes.add(`${label}: you may not read it; give it with -f, or ask whoever it belongs to`);
    else if (isNotFound(error)) notes.add(`${label}: it is neither in the files nor in the cluster`);
    else if (isConnectionError(error)) notes.add(`${label}: it is in none of the files, and the cluster does not answer`);
    else throw error;
    return undefined;
  }
}

function ofKind<T extends KubeObject>(objects: readonly (KubeObject | undefined)[], { kind }: ResourceType<T>): T[] {
  return objects.filter((object): object is T => object?.kind === kind);
}

function unique<T extends KubeObject>(objects: readonly T[]): T[] {
  return [...new Map(objects.map((object) => [nameOf(object), object])).values()];
}
