/** The Datasets of an import: buckets and folders that shares speak of, on the terms that data.all knows. Pure. */
import { PERMISSIONS } from '../../api/index.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { DataAllDataset } from './export.ts';
import type { Brought, Note } from './items.ts';
import { byName, object } from './manifest.ts';
import type { Mapping } from './mapping.ts';
import type { Translated } from './naming.ts';

type Datasets = ReadonlyMap<string, DataAllDataset>;

/** The Datasets that the shares are of. */
export function datasetObjects(shares: readonly Translated[], known: Datasets, mapping: Mapping): KubeObject[] {
  return groups(shares).map(({ uri, first, of }) => {
    const place = { namespace: first.owner, name: first.datasetName, from: { 'data.all/datasetUri': uri } };
    return object('Dataset', place, specOf({ first, of, more: known.get(uri) }, mapping));
  });
}

interface Group {
  readonly uri: string;
  readonly first: Translated;
  readonly of: readonly Translated[];
}

function groups(shares: readonly Translated[]): Group[] {
  return [...Map.groupBy(shares, ({ dataset }) => dataset.datasetUri)].flatMap(([uri, of]) => {
    const [first] = of;
    return first === undefined ? [] : [{ uri, first, of }];
  });
}

function specOf(
  { first, of, more }: Omit<Group, 'uri'> & { readonly more: DataAllDataset | undefined },
  mapping: Mapping,
): object {
  const folders = new Map(of.flatMap(({ items, itemNames }) => items.flatMap((item) => folderEntry(item, itemNames))));
  const description = more?.description ?? first.dataset.description ?? '';
  const buckets = [...new Set(of.flatMap(({ items }) => items.map(({ bucket }) => bucket)))].toSorted();
  return {
    environmentRef: { name: first.environments.data.name },
    ...(more?.label === undefined ? {} : { title: more.label.slice(0, 256) }),
    ...(description === '' ? {} : { description: description.slice(0, 4096) }),
    ...(isLevel(more?.confidentiality) ? { confidentiality: more?.confidentiality } : {}),
    ...((more?.stewards ?? '') === '' ? {} : { stewards: [more?.stewards?.slice(0, 256)] }),
    buckets: buckets.map((name) => ({
      name,
      ...(mapping.keys[name] === undefined ? {} : { kmsKeyArn: mapping.keys[name] }),
    })),
    ...(folders.size === 0 ? {} : { folders: byName([...folders.values()]) }),
    // In data.all everybody finds every dataset and may ask for it.
    sharing: {
      requesters: { from: 'All' },
      permissions: PERMISSIONS.filter((each) => of.some((share) => share.permissions.includes(each))),
    },
  };
}

type FolderEntry = readonly [string, { readonly name: string; readonly bucket: string; readonly prefix: string }];

function folderEntry({ uri, bucket, folder }: Brought, names: ReadonlyMap<string, string>): FolderEntry[] {
  return folder === undefined ? [] : [[uri, { name: names.get(uri) ?? '', bucket, prefix: folder.prefix }]];
}

const levels: readonly string[] = ['Unclassified', 'Official', 'Secret'];
const isLevel = (level: string | undefined): boolean => level !== undefined && levels.includes(level);

/** What their owners have to know or decide. */
export function datasetNotes(shares: readonly Translated[], known: Datasets, mapping: Mapping): Note[] {
  return groups(shares).flatMap(({ uri, first }) => {
    const more = known.get(uri);
    const messages =
      more === undefined
        ? ['it is not among the datasets of the export: say under keys which KMS key encrypts its bucket, if one does']
        : notesOn(more, mapping);
    return messages.map((message) => ({ about: `Dataset ${first.owner}/${first.datasetName}`, message }));
  });
}

function notesOn(dataset: DataAllDataset, mapping: Mapping): string[] {
  const { restricted, imported, confidentiality } = dataset;
  const bucket = restricted.S3BucketName;
  const alias = `alias/${restricted.KmsAlias ?? bucket}`;
  // data.all makes a key for what it creates; what was imported has one where it says so.
  const encrypted = imported !== true || restricted.importedKmsKey === true;
  const messages: readonly (readonly [boolean, string])[] = [
    [
      encrypted && mapping.keys[bucket] === undefined,
      `bucket ${bucket} is encrypted with the key of ${alias}: say under keys which ARN that is ("aws kms describe-key --key-id ${alias}" prints it)`,
    ],
    [
      confidentiality !== undefined && !isLevel(confidentiality),
      `its confidentiality ${confidentiality ?? ''} is none of ${levels.join(', ')}: set spec.confidentiality`,
    ],
    [
      dataset.autoApprovalEnabled === true,
      'data.all approves its shares automatically. Here every new request waits for its owner, unless you set sharing.approval: Automatic',
    ],
    [
      dataset.enableExpiration === true,
      'data.all limits how long its shares live. The ends of the shares are brought over, the limits are not: set sharing.expiration',
    ],
  ];
  return messages.flatMap(([holds, message]) => (holds ? [message] : []));
}
