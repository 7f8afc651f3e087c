/**
 * What the policies of a principal are called, where they are found, and which mark they carry. Names are injective: the hash is over installation,
 * kind, account and the whole ARN; the readable part is decoration.
 */
import { nameHash } from '../policy/name-hash.ts';
import type { SessionRef } from './target.ts';

/** Which principal's share policies. */
export interface SharePolicyCoordinates {
  readonly session: SessionRef;
  /** ARN of the role or user, path included. */
  readonly principalArn: string;
  /** Beginning of all names that this installation makes, such as "sluice". At most 20 characters. */
  readonly prefix: string;
  /** Managed: policies are attached and detached. Detached: they are only made; attaching is left to the principal's owner. */
  readonly management: 'Managed' | 'Detached';
  /** Managed policies that a role or user may have (iam:GetAccountSummary, AttachedPoliciesPerRoleQuota). @default 10 */
  readonly attachmentQuota?: number;
  /** The principal's permissions boundary when it was last looked at; undefined: it had none. */
  readonly boundaryArn?: string;
}

/** A principal as IAM's API takes it. */
export interface IamName {
  readonly kind: 'role' | 'user';
  readonly name: string;
}

/** AWS's default for managed policies per role and per user (docs/IAM/latest/UserGuide/reference_iam-quotas.md). */
export const defaultAttachmentQuota = 10;

/** Tags that make a policy ours, together with its name. */
export const policyTags = {
  managedBy: 'sluice.dev/managed-by',
  principal: 'sluice.dev/principal',
  installation: 'sluice.dev/installation',
} as const;

/** Policy names have at most 128 characters (docs/IAM/latest/UserGuide/reference_iam-quotas.md). */
const nameLimit = 128;

/** Kind and bare name of the principal: the last part of its ARN, whatever path it has. */
export function iamName(principalArn: string): IamName {
  const resource = principalArn.split(':').slice(5).join(':');
  const name = resource.slice(resource.lastIndexOf('/') + 1);
  return { kind: resource.startsWith('user/') ? 'user' : 'role', name };
}

/** 26 characters, different for every (installation, account, principal). */
export function principalHash(installation: string, { session, principalArn }: SharePolicyCoordinates): string {
  return nameHash(26, installation, 'share-policy', session.accountId, principalArn);
}

/** IAM path of exactly this principal's policies. */
export function policyPath(installation: string, coordinates: SharePolicyCoordinates): string {
  return `/sluice/${installation}/${principalHash(installation, coordinates)}/`;
}

/** Name of the policy with number `index`. */
export function policyName(installation: string, coordinates: SharePolicyCoordinates, index: number): string {
  const tail = `-${principalHash(installation, coordinates)}-${String(index)}`;
  const head = `${coordinates.prefix}-${installation}-`;
  const { name } = iamName(coordinates.principalArn);
  return `${head}${name.slice(0, Math.max(0, nameLimit - head.length - tail.length))}${tail}`;
}

/** ARN of the policy with number `index`. */
export function policyArn(installation: string, coordinates: SharePolicyCoordinates, index: number): string {
  const partition = coordinates.principalArn.split(':')[1] ?? 'aws';
  const { accountId } = coordinates.session;
  return `arn:${partition}:iam::${accountId}:policy${policyPath(installation, coordinates)}${policyName(installation, coordinates, index)}`;
}

/** Number of the policy with this ARN; undefined when it is not one of this principal's, by path and name. */
export function policyIndex(installation: string, coordinates: SharePolicyCoordinates, arn: string): number | undefined {
  const index = Number(/-(\d{1,3})$/.exec(arn)?.[1] ?? Number.NaN);
  return Number.isInteger(index) && policyArn(installation, coordinates, index) === arn ? index : undefined;
}

/** The tags that a policy of ours is created with. */
export function tagsOf(
  installation: string,
  { principalArn }: SharePolicyCoordinates,
): { readonly Key: string; readonly Value: string }[] {
  return [
    { Key: policyTags.managedBy, Value: 'sluice' },
    { Key: policyTags.principal, Value: principalArn },
    { Key: policyTags.installation, Value: installation },
  ];
}

/** True when the tags are those of {@link tagsOf}; others beside them don't matter. */
export function carriesMark(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
  installation: string,
  coordinates: SharePolicyCoordinates,
): boolean {
  const found = new Map((tags ?? []).map(({ Key, Value }) => [Key, Value]));
  return tagsOf(installation, coordinates).every(({ Key, Value }) => found.get(Key) === Value);
}
