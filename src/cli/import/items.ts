/** What of a share can be brought over: its items as Sluice knows them, and what is left with the reason. Pure; names come later. */
import { PERMISSIONS, type ItemType, type Permission } from '../../api/index.ts';
import { bucketName, folderPrefix, principalArn } from '../../api/fields.ts';
import type { DataAllDataset, DataAllItem, DataAllShare } from './export.ts';
import { fateOf, isDraft, itemStates } from './states.ts';

/** An item that is brought over. */
export interface Brought {
  readonly uri: string;
  readonly type: ItemType;
  /** For a bucket its own name. */
  readonly bucket: string;
  /** For a folder: what data.all calls it, and its prefix without slashes at the ends. */
  readonly folder?: { readonly text: string; readonly prefix: string };
  readonly approved: boolean;
}

/** A share whose principal data.all still knows. */
export type KnownShare = DataAllShare & { readonly principal: NonNullable<DataAllShare['principal']> };

/** A share of which something is brought over. */
export interface BroughtShare {
  readonly share: KnownShare;
  readonly dataset: NonNullable<DataAllShare['dataset']>;
  readonly arn: string;
  readonly permissions: readonly Permission[];
  readonly items: readonly Brought[];
  /** Nothing of it was submitted. */
  readonly draft: boolean;
}

/** A share or an item that is not brought over. */
export interface Left {
  readonly share: string;
  readonly item?: string;
  readonly state: string;
  readonly why: string;
  /** Somebody has to look at it. */
  readonly attention: boolean;
}

/** Something to know about a share, a Dataset or a role. */
export interface Note {
  readonly about: string;
  readonly message: string;
}

/** What was found out about one share. */
export interface Sorted {
  readonly brought?: BroughtShare;
  readonly left: readonly Left[];
  readonly notes: readonly Note[];
}

/** The most items that a ShareRequest holds. */
const maxItems = 100;

/** Sorts a share's items. */
export function sortShare(share: DataAllShare, datasets: ReadonlyMap<string, DataAllDataset>): Sorted {
  const refusal = refusalOf(share);
  const { dataset, principal } = share;
  if (refusal !== undefined || dataset === null || principal === null) {
    const why = refusal ?? '';
    return { left: [{ share: share.shareUri, state: share.status, why, attention: true }], notes: [] };
  }
  const left: Left[] = [];
  const notes: Note[] = [];
  const items: Brought[] = [];
  const live = share.items.nodes.some(({ status }) => itemStates[status]?.fate === 'approved');
  for (const item of share.items.nodes) {
    const about = `${item.itemType} ${item.itemName}`;
    const verdict = fateOf(share.status, item.status, live);
    const leave = (why: string, attention: boolean): void =>
      void left.push({ share: share.shareUri, item: about, state: item.status, why, attention });
    const found = verdict.fate === 'left' ? undefined : itemOf(item, datasets.get(dataset.datasetUri));
    if (found === undefined) leave(verdict.why ?? '', verdict.attention ?? false);
    else if (typeof found === 'string') leave(found, true);
    else if (items.length === maxItems)
      leave(`a ShareRequest has at most ${String(maxItems)} items: ask for it in another one`, true);
    else {
      items.push({ ...found, approved: verdict.fate === 'approved' });
      notes.push(...notesOn(share, item, verdict.why));
    }
  }
  if (items.length === 0) return { left, notes };
  const permissions = PERMISSIONS.filter((each) => share.permissions.includes(each));
  const brought = {
    share: { ...share, principal },
    dataset,
    arn: arnOf(share) ?? '',
    permissions,
    items,
    draft: isDraft(share.status, live),
  };
  return { brought, left, notes: [...notes, ...narrowed(brought)] };
}

/** Why nothing of a share can be brought over. */
function refusalOf(share: DataAllShare): string | undefined {
  if (share.principal === null) return 'its principal is gone in data.all: revoke it there, or take it out of AWS by hand';
  const { principalType, principalName } = share.principal;
  if (share.dataset === null || share.dataset.exists === false) return 'its dataset is gone in data.all';
  if (principalType === 'RedshiftRole') return 'its principal is a role of Redshift: Sluice shares S3 only so far';
  if (arnOf(share) === undefined)
    return `principal.principalName has no ARN of an IAM role or user in brackets: ${principalName}`;
  if (!share.permissions.includes('Read')) return 'it gives no Read: Sluice gives Write and Modify beside Read only';
  return undefined;
}

/** data.all writes `name [arn]`. */
function arnOf({ principal }: DataAllShare): string | undefined {
  const arn = /\[([^\][]+)\]$/.exec(principal?.principalName ?? '')?.[1];
  return principalArn('').safeParse(arn).success ? arn : undefined;
}

/** The item; a text where it can't be brought over. */
function itemOf(item: DataAllItem, dataset: DataAllDataset | undefined): Omit<Brought, 'approved'> | string {
  const { itemUri: uri, itemType, itemName } = item;
  if (itemType === 'S3Bucket') {
    const checked = bucketName('').safeParse(itemName);
    return checked.success ? { uri, type: 'Bucket', bucket: itemName } : `${itemName} is no name of a bucket`;
  }
  if (itemType !== 'DatasetStorageLocation')
    return `${itemType === 'DatasetTable' ? 'tables of Glue' : itemType} can't be shared with Sluice yet: leave it in data.all`;
  const location = dataset?.locations?.nodes.find(({ locationUri }) => locationUri === uri);
  if (dataset === undefined || location === undefined)
    return 'the export of shares does not say where the folder is: give the dataset with its locations (--datasets)';
  const prefix = location.S3Prefix.replaceAll(/^\/+|\/+$/g, '');
  const checked = folderPrefix('').safeParse(prefix);
  if (!checked.success) return `its prefix "${location.S3Prefix}": ${checked.error.issues[0]?.message ?? 'is not accepted'}`;
  return { uri, type: 'Folder', bucket: dataset.restricted.S3BucketName, folder: { text: location.name, prefix } };
}

function notesOn({ shareUri }: DataAllShare, item: DataAllItem, why: string | undefined): Note[] {
  const about = `share ${shareUri}, ${item.itemName}`;
  const sick =
    item.healthStatus === 'Unhealthy' ? `data.all found it unhealthy: ${item.healthMessage ?? 'no message'}` : undefined;
  return [why, sick].filter((message) => message !== undefined).map((message) => ({ about, message }));
}

/**
 * Within one account the role's own policy is enough, and data.all allows the whole bucket in it for a folder: what somebody reads beside the folder ends with the cut-over.
 */
function narrowed({ share, dataset, arn, items }: BroughtShare): Note[] {
  if (!items.some(({ type }) => type === 'Folder') || arn.split(':')[4] !== dataset.AwsAccountId) return [];
  const message =
    "role and data are in one account, where data.all's folder share lets the role read the whole bucket. Sluice gives the folder alone: ask for the bucket if more is read";
  return [{ about: `share ${share.shareUri}`, message }];
}
