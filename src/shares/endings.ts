/**
 * Whether what is shared, or asked for, ends, and why: an ordered list of small checks, the first that holds decides. Pure.
 */
import { timeOf } from './approval.ts';
import { claimGracePeriodMs } from './claims.ts';
import { expiryOf, hasPassed, isDraft, sustainingTuples } from './consents.ts';
import type { DecisionInput, EndReason, Live } from './decision.ts';

/** How an item ends. `discard`: the object goes as soon as nothing of it is left in AWS. */
export interface Ending {
  readonly reason: EndReason;
  readonly discard: boolean;
}

/** The first reason to end the item; undefined where there is none. */
export function endingOf(input: DecisionInput, live: Live | undefined): Ending | undefined {
  for (const check of [...itemChecks, ...(live === undefined ? [] : liveChecks)]) {
    const ending = check(input, live);
    if (ending !== undefined) return ending;
  }
  return undefined;
}

/** True where something is missing that an ending follows from, and nobody was seen to take it away: objects may have been lost. */
export function isUnexplained(input: Omit<DecisionInput, 'removalHeld'>, { reason }: Ending): boolean {
  if (input.item.metadata.deletionTimestamp !== undefined) return false;
  if (reason === 'Withdrawn') return !input.withdrawalSeen;
  return reason === 'Removed' && (input.request === undefined || (input.resolution.kind === 'gone' && input.resolution.lost));
}

const itemChecks: readonly ((input: DecisionInput, live: Live | undefined) => Ending | undefined)[] = [
  ({ item }) => (item.metadata.deletionTimestamp === undefined ? undefined : { reason: 'Removed', discard: true }),
  (input, live) => (isAskedFor(input, live) ? undefined : { reason: 'Removed', discard: true }),
  ({ resolution }, live) =>
    resolution.kind === 'gone' && (resolution.discard || live !== undefined)
      ? { reason: 'Removed', discard: resolution.discard }
      : undefined,
];

const liveChecks: readonly ((input: DecisionInput, live: Live | undefined) => Ending | undefined)[] = (
  [
    ['Rejected', (input, { entry }) => input.standing(entry.principal.arn).rejected !== undefined],
    ['Expired', isExpired],
    ['Withdrawn', (input, live) => sustainingTuples(input, live).length === 0],
    ['PrincipalRecreated', isRecreated],
    ['ClaimLost', isClaimLost],
  ] satisfies readonly (readonly [EndReason, (input: DecisionInput, live: Live) => boolean])[]
).map(
  ([reason, holds]) =>
    (input, live) =>
      live !== undefined && holds(input, live) ? { reason, discard: false } : undefined,
);

/** A draft takes nothing away, whatever it lists; what is not live goes, since a draft asks for nothing. */
function isAskedFor(input: DecisionInput, live: Live | undefined): boolean {
  const { item, request } = input;
  if (request === undefined || request.metadata.deletionTimestamp !== undefined) return false;
  // An ended consent is remembered through a draft: else asking again would forget what it was that ended.
  if (isDraft(input)) return live !== undefined || item.spec.consent !== undefined;
  return request.spec.items.some((asked) => asked.type === item.spec.type && asked.name === item.spec.name);
}

function isExpired(input: DecisionInput, live: Live): boolean {
  const tuples = sustainingTuples(input, live);
  return tuples.length > 0 && tuples.every((tuple) => hasPassed(expiryOf(tuple, input, live), input.now));
}

function isRecreated({ resolution, limits }: DecisionInput, { entry }: Live): boolean {
  if (resolution.kind !== 'resolved' || limits.followRecreated) return false;
  const now = resolution.entry.principal;
  return now.arn === entry.principal.arn && now.uniqueId !== entry.principal.uniqueId;
}

function isClaimLost({ resolution, now }: DecisionInput, { consent }: Live): boolean {
  if (resolution.kind !== 'claimLost') return false;
  return resolution.immediately || now >= (timeOf(consent.claimLostTime) ?? now) + claimGracePeriodMs;
}
