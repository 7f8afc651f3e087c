/**
 * What people can be told of a share, who did it, who is told, and in which word. Data only: when something is news is news.ts.
 */

/** Whose side of a share somebody is on. The platform sees both. */
export type Side = 'owner' | 'requester' | 'platform';

/** One kind of news. */
export interface KindOfNews {
  /** Who did it; `operator`: nobody, it came about. */
  readonly by: 'owner' | 'requester' | 'operator';
  /** What was done, as in data.all's «User … SUBMITTED share request for dataset …». */
  readonly action: string;
  readonly to: readonly Side[];
}

const everybody: readonly Side[] = ['owner', 'requester', 'platform'];

/** All kinds. */
export const newsKinds = {
  Submitted: { by: 'requester', action: 'submitted', to: everybody },
  Approved: { by: 'owner', action: 'approved', to: everybody },
  Rejected: { by: 'owner', action: 'rejected', to: everybody },
  Succeeded: { by: 'operator', action: 'granted', to: ['requester', 'platform'] },
  Failed: { by: 'operator', action: 'failed to carry out', to: everybody },
  Revoked: { by: 'owner', action: 'revoked', to: everybody },
  Expired: { by: 'operator', action: 'ended the expired', to: everybody },
  ExpiringSoon: { by: 'operator', action: 'reminds of the expiry of', to: everybody },
  ExtensionRequested: { by: 'requester', action: 'asked to extend', to: everybody },
  ExtensionApproved: { by: 'owner', action: 'extended', to: everybody },
  ExtensionRejected: { by: 'owner', action: 'rejected the extension of', to: everybody },
  Unhealthy: { by: 'operator', action: 'found missing or excess access of', to: everybody },
  Repaired: { by: 'operator', action: 'repaired', to: everybody },
  // Whoever deletes his request knows, and his addresses may be gone with it.
  Withdrawn: { by: 'requester', action: 'deleted', to: ['owner', 'platform'] },
} as const satisfies Record<string, KindOfNews>;

/** Name of a kind. */
export type NewsKind = keyof typeof newsKinds;

/** The names of all kinds. */
export const NEWS_KINDS = Object.keys(newsKinds) as readonly NewsKind[];

/** Something that people are told of a request. */
export interface News {
  readonly kind: NewsKind;
  /**
   * Names this occurrence among everything that is ever told of the request, and is made from recorded facts alone: whoever derives it again, after any crash, gets
   * the same one.
   */
  readonly mark: string;
  /** When it came about, where a record says so (RFC 3339). */
  readonly time?: string;
  /** Items that it is about, as `Bucket acme-orders`. */
  readonly items: readonly string[];
  /** Details for people, of what both sides may read; or empty. */
  readonly message: string;
  readonly expireTime?: string;
}
