/**
 * What the share policies of a principal should hold, and the order of writes in which nobody loses access: what is added is written before what is
 * removed, and a policy is attached only once its content is right. Pure.
 */
import { parsePolicy, type JsonObject } from '../policy/document.ts';
import { packUnits, type PackedShard, type Packing } from '../policy/pack.ts';
import { managedPolicyLimit } from '../policy/size.ts';
import { sameStatements } from '../policy/compare.ts';
import { renderUnits, unitsOf, unitsOfStatement, unitStatements, type IdentityStatement, type Unit } from '../policy/units.ts';
import { defaultAttachmentQuota, policyName, type SharePolicyCoordinates } from './share-policy-names.ts';
import type { ObservedShard, ObservedSharePolicies } from './share-policy-observe.ts';
import type { Contribution, Plan, PrincipalRef, Refusal, TargetInput } from './target.ts';

/** A grant in the principal's own policies. */
export interface IdentityGrant {
  readonly principal: PrincipalRef;
  readonly statements: readonly IdentityStatement[];
}

/** One write. `index` is the number of the policy; `after` are those that have to be written before, since what leaves here has its successor there. */
export type SharePolicyStep =
  | { readonly kind: 'create' | 'update'; readonly index: number; readonly text: string; readonly after?: readonly number[] }
  | { readonly kind: 'attach' | 'detach' | 'delete'; readonly index: number; readonly after?: readonly number[] };

/** What plan and assess get. */
export type SharePolicyInput = TargetInput<SharePolicyCoordinates, IdentityGrant, ObservedSharePolicies>;

/** The writes that are needed, and who can't be served. */
export function planSharePolicies(input: SharePolicyInput): Plan<SharePolicyStep> {
  const { observed } = input;
  const wants = observed.principalExists ? input.contributions.filter(({ mode }) => mode === 'want') : [];
  const owned = observed.shards.filter((shard) => shard.owned && !isRedundant(shard, input));
  const packing = packUnits({
    shards: owned.map((shard) => ({ index: shard.index, units: shardUnits(shard) })),
    items: wants.map(({ item, order, grant }) => ({ item, order, units: unitsOf(grant.statements) })),
    keep: keeper(input.contributions, observed.principalExists),
    limit: managedPolicyLimit,
    maxShards: maxShards(input, owned.length),
    taken: new Set(observed.shards.map(({ index }) => index)),
  });
  const steps = stepsOf(packing, input);
  return { steps, refused: refusals(packing, input), introduces: introduced(steps, wants, owned) };
}

/** The units that a policy holds as found; what is not of our making holds none. */
export function shardUnits(shard: ObservedShard): Unit[] {
  return shardStatements(shard).flatMap((statement) => unitsOfStatement(statement) ?? []);
}

/** The statements of a policy as found; none where it can't be read. */
export function shardStatements(shard: ObservedShard): JsonObject[] {
  const parsed = parsePolicy(shard.text);
  return parsed.kind === 'document' ? parsed.document.statements.map(({ value }) => value) : [];
}

/**
 * True for units that stay where they are though nothing wants them: those of contributions on hold, and those that no contribution explains on
 * resources of contributions on hold. While the principal doesn't exist, wants are on hold too.
 */
export function keeper(contributions: readonly Contribution<IdentityGrant>[], principalExists: boolean): (unit: Unit) => boolean {
  const unitsFor = (held: boolean): Unit[] =>
    contributions
      .filter(({ mode }) => held === (mode === 'hold' || (mode === 'want' && !principalExists)))
      .flatMap(({ grant }) => unitsOf(grant.statements));
  const held = unitsFor(true);
  const heldKeys = new Set(held.map(({ key }) => key));
  const heldResources = new Set(held.map(({ resource }) => resource));
  const explained = new Set([...held, ...unitsFor(false)].map(({ body }) => body));
  return (unit) => heldKeys.has(unit.key) || (heldResources.has(unit.resource) && !explained.has(unit.body));
}

/**
 * One attachment is kept free, so that content can be written to a new policy before it leaves an old one, unless none would be left to start with.
 * A policy of that name which is not ours stands in the way of every new one.
 */
function maxShards({ coordinates, observed }: SharePolicyInput, existing: number): number {
  if (observed.shards.some((shard) => !shard.owned)) return existing;
  const room = (coordinates.attachmentQuota ?? defaultAttachmentQuota) - observed.otherAttachments;
  return Math.max(existing, room >= 2 ? room - 1 : room);
}

/**
 * True for a policy that is not attached and holds nothing that attached ones don't: an earlier process was ended before it could attach it, and
 * the share has found its place elsewhere since.
 */
export function isRedundant(shard: ObservedShard, { coordinates, observed }: SharePolicyInput): boolean {
  if (shard.attached || coordinates.management === 'Detached') return false;
  const attached = observed.shards.filter((one) => one.owned && one.attached);
  const standing = new Set(attached.flatMap((one) => shardUnits(one).map(({ key }) => key)));
  const units = shardUnits(shard);
  return units.length > 0 && units.every(({ key }) => standing.has(key));
}

function stepsOf(packing: Packing, input: SharePolicyInput): SharePolicyStep[] {
  const { coordinates, observed } = input;
  const owned = observed.shards.filter((shard) => shard.owned);
  const attaches = coordinates.management === 'Managed' && observed.principalExists;
  const first: SharePolicyStep[] = [];
  const last: SharePolicyStep[] = owned.filter((shard) => isRedundant(shard, input)).flatMap((shard) => removal(shard, []));
  for (const packed of packing.shards) {
    const found = owned.find(({ index }) => index === packed.index);
    const successors = packing.shards
      .filter((one) => one.index !== packed.index && succeeds(one, packed))
      .map(({ index }) => index);
    if (packed.units.length === 0) {
      if (found !== undefined) last.push(...removal(found, successors));
      continue;
    }
    const { additions, removals } = contentSteps(packed, found, { shards: packing.shards, successors });
    const attach: SharePolicyStep[] = attaches && found?.attached !== true ? [{ kind: 'attach', index: packed.index }] : [];
    first.push(...additions, ...attach);
    last.push(...removals);
  }
  return [...first, ...last.sort((left, right) => rank(left) - rank(right))];
}

/** Something that leaves `packed` comes to stand in `other`: the same resource, with other actions or conditions. */
function succeeds(other: PackedShard, packed: PackedShard): boolean {
  return other.added.some(({ resource }) => packed.leaving.some((left) => left.resource === resource));
}

/** Detaching takes access away at once, whatever becomes of the policy. */
function removal({ index, attached }: ObservedShard, after: readonly number[]): SharePolicyStep[] {
  return [...(attached ? [{ kind: 'detach', index, after } as const] : []), { kind: 'delete', index, after }];
}

function rank(step: SharePolicyStep): number {
  return step.kind === 'delete' ? 2 : step.kind === 'detach' ? 1 : 0;
}

interface ContentSteps {
  readonly additions: readonly SharePolicyStep[];
  readonly removals: readonly SharePolicyStep[];
}

interface Others {
  readonly shards: readonly PackedShard[];
  readonly successors: readonly number[];
}

/** What leaves goes together with what comes, except what has a successor in another policy: that is written first. */
function contentSteps(packed: PackedShard, found: ObservedShard | undefined, { shards, successors }: Others): ContentSteps {
  const { index, units, added } = packed;
  const end = renderUnits(units);
  if (found === undefined) return { additions: [{ kind: 'create', index, text: end }], removals: [] };
  if (sameStatements(shardStatements(found), unitStatements(units))) return { additions: [], removals: [] };
  const last: SharePolicyStep = { kind: 'update', index, text: end, after: successors };
  if (!found.attached || (added.length > 0 && successors.length === 0))
    return { additions: [{ kind: 'update', index, text: end }], removals: [] };
  if (added.length === 0) return { additions: [], removals: [last] };
  const elsewhere = new Set(
    shards.filter((one) => one.index !== index).flatMap((one) => one.added.map(({ resource }) => resource)),
  );
  const waiting = packed.leaving.filter(({ resource }) => elsewhere.has(resource));
  return { additions: [{ kind: 'update', index, text: renderUnits([...units, ...waiting]) }], removals: [last] };
}

/** True when a step must not be made because an earlier one failed: the same policy's, or that of a successor. */
export function dependsOn(step: SharePolicyStep, failed: SharePolicyStep): boolean {
  return step.index === failed.index || (step.after?.includes(failed.index) ?? false);
}

function refusals(packing: Packing, input: SharePolicyInput): Map<string, Refusal> {
  const { coordinates, observed } = input;
  if (!observed.principalExists) {
    const gone = { reason: 'PrincipalNotFound', message: `${coordinates.principalArn} does not exist.` };
    return new Map(input.contributions.filter(({ mode }) => mode === 'want').map(({ item }) => [item, gone]));
  }
  const stranger = observed.shards.find((shard) => !shard.owned);
  const quota = String(coordinates.attachmentQuota ?? defaultAttachmentQuota);
  const refusal: Refusal =
    stranger === undefined
      ? {
          reason: 'QuotaExceeded',
          message: `${coordinates.principalArn} has no room for another share: it may have ${quota} managed policies of ${String(managedPolicyLimit)} characters, one is kept free. Raise the quota in AWS, detach policies or use another role.`,
        }
      : notOwned(policyName(input.installation, coordinates, stranger.index));
  return new Map([...packing.refused].map((item) => [item, refusal]));
}

function notOwned(name: string): Refusal {
  return {
    reason: 'NotOwned',
    message: `An IAM policy named ${name} exists that does not carry Sluice's tags, so it is not touched. Rename or delete it; where somebody took the tags of Sluice's own policy away, put them back.`,
  };
}

/** The principal is introduced where it gets something and nothing of ours is attached that would prove that it is still the same. */
function introduced(
  steps: readonly SharePolicyStep[],
  wants: readonly Contribution<IdentityGrant>[],
  owned: readonly ObservedShard[],
): PrincipalRef[] {
  const gives = steps.some(({ kind }) => kind === 'create' || kind === 'attach');
  if (!gives || owned.some(({ attached }) => attached)) return [];
  return [...new Map(wants.map(({ grant: { principal } }) => [principal.uniqueId, principal])).values()];
}
