/**
 * Finds what earlier runs have left in real accounts, because they were killed before they could remove it: by the prefix of names together
 * with the suite's tag (buckets, keys) or IAM path (roles, users, policies). Access points and aliases are found by their names alone.
 */
import { ListPoliciesCommand, ListRolesCommand, ListUsersCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, ListAliasesCommand, ListKeysCommand, ListResourceTagsCommand } from '@aws-sdk/client-kms';
import { GetBucketTaggingCommand, ListBucketsCommand } from '@aws-sdk/client-s3';
import { ListAccessPointsCommand } from '@aws-sdk/client-s3-control';
import { answerOf } from '../case.ts';
import { removeAll, type Made } from '../clean-up.ts';
import { closeClients, createClients, type Clients } from '../clients.ts';
import { iamPath, tagKey } from '../lab.ts';
import type { Place } from '../place.ts';

/** Removes everything of any run with this prefix in both accounts; returns what couldn't be removed, one sentence each. */
export async function sweep(place: Place, prefix: string, log: (line: string) => void): Promise<string[]> {
  const left: string[] = [];
  for (const { id, credentials } of [place.owner, place.consumer]) {
    const clients = createClients(place, id, credentials);
    const found = await findAll(clients, id, `${prefix}-`);
    for (const { kind, name } of found) log(`Removing the ${kind} ${name} of account ${id}`);
    left.push(...(await removeAll(found, (remove) => remove())));
    closeClients(clients);
  }
  return left;
}

async function findAll(clients: Clients, accountId: string, prefix: string): Promise<Made[]> {
  const { s3control, kms, s3 } = clients;
  const points = await pages((NextToken) => s3control.send(new ListAccessPointsCommand({ AccountId: accountId, NextToken })));
  const aliases = await pages((Marker) => kms.send(new ListAliasesCommand({ Marker })));
  const ours = (names: readonly (string | undefined)[], start = prefix): string[] =>
    names.flatMap((name) => (name?.startsWith(start) ? [name] : []));
  const pointNames = ours(points.flatMap(({ AccessPointList = [] }) => AccessPointList.map(({ Name }) => Name)));
  const aliasNames = ours(
    aliases.flatMap(({ Aliases = [] }) => Aliases.map(({ AliasName }) => AliasName)),
    `alias/${prefix}`,
  );
  return [
    ...pointNames.map((name): Made => ({ kind: 'access point', s3control, accountId, name })),
    ...(await iamThings(clients, prefix)),
    ...(await bucketsOf(clients, prefix)).map((name): Made => ({ kind: 'bucket', s3, name })),
    ...aliasNames.map((name): Made => ({ kind: 'alias', kms, name })),
    ...(await keysOf(clients, prefix)).map((name): Made => ({ kind: 'key', kms, name })),
  ];
}

async function iamThings({ iam }: Clients, prefix: string): Promise<Made[]> {
  const PathPrefix = iamPath;
  const roles = await pages((Marker) => iam.send(new ListRolesCommand({ PathPrefix, Marker })));
  const users = await pages((Marker) => iam.send(new ListUsersCommand({ PathPrefix, Marker })));
  const policies = await pages((Marker) => iam.send(new ListPoliciesCommand({ Scope: 'Local', PathPrefix, Marker })));
  // One case tries a name in upper case.
  const isOurs = (name: string | undefined): boolean => name?.toLowerCase().startsWith(prefix) ?? false;
  const made = (kind: 'role' | 'user' | 'policy', name: string | undefined, id = name): Made[] =>
    isOurs(name) ? [{ kind, iam, name: id ?? '' }] : [];
  return [
    ...roles.flatMap(({ Roles = [] }) => Roles).flatMap(({ RoleName }) => made('role', RoleName)),
    ...users.flatMap(({ Users = [] }) => Users).flatMap(({ UserName }) => made('user', UserName)),
    ...policies.flatMap(({ Policies = [] }) => Policies).flatMap(({ PolicyName, Arn }) => made('policy', PolicyName, Arn)),
  ];
}

async function bucketsOf({ s3 }: Clients, Prefix: string): Promise<string[]> {
  const all = await pages((ContinuationToken) =>
    s3.send(new ListBucketsCommand({ Prefix, MaxBuckets: 1000, ContinuationToken })),
  );
  const names = all.flatMap(({ Buckets = [] }) => Buckets.flatMap(({ Name = '' }) => (Name.startsWith(Prefix) ? [Name] : [])));
  const kept: string[] = [];
  for (const Bucket of names) {
    const call = s3.send(new GetBucketTaggingCommand({ Bucket }));
    // The tag comes a moment after the bucket: one that has no tags at all was left in between, or by the case on tags.
    const bare = (await answerOf(call)) === 'NoSuchTagSet';
    if (bare || (await call).TagSet?.some(({ Key }) => Key === tagKey)) kept.push(Bucket);
  }
  return kept;
}

async function keysOf({ kms }: Clients, prefix: string): Promise<string[]> {
  const all = await pages((Marker) => kms.send(new ListKeysCommand({ Marker })));
  const kept: string[] = [];
  for (const { KeyId = '' } of all.flatMap(({ Keys = [] }) => Keys)) {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    if (KeyMetadata?.KeyManager !== 'CUSTOMER' || KeyMetadata.KeyState === 'PendingDeletion') continue;
    const { Tags } = await kms.send(new ListResourceTagsCommand({ KeyId }));
    if (Tags?.some(({ TagKey, TagValue }) => TagKey === tagKey && TagValue?.startsWith(prefix))) kept.push(KeyId);
  }
  return kept;
}

/** What tells a list's next page, under its three names. */
interface Paged {
  readonly NextToken?: string | undefined;
  readonly ContinuationToken?: string | undefined;
  readonly NextMarker?: string | undefined;
  readonly Marker?: string | undefined;
}

async function pages<T extends object>(read: (from: string | undefined) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  let from: string | undefined;
  do {
    const page: T & Paged = await read(from);
    all.push(page);
    from = page.NextToken ?? page.ContinuationToken ?? page.NextMarker ?? page.Marker;
  } while (from !== undefined);
  return all;
}
