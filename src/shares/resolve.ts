/**
 * Resolves items: from specs and from what was observed of AWS to «this bucket, this key, this principal», or to the reason why not. Pure.
 */
import type { Dataset, Environment, ResolvedShare, ShareRequest } from '../api/index.ts';
import { accessPointFor } from './access-points.ts';
import { partitionOf } from './arn.ts';
import { reviewDigest } from './digest.ts';
import { judgeBucket, judgeRole, type BucketCase, type PlatformContext, type RoleCase, type Verdict } from './judge.ts';
import { nameHash } from '../policy/name-hash.ts';
import { crossAccountProblem, type Problem } from './preconditions.ts';
import type { Resolution } from './resolution.ts';

/** Everything that resolving one item takes. Absent objects are undefined. */
export interface ItemCase {
  readonly request: ShareRequest;
  readonly type: string;
  readonly name: string;
  readonly dataset: Dataset | undefined;
  readonly bucketCase: BucketCase | undefined;
  readonly roleCase: RoleCase | undefined;
  /** The item's record, where it has one. */
  readonly recorded: readonly ResolvedShare[];
  /** Target keys of an entry, in the order of granting: known to the code that owns the targets. */
  readonly targetKeys: (entry: ResolvedShare) => readonly string[];
}

/** The one answer for a Dataset that does not exist and one that this namespace may not know of: byte for byte the same. */
export const datasetNotAvailable: Problem = {
  reason: 'DatasetNotAvailable',
  message:
    'the dataset does not exist or is not open to this namespace: check spec.datasetRef, or ask the owner to admit this namespace in spec.sharing.requesters',
};

/** Resolves one item of a request. */
export function resolveItem(input: ItemCase, platform: PlatformContext): Resolution {
  const { dataset, bucketCase, roleCase, request } = input;
  if (dataset === undefined || dataset.metadata.deletionTimestamp !== undefined)
    return { kind: 'gone', discard: true, lost: dataset === undefined, ...datasetNotAvailable };
  if (bucketCase === undefined) {
    return {
      kind: 'gone',
      discard: true,
      lost: false,
      reason: 'ItemNotFound',
      message: `the dataset lists no ${input.type} ${input.name}: ask for an item that it lists`,
    };
  }
  if (roleCase === undefined || roleCase.role.metadata.deletionTimestamp !== undefined) {
    return {
      kind: 'gone',
      discard: false,
      lost: roleCase === undefined,
      reason: 'ConsumptionRoleNotFound',
      message: `there is no ConsumptionRole ${request.spec.principal.name} in this namespace: create it`,
    };
  }
  return (
    refusal(judgeRole(roleCase, platform), 'principal') ??
    refusal(judgeBucket(bucketCase, platform), 'data') ??
    crossAccountRefusal(input, bucketCase, roleCase) ??
    resolved(input, bucketCase, roleCase, platform)
  );
}

/**
 * A requester reads no more of the owner's side than that it is not ready; the owner reads the details in the Dataset's status. Reasons of the requester's own
 * side pass through.
 */
function refusal(verdict: Verdict, side: 'principal' | 'data'): Resolution | undefined {
  switch (verdict.kind) {
    case 'ok':
      return undefined;
    case 'unknown':
      return { kind: 'unknown' };
    case 'notClaimed':
      return {
        kind: 'claimLost',
        message:
          side === 'data' ? "the owner's namespace has no claim to the data: ask the owner of the dataset" : verdict.message,
        immediately: verdict.immediately,
      };
    case 'problem':
      return side === 'data'
        ? {
            kind: 'unavailable',
            reason: 'DatasetNotReady',
            message: `the dataset can't be shared right now (${verdict.reason}): its owner sees why in the Dataset's status`,
          }
        : { kind: 'unavailable', reason: verdict.reason, message: verdict.message };
  }
}

function crossAccountRefusal(input: ItemCase, bucketCase: BucketCase, roleCase: RoleCase): Resolution | undefined {
  const producer = bucketCase.known?.environment.spec;
  if (bucketCase.seenBucket?.kind !== 'found' || producer === undefined) return { kind: 'unknown' };
  if (producer.accountId === roleCase.known?.environment.spec.accountId) return undefined;
  const declared = { name: bucketCase.bucket.name, kmsKeyArn: bucketCase.bucket.kmsKeyArn, region: producer.region };
  const found = crossAccountProblem(declared, bucketCase.seenBucket.value, input.request.spec.permissions);
  return found === undefined ? undefined : { kind: 'unavailable', ...found };
}

function resolved(input: ItemCase, bucketCase: BucketCase, roleCase: RoleCase, platform: PlatformContext): Resolution {
  const producer = bucketCase.known?.environment;
  const consumer = roleCase.known?.environment;
  if (producer === undefined || consumer === undefined || roleCase.seen?.kind !== 'found') return { kind: 'unknown' };
  const { bucket, dataset } = bucketCase;
  const principal = { arn: roleCase.role.spec.principalArn, uniqueId: roleCase.seen.value.uniqueId };
  const follow = dataset.spec.sharing.onPrincipalRecreated === 'Follow';
  const partition = partitionOf(producer.spec.region);
  const { accountId, region } = producer.spec;
  const folder = input.type === 'Folder' ? dataset.spec.folders.find(({ name }) => name === input.name) : undefined;
  const location = {
    partition,
    accountId,
    region,
    bucket: bucket.name,
    kmsKeyArn: bucket.kmsKeyArn ?? null,
    ...(folder === undefined ? {} : { prefix: folder.prefix }),
  };
  const { permissions } = input.request.spec;
  const { policyManagement } = roleCase.role.spec;
  const digest = reviewDigest({
    principalArn: principal.arn,
    principalUniqueId: follow ? '' : principal.uniqueId,
    permissions,
    profile: null,
    type: input.type,
    name: input.name,
    location,
    filters: [],
    accessPolicies: null,
  });
  const entry: ResolvedShare = {
    id: nameHash(16, input.type, JSON.stringify(location), principal.arn, follow ? '' : principal.uniqueId, policyManagement),
    type: folder === undefined ? 'Bucket' : 'Folder',
    environment: sessionOf(producer),
    consumer: sessionOf(consumer),
    ...(bucketCase.keyKnown === undefined ? {} : { keyEnvironment: sessionOf(bucketCase.keyKnown.environment) }),
    partition,
    bucket: bucket.name,
    ...(bucket.kmsKeyArn === undefined ? {} : { kmsKeyArn: bucket.kmsKeyArn }),
    ...(folder === undefined
      ? {}
      : {
          prefix: folder.prefix,
          accessPoint: accessPointFor({
            dataset,
            folder,
            principalArn: principal.arn,
            account: { partition, accountId, region },
            installation: platform.installation,
            prefix: producer.spec.sharePolicyPrefix,
            recorded: input.recorded,
          }),
        }),
    principal,
    permissions: [...permissions],
    policyManagement,
    awsNamePrefix: consumer.spec.sharePolicyPrefix,
    targets: [],
    state: 'Granting',
    digest,
  };
  return { kind: 'resolved', entry: { ...entry, targets: [...input.targetKeys(entry)] }, digest };
}

function sessionOf(environment: Environment): ResolvedShare['environment'] {
  const { accountId, region, assumeRole } = environment.spec;
  return {
    name: environment.metadata.name,
    accountId,
    region,
    ...(assumeRole === undefined ? {} : { roleArn: assumeRole.arn }),
    ...(assumeRole?.externalIdSecretRef === undefined ? {} : { externalIdSecretRef: assumeRole.externalIdSecretRef }),
  };
}
