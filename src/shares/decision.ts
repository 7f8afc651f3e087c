/**
 * What a decision about a ShareItem is taken from and what it says. Types only: decide.ts decides, endings.ts, consents.ts and news.ts are its parts.
 */
import type { Consent, ResolvedShare, ShareItem, ShareRequest } from '../api/index.ts';
import type { Standing } from './approval.ts';
import type { Permission } from './permissions.ts';
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
  /** The approval that consent rests on was seen to be deleted, or is there and says otherwise: its absence is somebody's act, not a loss. */
  readonly withdrawalSeen: boolean;
  /** Unusually many shares would end without anybody having ended them: such endings wait for the platform team (guard.ts). */
  readonly removalHeld: () => boolean;
  readonly now: number;
}

/** What an item's state of affairs is, before AWS is looked at. */
export type Situation =
  | { readonly kind: 'undecided' }
  | { readonly kind: 'pending'; readonly reason: 'PendingApproval' | 'PrincipalRecreated'; readonly message: string }
  | { readonly kind: 'rejected'; readonly message: string }
  /** Something is missing or in the way; `live`: what was shared before stays as it is. */
  | { readonly kind: 'blocked'; readonly reason: string; readonly message: string; readonly live: boolean }
  /** Consent is in force. `exceeding`: what was asked for beyond it. `extension`: a later end was asked for than is approved. */
  | { readonly kind: 'granted'; readonly exceeding: readonly string[]; readonly extension?: 'Pending' | 'Rejected' }
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

/** A share in force: the consent, and the place that it was given to. */
export interface Live {
  readonly consent: Consent;
  readonly entry: ResolvedShare;
}
