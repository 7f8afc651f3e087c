/**
 * Objects for tests of decisions: valid as they are (the base), changed by modifiers. Specs go through the kinds' own schemas, so that defaults are the real
 * ones. Not for tests of the API itself, which want manifests.
 */
import type { z } from 'zod';
import type {
  ConsumptionRole,
  Dataset,
  Environment,
  ObjectMeta,
  ResolvedShare,
  ShareApproval,
  ShareItem,
  ShareRequest,
} from '../../src/api/index.ts';
import { consumptionRole } from '../../src/api/consumption-role.ts';
import { dataset } from '../../src/api/dataset.ts';
import { environment } from '../../src/api/environment.ts';
import { shareApproval } from '../../src/api/share-approval.ts';
import { shareItem } from '../../src/api/share-item.ts';
import { shareRequest } from '../../src/api/share-request.ts';
import type { BucketCase, PlatformContext, RoleCase } from '../../src/shares/judge.ts';

/** Changes an object on its way out of a builder. */
export type Modifier<T> = (object: T) => T;

interface Built {
  readonly metadata: ObjectMeta;
  readonly spec: object;
}

/** Sets fields of the spec. */
export function spec<T extends Built>(patch: Partial<T['spec']>): Modifier<T> {
  return (object) => ({ ...object, spec: { ...object.spec, ...patch } });
}

/** Sets fields of the metadata. */
export function meta<T extends Built>(patch: Partial<ObjectMeta>): Modifier<T> {
  return (object) => ({ ...object, metadata: { ...object.metadata, ...patch } });
}

/** Asked to be deleted, and held by a finalizer. */
export function deleting<T extends Built>(): Modifier<T> {
  return meta({ deletionTimestamp: time(0) });
}

/** The moment that stories begin, and that objects were made at: milliseconds since the epoch. */
export const beginning = Date.UTC(2026, 0, 1, 12);

/** RFC 3339 time, so many seconds after the beginning. */
export function time(seconds: number): string {
  return new Date(beginning + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** One day, in seconds. */
export const day = 86_400;

/** Accounts, ARNs and names that the bases use. */
export const producerAccount = '111122223333';
export const consumerAccount = '444455556666';
export const analystsArn = `arn:aws:iam::${consumerAccount}:role/teams/analysts`;
export const analystsId = 'AROAANALYSTS000000001';
export const bucketName = 'acme-orders';
export const keyArn = `arn:aws:kms:eu-west-1:${producerAccount}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;

const apiVersion = 'sluice.dev/v1alpha1';

interface Base {
  readonly name: string;
  readonly namespace?: string;
  readonly spec: object;
}

/** The type is the caller's to name: the schema is of the same kind, and its output is that kind's spec. */
function build<T extends Built>(
  definition: { readonly kind: string; readonly specSchema: z.ZodObject },
  base: Base,
  modifiers: readonly Modifier<T>[],
): T {
  const { name, namespace } = base;
  const object = {
    apiVersion,
    kind: definition.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: `uid-${name}`,
      generation: 1,
      creationTimestamp: time(0),
    },
    spec: definition.specSchema.parse(base.spec),
  } as unknown as T;
  return modifiers.reduce((built, modify) => modify(built), object);
}

/** The producer's Environment: open to all, with claims of the owner's namespace on the bucket and key. */
export function anEnvironment(...modifiers: Modifier<Environment>[]): Environment {
  const claims = [{ namespaces: { from: 'Names', names: ['team-sales'] }, buckets: ['acme-*'], kmsKeys: ['*'] }];
  const base = { accountId: producerAccount, region: 'eu-west-1', allowedNamespaces: { from: 'All' }, claims };
  return build(environment, { name: 'sales', spec: base }, modifiers);
}

/** The consumer's Environment, with a claim of the requester's namespace on its roles. */
export function aConsumerEnvironment(...modifiers: Modifier<Environment>[]): Environment {
  const claims = [{ namespaces: { from: 'Names', names: ['team-analytics'] }, roles: ['role/teams/*'] }];
  const base = { accountId: consumerAccount, region: 'eu-west-1', allowedNamespaces: { from: 'All' }, claims };
  return build(environment, { name: 'analytics', spec: base }, modifiers);
}

/** The owner's Dataset with one bucket that offers all permissions. */
export function aDataset(...modifiers: Modifier<Dataset>[]): Dataset {
  const base = {
    environmentRef: { name: 'sales' },
    buckets: [{ name: bucketName }],
    sharing: { permissions: ['Read', 'Write', 'Modify'] },
  };
  return build(dataset, { name: 'orders', namespace: 'team-sales', spec: base }, modifiers);
}

/** Sets fields of a Dataset's `sharing`. */
export function sharing(patch: Partial<Dataset['spec']['sharing']>): Modifier<Dataset> {
  return (object) => spec<Dataset>({ sharing: { ...object.spec.sharing, ...patch } })(object);
}

/** The requester's ConsumptionRole. */
export function aRole(...modifiers: Modifier<ConsumptionRole>[]): ConsumptionRole {
  const base = { environmentRef: { name: 'analytics' }, principalArn: analystsArn };
  return build(consumptionRole, { name: 'analysts', namespace: 'team-analytics', spec: base }, modifiers);
}

/** A request to read the bucket. */
export function aRequest(...modifiers: Modifier<ShareRequest>[]): ShareRequest {
  const base = {
    datasetRef: { namespace: 'team-sales', name: 'orders' },
    principal: { kind: 'ConsumptionRole', name: 'analysts' },
    items: [{ type: 'Bucket', name: bucketName }],
  };
  return build(shareRequest, { name: 'orders-for-analysts', namespace: 'team-analytics', spec: base }, modifiers);
}

/** An approval of reading the bucket. */
export function anApproval(...modifiers: Modifier<ShareApproval>[]): ShareApproval {
  const base = {
    datasetRef: { name: 'orders' },
    requestRef: { namespace: 'team-analytics', name: 'orders-for-analysts' },
    decision: 'Approved',
    principal: { arn: analystsArn },
    items: [{ type: 'Bucket', name: bucketName }],
  };
  return build(shareApproval, { name: 'yes', namespace: 'team-sales', spec: base }, modifiers);
}

/** What an approval allows on the bucket, and the digest that it is pinned to. */
export function allowing(
  permissions: ShareApproval['spec']['items'][number]['permissions'],
  digest?: string,
): Modifier<ShareApproval> {
  const item = { type: 'Bucket' as const, name: bucketName, permissions, ...(digest === undefined ? {} : { digest }) };
  return spec({ items: [item] });
}

/** Another version of an object: what the API server does on a change of spec. */
export function changed<T extends Built>(object: T, ...modifiers: Modifier<T>[]): T {
  const next = meta<T>({ generation: (object.metadata.generation ?? 0) + 1 })(object);
  return modifiers.reduce((built, modify) => modify(built), next);
}

/** A rejection of all items. */
export function aRejection(...modifiers: Modifier<ShareApproval>[]): ShareApproval {
  return anApproval(
    meta({ name: 'no', uid: 'uid-no' }),
    spec({ decision: 'Rejected', reason: 'not this quarter', items: [] }),
    ...modifiers,
  );
}

/** The request's item, without consent. */
export function anItem(...modifiers: Modifier<ShareItem>[]): ShareItem {
  const base = {
    requestRef: { name: 'orders-for-analysts', uid: 'uid-orders-for-analysts' },
    datasetRef: { namespace: 'team-sales', name: 'orders' },
    type: 'Bucket',
    name: bucketName,
    permissions: ['Read'],
  };
  return build(
    shareItem,
    { name: 'orders-for-analysts-bucket-acme-orders-abcdefgh', namespace: 'team-analytics', spec: base },
    modifiers,
  );
}

/** A resolved entry as it is recorded. */
export function anEntry(patch: Partial<ResolvedShare> = {}): ResolvedShare {
  return {
    id: 'first',
    type: 'Bucket',
    environment: { name: 'sales', accountId: producerAccount, region: 'eu-west-1' },
    consumer: { name: 'analytics', accountId: consumerAccount, region: 'eu-west-1' },
    partition: 'aws',
    bucket: bucketName,
    principal: { arn: analystsArn, uniqueId: analystsId },
    permissions: ['Read'],
    policyManagement: 'Managed',
    awsNamePrefix: 'sluice',
    targets: ['bucket', 'key', 'policy'],
    state: 'Granting',
    digest: `v1:sha256:${'a'.repeat(64)}`,
    ...patch,
  };
}

/** What the platform fixes: one installation, no trusted labels, no protected principals. */
export function aPlatform(patch: Partial<PlatformContext> = {}): PlatformContext {
  return { installation: 'abcd1234', trustedLabels: [], protectedPrincipals: new Set(), ...patch };
}

/** A bucket that can be shared: claimed, found, without a key. */
export function aBucketCase(patch: Partial<BucketCase> = {}): BucketCase {
  const found = patch.dataset ?? aDataset();
  const bucket = patch.bucket ?? found.spec.buckets[0];
  if (bucket === undefined) throw new Error('a Dataset has at least one bucket');
  const known = { environment: anEnvironment(), state: { kind: 'ready' as const, attachmentQuota: 10 } };
  return {
    dataset: found,
    namespace: { name: 'team-sales', labels: {} },
    bucket,
    known,
    keyKnown: bucket.kmsKeyArn === undefined ? undefined : known,
    seenBucket: {
      kind: 'found',
      value: {
        region: 'eu-west-1',
        encryption:
          bucket.kmsKeyArn === undefined
            ? { algorithm: 'AES256', key: undefined }
            : { algorithm: 'aws:kms', key: bucket.kmsKeyArn },
        ownership: 'BucketOwnerEnforced',
        tags: {},
      },
    },
    seenKey:
      bucket.kmsKeyArn === undefined
        ? undefined
        : { kind: 'found', value: { arn: bucket.kmsKeyArn, state: 'Enabled', manager: 'CUSTOMER', tags: {} } },
    heldBy: undefined,
    ...patch,
  };
}

/** A ConsumptionRole that can receive shares: claimed and found. */
export function aRoleCase(patch: Partial<RoleCase> = {}): RoleCase {
  return {
    role: aRole(),
    namespace: { name: 'team-analytics', labels: {} },
    known: { environment: aConsumerEnvironment(), state: { kind: 'ready', attachmentQuota: 10 } },
    seen: { kind: 'found', value: { uniqueId: analystsId, tags: {} } },
    conflictingWith: undefined,
    ...patch,
  };
}
