/**
 * One decision per ShareItem: what its consent is, what has to be recorded before AWS is touched, and what is wanted of AWS. Pure: clock, specs,
 * approvals and observations come in, a value goes out. Status is never an input; `spec.consent` and `spec.resolved` are, for they are facts.
 * It does not say how far AWS has got: that is report.ts.
 */
import type { ResolvedShare, ShareItem } from '../api/index.ts';
import { timeOf } from './approval.ts';
import { claimGracePeriodMs } from './claims.ts';
import { confirmedConsent, endedConsent, isoTime, newConsent, withExpiry } from './consent-record.ts';
import {
  askedFor,
  expiryOfItem,
  extensionOf,
  hasPassed,
  isDraft,
  isSamePlace,
  nextExpiry,
  sustainedPermissions,
} from './consents.ts';
import type { Decision, DecisionInput, Live, Situation } from './decision.ts';
import { endingOf, isUnexplained, type Ending } from './endings.ts';
import { asksAgain, coveringTuples, endReasonOf, type Covering } from './news.ts';
import { replaceEntry } from './narrowing.ts';
import { intersectPermissions, type Permission } from './permissions.ts';

export type { Decision, DecisionInput, EndReason, SharingLimits, Situation } from './decision.ts';

/** Decides one item. */
export function decide(input: DecisionInput): Decision {
  const kept = input.item.spec.resolved.filter((entry) => entry.state !== 'Revoking' || !input.cleared.has(entry.id));
  const live = liveShare(input.item, kept);
  const ending = endingOf(input, live);
  if (ending !== undefined && live !== undefined && isUnexplained(input, ending) && input.removalHeld()) {
    // Nothing is known of the request any more but the end that was agreed on: it comes whatever else is missing.
    const end = timeOf(live.consent.expireTime);
    if (!hasPassed(end, input.now)) return { ...unchanged(input, kept, massRevoke), dueAt: end };
    return ended(input, kept, { ...ending, reason: 'Expired' });
  }
  if (ending !== undefined) return ended(input, kept, ending);
  return live === undefined ? decideNew(input, kept.map(revoking)) : decideLive(input, kept, live);
}

/** Would a live share end now although nobody deleted, withdrew or let expire anything? */
export function endsUnexplained(input: Omit<DecisionInput, 'removalHeld'>): boolean {
  const live = liveShare(input.item, input.item.spec.resolved);
  const ending = live === undefined ? undefined : endingOf({ ...input, removalHeld: () => false }, live);
  return ending !== undefined && isUnexplained(input, ending);
}

const massRevoke: Situation = {
  kind: 'blocked',
  reason: 'MassRevoke',
  message:
    'objects that this share rests on are missing, as are those of unusually many others: it stays as it is until the platform team has looked (condition RemovalHeld of the Environment)',
  live: true,
};

/** What is wanted of AWS for one resolved entry. */
export function modeOf(entry: ResolvedShare, situation: Situation): 'want' | 'hold' | 'drop' {
  if (entry.state === 'Revoking') return 'drop';
  return situation.kind === 'granted' ? 'want' : 'hold';
}

/** The consent in force and the place that it was given to. */
function liveShare(item: ShareItem, kept: readonly ResolvedShare[]): Live | undefined {
  const { consent } = item.spec;
  const entry = kept.find((each) => each.state !== 'Revoking');
  return consent === undefined || consent.ended !== undefined || entry === undefined ? undefined : { consent, entry };
}

// — endings —

function ended(input: DecisionInput, kept: readonly ResolvedShare[], { reason, discard }: Ending): Decision {
  const { consent, permissions } = input.item.spec;
  const recorded =
    consent === undefined || consent.ended !== undefined ? consent : endedConsent(input, consent, { kept, reason });
  return {
    // What was never granted has nothing to take back: an unasked item without consent just goes.
    situation: { kind: 'ended', cause: recorded?.ended?.reason ?? reason },
    consent: recorded,
    resolved: kept.map(revoking),
    permissions,
    dueAt: undefined,
    discard,
  };
}

// — live shares —

function decideLive(input: DecisionInput, kept: readonly ResolvedShare[], live: Live): Decision {
  const { resolution } = input;
  const permissions = sustainedPermissions(input, live);
  switch (resolution.kind) {
    case 'unknown':
      // Until when is the owner's word, which doesn't wait for AWS.
      return {
        ...unchanged(input, kept, { kind: 'undecided' }),
        consent: withExpiry(live.consent, expiryOfItem(input, live)),
        dueAt: nextExpiry(input, live),
      };
    case 'claimLost':
      return claimLost(input, kept, { live, permissions, message: resolution.message });
    case 'resolved':
      return isSamePlace(input, live)
        ? decideInPlace(input, kept, { live, permissions, candidate: resolution.entry })
        : decideMoved(input, kept, { live, permissions });
    case 'unavailable':
    case 'gone': {
      const { reason, message } = resolution;
      return keepLive(input, kept, { live, permissions, situation: { kind: 'blocked', reason, message, live: true } });
    }
  }
}

interface Sustained {
  readonly live: Live;
  readonly permissions: readonly Permission[];
}

function decideInPlace(
  input: DecisionInput,
  kept: readonly ResolvedShare[],
  { live, permissions, candidate }: Sustained & { readonly candidate: ResolvedShare },
): Decision {
  const { id, digest } = live.entry;
  const { claimLostTime: _regained, ...consent } = confirmedConsent(input, live, permissions);
  const exceeding = askedFor(input, live).filter((permission) => !permissions.includes(permission));
  return keepLive(input, kept, {
    live: { consent, entry: { ...candidate, id, digest } },
    permissions,
    situation: granted(input, live, exceeding),
  });
}

/** Something that consent was given to has changed. The new place needs a consent of its own; until then the old grant stays as consented. */
function decideMoved(input: DecisionInput, kept: readonly ResolvedShare[], { live, permissions }: Sustained): Decision {
  const covering = coveringTuples(input);
  if (covering.tuples.length > 0) return grant(input, kept, covering);
  const exceeding = isDraft(input)
    ? []
    : [`${itemLabel(input.item)} as it is defined now (its location, key or principal changed since consent)`];
  const extension = extensionOf(input, live);
  return keepLive(input, kept, {
    live,
    permissions,
    situation: { kind: 'granted', exceeding, ...(extension === undefined ? {} : { extension }) },
  });
}

function keepLive(
  input: DecisionInput,
  kept: readonly ResolvedShare[],
  { live, permissions, situation }: Sustained & { readonly situation: Situation },
): Decision {
  const refreshed = refresh(input, kept, { live, permissions });
  // The ends of what is recorded, so that the next decision reads the same out of it.
  const recorded = { consent: live.consent, entry: refreshed };
  return {
    situation,
    consent: withExpiry(live.consent, expiryOfItem(input, recorded)),
    resolved: replaceEntry(kept, refreshed),
    permissions,
    dueAt: nextExpiry(input, recorded),
    discard: false,
  };
}

/** `Granting` until a read-back has shown all of it; from then on what is missing is drift. What is wider, or for another role, has to be granted first. */
function refresh(input: DecisionInput, kept: readonly ResolvedShare[], { live, permissions }: Sustained): ResolvedShare {
  const { entry } = live;
  const before = kept.find((each) => each.id === entry.id);
  const wider = permissions.some((permission) => before?.permissions.includes(permission) !== true);
  const another = before?.principal.uniqueId !== entry.principal.uniqueId;
  const state = !wider && !another && (before.state === 'Live' || input.applied.has(entry.id)) ? 'Live' : 'Granting';
  return { ...entry, permissions: [...permissions], state };
}

/** Shares outlive a lost claim for a while; their ends and narrower approvals come as ever. */
function claimLost(
  input: DecisionInput,
  kept: readonly ResolvedShare[],
  { live, permissions, message }: Sustained & { readonly message: string },
): Decision {
  const since = timeOf(live.consent.claimLostTime) ?? input.now;
  const decision = keepLive(input, kept, {
    live: { ...live, consent: { ...live.consent, claimLostTime: isoTime(since) } },
    permissions,
    situation: { kind: 'blocked', reason: 'NotClaimed', message, live: true },
  });
  return { ...decision, dueAt: Math.min(since + claimGracePeriodMs, decision.dueAt ?? Infinity) };
}

// — items that nothing is shared of —

function decideNew(input: DecisionInput, kept: readonly ResolvedShare[]): Decision {
  const { resolution } = input;
  const { consent } = input.item.spec;
  if (resolution.kind === 'unknown') return unchanged(input, kept, { kind: 'undecided' });
  const rejected = resolution.kind === 'resolved' ? input.standing(resolution.entry.principal.arn).rejected : undefined;
  const covering = rejected === undefined ? coveringTuples(input) : undefined;
  const mayGrant = covering !== undefined && covering.tuples.length > 0;
  // What is still being taken back is not yet anything else. Not even granted again: AWS shows for a while what was taken away, and a new operator would take that for granted.
  if (consent?.ended !== undefined && kept.length > 0 && !(mayGrant && isElsewhere(resolution, kept)))
    return unchanged(input, kept, { kind: 'ended', cause: consent.ended.reason });
  if (mayGrant) return grant(input, kept, covering);
  if (rejected !== undefined) {
    const why = rejected.reason === undefined ? '' : `: ${rejected.reason}`;
    return unchanged(input, kept, {
      kind: 'rejected',
      message: `rejected by the owner (ShareApproval ${rejected.name})${why}`,
    });
  }
  return unchanged(input, kept, waitingSituation(input));
}

/** None of what is being taken back is where the item would be granted now. */
function isElsewhere(resolution: DecisionInput['resolution'], kept: readonly ResolvedShare[]): boolean {
  return resolution.kind === 'resolved' && kept.every(({ id }) => id !== resolution.entry.id);
}

/** Nothing is asked again after an end until a newer consent, or a new generation of the request: the item stays as it ended. */
function waitingSituation(input: DecisionInput): Situation {
  const { resolution } = input;
  const cause = input.item.spec.consent?.ended?.reason;
  if (cause !== undefined && (isDraft(input) || (cause !== 'PrincipalRecreated' && !asksAgain(input))))
    return { kind: 'ended', cause };
  if (resolution.kind === 'claimLost') return { kind: 'blocked', reason: 'NotClaimed', message: resolution.message, live: false };
  if (resolution.kind === 'unavailable' || resolution.kind === 'gone')
    return { kind: 'blocked', reason: resolution.reason, message: resolution.message, live: false };
  if (endReasonOf(input) === 'PrincipalRecreated') {
    return {
      kind: 'pending',
      reason: 'PrincipalRecreated',
      message: 'the principal was deleted and created again, which makes it another one: the owner has to consent again',
    };
  }
  return {
    kind: 'pending',
    reason: 'PendingApproval',
    message: "waiting for the dataset's owner to approve it",
  };
}

function grant(input: DecisionInput, kept: readonly ResolvedShare[], covering: Covering): Decision {
  const { resolution } = input;
  if (resolution.kind !== 'resolved') return unchanged(input, kept, { kind: 'undecided' });
  const permissions = intersectPermissions(covering.tuples.map((tuple) => tuple.permission));
  const entry: ResolvedShare = { ...resolution.entry, permissions, state: 'Granting', digest: resolution.digest };
  const consent = newConsent(input, covering, resolution.digest);
  const live = { consent, entry };
  const exceeding = askedFor(input).filter((permission) => !permissions.includes(permission));
  return {
    situation: granted(input, live, exceeding),
    consent: withExpiry(consent, expiryOfItem(input, live)),
    resolved: replaceEntry(kept.map(revoking), entry),
    permissions,
    dueAt: nextExpiry(input, live),
    discard: false,
  };
}

// — small helpers —

function granted(input: DecisionInput, live: Live, exceeding: readonly Permission[]): Situation {
  const extension = extensionOf(input, live);
  return {
    kind: 'granted',
    exceeding: exceeding.map((permission) => `${permission} on ${itemLabel(input.item)}`),
    ...(extension === undefined ? {} : { extension }),
  };
}

function unchanged(input: DecisionInput, kept: readonly ResolvedShare[], situation: Situation): Decision {
  const { consent, permissions } = input.item.spec;
  return { situation, consent, resolved: kept, permissions, dueAt: undefined, discard: false };
}

function revoking(entry: ResolvedShare): ResolvedShare {
  return entry.state === 'Revoking' ? entry : { ...entry, state: 'Revoking' };
}

function itemLabel(item: ShareItem): string {
  return `${item.spec.type} ${item.spec.name}`;
}
