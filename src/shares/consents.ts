/**
 * What sustains a share in force, and until when. Pure. Whether an approval may grant something anew is news.ts; whether a share ends is endings.ts.
 */
import { durationMs, type Consent } from '../api/index.ts';
import { earliest } from '../earliest.ts';
import { timeOf, type ConsentTuple } from './approval.ts';
import type { DecisionInput, Live } from './decision.ts';
import { intersectPermissions, type Permission } from './permissions.ts';

/** A draft asks for nothing: it neither adds to what is live nor takes anything from it. */
export function isDraft({ request }: DecisionInput): boolean {
  return request?.spec.state === 'Draft';
}

/** What is asked for; of a live share whose request is a draft, what is live. */
export function askedFor(input: DecisionInput, live?: Live): readonly Permission[] {
  if (live !== undefined && isDraft(input)) return live.entry.permissions;
  return input.request?.spec.permissions ?? ['Read'];
}

/** Is what is asked for now exactly what consent was given to? False also while nobody knows. */
export function isSamePlace({ resolution, limits }: DecisionInput, { entry }: Live): boolean {
  if (resolution.kind !== 'resolved') return false;
  const now = resolution.entry;
  if (now.id === entry.id) return true;
  // The id has the principal's unique id in it or not, as the Dataset's rule was when it was made: a changed rule alone moves nothing.
  return (
    now.type === entry.type &&
    now.partition === entry.partition &&
    now.environment.accountId === entry.environment.accountId &&
    now.environment.region === entry.environment.region &&
    now.bucket === entry.bucket &&
    now.prefix === entry.prefix &&
    now.kmsKeyArn === entry.kmsKeyArn &&
    now.principal.arn === entry.principal.arn &&
    now.policyManagement === entry.policyManagement &&
    (limits.followRecreated || now.principal.uniqueId === entry.principal.uniqueId)
  );
}

/** The tuples that sustain a live share: for its principal, of what is asked for and offered, and pinned to nothing else than what was reviewed. */
export function sustainingTuples(input: DecisionInput, live: Live): readonly ConsentTuple[] {
  const wanted = intersectPermissions(askedFor(input, live), input.limits.permissions);
  const approved = input.standing(live.entry.principal.arn).tuples.filter((tuple) => sustains(tuple, input, live));
  return [...approved, ...persistentTuples(live.consent)].filter((tuple) => wanted.includes(tuple.permission));
}

function sustains({ digest, permission }: ConsentTuple, { resolution }: DecisionInput, { consent, entry }: Live): boolean {
  if (digest === undefined) return true;
  if (resolution.kind === 'resolved' && digest === resolution.digest) return true;
  // What is live was reviewed under this digest, and nothing else was. While the item can't be resolved nobody knows what a pin names.
  return (digest === consent.digest || resolution.kind !== 'resolved') && entry.permissions.includes(permission);
}

/** Automatic consent was given once and persists when the rule is turned off: new items wait, granted ones stay. */
function persistentTuples({ source, permissions }: Consent): ConsentTuple[] {
  if (source !== 'Automatic') return [];
  return permissions.map((permission) => ({
    permission,
    expiresAt: undefined,
    digest: undefined,
    source: { kind: 'Automatic' },
  }));
}

/** The permissions that are sustained now. Where the item can't be compared with what was consented to, never more than is live. */
export function sustainedPermissions(input: DecisionInput, live: Live): Permission[] {
  const unexpired = sustainingTuples(input, live).filter((tuple) => !hasPassed(expiryOf(tuple, input, live), input.now));
  const given = intersectPermissions(unexpired.map((tuple) => tuple.permission));
  return isSamePlace(input, live) ? given : intersectPermissions(given, live.entry.permissions);
}

/** True from `expiresAt` (milliseconds) on; never where there is none. */
export function hasPassed(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** The end of one tuple for a live share. */
export function expiryOf(tuple: ConsentTuple, input: DecisionInput, live: Live): number | undefined {
  return boundedExpiry(tuple.expiresAt, input, firstConsentOf(input, live));
}

/** The earliest of approval, request and Dataset maximum; durations count from the first consent and never restart. */
export function boundedExpiry(approved: number | undefined, input: DecisionInput, firstConsent: number): number | undefined {
  return earliest([
    approved,
    requestedEnd(input, firstConsent),
    input.limits.maxMs === undefined ? undefined : firstConsent + input.limits.maxMs,
  ]);
}

function requestedEnd({ request }: DecisionInput, firstConsent: number): number | undefined {
  const after = request?.spec.expiresAfter;
  return after === undefined ? timeOf(request?.spec.expireTime) : firstConsent + durationMs(after);
}

function firstConsentOf({ now }: DecisionInput, { consent }: Live): number {
  return timeOf(consent.grantedTime) ?? now;
}

/** When the last permission of the item ends (milliseconds); undefined: never. */
export function expiryOfItem(input: DecisionInput, live: Live): number | undefined {
  const expiries = sustainingTuples(input, live).map((tuple) => expiryOf(tuple, input, live));
  if (expiries.length === 0 || expiries.includes(undefined)) return undefined;
  return Math.max(...expiries.filter((expiry) => expiry !== undefined));
}

/** When a permission of the item ends next (milliseconds). */
export function nextExpiry(input: DecisionInput, live: Live): number | undefined {
  const expiries = sustainingTuples(input, live).map((tuple) => expiryOf(tuple, input, live));
  return earliest(expiries.filter((expiry) => expiry !== undefined && expiry > input.now));
}

/**
 * Is a later end asked for than is approved? Access goes on until the approved end meanwhile. A rejection answers requests for its time or later, and is used up
 * by a question for an earlier time.
 */
export function extensionOf(input: DecisionInput, live: Live): 'Pending' | 'Rejected' | undefined {
  const first = firstConsentOf(input, live);
  if (isDraft(input) || requestedEnd(input, first) === undefined) return undefined;
  const tuples = sustainingTuples(input, live);
  const wanted = boundedExpiry(undefined, input, first);
  if (wanted === undefined || tuples.some(({ expiresAt }) => expiresAt === undefined || expiresAt >= wanted)) return undefined;
  return tuples.some(({ extensionRejectedAt: at }) => at !== undefined && at <= wanted) ? 'Rejected' : 'Pending';
}
