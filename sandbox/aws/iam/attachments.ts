/** What binds policies to roles and users: attachments, inline policies, permissions boundaries. The same for both kinds of principal. */
import type * as Iam from '@aws-sdk/client-iam';
import { operation, type Call, type Operation } from '../service.ts';
import { change } from '../stale.ts';
import { checkIdentityPolicy } from '../policy/iam-check.ts';
import { fail } from '../wire/error.ts';
import type { IamPrincipal } from './model.ts';
import { countedLength } from './policies.ts';
import {
  attachedView,
  encodeDocument,
  findPolicy,
  findRole,
  findUser,
  iamAccess,
  own,
  page,
  principalArnOf,
  principalById,
  view,
} from './shared.ts';

type Kind = 'role' | 'user';
interface Named {
  RoleName?: string | undefined;
  UserName?: string | undefined;
}

const find = (kind: Kind, call: Call, input: Named): IamPrincipal =>
  kind === 'role' ? findRole(call, input.RoleName) : findUser(call, input.UserName);
const nameOf = (kind: Kind, input: Named): string | undefined => (kind === 'role' ? input.RoleName : input.UserName);
const title = (kind: Kind): 'Role' | 'User' => (kind === 'role' ? 'Role' : 'User');

const accessTo = (kind: Kind) => (call: Call, input: Named & { PolicyArn?: string | undefined }) => {
  const arn = principalArnOf(call, kind, nameOf(kind, input));
  const boundary = (kind === 'role' ? own(call).roles : own(call).users).get(nameOf(kind, input) ?? '')?.boundary;
  // Condition keys iam:PolicyARN and iam:PermissionsBoundary (IAM User Guide, reference_policies_iam-condition-keys).
  return iamAccess(call, arn, {
    ...(input.PolicyArn === undefined ? {} : { 'iam:policyarn': input.PolicyArn }),
    ...(boundary === undefined ? {} : { 'iam:permissionsboundary': boundary }),
  });
};

function attach(kind: Kind, call: Call, input: Named & { PolicyArn?: string | undefined }): undefined {
  const principal = find(kind, call, input);
  const arn = input.PolicyArn ?? '';
  const policy = own(call).policies.get(arn);
  if (!policy) throw fail('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`);
  if (principal.attached.current.includes(arn)) return undefined;
  const quota = call.world.settings.attachedPoliciesPerPrincipal;
  if (principal.attached.current.length >= quota)
    throw fail('LimitExceeded', `Cannot exceed quota for PoliciesPer${title(kind)}: ${quota}`);
  change(principal.attached, [...principal.attached.current, arn], call.now);
  policy.attachedTo.add(principal.id);
  return undefined;
}

function detach(kind: Kind, call: Call, input: Named & { PolicyArn?: string | undefined }): undefined {
  const principal = find(kind, call, input);
  const arn = input.PolicyArn ?? '';
  if (!principal.attached.current.includes(arn)) throw fail('NoSuchEntity', `Policy ${arn} was not found.`);
  change(
    principal.attached,
    principal.attached.current.filter((one) => one !== arn),
    call.now,
  );
  own(call).policies.get(arn)?.attachedTo.delete(principal.id);
  return undefined;
}

// IAM User Guide, reference_iam-quotas: all inline policies together, without white space.
const INLINE_SIZE = { role: 10_240, user: 2_048 } as const;

function putInline(
  kind: Kind,
  call: Call,
  input: Named & { PolicyName?: string | undefined; PolicyDocument?: string | undefined },
): undefined {
  const principal = find(kind, call, input);
  const document = input.PolicyDocument ?? '';
  checkIdentityPolicy(document);
  const others = [...principal.inline].filter(([name]) => name !== input.PolicyName);
  const size = others.reduce((sum, [, text]) => sum + countedLength(text), countedLength(document));
  if (size > INLINE_SIZE[kind]) {
    throw fail('LimitExceeded', `Maximum policy size of ${INLINE_SIZE[kind]} bytes exceeded for ${kind} ${principal.name}`);
  }
  principal.inline.set(input.PolicyName ?? '', document);
  return undefined;
}

function findInline(kind: Kind, principal: IamPrincipal, name: string | undefined): string {
  const document = principal.inline.get(name ?? '');
  if (document === undefined) throw fail('NoSuchEntity', `The ${kind} policy with name ${name ?? ''} cannot be found.`);
  return document;
}

function setBoundary(kind: Kind, call: Call, input: Named, arn: string | undefined): undefined {
  const principal = find(kind, call, input);
  const next = arn === undefined ? undefined : findPolicy(call, arn);
  if (principal.boundary !== undefined) own(call).policies.get(principal.boundary)?.bounds.delete(principal.id);
  if (next) principal.boundary = next.arn;
  else delete principal.boundary;
  next?.bounds.add(principal.id);
  return undefined;
}

function attachmentOperations(kind: Kind): Record<string, Operation> {
  const access = accessTo(kind);
  return {
    [`Attach${title(kind)}Policy`]: operation<Iam.AttachRolePolicyRequest & Named, undefined>({
      readOnly: false,
      access,
      run: (call, input) => attach(kind, call, input),
    }),
    [`Detach${title(kind)}Policy`]: operation<Iam.DetachRolePolicyRequest & Named, undefined>({
      readOnly: false,
      access,
      run: (call, input) => detach(kind, call, input),
    }),
    [`ListAttached${title(kind)}Policies`]: operation<
      Iam.ListAttachedRolePoliciesRequest & Named,
      Iam.ListAttachedRolePoliciesResponse
    >({
      readOnly: true,
      access,
      run: (call, input) => {
        const attached = view(call, find(kind, call, input).attached).filter((arn) =>
          pathOf(arn).startsWith(input.PathPrefix ?? '/'),
        );
        const { items, ...rest } = page(attached, input);
        return { AttachedPolicies: items.map(attachedView), ...rest };
      },
    }),
  };
}

function boundaryOperations(kind: Kind): Record<string, Operation> {
  return {
    [`Put${title(kind)}PermissionsBoundary`]: operation<Iam.PutRolePermissionsBoundaryRequest & Named, undefined>({
      readOnly: false,
      access: (call, input) =>
        iamAccess(call, principalArnOf(call, kind, nameOf(kind, input)), {
          'iam:permissionsboundary': input.PermissionsBoundary ?? '',
        }),
      run: (call, input) => setBoundary(kind, call, input, input.PermissionsBoundary),
    }),
    [`Delete${title(kind)}PermissionsBoundary`]: operation<Named, undefined>({
      readOnly: false,
      access: accessTo(kind),
      run: (call, input) => setBoundary(kind, call, input, undefined),
    }),
  };
}

const pathOf = (arn: string): string => arn.slice(arn.indexOf(':policy/') + ':policy'.length, arn.lastIndexOf('/') + 1);

function inlineOperations(kind: Kind): Record<string, Operation> {
  const access = accessTo(kind);
  return {
    [`Put${title(kind)}Policy`]: operation<Iam.PutRolePolicyRequest & Named, undefined>({
      readOnly: false,
      access,
      document: (_call, input) => `inline policies of ${kind} ${nameOf(kind, input) ?? ''}`,
      run: (call, input) => putInline(kind, call, input),
    }),
    [`Get${title(kind)}Policy`]: operation<Iam.GetRolePolicyRequest & Named, object>({
      readOnly: true,
      access,
      run: (call, input) => {
        const principal = find(kind, call, input);
        const PolicyDocument = encodeDocument(findInline(kind, principal, input.PolicyName));
        return { [`${title(kind)}Name`]: principal.name, PolicyName: input.PolicyName, PolicyDocument };
      },
    }),
    [`Delete${title(kind)}Policy`]: operation<Iam.DeleteRolePolicyRequest & Named, undefined>({
      readOnly: false,
      access,
      run: (call, input) => {
        const principal = find(kind, call, input);
        findInline(kind, principal, input.PolicyName);
        principal.inline.delete(input.PolicyName ?? '');
        return undefined;
      },
    }),
    [`List${title(kind)}Policies`]: operation<Iam.ListRolePoliciesRequest & Named, Iam.ListRolePoliciesResponse>({
      readOnly: true,
      access,
      run: (call, input) => {
        const { items, ...rest } = page([...find(kind, call, input).inline.keys()].sort(), input);
        return { PolicyNames: items, ...rest };
      },
    }),
  };
}

const listEntities = operation<Iam.ListEntitiesForPolicyRequest, Iam.ListEntitiesForPolicyResponse>({
  readOnly: true,
  access: (call, input) => iamAccess(call, input.PolicyArn ?? ''),
  run: (call, input) => {
    const policy = findPolicy(call, input.PolicyArn);
    const ids = input.PolicyUsageFilter === 'PermissionsBoundary' ? policy.bounds : policy.attachedTo;
    const all = [...ids]
      .flatMap((id) => principalById(call, id) ?? [])
      .filter((one) => one.path.startsWith(input.PathPrefix ?? '/'));
    const { items, ...rest } = page(all, input);
    const wanted = (kind: Kind) =>
      items.filter((one) => one.kind === kind && (input.EntityFilter ?? title(kind)) === title(kind));
    return {
      PolicyRoles: wanted('role').map((one) => ({ RoleName: one.name, RoleId: one.id })),
      PolicyUsers: wanted('user').map((one) => ({ UserName: one.name, UserId: one.id })),
      PolicyGroups: [],
      ...rest,
    };
  },
});

const accountSummary = operation<object, Iam.GetAccountSummaryResponse>({
  readOnly: true,
  access: (call) => iamAccess(call, '*'),
  run: (call) => {
    const { roles, users, policies } = own(call);
    const quota = call.world.settings.attachedPoliciesPerPrincipal;
    // Names of IAM API, GetAccountSummary; quotas of reference_iam-quotas.
    return {
      SummaryMap: {
        Roles: roles.size,
        RolesQuota: 1000,
        Users: users.size,
        UsersQuota: 5000,
        Policies: policies.size,
        PoliciesQuota: 1500,
        PolicySizeQuota: 6144,
        VersionsPerPolicyQuota: 5,
        AttachedPoliciesPerRoleQuota: quota,
        AttachedPoliciesPerUserQuota: quota,
        AssumeRolePolicySizeQuota: 2048,
      },
    };
  },
});

/** Operations on attachments, inline policies and boundaries, and the account's summary. */
export const bindingOperations: Record<string, Operation> = {
  ...attachmentOperations('role'),
  ...attachmentOperations('user'),
  ...boundaryOperations('role'),
  ...boundaryOperations('user'),
  ...inlineOperations('role'),
  ...inlineOperations('user'),
  ListEntitiesForPolicy: listEntities,
  GetAccountSummary: accountSummary,
};
