/**
 * What a request would mean in AWS if its owner approved it, judged by the rules that the operator judges by. What only AWS knows is assumed to be as the objects
 * say: buckets, keys and principals are there, in the region and encrypted as declared, and carry the tags that claims ask for. Pure.
 */
import type {
  Condition,
  ConsumptionRole,
  Dataset,
  Environment,
  Permission,
  ResolvedShare,
  ShareRequest,
} from '../../api/index.ts';
import { identityKey, parseArn } from '../../shares/arn.ts';
import type { BucketCase, KnownEnvironment, PlatformContext, RoleCase } from '../../shares/judge.ts';
import { expirationProblem } from '../../shares/limits.ts';
import { intersectPermissions } from '../../shares/permissions.ts';
import { placeOf } from '../../shares/places.ts';
import type { Resolution } from '../../shares/resolution.ts';
import { datasetNotAvailable, resolveItem } from '../../shares/resolve.ts';
import { choosesNamespace, type NamespaceLabels } from '../../shares/selectors.ts';

/** The objects that requests are judged with. */
export interface Known {
  readonly environments: readonly Environment[];
  readonly datasets: readonly Dataset[];
  readonly roles: readonly ConsumptionRole[];
  readonly namespaces: readonly NamespaceLabels[];
  readonly installation: string;
  readonly trustedLabels: readonly string[];
  readonly targetKeys: (entry: ResolvedShare) => readonly string[];
}

/** What would become of one item. */
export interface PlannedItem {
  readonly type: string;
  readonly name: string;
  /** Absent: it can't be shared as it is asked for. */
  readonly entry?: ResolvedShare;
  readonly problem?: { readonly reason: string; readonly message: string };
  /** Asked for and not offered by the Dataset: never granted. */
  readonly notOffered: readonly Permission[];
}

/** What would become of each item of the request. */
export function planItems(request: ShareRequest, known: Known): PlannedItem[] {
  return request.spec.items.map((item) => planItem(request, item, known));
}

type Item = ShareRequest['spec']['items'][number];

function planItem(request: ShareRequest, item: Item, known: Known): PlannedItem {
  const dataset = known.datasets.find((each) => isAt(each, request.spec.datasetRef));
  const visible = dataset !== undefined && isOpenTo(dataset, request, known);
  const problem = visible ? expirationProblem(dataset, request) : datasetNotAvailable;
  if (!visible || problem !== undefined) return { ...item, notOffered: [], ...(problem === undefined ? {} : { problem }) };
  const resolution = resolve(request, item, { known, dataset });
  const { permissions: asked } = request.spec;
  const { permissions: offered } = dataset.spec.sharing;
  const notOffered = asked.filter((permission) => !offered.includes(permission));
  switch (resolution.kind) {
    case 'resolved':
      return { ...item, notOffered, entry: { ...resolution.entry, permissions: intersectPermissions(asked, offered) } };
    case 'claimLost':
      return { ...item, notOffered, problem: { reason: 'NotClaimed', message: resolution.message } };
    case 'unavailable':
    case 'gone':
      return { ...item, notOffered, problem: { reason: resolution.reason, message: resolution.message } };
    case 'unknown':
      return { ...item, notOffered, problem: unseen };
  }
}

const unseen = { reason: 'EnvironmentNotReady', message: 'the operator has not looked at the Environment yet' };

function resolve(
  request: ShareRequest,
  item: Item,
  { known, dataset }: { readonly known: Known; readonly dataset: Dataset },
): Resolution {
  const ref = { namespace: request.metadata.namespace ?? '', name: request.spec.principal.name };
  const role = known.roles.find((each) => isAt(each, ref));
  const place = placeOf(dataset, item);
  const input = {
    request,
    ...item,
    dataset,
    bucketCase: place === undefined ? undefined : bucketCase(dataset, place.bucket, known),
    roleCase: role === undefined ? undefined : roleCase(role, known),
    recorded: [],
    targetKeys: known.targetKeys,
  };
  return resolveItem(input, platformOf(known));
}

function bucketCase(dataset: Dataset, name: string, known: Known): BucketCase | undefined {
  const bucket = dataset.spec.buckets.find((each) => each.name === name);
  if (bucket === undefined) return undefined;
  const environment = environmentNamed(known, dataset.spec.environmentRef.name);
  const namespace = namespaceOf(known, dataset.metadata.namespace ?? '');
  const keyKnown = bucket.kmsKeyArn === undefined ? undefined : keyEnvironment(known, bucket.kmsKeyArn, environment);
  const { region = '' } = environment?.environment.spec ?? {};
  const encryption =
    bucket.kmsKeyArn === undefined ? { algorithm: 'AES256', key: undefined } : { algorithm: 'aws:kms', key: bucket.kmsKeyArn };
  return {
    dataset,
    bucket,
    namespace,
    known: environment,
    keyKnown,
    seenBucket: {
      kind: 'found',
      value: { region, encryption, ownership: 'BucketOwnerEnforced', tags: claimTags(environment, namespace.name) },
    },
    seenKey:
      bucket.kmsKeyArn === undefined
        ? undefined
        : {
            kind: 'found',
            value: { arn: bucket.kmsKeyArn, state: 'Enabled', manager: 'CUSTOMER', tags: claimTags(keyKnown, namespace.name) },
          },
    heldBy: undefined,
  };
}

function roleCase(role: ConsumptionRole, known: Known): RoleCase {
  const environment = environmentNamed(known, role.spec.environmentRef.name);
  const namespace = namespaceOf(known, role.metadata.namespace ?? '');
  const uniqueId = role.status?.uniqueId ?? 'unknown';
  return {
    role,
    namespace,
    known: environment,
    seen: { kind: 'found', value: { uniqueId, tags: claimTags(environment, namespace.name) } },
    conflictingWith: undefined,
  };
}

/** The tags that would make the Environment's claims by tag hold. */
function claimTags(known: KnownEnvironment | undefined, namespace: string): Record<string, string> {
  const keys = (known?.environment.spec.claims ?? []).flatMap(({ byTag }) => (byTag === undefined ? [] : [byTag]));
  return Object.fromEntries(keys.map((key) => [key, namespace]));
}

/** An Environment from a file is taken to be ready; one from the cluster says so itself. */
function knownEnvironment(environment: Environment): KnownEnvironment {
  const ready = environment.status?.conditions?.find(({ type }: Condition) => type === 'Ready');
  if (ready !== undefined && ready.status !== 'True')
    return { environment, state: { kind: 'notReady', reason: ready.reason, message: ready.message } };
  return { environment, state: { kind: 'ready', attachmentQuota: environment.status?.quotas?.attachedPoliciesPerRole ?? 10 } };
}

function environmentNamed({ environments }: Known, name: string): KnownEnvironment | undefined {
  const found = environments.find(({ metadata }) => metadata.name === name);
  return found === undefined ? undefined : knownEnvironment(found);
}

function keyEnvironment(
  { environments }: Known,
  keyArn: string,
  own: KnownEnvironment | undefined,
): KnownEnvironment | undefined {
  const key = parseArn(keyArn);
  if (key === undefined || own?.environment.spec.accountId === key.accountId) return own;
  const found = environments.find(({ spec }) => spec.accountId === key.accountId && spec.region === key.region);
  return found === undefined ? undefined : knownEnvironment(found);
}

function isOpenTo(dataset: Dataset, request: ShareRequest, known: Known): boolean {
  const context = { own: dataset.metadata.namespace, trustedLabels: known.trustedLabels };
  return choosesNamespace(dataset.spec.sharing.requesters, namespaceOf(known, request.metadata.namespace ?? ''), context);
}

function namespaceOf({ namespaces }: Known, name: string): NamespaceLabels {
  return namespaces.find((each) => each.name === name) ?? { name, labels: {} };
}

function platformOf({ environments, installation, trustedLabels }: Known): PlatformContext {
  const roles = environments.flatMap(({ spec }) => (spec.assumeRole === undefined ? [] : [spec.assumeRole.arn]));
  return { installation, trustedLabels, protectedPrincipals: new Set(roles.map(identityKey)) };
}

function isAt(
  { metadata }: { readonly metadata: { readonly namespace?: string; readonly name: string } },
  ref: { readonly namespace: string; readonly name: string },
): boolean {
  return metadata.namespace === ref.namespace && metadata.name === ref.name;
}
