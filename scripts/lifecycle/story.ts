/**
 * One ShareItem through time, as the controller decides and records it: the objects that people write are set, AWS does all that is decided, until nothing changes any
 * more. Everything is decided by src/shares; what is here are examples of objects and the bookkeeping.
 */
import type { Dataset, ResolvedShare, ShareApproval, ShareItem, ShareRequest } from '../../src/api/index.ts';
import { dataset as datasetKind } from '../../src/api/dataset.ts';
import { shareApproval } from '../../src/api/share-approval.ts';
import { shareItem } from '../../src/api/share-item.ts';
import { shareRequest } from '../../src/api/share-request.ts';
import { limitsOf } from '../../src/controllers/gather.ts';
import { decide, type Decision } from '../../src/shares/decide.ts';
import { reviewDigest } from '../../src/shares/digest.ts';
import type { Resolution } from '../../src/shares/resolution.ts';
import { recorded, standingFor } from './bookkeeping.ts';
import { sampleShare } from './cases.ts';

/** The moment that a story begins at (milliseconds since the epoch). */
export const beginning = Date.UTC(2026, 0, 1);
export const dayMs = 86_400_000;

/** Everything that people wrote, and what AWS holds of the principal. */
export interface World {
  readonly request: ShareRequest | undefined;
  readonly dataset: Dataset;
  readonly approvals: readonly ShareApproval[];
  /** The principal's unique id: another one when it was made again. */
  readonly uniqueId: string;
  /** Instead of what the objects resolve to. */
  readonly inTheWay: Resolution | undefined;
  /** Days since the beginning. */
  readonly day: number;
}

/** Where a story has come to. */
export interface Outcome {
  /** Undefined: the item has gone. */
  readonly item: ShareItem | undefined;
  readonly decision: Decision;
}

const sample = sampleShare;
const principalArn = sample.principal.arn;
const asked = { type: 'Bucket', name: sample.bucket } as const;
const requestRef = { namespace: 'team-analytics', name: 'weekly' };
const datasetRef = { namespace: 'team-sales', name: 'orders' };

/** RFC 3339, so many days after the beginning. */
export function time(day: number): string {
  return new Date(beginning + day * dayMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function metaOf(name: string, namespace: string, { generation = 1, day = 0 } = {}) {
  return { name, namespace, uid: `uid-${name}`, generation, creationTimestamp: time(day) };
}

const api = { apiVersion: 'sluice.dev/v1alpha1' } as const;

/** A Dataset of one bucket that offers Read and Write. */
export function aDataset(sharing: object, rest: object = {}): Dataset {
  const spec = datasetKind.specSchema.parse({
    environmentRef: { name: 'sales' },
    buckets: [{ name: asked.name }],
    sharing: { permissions: ['Read', 'Write'], ...sharing },
    ...rest,
  });
  return { ...api, kind: 'Dataset', metadata: metaOf(datasetRef.name, datasetRef.namespace), spec };
}

/** A request for the bucket. */
export function aRequest(generation: number, patch: object = {}): ShareRequest {
  const principal = { kind: 'ConsumptionRole', name: 'analysts' };
  const spec = shareRequest.specSchema.parse({ datasetRef, principal, items: [asked], ...patch });
  return { ...api, kind: 'ShareRequest', metadata: metaOf(requestRef.name, requestRef.namespace, { generation }), spec };
}

/** An owner's answer: an approval of reading the bucket for ten days, unless `patch` says otherwise. */
export function anApproval(
  of: { readonly name: string; readonly generation: number; readonly day: number },
  { digest, ...patch }: { readonly digest?: string; readonly [field: string]: unknown } = {},
): ShareApproval {
  const spec = shareApproval.specSchema.parse({
    datasetRef: { name: datasetRef.name },
    requestRef,
    decision: 'Approved',
    principal: { arn: principalArn },
    items: [{ ...asked, permissions: ['Read'], ...(digest === undefined ? {} : { digest }) }],
    expireTime: time(10),
    ...patch,
  });
  return { ...api, kind: 'ShareApproval', metadata: metaOf(of.name, datasetRef.namespace, of), spec };
}

/** The item before anything is decided. */
export function anItem(): ShareItem {
  const spec = shareItem.specSchema.parse({
    requestRef: { name: requestRef.name, uid: `uid-${requestRef.name}` },
    datasetRef,
    ...asked,
    permissions: ['Read'],
  });
  return { ...api, kind: 'ShareItem', metadata: metaOf('weekly-bucket', requestRef.namespace), spec };
}

/** What the owner pins when he approves exactly this. */
export function digestOf({ request, uniqueId }: Pick<World, 'request' | 'uniqueId'>): string {
  return reviewDigest({
    principalArn,
    principalUniqueId: uniqueId,
    permissions: request?.spec.permissions ?? ['Read'],
    profile: null,
    ...asked,
    location: { bucket: asked.name },
    filters: [],
    accessPolicies: null,
  });
}

/** Lets everything be decided and done in AWS until nothing changes. */
export function settle(world: World, before: ShareItem): Outcome {
  let item = before;
  let decision = decided(world, item);
  for (let turn = 0; turn < 6; turn++) {
    if (decision.discard && decision.resolved.length === 0) return { item: undefined, decision };
    item = recorded(item, decision);
    decision = decided(world, item);
  }
  return { item, decision };
}

function decided(world: World, item: ShareItem): Decision {
  const { request, dataset, inTheWay, day } = world;
  const idsOf = (wanted: boolean): ReadonlySet<string> =>
    new Set(item.spec.resolved.filter(({ state }) => (state === 'Revoking') === wanted).map(({ id }) => id));
  return decide({
    item,
    request,
    limits: limitsOf(dataset),
    resolution: inTheWay ?? { kind: 'resolved', entry: entryOf(world), digest: digestOf(world) },
    standing: standingFor(world, item, requestRef.namespace),
    cleared: idsOf(true),
    applied: idsOf(false),
    withdrawalSeen: true,
    removalHeld: () => false,
    now: beginning + day * dayMs,
  });
}

/** The place's id has the principal's unique id in it, unless the Dataset follows whoever has the name. */
function entryOf({ dataset, uniqueId }: World): ResolvedShare {
  const follows = dataset.spec.sharing.onPrincipalRecreated === 'Follow';
  return { ...sample, id: follows ? 'place' : `place-${uniqueId}`, principal: { arn: principalArn, uniqueId } };
}
