/**
 * Gathers what a decision needs from caches and observations into the values that the pure code of src/shares takes. Reads only.
 */
import {
  durationMs,
  type ConsumptionRole,
  type Dataset,
  type ShareApproval,
  type ShareItem,
  type ShareRequest,
  type Environment,
} from '../api/index.ts';
import { automaticTuples, standingOf, type Standing } from '../shares/approval.ts';
import { identityKey, parseArn, partitionOf } from '../shares/arn.ts';
import type { SharingLimits } from '../shares/decide.ts';
import {
  judgeBucket,
  judgeRole,
  type BucketCase,
  type KnownEnvironment,
  type PlatformContext,
  type RoleCase,
} from '../shares/judge.ts';
import type { Resolution } from '../shares/resolution.ts';
import { resolveItem } from '../shares/resolve.ts';
import { choosesNamespace, type NamespaceLabels } from '../shares/selectors.ts';
import { indexKeys, type Cluster } from './cluster.ts';
import { targetKeysOf } from './ledger.ts';
import { bucketKey, type Observations } from './observations.ts';
import { bucketPolicy } from '../targets/bucket-policy.ts';

/** Where decisions look. */
export interface GatherContext {
  readonly cluster: Cluster;
  readonly observations: Observations;
  readonly installation: string;
  readonly trustedLabels: readonly string[];
}

/** A namespace with its labels; a namespace that is not cached has none. */
export function namespaceOf({ cluster }: GatherContext, name: string): NamespaceLabels {
  return { name, labels: cluster.namespaces.store.get(name)?.metadata.labels ?? {} };
}

/** What the platform fixes for all decisions. */
export function platformOf({ cluster, observations, installation, trustedLabels }: GatherContext): PlatformContext {
  const assumed = cluster.environments.store.list().map(({ spec }) => spec.assumeRole?.arn);
  return {
    installation,
    trustedLabels,
    protectedPrincipals: new Set([...observations.ownIdentities, ...assumed.filter((arn) => arn !== undefined)].map(identityKey)),
  };
}

/** An Environment with what is known of it. */
export function knownEnvironment({ cluster, observations }: GatherContext, name: string): KnownEnvironment | undefined {
  const found = cluster.environments.store.get(name);
  return found === undefined || found.metadata.deletionTimestamp !== undefined
    ? undefined
    : { environment: found, state: observations.environments.get(name) };
}

/** Everything about one bucket of a Dataset. */
export function bucketCaseOf(context: GatherContext, dataset: Dataset, bucketName: string): BucketCase | undefined {
  const bucket = dataset.spec.buckets.find((each) => each.name === bucketName);
  if (bucket === undefined) return undefined;
  const { observations } = context;
  const known = knownEnvironment(context, dataset.spec.environmentRef.name);
  const accountId = known?.environment.spec.accountId ?? '';
  return {
    dataset,
    bucket,
    namespace: namespaceOf(context, dataset.metadata.namespace ?? ''),
    known,
    keyKnown: bucket.kmsKeyArn === undefined ? undefined : keyEnvironment(context, bucket.kmsKeyArn, known),
    seenBucket: observations.buckets.get(bucketKey(accountId, bucketName)),
    seenKey: bucket.kmsKeyArn === undefined ? undefined : observations.keys.get(bucket.kmsKeyArn),
    heldBy: holderOf(context, { dataset, bucketName, known }),
  };
}

/** Everything about one ConsumptionRole. */
export function roleCaseOf(context: GatherContext, role: ConsumptionRole): RoleCase {
  const conflicting = context.cluster.roles.store
    .index('principal', role.spec.principalArn)
    .filter((other) => other.metadata.uid !== role.metadata.uid && other.spec.policyManagement !== role.spec.policyManagement)
    // Only the younger one is wrong: two teams can't take each other's shares away. And whoever may not speak for the principal has no say.
    .find((other) => isOlder(other, role) && maySpeak(context, other));
  return {
    ...loneRoleCase(context, role),
    conflictingWith:
      conflicting === undefined ? undefined : `${conflicting.metadata.namespace ?? ''}/${conflicting.metadata.name}`,
  };
}

function loneRoleCase(context: GatherContext, role: ConsumptionRole): RoleCase {
  return {
    role,
    namespace: namespaceOf(context, role.metadata.namespace ?? ''),
    known: knownEnvironment(context, role.spec.environmentRef.name),
    seen: context.observations.principals.get(role.spec.principalArn),
    conflictingWith: undefined,
  };
}

function maySpeak(context: GatherContext, role: ConsumptionRole): boolean {
  const verdict = judgeRole(loneRoleCase(context, role), platformOf(context));
  return verdict.kind === 'ok' || verdict.kind === 'unknown';
}

/** The ConsumptionRole of a request. */
export function roleOf({ cluster }: GatherContext, request: ShareRequest): ConsumptionRole | undefined {
  return cluster.roles.store.get(`${request.metadata.namespace ?? ''}/${request.spec.principal.name}`);
}

/** The Dataset of a request. */
export function datasetOf(
  { cluster }: GatherContext,
  ref: { readonly namespace: string; readonly name: string },
): Dataset | undefined {
  return cluster.datasets.store.get(`${ref.namespace}/${ref.name}`);
}

/** All requests of the request's namespace on its Dataset, itself among them. */
export function siblingsOf({ cluster }: GatherContext, request: ShareRequest): readonly ShareRequest[] {
  const { namespace, name } = request.spec.datasetRef;
  return cluster.requests.store.index('datasetBy', `${namespace}/${name}|${request.metadata.namespace ?? ''}`);
}

/** Whether the Dataset exists for the requester's namespace. */
export function isVisible(context: GatherContext, dataset: Dataset | undefined, namespace: string): dataset is Dataset {
  if (dataset === undefined || dataset.metadata.deletionTimestamp !== undefined) return false;
  const chosen = { own: dataset.metadata.namespace, trustedLabels: context.trustedLabels };
  return choosesNamespace(dataset.spec.sharing.requesters, namespaceOf(context, namespace), chosen);
}

/** Resolves an item of a request. `dataset` is undefined where it does not exist for the requester. */
export function resolutionOf(
  context: GatherContext,
  request: ShareRequest,
  item: { readonly type: string; readonly name: string },
  dataset: Dataset | undefined,
): Resolution {
  const role = roleOf(context, request);
  return resolveItem(
    {
      request,
      type: item.type,
      name: item.name,
      dataset,
      bucketCase: dataset === undefined ? undefined : bucketCaseOf(context, dataset, item.name),
      roleCase: role === undefined ? undefined : roleCaseOf(context, role),
      targetKeys: targetKeysOf,
    },
    platformOf(context),
  );
}

/** The approvals that name a request, from the Dataset's namespace only: an approval's place is its authority. */
export function approvalsOf({ cluster }: GatherContext, request: ShareRequest): readonly ShareApproval[] {
  const { namespace, name: dataset } = request.spec.datasetRef;
  const key = indexKeys.approval(
    { namespace, dataset },
    { namespace: request.metadata.namespace ?? '', name: request.metadata.name },
  );
  return cluster.approvals.store.index('request', key);
}

/** What approvals and the Dataset's rules say about an item, for a principal. */
export function standing(
  context: GatherContext,
  item: Pick<ShareItem['spec'], 'type' | 'name'>,
  request: ShareRequest | undefined,
): (principalArn: string) => Standing {
  if (request === undefined) return () => ({ tuples: [], rejected: undefined });
  const approvals = approvalsOf(context, request);
  const dataset = datasetOf(context, request.spec.datasetRef);
  const requester = namespaceOf(context, request.metadata.namespace ?? '');
  return (principalArn) => {
    const question = { type: item.type, name: item.name, principalArn };
    const { tuples, rejected } = standingOf(approvals, question);
    const visible = isVisible(context, dataset, requester.name);
    return {
      tuples: visible ? [...tuples, ...automaticTuples(dataset, question, requester, context.trustedLabels)] : tuples,
      rejected,
    };
  };
}

/** The limits that a Dataset sets; without one nothing new is allowed. */
export function limitsOf(dataset: Dataset | undefined): SharingLimits {
  const sharing = dataset?.spec.sharing;
  const max = sharing?.expiration.max;
  return {
    permissions: sharing?.permissions ?? [],
    maxMs: max === undefined ? undefined : durationMs(max),
    expirationRequired: sharing?.expiration.required ?? false,
    followRecreated: sharing?.onPrincipalRecreated === 'Follow',
  };
}

/** The Environment of a key: the Dataset's own where the account fits, else any for that account and region. */
function keyEnvironment(context: GatherContext, keyArn: string, own: KnownEnvironment | undefined): KnownEnvironment | undefined {
  const key = parseArn(keyArn);
  if (key === undefined || own?.environment.spec.accountId === key.accountId) return own;
  const candidates = context.cluster.environments.store
    .index('account', key.accountId)
    .filter(({ spec }) => spec.region === key.region);
  return candidates[0] === undefined ? undefined : knownEnvironment(context, candidates[0].metadata.name);
}

interface Holding {
  readonly dataset: Dataset;
  readonly bucketName: string;
  readonly known: KnownEnvironment | undefined;
}

/**
 * The Dataset of another namespace that holds the bucket, if any: the one with a live share, then the oldest, then by name. Only Datasets that could be
 * shared compete, so that a Dataset without a claim can't block anybody.
 */
function holderOf(context: GatherContext, { dataset, bucketName, known }: Holding): string | undefined {
  const account = known?.environment.spec.accountId;
  if (account === undefined) return undefined;
  const rivals = context.cluster.datasets.store
    .index('bucket', bucketName)
    .filter((other) => other.metadata.namespace !== dataset.metadata.namespace && other.metadata.deletionTimestamp === undefined)
    .filter((other) => context.cluster.environments.store.get(other.spec.environmentRef.name)?.spec.accountId === account)
    .filter((other) => mayCompete(context, other, bucketName));
  const first = [dataset, ...rivals].toSorted((left, right) =>
    compareHolders(context, { left, right }, { account, bucketName }),
  )[0];
  return first === undefined || first === dataset ? undefined : `${first.metadata.namespace ?? ''}/${first.metadata.name}`;
}

/** Could the Dataset share the bucket, if it did hold it? Judged without asking who holds it. */
function mayCompete(context: GatherContext, dataset: Dataset, bucketName: string): boolean {
  const bucket = dataset.spec.buckets.find((each) => each.name === bucketName);
  const known = knownEnvironment(context, dataset.spec.environmentRef.name);
  if (bucket === undefined || known === undefined) return false;
  const seenBucket = context.observations.buckets.get(bucketKey(known.environment.spec.accountId, bucketName));
  const namespace = namespaceOf(context, dataset.metadata.namespace ?? '');
  const { kmsKeyArn: _key, ...unencrypted } = bucket;
  const verdict = judgeBucket(
    { dataset, bucket: unencrypted, namespace, known, keyKnown: undefined, seenBucket, seenKey: undefined, heldBy: undefined },
    platformOf(context),
  );
  return (
    verdict.kind !== 'notClaimed' &&
    !(verdict.kind === 'problem' && (verdict.reason === 'NamespaceNotAllowed' || verdict.reason === 'EnvironmentNotFound'))
  );
}

function compareHolders(
  context: GatherContext,
  { left, right }: { readonly left: Dataset; readonly right: Dataset },
  place: { readonly account: string; readonly bucketName: string },
): number {
  const rank = (each: Dataset): string[] => [
    hasLiveShare(context, each, place) ? '0' : '1',
    each.metadata.creationTimestamp ?? '',
    `${each.metadata.namespace ?? ''}/${each.metadata.name}`,
  ];
  return compareLists(rank(left), rank(right));
}

function hasLiveShare(
  { cluster }: GatherContext,
  dataset: Dataset,
  { account, bucketName }: { readonly account: string; readonly bucketName: string },
): boolean {
  const target = bucketPolicy.key({
    session: { environment: '', accountId: account, region: '' },
    bucket: bucketName,
    pruneDeadPrincipals: false,
  });
  return cluster.items.store
    .index('target', target)
    .some(
      ({ spec }) =>
        spec.datasetRef.namespace === dataset.metadata.namespace &&
        spec.datasetRef.name === dataset.metadata.name &&
        spec.resolved.some((entry) => entry.state !== 'Revoking'),
    );
}

function isOlder(left: ConsumptionRole, right: ConsumptionRole): boolean {
  const rank = ({ metadata }: ConsumptionRole): string[] => [
    metadata.creationTimestamp ?? '',
    `${metadata.namespace ?? ''}/${metadata.name}`,
  ];
  return compareLists(rank(left), rank(right)) < 0;
}

function compareLists(left: readonly string[], right: readonly string[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? '') < (right[at] ?? '') ? -1 : 1;
}

/** Buckets of an Environment that Datasets of several namespaces name, with the Dataset that holds each. */
export function contestedBuckets(
  context: GatherContext,
  environment: Environment,
): { resource: string; dataset: { namespace: string; name: string } }[] {
  const { accountId, region } = environment.spec;
  const datasets = context.cluster.datasets.store.index('environment', environment.metadata.name);
  const buckets = new Set(datasets.flatMap(({ spec }) => spec.buckets.map(({ name }) => name)));
  return [...buckets].toSorted().flatMap((bucketName) => {
    const rivals = context.cluster.datasets.store.index('bucket', bucketName);
    if (new Set(rivals.map(({ metadata }) => metadata.namespace)).size < 2) return [];
    const known = knownEnvironment(context, environment.metadata.name);
    const holder = rivals.find(
      (dataset) => mayCompete(context, dataset, bucketName) && holderOf(context, { dataset, bucketName, known }) === undefined,
    );
    if (holder === undefined) return [];
    const resource = `${partitionOf(region)}/${accountId}/${region}/s3:${bucketName}`;
    return [{ resource, dataset: { namespace: holder.metadata.namespace ?? '', name: holder.metadata.name } }];
  });
}
