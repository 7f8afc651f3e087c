/** IAM managed policies and their versions. Attachments are in attachments.ts. */
import type * as Iam from '@aws-sdk/client-iam';
import { iamId } from '../ids.ts';
import { checkIdentityPolicy } from '../policy/iam-check.ts';
import { operation, type Call, type Operation } from '../service.ts';
import { change, steady } from '../stale.ts';
import { fail } from '../wire/error.ts';
import type { IamPolicy, PolicyContent, PolicyVersionState } from './model.ts';
import {
  checkName,
  checkPath,
  encodeDocument,
  findPolicy,
  freeName,
  iamAccess,
  own,
  page,
  policyView,
  requestTags,
  resourceTags,
  tagList,
  tagsFrom,
  takeName,
  view,
} from './shared.ts';

const policyAccess = (call: Call, input: { PolicyArn?: string | undefined }) =>
  iamAccess(call, input.PolicyArn ?? '', resourceTags(own(call).policies.get(input.PolicyArn ?? '')?.tags));

/** Characters that count towards IAM's size quotas (IAM User Guide, reference_iam-quotas: white space is not counted). */
export const countedLength = (document: string): number => document.replaceAll(/\s/g, '').length;

const MANAGED_POLICY_SIZE = 6144;
const VERSIONS = 5;

function checkManaged(document: string | undefined): string {
  const text = document ?? '';
  if (countedLength(text) > MANAGED_POLICY_SIZE)
    throw fail('LimitExceeded', `Cannot exceed quota for PolicySize: ${MANAGED_POLICY_SIZE}`);
  checkIdentityPolicy(text);
  return text;
}

const versionView = (content: PolicyContent, version: PolicyVersionState, whole: boolean): Iam.PolicyVersion => ({
  VersionId: version.id,
  IsDefaultVersion: version.id === content.defaultVersion,
  CreateDate: new Date(version.createdAt),
  ...(whole ? { Document: encodeDocument(version.document) } : {}),
});

function findVersion(policy: IamPolicy, content: PolicyContent, id: string | undefined): PolicyVersionState {
  const version = content.versions.find((one) => one.id === id);
  if (!version) throw fail('NoSuchEntity', `Policy ${policy.arn} version ${id ?? ''} does not exist or is not attachable.`);
  return version;
}

const createPolicy = operation<Iam.CreatePolicyRequest, Iam.CreatePolicyResponse>({
  readOnly: false,
  access: (call, input) =>
    iamAccess(
      call,
      `arn:aws:iam::${call.caller.account}:policy${input.Path ?? '/'}${input.PolicyName ?? ''}`,
      requestTags(input.Tags),
    ),
  run: (call, input) => {
    const name = checkName('policyName', input.PolicyName, 128);
    const path = checkPath(input.Path);
    // IAM User Guide, id_tags_customer-managed-policies: with tags the caller needs this permission too.
    if ((input.Tags ?? []).length > 0) {
      const arn = `arn:aws:iam::${call.caller.account}:policy${path}${name}`;
      call.authorize({ ...iamAccess(call, arn, requestTags(input.Tags)), action: 'iam:TagPolicy' });
    }
    const document = checkManaged(input.PolicyDocument);
    const { account } = call.caller;
    if (!takeName(call, 'policy', name)) {
      throw fail('EntityAlreadyExists', `A policy called ${name} already exists. Duplicate names are not allowed.`);
    }
    const policy: IamPolicy = {
      account,
      name,
      path,
      arn: `arn:aws:iam::${account}:policy${path}${name}`,
      id: iamId(call.world.state, 'ANPA'),
      createdAt: call.now,
      updatedAt: call.now,
      ...(input.Description === undefined ? {} : { description: input.Description }),
      tags: tagsFrom(input.Tags),
      content: steady({ versions: [{ id: 'v1', document, createdAt: call.now }], defaultVersion: 'v1' }),
      nextVersion: 2,
      attachedTo: new Set(),
      bounds: new Set(),
    };
    own(call).policies.set(policy.arn, policy);
    return { Policy: policyView(call, policy) };
  },
});

const createPolicyVersion = operation<Iam.CreatePolicyVersionRequest, Iam.CreatePolicyVersionResponse>({
  readOnly: false,
  access: policyAccess,
  document: (_call, input) => input.PolicyArn,
  run: (call, input) => {
    const policy = findPolicy(call, input.PolicyArn);
    const document = checkManaged(input.PolicyDocument);
    // IAM User Guide, access_policies_managed-versioning.
    if (policy.content.current.versions.length >= VERSIONS) {
      throw fail(
        'LimitExceeded',
        'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
      );
    }
    const version = { id: `v${policy.nextVersion}`, document, createdAt: call.now };
    policy.nextVersion += 1;
    const { versions, defaultVersion } = policy.content.current;
    const next = { versions: [...versions, version], defaultVersion: input.SetAsDefault ? version.id : defaultVersion };
    setContent(call, policy, next);
    return { PolicyVersion: versionView(next, version, false) };
  },
});

function setContent(call: Call, policy: IamPolicy, next: PolicyContent): void {
  change(policy.content, next, call.now);
  policy.updatedAt = call.now;
}

const deletePolicy = operation<Iam.DeletePolicyRequest, undefined>({
  readOnly: false,
  access: policyAccess,
  run: (call, input) => {
    const policy = findPolicy(call, input.PolicyArn);
    // IAM API, DeletePolicy: detach first, delete the other versions first.
    if (policy.attachedTo.size + policy.bounds.size > 0)
      throw fail('DeleteConflict', 'Cannot delete a policy attached to entities.');
    if (policy.content.current.versions.length > 1) {
      throw fail(
        'DeleteConflict',
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    own(call).policies.delete(policy.arn);
    freeName(call, 'policy', policy.name);
    return undefined;
  },
});

/** Operations on managed policies. */
export const policyOperations: Record<string, Operation> = {
  CreatePolicy: createPolicy,
  CreatePolicyVersion: createPolicyVersion,
  DeletePolicy: deletePolicy,
  GetPolicy: operation<Iam.GetPolicyRequest, Iam.GetPolicyResponse>({
    readOnly: true,
    access: policyAccess,
    run: (call, input) => ({ Policy: policyView(call, findPolicy(call, input.PolicyArn)) }),
  }),
  GetPolicyVersion: operation<Iam.GetPolicyVersionRequest, Iam.GetPolicyVersionResponse>({
    readOnly: true,
    access: policyAccess,
    run: (call, input) => {
      const policy = findPolicy(call, input.PolicyArn);
      const content = view(call, policy.content);
      return { PolicyVersion: versionView(content, findVersion(policy, content, input.VersionId), true) };
    },
  }),
  ListPolicyVersions: operation<Iam.ListPolicyVersionsRequest, Iam.ListPolicyVersionsResponse>({
    readOnly: true,
    access: policyAccess,
    run: (call, input) => {
      const policy = findPolicy(call, input.PolicyArn);
      const content = view(call, policy.content);
      const { items, ...rest } = page(content.versions.toReversed(), input);
      return { Versions: items.map((version) => versionView(content, version, false)), ...rest };
    },
  }),
  DeletePolicyVersion: operation<Iam.DeletePolicyVersionRequest, undefined>({
    readOnly: false,
    access: policyAccess,
    document: (_call, input) => input.PolicyArn,
    run: (call, input) => {
      const policy = findPolicy(call, input.PolicyArn);
      const { versions, defaultVersion } = policy.content.current;
      const version = findVersion(policy, policy.content.current, input.VersionId);
      if (version.id === defaultVersion) throw fail('DeleteConflict', 'Cannot delete the default version of a policy.');
      setContent(call, policy, { versions: versions.filter((one) => one !== version), defaultVersion });
      return undefined;
    },
  }),
  SetDefaultPolicyVersion: operation<Iam.SetDefaultPolicyVersionRequest, undefined>({
    readOnly: false,
    access: policyAccess,
    document: (_call, input) => input.PolicyArn,
    run: (call, input) => {
      const policy = findPolicy(call, input.PolicyArn);
      const { current } = policy.content;
      setContent(call, policy, { ...current, defaultVersion: findVersion(policy, current, input.VersionId).id });
      return undefined;
    },
  }),
  ListPolicies: operation<Iam.ListPoliciesRequest, Iam.ListPoliciesResponse>({
    readOnly: true,
    access: (call) => iamAccess(call, '*'),
    run: (call, input) => {
      // There are no AWS managed policies here, so Scope AWS is empty and All equals Local.
      const all = input.Scope === 'AWS' ? [] : [...own(call).policies.values()];
      const wanted = all
        .filter((policy) => policy.path.startsWith(input.PathPrefix ?? '/'))
        .filter((policy) => !input.OnlyAttached || policy.attachedTo.size > 0)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, ...rest } = page(wanted, input);
      return { Policies: items.map((policy) => policyView(call, policy, false)), ...rest };
    },
  }),
  TagPolicy: operation<Iam.TagPolicyRequest, undefined>({
    readOnly: false,
    access: policyAccess,
    run: (call, input) => {
      const policy = findPolicy(call, input.PolicyArn);
      for (const [key, value] of tagsFrom(input.Tags)) policy.tags.set(key, value);
      return undefined;
    },
  }),
  UntagPolicy: operation<Iam.UntagPolicyRequest, undefined>({
    readOnly: false,
    access: policyAccess,
    run: (call, input) => {
      const policy = findPolicy(call, input.PolicyArn);
      for (const key of input.TagKeys ?? []) policy.tags.delete(key);
      return undefined;
    },
  }),
  ListPolicyTags: operation<Iam.ListPolicyTagsRequest, Iam.ListPolicyTagsResponse>({
    readOnly: true,
    access: policyAccess,
    run: (call, input) => {
      const { items, ...rest } = page(tagList(findPolicy(call, input.PolicyArn).tags), input);
      return { Tags: items, ...rest };
    },
  }),
};
