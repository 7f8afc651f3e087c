/**
 * What data.all has in AWS for the shares that are brought over, by share, and where it stays when data.all revokes. Facts for the list of the cut-over and for
 * `-o json`. Pure.
 */
import { accessPointName, bucketSids, delegateSid, keySids, sharePolicyName } from './left-behind.ts';
import type { DataAllDataset } from './export.ts';
import type { Translated } from './naming.ts';

/** Statements of a document that name the principal. */
export interface OldStatements {
  readonly document: string;
  readonly sids: readonly string[];
}

/** What there is for one share. */
export interface Removal {
  readonly share: string;
  readonly request: { readonly namespace: string; readonly name: string };
  readonly principal: string;
  /** Items that data.all has granted, as it calls them. */
  readonly items: readonly string[];
  /** Items of the request that wait for consent: it is not Ready as a whole. */
  readonly waiting: boolean;
  readonly policies: readonly OldStatements[];
  readonly accessPoint?: { readonly name: string; readonly arn: string };
  /** Managed policies, without the `-<n>` at the end; undefined: the export does not say. */
  readonly sharePolicy?: string;
  readonly account: string;
}

/** States in which there is something in AWS. */
const granted: ReadonlySet<string> = new Set(['Share_Succeeded', 'PendingExtension', 'Share_In_Progress']);

/** The removals, of shares that have something in AWS. */
export function removalsOf(shares: readonly Translated[], datasets: readonly DataAllDataset[]): Removal[] {
  const known = new Map(datasets.map((each) => [each.datasetUri, each]));
  return shares.flatMap((share) => removalOf(share, known.get(share.dataset.datasetUri)));
}

/** Statement that data.all leaves in the policy of every bucket of which it shared a folder. */
export const staysInBuckets = delegateSid;

function removalOf(each: Translated, dataset: DataAllDataset | undefined): Removal[] {
  const { share, arn } = each;
  const old = new Set(share.items.nodes.filter(({ status }) => granted.has(status)).map(({ itemUri }) => itemUri));
  const items = each.items.filter(({ uri }) => old.has(uri));
  if (items.length === 0) return [];
  const folders = items.some(({ type }) => type === 'Folder');
  const name = accessPointName(each.dataset.datasetUri, share.principal.principalId);
  const [partition = 'aws', account = ''] = [arn.split(':')[1], arn.split(':')[4]];
  const { region, AwsAccountId } = each.dataset;
  const point = { name, arn: `arn:${partition}:s3:${region}:${AwsAccountId}:accesspoint/${name}` };
  const sharePolicy = sharePolicyName(share);
  return [
    {
      share: share.shareUri,
      request: { namespace: each.requester, name: each.requestName },
      principal: arn,
      items: items.map(({ bucket, folder }) => (folder === undefined ? bucket : `${bucket}/${folder.prefix}/`)),
      waiting: each.items.some(({ approved }) => !approved),
      policies: policiesOf(each, { items, dataset }),
      ...(folders ? { accessPoint: point } : {}),
      ...(sharePolicy === undefined ? {} : { sharePolicy }),
      account,
    },
  ];
}

function policiesOf(
  { permissions }: Translated,
  { items, dataset }: { readonly items: Translated['items']; readonly dataset: DataAllDataset | undefined },
): OldStatements[] {
  const kinds = [...new Set(items.map(({ type }) => type))].toSorted();
  const buckets = items.filter(({ type }) => type === 'Bucket').map(({ bucket }) => bucket);
  const alias = dataset?.restricted.KmsAlias;
  const encrypted = dataset !== undefined && (dataset.imported !== true || dataset.restricted.importedKmsKey === true);
  const sids = kinds.flatMap((kind) => keySids(kind === 'Bucket' ? 'Bucket' : 'Access-Point', permissions));
  return [
    ...buckets.map((bucket) => ({
      document: `bucket policy of ${bucket}`,
      sids: permissions.flatMap((permission) => bucketSids[permission] ?? []),
    })),
    ...(encrypted ? [{ document: `key policy of alias/${alias ?? '?'}`, sids }] : []),
  ];
}
