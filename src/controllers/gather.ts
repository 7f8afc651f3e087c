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
} from '../api/index.ts';
import { automaticTuples, standingOf, type Standing } from '../shares/approval.ts';
import { parseArn } from '../shares/arn.ts';
import type { SharingLimits } from '../shares/decide.ts';
import { judgeRole, type BucketCase, type KnownEnvironment, type RoleCase } from '../shares/judge.ts';
import type { Resolution } from '../shares/resolution.ts';
import { shareItemName } from '../shares/names.ts';
import { placeOf } from '../shares/places.ts';
import { resolveItem } from '../shares/resolve.ts';
import { choosesNamespace } from '../shares/selectors.ts';
import { indexKeys } from './cluster.ts';
import { knownEnvironment, namespaceOf, platformOf, type GatherContext } from './gather-context.ts';
import { compareLists, holderOf } from './holding.ts';
import { targetKeysOf } from './ledger.ts';
import { bucketKey } from './observations.ts';

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
  const place = dataset === undefined ? undefined : placeOf(dataset, item);
  return resolveItem(
    {
      request,
      type: item.type,
      name: item.name,
      dataset,
      bucketCase: place === undefined || dataset === undefined ? undefined : bucketCaseOf(context, dataset, place.bucket),
      roleCase: role === undefined ? undefined : roleCaseOf(context, role),
      recorded: recordOf(context, request, item),
      targetKeys: targetKeysOf,
    },
    platformOf(context),
  );
}

/** What the ShareItem of an item of a request has recorded. */
function recordOf(
  { cluster }: GatherContext,
  { metadata: { namespace = '', name: request, uid = '' } }: ShareRequest,
  item: { readonly type: string; readonly name: string },
): ShareItem['spec']['resolved'] {
  const itemKey = `${namespace}/${shareItemName({ namespace, request, requestUid: uid, type: item.type, name: item.name })}`;
  return cluster.items.store.get(itemKey)?.spec.resolved ?? [];
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

function isOlder(left: ConsumptionRole, right: ConsumptionRole): boolean {
  const rank = ({ metadata }: ConsumptionRole): string[] => [
    metadata.creationTimestamp ?? '',
    `${metadata.namespace ?? ''}/${metadata.name}`,
  ];
  return compareLists(rank(left), rank(right)) < 0;
}
