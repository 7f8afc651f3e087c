/** The shape in which reasons of conditions are documented. The reasons themselves are beside it, by what they are about. */

/** Who has to act. Nobody: it goes on by itself, or all is well. */
export type Actor = 'nobody' | 'requester' | 'owner' | 'platform team' | 'owner of the principal';

/** Kinds whose conditions carry reasons. */
export type ReasonKind =
  'Environment' | 'ConsumptionRole' | 'Dataset' | 'ShareRequest' | 'ReceivedShare' | 'ShareApproval' | 'ShareItem';

/** What a reason means, who has to act, and what the next step is. */
export interface ReasonDoc {
  readonly meaning: string;
  readonly actor: Actor;
  readonly next: string;
  readonly kinds: readonly ReasonKind[];
}

/** Kinds that show how a share fares. */
export const share = ['ShareRequest', 'ReceivedShare', 'ShareItem'] as const satisfies readonly ReasonKind[];
