/**
 * Who holds a bucket that Datasets of several namespaces name. Reads only.
 */
import type { Dataset, Environment } from '../api/index.ts';
import { partitionOf } from '../shares/arn.ts';
import { judgeBucket, type KnownEnvironment } from '../shares/judge.ts';
import { bucketPolicy } from '../targets/bucket-policy.ts';
import { knownEnvironment, namespaceOf, platformOf, type GatherContext } from './gather-context.ts';
import { bucketKey } from './observations.ts';

/** A bucket as a Dataset names it. */
export interface Holding {
  readonly dataset: Dataset;
  readonly bucketName: string;
  readonly known: KnownEnvironment | undefined;
}

/**
 * The Dataset of another namespace that holds the bucket, if any: the one with a live share, then the oldest, then by name. Only Datasets that could be
 * shared compete, so that a Dataset without a claim can't block anybody.
 */
export function holderOf(context: GatherContext, { dataset, bucketName, known }: Holding): string | undefined {
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

/** Compares two lists of texts, entry by entry. */
export function compareLists(left: readonly string[], right: readonly string[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? '') < (right[at] ?? '') ? -1 : 1;
}
