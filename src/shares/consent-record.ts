/**
 * How consent is written down: when it is given, as it stands, and when it ends. Pure. What it is decided from is consents.ts, endings.ts and news.ts.
 */
import type { Consent, ResolvedShare } from '../api/index.ts';
import type { ConsentTuple } from './approval.ts';
import { expiryOf, hasPassed, sustainingTuples } from './consents.ts';
import type { DecisionInput, EndReason, Live } from './decision.ts';
import { newestApproval, type Covering } from './news.ts';
import { intersectPermissions, unitePermissions, type Permission } from './permissions.ts';

/** Consent where there was none, or none for this place. What a rule of the Dataset gave persists; what an approval gave ends with it. */
export function newConsent(input: DecisionInput, { tuples, firstConsent }: Covering, digest: string): Consent {
  const byRule = tuples.filter(({ source }) => source.kind === 'Automatic');
  const automatic = byRule.length > 0;
  const consent: Consent = {
    source: automatic ? 'Automatic' : 'Approval',
    digest,
    permissions: intersectPermissions((automatic ? byRule : tuples).map(({ permission }) => permission)),
    grantedTime: isoTime(firstConsent),
    requestGeneration: generationOf(input),
  };
  return withNewestApproval(consent, tuples);
}

/**
 * Consent as it stands while what is asked for is what was consented to: which approval it rests on by now, so that a later answer is known from an earlier one,
 * and what an approval has added. What an approval adds to automatic consent stays the approval's: it ends with it.
 */
export function confirmedConsent(input: DecisionInput, live: Live, permissions: readonly Permission[]): Consent {
  const { consent } = live;
  const tuples = sustainingTuples(input, live);
  const own = consent.source === 'Approval' ? tuples : tuples.filter(({ source }) => source.kind === 'Automatic');
  const given = intersectPermissions(
    permissions,
    own.map(({ permission }) => permission),
  );
  const wider = permissions.some((permission) => !live.entry.permissions.includes(permission));
  const current = input.resolution.kind === 'resolved' ? input.resolution.digest : consent.digest;
  // As long as an approval is pinned to what was consented to first, that stays: else the next decision would find it pinned to something else.
  const inForce = tuples.filter((tuple) => !hasPassed(expiryOf(tuple, input, live), input.now));
  const pins = new Set(inForce.map(({ digest }) => digest));
  const renewed = !pins.has(consent.digest) && (wider || pins.has(current));
  return {
    ...withNewestApproval(consent, tuples),
    permissions: unitePermissions(consent.permissions, given),
    digest: renewed ? current : consent.digest,
    ...(wider ? { requestGeneration: generationOf(input) } : {}),
  };
}

/** Consent as it ended, resting on the newest approval there was: only what comes later answers again. */
export function endedConsent(
  input: DecisionInput,
  consent: Consent,
  { kept, reason }: { readonly kept: readonly ResolvedShare[]; readonly reason: EndReason },
): Consent {
  const principal = kept.find((entry) => entry.state !== 'Revoking')?.principal;
  const tuples = principal === undefined ? [] : input.standing(principal.arn).tuples;
  return {
    ...withNewestApproval(consent, tuples),
    ended: {
      time: isoTime(input.now),
      reason,
      ...(principal === undefined ? {} : { principalUniqueId: principal.uniqueId }),
    },
    requestGeneration: generationOf(input),
  };
}

/** Consent with its end, in whole seconds. */
export function withExpiry(consent: Consent, expiresAt: number | undefined): Consent {
  const { expireTime: _previous, ...rest } = consent;
  return expiresAt === undefined ? rest : { ...rest, expireTime: isoTime(expiresAt) };
}

function withNewestApproval(consent: Consent, tuples: readonly ConsentTuple[]): Consent {
  const newest = newestApproval(tuples);
  if (newest === undefined) return consent;
  const { name, uid, generation } = newest;
  return { ...consent, approvalRef: { name, uid, generation } };
}

function generationOf(input: DecisionInput): number {
  return input.request?.metadata.generation ?? 0;
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function isoTime(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}
