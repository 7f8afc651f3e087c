/**
 * One decision per ShareItem: what its consent is, what has to be recorded before AWS is touched, and what is wanted of AWS. Pure: clock, specs,
 * approvals and observations come in, a value goes out. Status is never an input; `spec.consent` and `spec.resolved` are, for they are facts.
 * It does not say how far AWS has got: that is report.ts.
 */
import { durationMs, type Consent, type ResolvedShare, type ShareItem, type ShareRequest } from '../api/index.ts';
import { timeOf, type ConsentTuple, type Standing } from './approval.ts';
import { claimGracePeriodMs } from './claims.ts';
import { intersectPermissions, unitePermissions, type Permission } from './permissions.ts';
import type { Resolution } from './resolution.ts';

/** Why what was shared is taken back. */
export type EndReason = NonNullable<Consent['ended']>['reason'];

/** Limits that the Dataset sets on every share of it. */
export interface SharingLimits {
  readonly permissions: readonly Permission[];
  /** Longest life of a share from its first consent, in milliseconds. */
  readonly maxMs: number | undefined;
  readonly expirationRequired: boolean;
  /** A role that was deleted and made again keeps its shares. */
  readonly followRecreated: boolean;
}

/** Everything a decision is taken from. */
export interface DecisionInput {
  readonly item: ShareItem;
  /** The request that the item belongs to by uid; undefined when it is gone. */
  readonly request: ShareRequest | undefined;
  readonly limits: SharingLimits;
  readonly resolution: Resolution;
  /** What approvals say, for a principal. */
  readonly standing: (principalArn: string) => Standing;
  /** Ids of resolved entries of which the last read-back found nothing left. */
  readonly cleared: ReadonlySet<string>;
  /** Ids of resolved entries of which the last read-back found everything in place. */
  readonly applied: ReadonlySet<string>;
  readonly now: number;
}

/** What an item's state of affairs is, before AWS is looked at. */
export type Situation =
  | { readonly kind: 'undecided' }
  | { readonly kind: 'draft' }
  | { readonly kind: 'pending'; readonly reason: 'PendingApproval' | 'PrincipalRecreated'; readonly message: string }
  | { readonly kind: 'rejected'; readonly message: string }
  /** Something is missing or in the way; `live`: what was shared before stays as it is. */
  | { readonly kind: 'blocked'; readonly reason: string; readonly message: string; readonly live: boolean }
  /** Consent is in force. `exceeding`: what was asked for beyond it. */
  | { readonly kind: 'granted'; readonly exceeding: readonly string[] }
  | { readonly kind: 'ended'; readonly cause: EndReason };

/** The outcome: facts to record, and what they mean for AWS. */
export interface Decision {
  readonly situation: Situation;
  readonly consent: Consent | undefined;
  readonly resolved: readonly ResolvedShare[];
  readonly permissions: readonly Permission[];
  /** When the answer changes by itself (milliseconds since the epoch). */
  readonly dueAt: number | undefined;
  /** The item goes from the cluster as soon as nothing of it is left in AWS. */
  readonly discard: boolean;
}

interface Live {
  readonly consent: Consent;
  readonly entry: ResolvedShare;
}

/** Decides one item. */
export function decide(input: DecisionInput): Decision {
  const kept = input.item.spec.resolved?.filter((entry) => !input.cleared.has(entry.id)) ?? [];
  const live = liveShare(input.item, kept);
  const ending = endingOf(input, live);
  if (ending !== undefined) return ended(input, kept, ending);
  if (input.request?.spec.state === 'Draft') return unchanged(input, kept, { kind: 'draft' });
  return live === undefined ? decideNew(input, kept) : decideLive(input, kept, live);
}

/** What is wanted of AWS for one resolved entry. */
export function modeOf(entry: ResolvedShare, situation: Situation): 'want' | 'hold' | 'drop' {
  if (entry.state === 'Revoking') return 'drop';
  return situation.kind === 'granted' ? 'want' : 'hold';
}

// — endings, in the order in which they are looked for —

interface Ending {
  readonly reason: EndReason;
  readonly discard: boolean;
}

type EndingCheck = (input: DecisionInput, live: Live | undefined) => Ending | undefined;

const endingChecks: readonly EndingCheck[] = [
  (input) => (input.item.metadata.deletionTimestamp === undefined ? undefined : { reason: 'Removed', discard: true }),
  (input) => (isAskedFor(input) ? undefined : { reason: 'Removed', discard: true }),
  (input) => (input.resolution.kind === 'gone' ? { reason: 'Removed', discard: input.resolution.discard } : undefined),
  (input, live) =>
    live !== undefined && input.standing(live.entry.principal.arn).rejected !== undefined
      ? { reason: 'Rejected', discard: false }
      : undefined,
  (input, live) => (live !== undefined && isExpired(input, live) ? { reason: 'Expired', discard: false } : undefined),
  (input, live) => (live !== undefined && isWithdrawn(input, live) ? { reason: 'Withdrawn', discard: false } : undefined),
  (input, live) =>
    live !== undefined && isRecreated(input, live) ? { reason: 'PrincipalRecreated', discard: false } : undefined,
  (input, live) => (live !== undefined && isClaimLost(input, live) ? { reason: 'ClaimLost', discard: false } : undefined),
];

function endingOf(input: DecisionInput, live: Live | undefined): Ending | undefined {
  for (const check of endingChecks) {
    const ending = check(input, live);
    if (ending !== undefined) return ending;
  }
  return undefined;
}

function isAskedFor({ item, request }: DecisionInput): boolean {
  if (request === undefined || request.metadata.deletionTimestamp !== undefined) return false;
  return (request.spec.items ?? []).some((asked) => asked.type === item.spec.type && asked.name === item.spec.name);
}

function isExpired(input: DecisionInput, live: Live): boolean {
  const standing = standingTuples(input, live);
  return standing.length > 0 && standing.every((tuple) => hasPassed(expiryOf(tuple, input, live), input.now));
}

function isWithdrawn(input: DecisionInput, live: Live): boolean {
  return standingTuples(input, live).length === 0;
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

function ended(input: DecisionInput, kept: readonly ResolvedShare[], { reason, discard }: Ending): Decision {
  const consent = input.item.spec.consent;
  const ending = { time: isoTime(input.now), reason };
  const recorded =
    consent === undefined || consent.ended !== undefined
      ? consent
      : { ...consent, ended: ending, requestGeneration: generationOf(input) };
  return {
    // What was never granted has nothing to take back: an unasked item without consent just goes.
    situation: { kind: 'ended', cause: recorded?.ended?.reason ?? reason },
    consent: recorded,
    resolved: kept.map(revoking),
    permissions: input.item.spec.permissions ?? [],
    dueAt: undefined,
    discard,
  };
}

// — live shares —

function decideLive(input: DecisionInput, kept: readonly ResolvedShare[], live: Live): Decision {
  const { resolution } = input;
  if (resolution.kind === 'unknown') return unchanged(input, kept, { kind: 'undecided' });
  if (resolution.kind === 'claimLost') return claimLost(input, kept, live, resolution.message);
  const standing = standingPermissions(input, live);
  if (resolution.kind !== 'resolved') {
    const { reason, message } = resolution;
    return keepLive(input, kept, {
      live,
      permissions: intersectPermissions(live.consent.permissions, standing),
      situation: { kind: 'blocked', reason, message, live: true },
    });
  }
  if (resolution.entry.id !== live.entry.id) return decideMoved(input, kept, live);
  const exceeding = asked(input).filter((permission) => !standing.includes(permission));
  return keepLive(input, kept, {
    live: { consent: widened(input, live, standing), entry: { ...resolution.entry, digest: live.entry.digest } },
    permissions: standing,
    situation: { kind: 'granted', exceeding: exceeding.map((permission) => `${permission} on ${itemLabel(input.item)}`) },
  });
}

/** Something that consent was given to has changed. The new place needs a consent of its own; until then the old grant stays as consented. */
function decideMoved(input: DecisionInput, kept: readonly ResolvedShare[], live: Live): Decision {
  const covering = coveringTuples(input);
  if (covering.length > 0) return grant(input, kept, covering, live.consent.grantedTime);
  return keepLive(input, kept, {
    live,
    permissions: intersectPermissions(live.consent.permissions, standingPermissions(input, live)),
    situation: {
      kind: 'granted',
      exceeding: [`${itemLabel(input.item)} as it is defined now (its location, key or principal changed since consent)`],
    },
  });
}

function keepLive(
  input: DecisionInput,
  kept: readonly ResolvedShare[],
  result: { readonly live: Live; readonly permissions: readonly Permission[]; readonly situation: Situation },
): Decision {
  const { consent } = result.live;
  const refreshed = refresh(input, kept, result.live.entry, result.permissions);
  const { claimLostTime: _regained, ...held } = consent;
  return {
    situation: result.situation,
    consent: withExpiry(held, expiryOfItem(input, result.live)),
    resolved: kept.map((each) => (each.id === refreshed.id ? refreshed : each)),
    permissions: result.permissions,
    dueAt: nextExpiry(input, result.live),
    discard: false,
  };
}

/** `Granting` until a read-back has shown all of it; from then on what is missing is drift. A wider permission has to be granted first. */
function refresh(
  input: DecisionInput,
  kept: readonly ResolvedShare[],
  entry: ResolvedShare,
  permissions: readonly Permission[],
): ResolvedShare {
  const before = kept.find((each) => each.id === entry.id);
  const wider = permissions.some((permission) => before?.permissions.includes(permission) !== true);
  const state = !wider && (before?.state === 'Live' || input.applied.has(entry.id)) ? 'Live' : 'Granting';
  return { ...entry, permissions: [...permissions], state };
}

function claimLost(input: DecisionInput, kept: readonly ResolvedShare[], live: Live, message: string): Decision {
  const since = timeOf(live.consent.claimLostTime) ?? input.now;
  return {
    situation: { kind: 'blocked', reason: 'NotClaimed', message, live: true },
    consent: { ...live.consent, claimLostTime: isoTime(since) },
    resolved: kept,
    permissions: live.consent.permissions,
    dueAt: since + claimGracePeriodMs,
    discard: false,
  };
}

/** Approvals that sustain a live share: those that name its principal and pin nothing else than what was consented to, or what is asked now. */
function standingTuples(input: DecisionInput, { consent, entry }: Live): readonly ConsentTuple[] {
  const candidate =
    input.resolution.kind === 'resolved' && input.resolution.entry.id === entry.id ? input.resolution.digest : undefined;
  const tuples = input
    .standing(entry.principal.arn)
    .tuples.filter((tuple) => tuple.digest === undefined || tuple.digest === consent.digest || tuple.digest === candidate);
  // Automatic consent was given once and persists when the rule is turned off: new items wait, granted ones stay.
  const own: readonly ConsentTuple[] =
    consent.source === 'Automatic'
      ? consent.permissions.map((permission) => ({
          permission,
          expiresAt: undefined,
          digest: undefined,
          source: { kind: 'Automatic' },
        }))
      : [];
  return [...tuples, ...own];
}

function standingPermissions(input: DecisionInput, live: Live): Permission[] {
  const unexpired = standingTuples(input, live).filter((tuple) => !hasPassed(expiryOf(tuple, input, live), input.now));
  return intersectPermissions(
    asked(input),
    input.limits.permissions,
    unexpired.map((tuple) => tuple.permission),
  );
}

/** Consent with the permissions that an approval gives now; a wider request is new consent, recorded with what was asked for. */
function widened(input: DecisionInput, { consent }: Live, standing: readonly Permission[]): Consent {
  const more = standing.some((permission) => !consent.permissions.includes(permission));
  if (!more || input.resolution.kind !== 'resolved') return consent;
  return {
    ...consent,
    permissions: unitePermissions(consent.permissions, standing),
    digest: input.resolution.digest,
    requestGeneration: generationOf(input),
  };
}

// — items that nothing is shared of —

function decideNew(input: DecisionInput, kept: readonly ResolvedShare[]): Decision {
  const { resolution } = input;
  if (resolution.kind === 'unknown') return unchanged(input, kept, { kind: 'undecided' });
  if (resolution.kind === 'claimLost')
    return unchanged(input, kept, { kind: 'blocked', reason: 'NotClaimed', message: resolution.message, live: false });
  if (resolution.kind !== 'resolved') {
    return unchanged(input, kept, { kind: 'blocked', reason: resolution.reason, message: resolution.message, live: false });
  }
  const { rejected } = input.standing(resolution.entry.principal.arn);
  if (rejected !== undefined) {
    return unchanged(input, kept, {
      kind: 'rejected',
      message: `rejected by the owner (ShareApproval ${rejected.name})${rejected.reason === undefined ? '' : `: ${rejected.reason}`}`,
    });
  }
  const covering = coveringTuples(input);
  return covering.length > 0 ? grant(input, kept, covering, undefined) : unchanged(input, kept, waitingSituation(input));
}

/** Tuples that give something new: unexpired, asked for, allowed, for exactly this place, and newer than a consent that ended. */
function coveringTuples(input: DecisionInput): ConsentTuple[] {
  const { resolution, item } = input;
  if (resolution.kind !== 'resolved') return [];
  const allowed = intersectPermissions(asked(input), input.limits.permissions);
  const first = timeOf(item.spec.consent?.ended === undefined ? item.spec.consent?.grantedTime : undefined) ?? input.now;
  return input
    .standing(resolution.entry.principal.arn)
    .tuples.filter((tuple) => allowed.includes(tuple.permission))
    .filter((tuple) => tuple.digest === undefined || tuple.digest === resolution.digest)
    .filter((tuple) => !hasPassed(boundedExpiry(tuple.expiresAt, input, first), input.now))
    .filter((tuple) => !input.limits.expirationRequired || boundedExpiry(tuple.expiresAt, input, first) !== undefined)
    .filter((tuple) => isNews(tuple, input));
}

/**
 * An approval answers once. What it answered has ended, or what it answered was another place: only an approval that is newer, or that pins exactly what is
 * asked now, answers again. A new generation of the request asks again too, except where the principal itself became another.
 */
function isNews(tuple: ConsentTuple, input: DecisionInput): boolean {
  const consent = input.item.spec.consent;
  if (consent === undefined) return true;
  const { ended: end } = consent;
  if (tuple.source.kind === 'Automatic')
    return end === undefined || (end.reason !== 'PrincipalRecreated' && end.reason !== 'Rejected');
  if (end === undefined && tuple.digest !== undefined) return true;
  if (end !== undefined && end.reason !== 'PrincipalRecreated' && generationOf(input) > (consent.requestGeneration ?? 0))
    return true;
  const answered = consent.approvalRef;
  if (answered?.uid === tuple.source.uid) return tuple.source.generation > answered.generation;
  return tuple.source.createdAt >= (timeOf(end?.time ?? consent.grantedTime) ?? 0);
}

function grant(
  input: DecisionInput,
  kept: readonly ResolvedShare[],
  covering: readonly ConsentTuple[],
  firstConsent: string | undefined,
): Decision {
  if (input.resolution.kind !== 'resolved') return unchanged(input, kept, { kind: 'undecided' });
  const { entry: candidate, digest } = input.resolution;
  const permissions = intersectPermissions(covering.map((tuple) => tuple.permission));
  const entry: ResolvedShare = { ...candidate, permissions, state: 'Granting', digest };
  const source = covering[0]?.source;
  const consent: Consent = {
    source: source?.kind ?? 'Approval',
    ...(source?.kind === 'Approval'
      ? { approvalRef: { name: source.name, uid: source.uid, generation: source.generation } }
      : {}),
    digest,
    permissions,
    grantedTime: firstConsent ?? isoTime(input.now),
    requestGeneration: generationOf(input),
  };
  const live = { consent, entry };
  const exceeding = asked(input).filter((permission) => !permissions.includes(permission));
  return {
    situation: { kind: 'granted', exceeding: exceeding.map((permission) => `${permission} on ${itemLabel(input.item)}`) },
    consent: withExpiry(consent, expiryOfItem(input, live)),
    resolved: [...kept.filter((each) => each.id !== entry.id).map(revoking), entry],
    permissions,
    dueAt: nextExpiry(input, live),
    discard: false,
  };
}

/** Nothing is asked again after an end until a newer consent, or a new generation of the request: the item stays as it ended. */
function waitingSituation(input: DecisionInput): Situation {
  const consent = input.item.spec.consent;
  if (consent?.ended !== undefined) {
    if (consent.ended.reason === 'PrincipalRecreated') {
      return {
        kind: 'pending',
        reason: 'PrincipalRecreated',
        message: 'the principal was deleted and created again, which makes it another one: the owner has to consent again',
      };
    }
    if (generationOf(input) <= (consent.requestGeneration ?? 0)) return { kind: 'ended', cause: consent.ended.reason };
  }
  return {
    kind: 'pending',
    reason: 'PendingApproval',
    message: `waiting for the owner of the dataset to approve ${itemLabel(input.item)}`,
  };
}

// — small helpers —

function liveShare(item: ShareItem, kept: readonly ResolvedShare[]): Live | undefined {
  const consent = item.spec.consent;
  const entry = kept.find((each) => each.state !== 'Revoking');
  return consent === undefined || consent.ended !== undefined || entry === undefined ? undefined : { consent, entry };
}

function unchanged(input: DecisionInput, kept: readonly ResolvedShare[], situation: Situation): Decision {
  const { consent, permissions } = input.item.spec;
  return { situation, consent, resolved: kept, permissions: permissions ?? [], dueAt: undefined, discard: false };
}

function revoking(entry: ResolvedShare): ResolvedShare {
  return entry.state === 'Revoking' ? entry : { ...entry, state: 'Revoking' };
}

function asked(input: DecisionInput): readonly Permission[] {
  return input.request?.spec.permissions ?? ['Read'];
}

function generationOf(input: DecisionInput): number {
  return input.request?.metadata.generation ?? 0;
}

function itemLabel(item: ShareItem): string {
  return `${item.spec.type} ${item.spec.name}`;
}

function isoTime(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}

function hasPassed(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

function withExpiry(consent: Consent, expiresAt: number | undefined): Consent {
  const { expireTime: _previous, ...rest } = consent;
  return expiresAt === undefined ? rest : { ...rest, expireTime: isoTime(expiresAt) };
}

function expiryOf(tuple: ConsentTuple, input: DecisionInput, live: Live): number | undefined {
  return boundedExpiry(tuple.expiresAt, input, timeOf(live.consent.grantedTime) ?? input.now);
}

/** The earliest of approval, request and Dataset maximum; durations count from the first consent and never restart. */
function boundedExpiry(approved: number | undefined, input: DecisionInput, firstConsent: number): number | undefined {
  const wanted = input.request?.spec.expiresAfter;
  const after = wanted === undefined ? undefined : durationMs(wanted);
  const bounds = [
    approved,
    timeOf(input.request?.spec.expireTime),
    after === undefined ? undefined : firstConsent + after,
    input.limits.maxMs === undefined ? undefined : firstConsent + input.limits.maxMs,
  ].filter((bound) => bound !== undefined);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

function expiryOfItem(input: DecisionInput, live: Live): number | undefined {
  const expiries = standingTuples(input, live).map((tuple) => expiryOf(tuple, input, live));
  if (expiries.length === 0 || expiries.includes(undefined)) return undefined;
  return Math.max(...expiries.filter((expiry) => expiry !== undefined));
}

function nextExpiry(input: DecisionInput, live: Live): number | undefined {
  const coming = standingTuples(input, live)
    .map((tuple) => expiryOf(tuple, input, live))
    .filter((expiry) => expiry !== undefined)
    .filter((expiry) => expiry > input.now);
  return coming.length === 0 ? undefined : Math.min(...coming);
}
