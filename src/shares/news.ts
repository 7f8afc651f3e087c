/**
 * Which approvals may grant something that is not live. An approval answers once: when what it answered has ended, or has moved to another place, only something
 * new answers again. Pure.
 */
import type { Consent } from '../api/index.ts';
import { timeOf, type ApprovalSource, type ConsentTuple } from './approval.ts';
import { askedFor, boundedExpiry, hasPassed, isDraft } from './consents.ts';
import type { DecisionInput, EndReason } from './decision.ts';
import { intersectPermissions } from './permissions.ts';

/** How far the API server's clock may be behind the operator's before an approval that replaces a deleted one is taken for an old one (milliseconds). */
const clockSkewMs = 60_000;

/** Tuples that grant, and since when durations count (milliseconds). */
export interface Covering {
  readonly tuples: readonly ConsentTuple[];
  readonly firstConsent: number;
}

/** Tuples that give something new: asked for, offered, for exactly this place, unexpired, and newer than what they answered before. */
export function coveringTuples(input: DecisionInput): Covering {
  const { resolution, limits, now } = input;
  if (resolution.kind !== 'resolved' || isDraft(input)) return { tuples: [], firstConsent: now };
  const wanted = intersectPermissions(askedFor(input), limits.permissions);
  const fitting = input
    .standing(resolution.entry.principal.arn)
    .tuples.filter(
      ({ permission, digest }) => wanted.includes(permission) && (digest === undefined || digest === resolution.digest),
    )
    .filter((tuple) => isNews(tuple, input));
  const firstConsent = firstConsentOf(fitting, input);
  const expiryOf = (tuple: ConsentTuple): number | undefined => boundedExpiry(tuple.expiresAt, input, firstConsent);
  const tuples = fitting
    .filter((tuple) => !hasPassed(expiryOf(tuple), now))
    .filter((tuple) => !limits.expirationRequired || expiryOf(tuple) !== undefined);
  return { tuples, firstConsent };
}

/** The request was changed after the consent ended: it asks again. */
export function asksAgain({ item, request }: DecisionInput): boolean {
  return (request?.metadata.generation ?? 0) > (item.spec.consent?.requestGeneration ?? 0);
}

/** How consent ended, as it matters now: for a principal that was made again since, whatever the end was, consent was to another one. */
export function endReasonOf({ item, resolution, limits }: DecisionInput): EndReason | undefined {
  const ended = item.spec.consent?.ended;
  const now = resolution.kind === 'resolved' ? resolution.entry.principal.uniqueId : ended?.principalUniqueId;
  const another = ended?.principalUniqueId !== undefined && now !== ended.principalUniqueId;
  return another && !limits.followRecreated ? 'PrincipalRecreated' : ended?.reason;
}

/** The newest approval among the tuples: the one that a later answer has to be newer than. */
export function newestApproval(tuples: readonly ConsentTuple[]): ApprovalSource | undefined {
  return approvalSources(tuples)
    .toSorted((left, right) => left.createdAt - right.createdAt || (left.uid < right.uid ? -1 : 1))
    .at(-1);
}

function isNews(tuple: ConsentTuple, input: DecisionInput): boolean {
  const { consent } = input.item.spec;
  if (consent === undefined) return true;
  return consent.ended === undefined ? answersMove(tuple, consent, input) : answersEnd(tuple, consent, input);
}

/** The old place goes on as consented; the new one takes a pin to exactly it, a rule, or an approval newer than those that the old one rests on. */
function answersMove({ digest, source }: ConsentTuple, consent: Consent, input: DecisionInput): boolean {
  if (source.kind === 'Automatic' || (digest !== undefined && digest !== consent.digest)) return true;
  const answered = consent.approvalRef;
  if (answered?.uid === source.uid) return source.generation > answered.generation;
  const known = fittingSources(input).find(({ uid }) => uid === answered?.uid);
  return source.createdAt > Math.max(known?.createdAt ?? 0, timeOf(consent.grantedTime) ?? 0);
}

function fittingSources({ resolution, standing }: DecisionInput): ApprovalSource[] {
  if (resolution.kind !== 'resolved') return [];
  return approvalSources(standing(resolution.entry.principal.arn).tuples);
}

function approvalSources(tuples: readonly ConsentTuple[]): ApprovalSource[] {
  return tuples.map(({ source }) => source).filter((source) => source.kind === 'Approval');
}

function answersEnd(tuple: ConsentTuple, consent: Consent, input: DecisionInput): boolean {
  const reason = endReasonOf(input);
  // Taking a rejection back is the owner's word: what stands besides it holds again.
  if (reason === 'Rejected' || isNewerThanEnd(tuple, consent, input)) return true;
  return reason !== 'PrincipalRecreated' && asksAgain(input);
}

/**
 * Given after the end. What the end found was the newest approval there was, so that whatever was made after it came later: both times are the API server's. Where that
 * one is gone, its time has to be compared with the operator's, which another machine's clock tells: what was there before the end is not newer, unless its absence
 * was the end.
 */
function isNewerThanEnd({ source }: ConsentTuple, { approvalRef, ended }: Consent, input: DecisionInput): boolean {
  const withdrawn = endReasonOf(input) === 'Withdrawn';
  if (source.kind === 'Automatic') return withdrawn;
  if (approvalRef?.uid === source.uid) return source.generation > approvalRef.generation;
  const known = fittingSources(input).find(({ uid }) => uid === approvalRef?.uid);
  if (known !== undefined && source.createdAt > known.createdAt) return true;
  const end = timeOf(ended?.time) ?? 0;
  // Times of the API server are whole seconds: made in the second of the end is made after it, or the owner's answer would count for nothing.
  return source.createdAt >= (withdrawn ? end - clockSkewMs : end);
}

/** Durations count from the first consent. A newer consent is another one; a request that only asks again lives on the old one. */
function firstConsentOf(tuples: readonly ConsentTuple[], input: DecisionInput): number {
  const { item, now } = input;
  const { consent } = item.spec;
  if (consent === undefined) return now;
  const renewed = consent.ended !== undefined && tuples.some((tuple) => isNewerThanEnd(tuple, consent, input));
  return renewed ? now : (timeOf(consent.grantedTime) ?? now);
}
