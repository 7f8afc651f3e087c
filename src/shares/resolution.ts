/**
 * What a request's item means in AWS right now: the bucket with its account and key, the principal with its unique id. Computed by the gatherer from
 * specs and from what was observed of AWS; decided upon in decide.ts.
 */
import type { ResolvedShare } from '../api/index.ts';

/** Where an item could not be resolved, the reason is a condition reason and the message says who has to do what. */
export type Resolution =
  /** AWS has not been asked yet since start-up: nothing is decided. */
  | { readonly kind: 'unknown' }
  /** Can't be resolved now; what is shared already stays as it is. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly message: string }
  /** The namespace may not speak for the data (or the role) any more: ends what is shared, after a grace period or at once. */
  | { readonly kind: 'claimLost'; readonly message: string; readonly immediately: boolean }
  /** Dataset, its item or the ConsumptionRole is gone or being deleted: what is shared ends. `discard`: the ShareItem goes with it. `lost`: the object is missing, and no deletion was waited for. */
  | {
      readonly kind: 'gone';
      readonly message: string;
      readonly reason: string;
      readonly discard: boolean;
      readonly lost: boolean;
    }
  | { readonly kind: 'resolved'; readonly entry: ResolvedShare; readonly digest: string };
