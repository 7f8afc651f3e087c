/**
 * Reads the share policies of a principal with as few IAM calls as the question allows. A first grant costs one list; each policy found costs its
 * tags and its default version once, since the content of a version never changes.
 */
import {
  GetPolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListPoliciesCommand,
} from '@aws-sdk/client-iam';
import type { AttachedPolicy, Policy } from '@aws-sdk/client-iam';
import { awsErrorName, type TargetContext } from './context.ts';
import { allPages, readVersion } from './iam-reading.ts';
import { carriesMark, iamName, policyIndex, policyPath, type SharePolicyCoordinates } from './share-policy-names.ts';
import { readOtherPolicies, type OtherPolicies } from './share-policy-others.ts';
import type { ObserveOptions } from './target.ts';

/** One policy that has the name of a share policy. */
export interface ObservedShard {
  readonly index: number;
  readonly arn: string;
  /** Unique over all time, unlike the ARN, which a policy made again has too. */
  readonly policyId: string;
  /** Name and tags say that it is ours. */
  readonly owned: boolean;
  readonly attached: boolean;
  /** The default version: its id and its text. */
  readonly version: string;
  readonly text: string;
}

/** All share policies of a principal. */
export interface ObservedSharePolicies {
  readonly installation: string;
  readonly principalExists: boolean;
  /** Policies that are not attached were looked for too. */
  readonly complete: boolean;
  /** Managed policies attached to the principal that are not ours. */
  readonly otherAttachments: number;
  readonly shards: readonly ObservedShard[];
  /** What else has a say in what the principal may do, as of the last verification; undefined: not looked at yet. */
  readonly others?: OtherPolicies;
  /** What our own steps did since the last read; a read-back confirms it. */
  readonly touched?: Touched;
}

/** By shard number: who was made, whose content was written anew, and whether attachments or existence changed. */
export interface Touched {
  readonly created: readonly number[];
  readonly contents: readonly number[];
  readonly attachments: boolean;
  readonly deletions: boolean;
}

interface Place {
  readonly context: TargetContext;
  readonly coordinates: SharePolicyCoordinates;
  readonly installation: string;
}

/** Observes the principal's policies. */
export async function observeSharePolicies(
  context: TargetContext,
  coordinates: SharePolicyCoordinates,
  options: ObserveOptions<ObservedSharePolicies>,
): Promise<ObservedSharePolicies> {
  const place: Place = { context, coordinates, installation: options.installation };
  const { after } = options;
  if (after?.touched !== undefined) return confirm(place, after, after.touched);
  if (options.emptying === true && options.depth === 'complete') return observeForRemoval(place, options);
  const attached = await listAttached(place);
  const ours = attached?.filter(({ PolicyArn }) => indexOf(place, PolicyArn) !== undefined) ?? [];
  const complete = attached === undefined || coordinates.management === 'Detached' || needsList(ours, options);
  const listed = complete
    ? await listPolicies(place)
    : await Promise.all(ours.map(({ PolicyArn }) => getPolicy(place, PolicyArn ?? '')));
  const attachedArns = new Set(ours.map(({ PolicyArn }) => PolicyArn));
  const found = listed.filter((policy) => policy !== undefined);
  const marksAnew = options.depth === 'verify';
  const foreign = attached?.flatMap(({ PolicyArn }) =>
    PolicyArn === undefined || attachedArns.has(PolicyArn) ? [] : [PolicyArn],
  );
  const others = await othersOf(place, { foreign, held: ours.length > 0 }, options);
  return {
    installation: options.installation,
    principalExists: attached !== undefined,
    complete,
    otherAttachments: foreign?.length ?? 0,
    shards: await shardsOf(place, found, { attached: ({ Arn }) => attachedArns.has(Arn), known: options.known, marksAnew }),
    ...(others === undefined ? {} : { others }),
  };
}

/**
 * A verification reads the principal's other policies, and so does a process that meets a principal with shares for the first time: what an earlier one has
 * found must not be forgotten. Any other run goes by what was read last.
 */
async function othersOf(
  { context, coordinates }: Place,
  { foreign, held }: { readonly foreign: readonly string[] | undefined; readonly held: boolean },
  { depth, known }: ObserveOptions<ObservedSharePolicies>,
): Promise<OtherPolicies | undefined> {
  if (foreign === undefined) return undefined;
  const reads = depth === 'verify' || (depth === 'write' && known === undefined && held);
  return reads ? readOtherPolicies(context, coordinates, { attached: foreign, known: known?.others }) : known?.others;
}

/**
 * All of ours goes: which policies these are, and whether somebody has them attached, is in one list (IAM API Reference, ListPolicies: AttachmentCount). What
 * else the principal has attached matters only to what is added.
 */
async function observeForRemoval(
  place: Place,
  { installation, known }: ObserveOptions<ObservedSharePolicies>,
): Promise<ObservedSharePolicies> {
  const attached = ({ AttachmentCount }: Policy): boolean => AttachmentCount !== 0;
  const shards = await shardsOf(place, await listPolicies(place), { attached, known, marksAnew: false });
  const others = known?.others === undefined ? {} : { others: known.others };
  return { installation, principalExists: true, complete: true, otherAttachments: 0, shards, ...others };
}

interface Surroundings {
  readonly attached: (policy: Policy) => boolean;
  readonly known: ObservedSharePolicies | undefined;
  readonly marksAnew: boolean;
}

async function shardsOf(
  place: Place,
  policies: readonly Policy[],
  { attached, ...rest }: Surroundings,
): Promise<ObservedShard[]> {
  const shards: ObservedShard[] = [];
  for (const policy of policies.filter(({ Arn }) => indexOf(place, Arn) !== undefined))
    shards.push(await shardOf(place, { ...rest, policy, attached: attached(policy) }));
  return shards.sort((left, right) => left.index - right.index);
}

/**
 * One list tells the default versions of all policies: from two on it is cheaper than asking for each. And a process that has not seen this principal
 * before looks whether an earlier one left a policy unattached; where nothing is attached, creating finds that out. A verification asks for each policy that it
 * knows, for their tags, and lists only where it doesn't know them all.
 */
function needsList(ours: readonly AttachedPolicy[], options: ObserveOptions<ObservedSharePolicies>): boolean {
  const { depth, known, removes = false } = options;
  if (removes || depth === 'complete') return true;
  if (depth === 'verify') {
    const arns = new Set(ours.map(({ PolicyArn }) => PolicyArn));
    const asKnown = ours.length === known?.shards.length && known.shards.every(({ arn }) => arns.has(arn));
    // Where nothing is attached, it was detached before this process came to know of it.
    return !asKnown || ours.length === 0;
  }
  return ours.length > 1 || (ours.length === 1 && known === undefined);
}

/** Reads what was touched and takes the rest from the observation that was made before the write. */
async function confirm(place: Place, after: ObservedSharePolicies, touched: Touched): Promise<ObservedSharePolicies> {
  const shards: ObservedShard[] = [];
  for (const shard of after.shards) {
    const seen = isContentOpen(shard, touched) ? await confirmContent(place, shard) : shard;
    if (seen !== undefined) shards.push(seen);
  }
  const withAttachments = touched.attachments ? await confirmAttachments(place, shards) : shards;
  const left = touched.deletions ? await undeleted(place, after) : [];
  const { touched: _confirmed, ...rest } = after;
  return { ...rest, shards: [...withAttachments, ...left].sort((one, other) => one.index - other.index) };
}

/**
 * Where the principal's list shows a policy that was made a moment ago, it shows its content too: IAM answered with its first version, and a version never changes
 * (docs/IAM/latest/UserGuide/access_policies_managed-versioning.md). A policy that is attached nowhere is asked for itself.
 */
function isContentOpen({ index, attached }: ObservedShard, { contents, created }: Touched): boolean {
  return contents.includes(index) || (created.includes(index) && !attached);
}

/** The version that we wrote; another content while it is not the default yet, nothing while it is not visible yet. */
async function confirmContent(place: Place, shard: ObservedShard): Promise<ObservedShard | undefined> {
  try {
    const { text, isDefault } = await readVersion(place.context, shard.arn, shard.version);
    return isDefault ? { ...shard, text } : { ...shard, text: '{"Version":"2012-10-17","Statement":[]}' };
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchEntity') return undefined;
    throw error;
  }
}

/** What was deleted is attached nowhere: IAM deletes no policy that is (IAM API Reference, DeletePolicy). So only what is left is asked for. */
async function confirmAttachments(place: Place, shards: readonly ObservedShard[]): Promise<readonly ObservedShard[]> {
  if (shards.length === 0) return shards;
  const arns = new Set((await listAttached(place))?.map(({ PolicyArn }) => PolicyArn));
  return shards.map((shard) => ({ ...shard, attached: arns.has(shard.arn) }));
}

/** Policies that were deleted and are still listed. */
async function undeleted(place: Place, after: ObservedSharePolicies): Promise<ObservedShard[]> {
  const known = new Set(after.shards.map(({ arn }) => arn));
  const found = (await listPolicies(place)).filter(({ Arn }) => !known.has(Arn ?? ''));
  return shardsOf(place, found, { attached: ({ AttachmentCount }) => AttachmentCount !== 0, known: undefined, marksAnew: true });
}

interface Found {
  readonly policy: Policy;
  readonly attached: boolean;
  readonly known: ObservedSharePolicies | undefined;
  /** Tags are read again, also of a policy that carried our mark before: somebody may have taken them away. */
  readonly marksAnew: boolean;
}

async function shardOf(place: Place, { policy, attached, known, marksAnew }: Found): Promise<ObservedShard> {
  const [arn, version, policyId] = [policy.Arn ?? '', policy.DefaultVersionId ?? '', policy.PolicyId ?? ''];
  const before = known?.shards.find((shard) => shard.policyId === policyId && shard.owned);
  const owned = (before !== undefined && !marksAnew) || (await isOurs(place, policy));
  const text = before?.version === version ? before.text : (await readVersion(place.context, arn, version)).text;
  return { index: indexOf(place, arn) ?? 0, arn, policyId, owned, attached, version, text };
}

/** ListPolicies gives no tags (IAM API Reference, ListPolicies), GetPolicy does. */
async function isOurs(place: Place, policy: Policy): Promise<boolean> {
  const tags = policy.Tags ?? (await getPolicy(place, policy.Arn ?? ''))?.Tags;
  return carriesMark(tags, place.installation, place.coordinates);
}

function indexOf({ installation, coordinates }: Place, arn: string | undefined): number | undefined {
  return arn === undefined ? undefined : policyIndex(installation, coordinates, arn);
}

/** All managed policies of the principal, foreign ones too: their number decides whether another can be attached. Undefined: no such principal. */
async function listAttached({ context, coordinates }: Place): Promise<AttachedPolicy[] | undefined> {
  const { kind, name } = iamName(coordinates.principalArn);
  const options = { abortSignal: context.signal };
  try {
    return await allPages(async (marker) => {
      const page = { MaxItems: 100, ...marker };
      const answer =
        kind === 'role'
          ? await context.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: name, ...page }), options)
          : await context.iam.send(new ListAttachedUserPoliciesCommand({ UserName: name, ...page }), options);
      return { items: answer.AttachedPolicies, marker: answer.IsTruncated === true ? answer.Marker : undefined };
    });
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchEntity') return undefined;
    throw error;
  }
}

async function listPolicies({ context, coordinates, installation }: Place): Promise<Policy[]> {
  return allPages(async (marker) => {
    const query = { Scope: 'Local', PathPrefix: policyPath(installation, coordinates), MaxItems: 100, ...marker } as const;
    const answer = await context.iam.send(new ListPoliciesCommand(query), { abortSignal: context.signal });
    return { items: answer.Policies, marker: answer.IsTruncated === true ? answer.Marker : undefined };
  });
}

async function getPolicy({ context }: Place, arn: string): Promise<Policy | undefined> {
  try {
    const { Policy: policy } = await context.iam.send(new GetPolicyCommand({ PolicyArn: arn }), { abortSignal: context.signal });
    return policy === undefined ? undefined : { ...policy, Tags: policy.Tags ?? [] };
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchEntity') return undefined;
    throw error;
  }
}
