/** The manifests that people write in the worlds. Values in, objects out. */
import type { KubeObject } from '../../src/kube/object.ts';
import type { Place, Scene } from './scene.ts';

/** Namespaces of the owner and of the requester. */
export const owner = 'team-sales';
export const requester = 'team-analytics';

/** Permissions, each list as the API asks for it: Write and Modify need Read. */
export const permissionLists = [['Read'], ['Read', 'Write'], ['Read', 'Modify'], ['Read', 'Write', 'Modify']] as const;
/** One of the lists. */
export type PermissionList = (typeof permissionLists)[number];

/** The Datasets, by bucket index: they overlap. */
export const datasetBuckets = { orders: [0, 1], logs: [1, 2] } as const;
/** Name of a Dataset. */
export type DatasetName = keyof typeof datasetBuckets;

/** The Datasets of this world. */
export function datasetsOf({ buckets }: Pick<Scene, 'buckets'>): DatasetName[] {
  return (['orders', 'logs'] as const).filter((name) => datasetBuckets[name].some((index) => index < buckets.length));
}

/** Indexes of the requests that can be made in this world. */
export function requestsOf(scene: Pick<Scene, 'buckets' | 'roles'>): number[] {
  const datasets = datasetsOf(scene);
  return [...requests.keys()].filter((index) => {
    const { dataset, role } = requestOf(index);
    return datasets.includes(dataset) && role < scene.roles.length;
  });
}

/** The requests: which Dataset, and the index of the role. */
export const requests = [
  { name: 'q0', dataset: 'orders', role: 0 },
  { name: 'q1', dataset: 'orders', role: 1 },
  { name: 'q2', dataset: 'logs', role: 0 },
  { name: 'q3', dataset: 'orders', role: 2 },
  { name: 'q4', dataset: 'logs', role: 1 },
] as const;

const apiVersion = 'sluice.dev/v1alpha1';

function manifest(kind: string, place: { name: string; namespace?: string }, spec: object): KubeObject {
  return { apiVersion, kind, metadata: place, spec };
}

/** Namespaces and the Secret with the external id, by plural. */
export function platformManifests(externalId: string): [string, KubeObject][] {
  const namespace = (name: string): [string, KubeObject] => [
    'namespaces',
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} },
  ];
  const data = { externalId: Buffer.from(externalId).toString('base64') };
  const metadata = { name: 'external-id', namespace: 'sluice-system' };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data, spec: {} };
  return [namespace(owner), namespace(requester), ['secrets', secret]];
}

/** What an Environment says about who may do what. */
export interface Doors {
  readonly claimed: boolean;
  readonly admitted: boolean;
}

/** Both Environments, by plural. */
export function environmentManifests({ claimed, admitted }: Doors = { claimed: true, admitted: true }): [string, KubeObject][] {
  const claim = (namespace: string, what: object): object => ({ namespaces: { from: 'Names', names: [namespace] }, ...what });
  const made = (name: string, accountId: string): [string, KubeObject] => [
    'environments',
    manifest(
      'Environment',
      { name },
      {
        accountId,
        region: 'eu-west-1',
        assumeRole: {
          arn: `arn:aws:iam::${accountId}:role/sluice`,
          externalIdSecretRef: { name: 'external-id', key: 'externalId' },
        },
        allowedNamespaces: admitted ? { from: 'All' } : { from: 'Names', names: ['nobody'] },
        claims: claimed ? [claim(owner, { buckets: ['*'], kmsKeys: ['*'] }), claim(requester, { roles: ['*'] })] : [],
      },
    ),
  ];
  return [made('sales', '111122223333'), made('analytics', '444455556666')];
}

/** What a Dataset's owner changes. */
export interface DatasetTerms {
  /** By position in the list of the Dataset's places. Where no bucket is listed, all are. */
  readonly lists?: readonly boolean[];
  readonly permissions?: PermissionList;
  readonly approval?: 'Manual' | 'Automatic';
  /** Says nothing of keys. */
  readonly keyless?: boolean;
}

/** A Dataset of the owner's. */
export function datasetManifest(scene: Scene, name: DatasetName, terms: DatasetTerms): KubeObject {
  const { lists = [true, true, true, true], permissions = permissionLists[3], approval = 'Manual', keyless = false } = terms;
  const { setup, buckets, keys } = scene;
  const existing = placesIn(scene, name);
  const chosen = existing.filter((_, position) => lists[position] === true);
  const listed = chosen.some(({ type }) => type === 'Bucket') ? chosen : existing;
  const holds = (bucket: number): boolean => listed.some((place) => place.type === 'Bucket' && place.bucket === bucket);
  return manifest(
    'Dataset',
    { name, namespace: owner },
    {
      environmentRef: { name: 'sales' },
      buckets: listed
        .filter(({ type }) => type === 'Bucket')
        .map(({ bucket }) => {
          const key = keyless ? undefined : keys[bucket];
          return { name: buckets[bucket], ...(key === undefined ? {} : { kmsKeyArn: key }) };
        }),
      folders: listed
        .filter(({ type, bucket }) => type === 'Folder' && holds(bucket))
        .map((folder) => ({ name: folder.name, bucket: buckets[folder.bucket], prefix: folder.prefix })),
      sharing: { permissions, approval, drift: setup.drift },
    },
  );
}

/** A ConsumptionRole of the requester's. */
export function roleManifest({ setup, roles }: Scene, index: number): KubeObject {
  const { account, arn } = roles[index] ?? { account: '', arn: '' };
  return manifest(
    'ConsumptionRole',
    { name: `c${String(index)}`, namespace: requester },
    {
      environmentRef: { name: account === '111122223333' ? 'sales' : 'analytics' },
      principalArn: arn,
      policyManagement: setup.management[index],
    },
  );
}

/** What is asked for, or decided on. */
export interface Asked {
  /** By position in the list of the Dataset's places; none: all of them. */
  readonly items: readonly boolean[];
  readonly permissions: PermissionList;
  /** RFC 3339. */
  readonly expireTime?: string | undefined;
}

/** The buckets that a Dataset can list, and then their folders; folders are the first Dataset's. */
function placesIn({ places }: Scene, dataset: DatasetName): readonly Place[] {
  const own: readonly number[] = datasetBuckets[dataset];
  return places.filter(
    ({ type, bucket }) => own.includes(bucket) && type !== 'Beyond' && (type === 'Bucket' || dataset === 'orders'),
  );
}

function itemsOf(scene: Scene, dataset: DatasetName, items: readonly boolean[]): { type: string; name: string }[] {
  const existing = placesIn(scene, dataset);
  const chosen = existing.filter((_, position) => items[position] === true);
  return (chosen.length === 0 ? existing : chosen).map(({ type, name }) => ({ type, name }));
}

/** A ShareRequest of the requester's, by index. */
export function requestManifest(scene: Scene, index: number, asked: Asked & { readonly draft?: boolean }): KubeObject {
  const { name, dataset, role } = requestOf(index);
  return manifest(
    'ShareRequest',
    { name, namespace: requester },
    {
      datasetRef: { namespace: owner, name: dataset },
      principal: { kind: 'ConsumptionRole', name: `c${String(role)}` },
      permissions: asked.permissions,
      items: itemsOf(scene, dataset, asked.items),
      state: asked.draft === true ? 'Draft' : 'Submitted',
      ...(asked.expireTime === undefined ? {} : { expireTime: asked.expireTime }),
    },
  );
}

/** A ShareApproval of the owner's; each request may have two. */
export function approvalManifest(
  scene: Scene,
  index: number,
  asked: Asked & { readonly second: boolean; readonly rejects: boolean },
): KubeObject {
  const { name, dataset, role } = requestOf(index);
  const items = itemsOf(scene, dataset, asked.items);
  return manifest(
    'ShareApproval',
    { name: approvalName(index, asked.second), namespace: owner },
    {
      datasetRef: { name: dataset },
      requestRef: { namespace: requester, name },
      decision: asked.rejects ? 'Rejected' : 'Approved',
      principal: { arn: scene.roles[role]?.arn },
      items: items.map((item) => ({ ...item, permissions: asked.permissions })),
      ...(asked.expireTime === undefined ? {} : { expireTime: asked.expireTime }),
    },
  );
}

/** Name of one of the two approvals of a request. */
export function approvalName(index: number, second: boolean): string {
  return `${requestOf(index).name}-${second ? 'b' : 'a'}`;
}

/** The request with that index. */
export function requestOf(index: number): (typeof requests)[number] {
  const found = requests[index];
  if (found === undefined) throw new RangeError(`there is no request ${String(index)}`);
  return found;
}
