/** What IAM's operations share: finding entities, names and paths, tags, pages, and views in the API's form. */
import type { AttachedPolicy, Policy, Role, Tag, User } from '@aws-sdk/client-iam';
import type { Access, Call } from '../service.ts';
import { showPrincipals } from '../policy/principals.ts';
import { seen, type Changing } from '../stale.ts';
import { fail } from '../wire/error.ts';
import { iamAccount, type IamPolicy, type IamPrincipal, type IamRole, type IamUser, type Tags } from './model.ts';

/** The caller's own account: IAM has no cross-account calls. */
export const own = (call: Call): ReturnType<typeof iamAccount> => iamAccount(call.world.state.iam, call.caller.account);

/** What readers see: IAM is eventually consistent (IAM User Guide, troubleshoot#troubleshoot_general_eventual-consistency). */
export const view = <T>(call: Call, value: Changing<T>): T => seen(value, call.now, call.world.settings.staleReadMs);

/** A role by name. @throws NoSuchEntity */
export function findRole(call: Call, name: string | undefined): IamRole {
  const role = own(call).roles.get(name ?? '');
  if (!role) throw fail('NoSuchEntity', `The role with name ${name ?? ''} cannot be found.`);
  return role;
}

/** A user by name. @throws NoSuchEntity */
export function findUser(call: Call, name: string | undefined): IamUser {
  const user = own(call).users.get(name ?? '');
  if (!user) throw fail('NoSuchEntity', `The user with name ${name ?? ''} cannot be found.`);
  return user;
}

/** A managed policy by ARN. @throws NoSuchEntity */
export function findPolicy(call: Call, arn: string | undefined): IamPolicy {
  const policy = own(call).policies.get(arn ?? '');
  if (!policy) throw fail('NoSuchEntity', `Policy ${arn ?? ''} was not found.`);
  return policy;
}

/** ARN of a role or user by name, of the living one if there is one (its path is part of the ARN). */
export function principalArnOf(call: Call, kind: 'role' | 'user', name: string | undefined): string {
  const found = kind === 'role' ? own(call).roles.get(name ?? '') : own(call).users.get(name ?? '');
  return found?.arn ?? `arn:aws:iam::${call.caller.account}:${kind}/${name ?? ''}`;
}

/** Access to something of IAM in the caller's own account. */
export const iamAccess = (call: Call, resource: string, context?: Access['context']): Access => ({
  action: `iam:${call.operation}`,
  resource,
  account: call.caller.account,
  ...(context ? { context } : {}),
});

/** Checks a path (IAM API: Path, `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`). */
export function checkPath(path: string | undefined): string {
  const value = path ?? '/';
  if (value.length <= 512 && /^\/(?:[\u0021-\u007e]+\/)?$/.test(value)) return value;
  throw fail(
    'ValidationError',
    `The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.`,
    400,
  );
}

/** Checks a name against its length (IAM User Guide, reference_iam-quotas: roles and users 64, policies 128). */
export function checkName(member: string, name: string | undefined, longest: number): string {
  if (name !== undefined && name.length >= 1 && name.length <= longest && /^[\w+=,.@-]+$/.test(name)) return name;
  throw fail(
    'ValidationError',
    `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and have at most ${longest} characters.`,
    400,
  );
}

const nameKey = (kind: 'role' | 'user' | 'policy', name: string): string => `${kind}/${name.toLowerCase()}`;

/** Takes a name, which is unique in the account without regard to case or path (IAM API, CreateRole); false if it is taken already. */
export function takeName(call: Call, kind: 'role' | 'user' | 'policy', name: string): boolean {
  const { names } = own(call);
  const key = nameKey(kind, name);
  if (names.has(key)) return false;
  names.add(key);
  return true;
}

/** Gives a name back. */
export const freeName = (call: Call, kind: 'role' | 'user' | 'policy', name: string): void =>
  void own(call).names.delete(nameKey(kind, name));

/** Tags of a request as a map. */
export const tagsFrom = (tags: readonly Tag[] | undefined): Tags =>
  new Map((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));

/** Tags in the API's form. */
export const tagList = (tags: Tags): Tag[] => [...tags].map(([Key, Value]) => ({ Key, Value }));

/** Condition keys of tags that a request brings (IAM User Guide, reference_policies_condition-keys#condition-keys-requesttag). */
export const requestTags = (tags: readonly Tag[] | undefined): Record<string, string | string[]> => ({
  ...Object.fromEntries((tags ?? []).map((tag) => [`aws:requesttag/${(tag.Key ?? '').toLowerCase()}`, tag.Value ?? ''])),
  ...(tags?.length ? { 'aws:tagkeys': tags.map((tag) => tag.Key ?? '') } : {}),
});

/** Condition keys of a resource's tags. */
export const resourceTags = (tags: Tags | undefined): Record<string, string> =>
  Object.fromEntries(
    [...(tags ?? [])].flatMap(([key, value]) => [
      [`aws:resourcetag/${key.toLowerCase()}`, value],
      [`iam:resourcetag/${key.toLowerCase()}`, value],
    ]),
  );

/** One page of a list. */
export interface Page<T> {
  readonly items: T[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

/** Cuts a page out of a list (MaxItems 1–1000, 100 by default; the marker says where to go on). */
export function page<T>(items: readonly T[], input: { Marker?: string | undefined; MaxItems?: number | undefined }): Page<T> {
  const start = input.Marker === undefined ? 0 : Number(Buffer.from(input.Marker, 'base64').toString());
  if (!Number.isInteger(start)) throw fail('ValidationError', 'The specified value for marker is invalid.', 400);
  const end = start + Math.min(Math.max(input.MaxItems ?? 100, 1), 1000);
  if (end >= items.length) return { items: items.slice(start), IsTruncated: false };
  return { items: items.slice(start, end), IsTruncated: true, Marker: Buffer.from(String(end)).toString('base64') };
}

/** Documents are percent-encoded in IAM's replies (IAM API, GetRole: RFC 3986). */
export const encodeDocument = (document: string): string =>
  encodeURIComponent(document).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const boundaryView = (principal: IamPrincipal): Pick<Role, 'PermissionsBoundary'> =>
  principal.boundary === undefined
    ? {}
    : {
        PermissionsBoundary: { PermissionsBoundaryType: 'PermissionsBoundaryPolicy', PermissionsBoundaryArn: principal.boundary },
      };

/** A role in the API's form. Lists leave out tags and boundary (IAM API, ListRoles). */
export const roleView = (call: Call, role: IamRole, whole = true): Role => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: new Date(role.createdAt),
  AssumeRolePolicyDocument: encodeDocument(showPrincipals(call.world, view(call, role.trust))),
  ...(role.description === undefined ? {} : { Description: role.description }),
  MaxSessionDuration: role.maxSessionSeconds,
  ...(whole ? { ...boundaryView(role), ...(role.tags.size ? { Tags: tagList(role.tags) } : {}) } : {}),
});

/** A user in the API's form. */
export const userView = (user: IamUser, whole = true): User => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.id,
  Arn: user.arn,
  CreateDate: new Date(user.createdAt),
  ...(whole ? { ...boundaryView(user), ...(user.tags.size ? { Tags: tagList(user.tags) } : {}) } : {}),
});

/** A managed policy in the API's form. */
export const policyView = (call: Call, policy: IamPolicy, whole = true): Policy => ({
  PolicyName: policy.name,
  PolicyId: policy.id,
  Arn: policy.arn,
  Path: policy.path,
  DefaultVersionId: view(call, policy.content).defaultVersion,
  AttachmentCount: policy.attachedTo.size,
  PermissionsBoundaryUsageCount: policy.bounds.size,
  IsAttachable: true,
  CreateDate: new Date(policy.createdAt),
  UpdateDate: new Date(policy.updatedAt),
  ...(whole && policy.description !== undefined ? { Description: policy.description } : {}),
  ...(whole && policy.tags.size ? { Tags: tagList(policy.tags) } : {}),
});

/** The living role or user of a unique id in the caller's account. */
export function principalById(call: Call, id: string): IamPrincipal | undefined {
  const live = call.world.state.iam.byId.get(id);
  return live && (live.kind === 'role' ? own(call).roles.get(live.name) : own(call).users.get(live.name));
}

/** An attachment in the API's form. */
export const attachedView = (arn: string): AttachedPolicy => ({
  PolicyArn: arn,
  PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
});
