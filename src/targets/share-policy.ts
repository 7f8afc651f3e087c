/**
 * The share policies of a principal: the customer managed policies in its account that give it what its shares need. One writer per principal; nobody
 * else is expected to write them, so drift in them is always somebody's mistake. Reading is share-policy-observe.ts, deciding share-policy-plan.ts.
 */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetPolicyCommand,
  ListPolicyVersionsCommand,
  type PolicyVersion,
} from '@aws-sdk/client-iam';
import { awsErrorName, lookAgain, withRequestId, type TargetContext } from './context.ts';
import { withPrincipalDenials } from './principal-denials.ts';
import { assessSharePolicies } from './share-policy-assess.ts';
import { iamName, policyArn, policyName, policyPath, tagsOf, type SharePolicyCoordinates } from './share-policy-names.ts';
import { observeSharePolicies, type ObservedShard, type ObservedSharePolicies, type Touched } from './share-policy-observe.ts';
import { dependsOn, planSharePolicies, type IdentityGrant, type SharePolicyStep } from './share-policy-plan.ts';
import type { Applied, TargetKind } from './target.ts';

/** The target kind of share policies. */
export const sharePolicy: TargetKind<
  SharePolicyCoordinates,
  IdentityGrant,
  ObservedSharePolicies,
  SharePolicyStep,
  TargetContext
> = {
  kind: 'iam:share-policy',
  shared: false,
  goneReason: 'PrincipalNotFound',
  key: ({ principalArn }) => `iam:share-policy/${principalArn}`,
  describe: ({ principalArn }) => `share policies of ${principalArn}`,
  observe: observeSharePolicies,
  plan: planSharePolicies,
  action: actionOf,
  dependsOn,
  apply,
  assess: (input) => withPrincipalDenials(assessSharePolicies(input), input),
  fingerprint: ({ principalExists, shards }) =>
    JSON.stringify([principalExists, shards.map(({ arn, attached, text }) => [arn, attached, text])]),
  foreign: () => '',
  reasonOf,
};

/** UnmodifiableEntity: only AWS itself may change the role (IAM API Reference, AttachRolePolicy). */
function reasonOf(code: string): string | undefined {
  if (code.startsWith('EntityAlreadyExists')) return 'NotOwned';
  return code.startsWith('UnmodifiableEntity') ? 'ProtectedRole' : undefined;
}

function actionOf({ kind }: SharePolicyStep, { principalArn }: SharePolicyCoordinates): string {
  const whom = iamName(principalArn).kind === 'user' ? 'User' : 'Role';
  const actions = {
    create: 'CreatePolicy',
    update: 'CreatePolicyVersion',
    attach: `Attach${whom}Policy`,
    detach: `Detach${whom}Policy`,
    delete: 'DeletePolicy',
  };
  return `iam:${actions[kind]}`;
}

interface Place {
  readonly context: TargetContext;
  readonly coordinates: SharePolicyCoordinates;
  readonly observed: ObservedSharePolicies;
}

/** The target after a step: the changed shard (or none) and what a read-back has to look at. */
type Change = { readonly shard?: ObservedShard; readonly touched: Partial<Touched>; readonly requestId?: string | undefined };

async function apply(
  context: TargetContext,
  coordinates: SharePolicyCoordinates,
  { step, observed }: { readonly step: SharePolicyStep; readonly observed: ObservedSharePolicies },
): Promise<Applied<ObservedSharePolicies>> {
  const change = await perform({ context, coordinates, observed }, step);
  const others = observed.shards.filter(({ index }) => index !== step.index);
  const shards = change.shard === undefined ? others : [...others, change.shard].sort((left, right) => left.index - right.index);
  return {
    observed: { ...observed, shards, touched: withTouched(observed.touched, change.touched) },
    ...withRequestId(change.requestId),
  };
}

function withTouched(before: Touched | undefined, now: Partial<Touched>): Touched {
  return {
    created: [...new Set([...(before?.created ?? []), ...(now.created ?? [])])],
    contents: [...new Set([...(before?.contents ?? []), ...(now.contents ?? [])])],
    attachments: (before?.attachments ?? false) || (now.attachments ?? false),
    deletions: (before?.deletions ?? false) || (now.deletions ?? false),
  };
}

async function perform(place: Place, step: SharePolicyStep): Promise<Change> {
  if (step.kind === 'create') return create(place, step.index, step.text);
  const shard = place.observed.shards.find(({ index }) => index === step.index);
  if (shard === undefined)
    throw lookAgain('changedMeanwhile', 'A share policy that was to be written is not there; the policies are read again.');
  switch (step.kind) {
    case 'update':
      return visible(update(place, shard, step.text));
    case 'attach':
      return visible(attach(place, shard));
    case 'detach':
      return detach(place, shard);
    case 'delete':
      return remove(place, shard);
  }
}

async function create({ context, coordinates, observed }: Place, index: number, text: string): Promise<Change> {
  const { installation } = observed;
  const command = new CreatePolicyCommand({
    PolicyName: policyName(installation, coordinates, index),
    Path: policyPath(installation, coordinates),
    PolicyDocument: text,
    Description: 'Access to shared data, kept by Sluice. Changes made by hand are taken back.',
    Tags: [...tagsOf(installation, coordinates)],
  });
  try {
    const { Policy, $metadata } = await context.iam.send(command, { abortSignal: context.signal });
    const arn = Policy?.Arn ?? policyArn(installation, coordinates, index);
    const [policyId, version] = [Policy?.PolicyId ?? '', Policy?.DefaultVersionId ?? 'v1'];
    const shard = { index, arn, policyId, owned: true, attached: false, version, text };
    return { shard, touched: { created: [index] }, requestId: $metadata.requestId };
  } catch (error) {
    // Either an earlier run of ours created it and its answer was lost, or somebody else has the name: the complete list and the tags tell.
    if (awsErrorName(error) !== 'EntityAlreadyExists') throw error;
    if (!observed.complete)
      throw lookAgain('incomplete', 'A policy of the name that is needed exists already; it is looked for.');
    // The list may lag behind: at our path it is the policy that was not listed yet, at any other it is somebody else's.
    const arn = policyArn(installation, coordinates, index);
    const ours = await unlessGone(() =>
      context.iam.send(new GetPolicyCommand({ PolicyArn: arn }), { abortSignal: context.signal }),
    );
    if (ours === undefined) throw error;
    throw lookAgain('changedMeanwhile', 'A policy of ours exists that IAM does not list yet; the policies are read again.');
  }
}

/** A policy has at most five versions (docs/IAM/latest/UserGuide/access_policies_managed-versioning.md): the oldest goes when a sixth is needed. */
async function update(place: Place, shard: ObservedShard, text: string): Promise<Change> {
  const options = { abortSignal: place.context.signal };
  const write = new CreatePolicyVersionCommand({ PolicyArn: shard.arn, PolicyDocument: text, SetAsDefault: true });
  const answer = await place.context.iam.send(write, options).catch(async (error: unknown) => {
    if (awsErrorName(error) !== 'LimitExceeded' || !(await dropOldestVersion(place, shard))) throw error;
    return place.context.iam.send(new CreatePolicyVersionCommand(write.input), options);
  });
  const version = answer.PolicyVersion?.VersionId ?? shard.version;
  return { shard: { ...shard, text, version }, touched: { contents: [shard.index] }, requestId: answer.$metadata.requestId };
}

async function dropOldestVersion(place: Place, shard: ObservedShard): Promise<boolean> {
  const versions = await spareVersions(place, shard);
  const [oldest] = versions.sort((left, right) => versionNumber(left) - versionNumber(right));
  if (versions.length < 4 || oldest === undefined) return false;
  const command = new DeletePolicyVersionCommand({ PolicyArn: shard.arn, VersionId: oldest.VersionId });
  await place.context.iam.send(command, { abortSignal: place.context.signal });
  return true;
}

async function spareVersions({ context }: Place, shard: ObservedShard): Promise<PolicyVersion[]> {
  const command = new ListPolicyVersionsCommand({ PolicyArn: shard.arn, MaxItems: 100 });
  const { Versions } = await context.iam.send(command, { abortSignal: context.signal });
  return (Versions ?? []).filter((version) => version.IsDefaultVersion !== true);
}

function versionNumber({ VersionId }: PolicyVersion): number {
  return Number(VersionId?.slice(1) ?? 0);
}

async function attach({ context, coordinates }: Place, shard: ObservedShard): Promise<Change> {
  const { kind, name } = iamName(coordinates.principalArn);
  const options = { abortSignal: context.signal };
  const { $metadata } =
    kind === 'role'
      ? await context.iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: shard.arn }), options)
      : await context.iam.send(new AttachUserPolicyCommand({ UserName: name, PolicyArn: shard.arn }), options);
  return { shard: { ...shard, attached: true }, touched: { attachments: true }, requestId: $metadata.requestId };
}

async function detach({ context, coordinates }: Place, shard: ObservedShard): Promise<Change> {
  const { kind, name } = iamName(coordinates.principalArn);
  const options = { abortSignal: context.signal };
  const requestId = await unlessGone(async () => {
    const { $metadata } =
      kind === 'role'
        ? await context.iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: shard.arn }), options)
        : await context.iam.send(new DetachUserPolicyCommand({ UserName: name, PolicyArn: shard.arn }), options);
    return $metadata.requestId;
  });
  return { shard: { ...shard, attached: false }, touched: { attachments: true }, requestId };
}

/** All versions but the default one have to go first (IAM API Reference, DeletePolicy). The first version is alone, unless somebody added some. */
async function remove(place: Place, shard: ObservedShard): Promise<Change> {
  const requestId = await unlessGone(async () => {
    if (shard.version !== 'v1') await dropSpareVersions(place, shard);
    try {
      return await deletePolicy(place, shard);
    } catch (error) {
      if (awsErrorName(error) !== 'DeleteConflict') throw error;
      await dropSpareVersions(place, shard);
      return deletePolicy(place, shard);
    }
  });
  return { touched: { deletions: true }, requestId };
}

async function deletePolicy({ context }: Place, { arn }: ObservedShard): Promise<string | undefined> {
  const { $metadata } = await context.iam.send(new DeletePolicyCommand({ PolicyArn: arn }), { abortSignal: context.signal });
  return $metadata.requestId;
}

async function dropSpareVersions(place: Place, shard: ObservedShard): Promise<void> {
  for (const { VersionId } of await spareVersions(place, shard)) {
    const command = new DeletePolicyVersionCommand({ PolicyArn: shard.arn, VersionId });
    await place.context.iam.send(command, { abortSignal: place.context.signal });
  }
}

/** IAM is eventually consistent: a policy just made may not be found yet, and a role that was deleted is not found any more. Reading again tells. */
async function visible(write: Promise<Change>): Promise<Change> {
  try {
    return await write;
  } catch (error) {
    if (awsErrorName(error) !== 'NoSuchEntity') throw error;
    throw lookAgain('changedMeanwhile', 'IAM does not find the policy or the principal; the policies are read again.');
  }
}

async function unlessGone<Value>(write: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await write();
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchEntity') return undefined;
    throw error;
  }
}
