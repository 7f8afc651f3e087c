/** IAM roles and users: making, reading, changing and deleting them. Policies are in policies.ts, attachments in attachments.ts. */
import type * as Iam from '@aws-sdk/client-iam';
import { iamId, randomText } from '../ids.ts';
import { storeTrust } from '../policy/iam-check.ts';
import { operation, type Call, type Operation } from '../service.ts';
import { change, steady } from '../stale.ts';
import { fail } from '../wire/error.ts';
import type { IamPrincipal, IamRole, IamUser } from './model.ts';
import {
  checkName,
  checkPath,
  findPolicy,
  findRole,
  findUser,
  freeName,
  iamAccess,
  own,
  page,
  principalArnOf,
  requestTags,
  resourceTags,
  roleView,
  tagList,
  tagsFrom,
  takeName,
  userView,
} from './shared.ts';

const roleAccess = (call: Call, input: { RoleName?: string | undefined }) =>
  iamAccess(call, principalArnOf(call, 'role', input.RoleName), resourceTags(own(call).roles.get(input.RoleName ?? '')?.tags));
const userAccess = (call: Call, input: { UserName?: string | undefined }) =>
  iamAccess(
    call,
    principalArnOf(call, 'user', input.UserName ?? call.caller.arn.split('/').at(-1)),
    resourceTags(own(call).users.get(input.UserName ?? '')?.tags),
  );

function basics(
  call: Call,
  kind: 'role' | 'user',
  input: { name: string; path: string; tags: Iam.Tag[] | undefined; boundary: string | undefined },
) {
  const { account } = call.caller;
  const id = iamId(call.world.state, kind === 'role' ? 'AROA' : 'AIDA');
  call.world.state.iam.byId.set(id, { kind, account, name: input.name });
  return {
    account,
    name: input.name,
    path: input.path,
    arn: `arn:aws:iam::${account}:${kind}${input.path}${input.name}`,
    id,
    createdAt: call.now,
    tags: tagsFrom(input.tags),
    attached: steady<readonly string[]>([]),
    inline: new Map<string, string>(),
    ...(input.boundary === undefined ? {} : { boundary: input.boundary }),
  };
}

const createRole = operation<Iam.CreateRoleRequest, Iam.CreateRoleResponse>({
  readOnly: false,
  access: (call, input) =>
    iamAccess(call, `arn:aws:iam::${call.caller.account}:role${input.Path ?? '/'}${input.RoleName ?? ''}`, {
      ...requestTags(input.Tags),
      ...(input.PermissionsBoundary === undefined ? {} : { 'iam:permissionsboundary': input.PermissionsBoundary }),
    }),
  run: (call, input) => {
    const name = checkName('roleName', input.RoleName, 64);
    const path = checkPath(input.Path);
    const trust = storeTrust(call.world, input.AssumeRolePolicyDocument ?? '');
    const maxSessionSeconds = input.MaxSessionDuration ?? 3600;
    const boundary = input.PermissionsBoundary === undefined ? undefined : findPolicy(call, input.PermissionsBoundary);
    if (!takeName(call, 'role', name)) throw fail('EntityAlreadyExists', `Role with name ${name} already exists.`);
    const role: IamRole = {
      kind: 'role',
      ...basics(call, 'role', { name, path, tags: input.Tags, boundary: input.PermissionsBoundary }),
      ...(input.Description === undefined ? {} : { description: input.Description }),
      maxSessionSeconds,
      trust: steady(trust),
    };
    boundary?.bounds.add(role.id);
    own(call).roles.set(name, role);
    return { Role: roleView(call, role) };
  },
});

const createUser = operation<Iam.CreateUserRequest, Iam.CreateUserResponse>({
  readOnly: false,
  access: (call, input) =>
    iamAccess(
      call,
      `arn:aws:iam::${call.caller.account}:user${input.Path ?? '/'}${input.UserName ?? ''}`,
      requestTags(input.Tags),
    ),
  run: (call, input) => {
    const name = checkName('userName', input.UserName, 64);
    const path = checkPath(input.Path);
    const boundary = input.PermissionsBoundary === undefined ? undefined : findPolicy(call, input.PermissionsBoundary);
    if (!takeName(call, 'user', name)) throw fail('EntityAlreadyExists', `User with name ${name} already exists.`);
    const user: IamUser = {
      kind: 'user',
      ...basics(call, 'user', { name, path, tags: input.Tags, boundary: input.PermissionsBoundary }),
      accessKeys: [],
    };
    boundary?.bounds.add(user.id);
    own(call).users.set(name, user);
    return { User: userView(user) };
  },
});

// IAM API, DeleteRole and DeleteUser: policies must be detached and deleted first.
function checkDeletable(principal: IamPrincipal): void {
  if (principal.attached.current.length > 0)
    throw fail('DeleteConflict', 'Cannot delete entity, must detach all policies first.');
  if (principal.inline.size > 0) throw fail('DeleteConflict', 'Cannot delete entity, must delete policies first.');
}

function forget(call: Call, principal: IamPrincipal): void {
  call.world.state.iam.byId.delete(principal.id);
  freeName(call, principal.kind, principal.name);
  if (principal.boundary !== undefined) own(call).policies.get(principal.boundary)?.bounds.delete(principal.id);
}

const createAccessKey = operation<Iam.CreateAccessKeyRequest, Iam.CreateAccessKeyResponse>({
  readOnly: false,
  access: userAccess,
  run: (call, input) => {
    const user = findUser(call, input.UserName);
    if (user.accessKeys.length >= 2) throw fail('LimitExceeded', 'Cannot exceed quota for AccessKeysPerUser: 2');
    const { state } = call.world;
    const key = {
      id: iamId(state, 'AKIA').slice(0, 20),
      secret: randomText(state, 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789', 40),
      createdAt: call.now,
      active: true,
    };
    user.accessKeys.push(key);
    state.iam.keys.set(key.id, { account: user.account, user: user.name });
    return {
      AccessKey: {
        UserName: user.name,
        AccessKeyId: key.id,
        SecretAccessKey: key.secret,
        Status: 'Active',
        CreateDate: new Date(call.now),
      },
    };
  },
});

const underPath = <T extends IamPrincipal>(all: Map<string, T>, prefix: string | undefined): T[] =>
  [...all.values()].filter((one) => one.path.startsWith(prefix ?? '/')).sort((a, b) => (a.name < b.name ? -1 : 1));

/** Operations on roles. */
export const roleOperations: Record<string, Operation> = {
  CreateRole: createRole,
  GetRole: operation<Iam.GetRoleRequest, Iam.GetRoleResponse>({
    readOnly: true,
    access: roleAccess,
    run: (call, input) => ({ Role: roleView(call, findRole(call, input.RoleName)) }),
  }),
  ListRoles: operation<Iam.ListRolesRequest, Iam.ListRolesResponse>({
    readOnly: true,
    access: (call) => iamAccess(call, `arn:aws:iam::${call.caller.account}:role/`),
    run: (call, input) => {
      const { items, ...rest } = page(underPath(own(call).roles, input.PathPrefix), input);
      return { Roles: items.map((role) => roleView(call, role, false)), ...rest };
    },
  }),
  DeleteRole: operation<Iam.DeleteRoleRequest, undefined>({
    readOnly: false,
    access: roleAccess,
    run: (call, input) => {
      const role = findRole(call, input.RoleName);
      checkDeletable(role);
      forget(call, role);
      own(call).roles.delete(role.name);
      return undefined;
    },
  }),
  UpdateAssumeRolePolicy: operation<Iam.UpdateAssumeRolePolicyRequest, undefined>({
    readOnly: false,
    access: roleAccess,
    document: (_call, input) => `trust policy of ${input.RoleName ?? ''}`,
    run: (call, input) => {
      const role = findRole(call, input.RoleName);
      change(role.trust, storeTrust(call.world, input.PolicyDocument ?? ''), call.now);
      return undefined;
    },
  }),
  TagRole: operation<Iam.TagRoleRequest, undefined>({
    readOnly: false,
    access: roleAccess,
    run: (call, input) => {
      const role = findRole(call, input.RoleName);
      for (const [key, value] of tagsFrom(input.Tags)) role.tags.set(key, value);
      return undefined;
    },
  }),
  UntagRole: operation<Iam.UntagRoleRequest, undefined>({
    readOnly: false,
    access: roleAccess,
    run: (call, input) => {
      const role = findRole(call, input.RoleName);
      for (const key of input.TagKeys ?? []) role.tags.delete(key);
      return undefined;
    },
  }),
  ListRoleTags: operation<Iam.ListRoleTagsRequest, Iam.ListRoleTagsResponse>({
    readOnly: true,
    access: roleAccess,
    run: (call, input) => {
      const { items, ...rest } = page(tagList(findRole(call, input.RoleName).tags), input);
      return { Tags: items, ...rest };
    },
  }),
};

/** Operations on users. */
export const userOperations: Record<string, Operation> = {
  CreateUser: createUser,
  CreateAccessKey: createAccessKey,
  GetUser: operation<Iam.GetUserRequest, Iam.GetUserResponse>({
    readOnly: true,
    access: userAccess,
    run: (call, input) => ({ User: userView(findUser(call, input.UserName ?? call.caller.arn.split('/').at(-1))) }),
  }),
  ListUsers: operation<Iam.ListUsersRequest, Iam.ListUsersResponse>({
    readOnly: true,
    access: (call) => iamAccess(call, `arn:aws:iam::${call.caller.account}:user/`),
    run: (call, input) => {
      const { items, ...rest } = page(underPath(own(call).users, input.PathPrefix), input);
      return { Users: items.map((user) => userView(user, false)), ...rest };
    },
  }),
  DeleteUser: operation<Iam.DeleteUserRequest, undefined>({
    readOnly: false,
    access: userAccess,
    run: (call, input) => {
      const user = findUser(call, input.UserName);
      checkDeletable(user);
      if (user.accessKeys.length > 0) throw fail('DeleteConflict', 'Cannot delete entity, must delete access keys first.');
      forget(call, user);
      own(call).users.delete(user.name);
      return undefined;
    },
  }),
};
