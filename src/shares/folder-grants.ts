/**
 * What a folder share asks of each document. The principal never gets anything on the bucket itself: it reads through an access point of its own, which sees the
 * folder only, and the bucket's policy leaves it to access points of ours who that is. Pure.
 */
import type { ResolvedShare } from '../api/index.ts';
import { accessPointArn } from './arn.ts';
import type { IdentityStatement, PolicyCondition, StatementTemplate } from './grants.ts';
import { actionSets, type Permission } from './permissions.ts';

/** A folder of an entry, with the access point that it is read through. */
export interface SharedFolder {
  readonly prefix: string;
  readonly pointName: string;
  readonly pointArn: string;
}

/** The folder that an entry is about; undefined for an entry about a bucket. */
export function folderOf(entry: ResolvedShare): SharedFolder | undefined {
  const { prefix, accessPoint, partition, environment } = entry;
  if (prefix === undefined || accessPoint === undefined) return undefined;
  return { prefix, pointName: accessPoint, pointArn: accessPointArn({ partition, ...environment }, accessPoint) };
}

/**
 * The bucket policy's part: everybody, but only through access points of ours, only what folders are shared for, and only there
 * (docs/AmazonS3/latest/userguide/access-points-policies.md, "Delegating access control to access points"). It is as wide as an access point of ours can make use of, and who
 * may is decided by the access point's policy.
 */
export function delegationTemplate(entry: ResolvedShare, folder: SharedFolder, permission: Permission): StatementTemplate {
  const { object, listing } = actionSets[permission];
  const bucketArn = `arn:${entry.partition}:s3:::${entry.bucket}`;
  const bucket = listing.length === 0 ? [] : [bucketArn];
  return {
    name: `Delegate${permission}`,
    actions: [...object, ...listing].sort(),
    resources: [...bucket, `${bucketArn}/${outline(folder.prefix)}/*`],
    widened: [...bucket, `${bucketArn}/*`],
    condition: {
      StringEquals: { 's3:DataAccessPointAccount': [entry.environment.accountId] },
      ArnLike: { 's3:DataAccessPointArn': [`${folder.pointArn.slice(0, folder.pointArn.lastIndexOf('-'))}-*`] },
    },
  };
}

/** The access point's policy: the folder's objects, and listing with the folder's prefix. */
export function accessPointTemplates(folder: SharedFolder, permission: Permission): StatementTemplate[] {
  const { object, listing } = actionSets[permission];
  return [
    { name: permission, actions: [...object], resources: [objectsOf(folder)] },
    ...(listing.length === 0
      ? []
      : [
          {
            name: `${permission}List`,
            actions: [...listing],
            resources: [folder.pointArn],
            condition: { StringLike: prefixes(folder) },
          },
        ]),
  ];
}

/**
 * The principal's own policy names the access point only. Within one account an identity policy alone opens what it names, so it says no more than the access
 * point's policy does: with the bucket's ARN, or without the prefix, it would open the whole bucket.
 */
export function folderStatements(entry: ResolvedShare, folder: SharedFolder, permission: Permission): IdentityStatement[] {
  const { object, listing } = actionSets[permission];
  const account = { 'aws:ResourceAccount': [entry.environment.accountId] };
  return [
    { actions: [...object], resources: [objectsOf(folder)], condition: { StringEquals: account } },
    ...(listing.length === 0
      ? []
      : [
          {
            actions: [...listing],
            resources: [folder.pointArn],
            condition: { StringEquals: account, StringLike: prefixes(folder) },
          },
        ]),
  ];
}

/** Objects of an access point have `/object/` before the key (docs/AmazonS3/latest/userguide/access-points-policies.md). */
function objectsOf({ pointArn, prefix }: SharedFolder): string {
  return `${pointArn}/object/${literally(prefix)}/*`;
}

/** `F/` and what is below it; `F` alone would list `F-secret` too. */
function prefixes({ prefix }: SharedFolder): PolicyCondition[string] {
  const folder = literally(prefix);
  return { 's3:prefix': [`${folder}/`, `${folder}/*`] };
}

/** `*`, `?` and `$` as themselves (docs/IAM/latest/UserGuide/reference_policies_variables.md, "Specifying single characters"). */
function literally(prefix: string): string {
  return prefix.replace(/[*?$]/g, (special) => `\${${special}}`);
}

/**
 * The same for a bucket policy, which may be of the older version that knows no variables and takes them for plain text: any one character stands for a special
 * one. That is a little wider, and only as far as the access point's exact policy lets it be.
 */
function outline(prefix: string): string {
  return prefix.replace(/[*?$]/g, '?');
}
