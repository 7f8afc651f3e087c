/**
 * What one share asks of each AWS document: from a resolved entry (a recorded fact) to grants, in the order in which they are given. They are taken back in
 * the opposite order. Pure: documents are merged in src/targets, which knows no share.
 */
import type { ResolvedShare } from '../api/index.ts';
import { parseArn } from './arn.ts';
import { accessPointTemplates, delegationTemplate, folderOf, folderStatements, type SharedFolder } from './folder-grants.ts';
import { actionSets, type Permission } from './permissions.ts';

/** A statement of a resource policy without its principals: grants with equal templates share one statement. */
export interface StatementTemplate {
  /** Letters and digits; the end of the Sid. */
  readonly name: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: PolicyCondition;
  /** What is written for all the resources of a statement when their list grows long. */
  readonly widened?: readonly string[];
}

/** A statement of an identity policy. */
export interface IdentityStatement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: PolicyCondition;
}

/** Operator → key → values. */
export type PolicyCondition = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** One grant, addressed to one target. */
export type ShareGrant =
  | { readonly target: 'BucketPolicy'; readonly templates: readonly StatementTemplate[]; readonly forEverybody?: true }
  | { readonly target: 'AccessPoint'; readonly templates: readonly StatementTemplate[] }
  | { readonly target: 'KeyPolicy'; readonly templates: readonly StatementTemplate[] }
  | { readonly target: 'SharePolicy'; readonly statements: readonly IdentityStatement[] };

/**
 * The grants of a share: bucket policy, of a folder the access point, then key policy, then the principal's own policy. Nothing is opened to the principal's side
 * before the owner's side stands, so that a half-applied share fails closed and reads as «not yet» rather than as a riddle.
 */
export function grantsOf(entry: ResolvedShare): ShareGrant[] {
  const { permissions } = entry;
  const folder = folderOf(entry);
  const grants: ShareGrant[] = folder === undefined ? [bucketGrant(entry)] : folderGrants(entry, folder);
  if (entry.kmsKeyArn !== undefined)
    grants.push({ target: 'KeyPolicy', templates: permissions.flatMap((permission) => keyTemplates(entry, permission)) });
  if (entry.policyManagement !== 'External')
    grants.push({
      target: 'SharePolicy',
      statements: permissions.flatMap((permission) => [
        ...(folder === undefined ? [bucketStatement(entry, permission)] : folderStatements(entry, folder, permission)),
        ...keyStatements(entry, permission),
      ]),
    });
  return grants;
}

function bucketGrant(entry: ResolvedShare): ShareGrant {
  return { target: 'BucketPolicy', templates: entry.permissions.map((permission) => bucketTemplate(entry, permission)) };
}

function folderGrants(entry: ResolvedShare, folder: SharedFolder): ShareGrant[] {
  const { permissions } = entry;
  return [
    {
      target: 'BucketPolicy',
      templates: permissions.map((permission) => delegationTemplate(entry, folder, permission)),
      forEverybody: true,
    },
    { target: 'AccessPoint', templates: permissions.flatMap((permission) => accessPointTemplates(folder, permission)) },
  ];
}

function bucketTemplate(entry: ResolvedShare, permission: Permission): StatementTemplate {
  const { object, bucket } = actionSets[permission];
  return { name: permission, actions: [...object, ...bucket].sort(), resources: bucketResources(entry, permission) };
}

/** Bucket-level actions need the bucket's ARN, object-level ones the objects'; a statement may list both (docs/AmazonS3/latest/userguide/using-with-s3-policy-actions.md). */
function bucketResources(entry: ResolvedShare, permission: Permission): string[] {
  const bucketArn = `arn:${entry.partition}:s3:::${entry.bucket}`;
  return actionSets[permission].bucket.length === 0 ? [`${bucketArn}/*`] : [bucketArn, `${bucketArn}/*`];
}

/** In a key policy `*` means this key. Use goes through S3 in the bucket's region; one key may serve buckets of one region only, since S3 demands the same region. */
function keyTemplates(entry: ResolvedShare, permission: Permission): StatementTemplate[] {
  const { keyUse, keyDescribe } = actionSets[permission];
  return [
    ...(keyUse.length === 0
      ? []
      : [{ name: `${permission}Use`, actions: [...keyUse], resources: ['*'], condition: viaS3(entry) }]),
    ...(keyDescribe.length === 0 ? [] : [{ name: `${permission}Describe`, actions: [...keyDescribe], resources: ['*'] }]),
  ];
}

/** Without aws:ResourceAccount whoever creates a deleted bucket's name again would be trusted. */
function bucketStatement(entry: ResolvedShare, permission: Permission): IdentityStatement {
  const { object, bucket } = actionSets[permission];
  return {
    actions: [...object, ...bucket].sort(),
    resources: bucketResources(entry, permission),
    condition: inAccount(entry.environment.accountId),
  };
}

function keyStatements(entry: ResolvedShare, permission: Permission): IdentityStatement[] {
  const { keyUse, keyDescribe } = actionSets[permission];
  if (entry.kmsKeyArn === undefined) return [];
  const resources = [entry.kmsKeyArn];
  const keyAccount = inAccount(parseArn(entry.kmsKeyArn)?.accountId ?? entry.environment.accountId);
  return [
    ...(keyUse.length === 0 ? [] : [{ actions: [...keyUse], resources, condition: merge(keyAccount, viaS3(entry)) }]),
    ...(keyDescribe.length === 0 ? [] : [{ actions: [...keyDescribe], resources, condition: keyAccount }]),
  ];
}

function inAccount(accountId: string): PolicyCondition {
  return { StringEquals: { 'aws:ResourceAccount': [accountId] } };
}

function viaS3(entry: ResolvedShare): PolicyCondition {
  const suffix = entry.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { StringEquals: { 'kms:ViaService': [`s3.${entry.environment.region}.${suffix}`] } };
}

function merge(left: PolicyCondition, right: PolicyCondition): PolicyCondition {
  return { StringEquals: { ...left['StringEquals'], ...right['StringEquals'] } };
}
