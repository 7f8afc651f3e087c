/**
 * The reflector's state machine, as a pure function: what to do next, given what has just happened. Doing it (requests, waiting, the
 * store) is the driver's business (reflector.ts).
 *
 *   listing ──last page──▶ watching ──ended in order──▶ watching (same place)
 *      ▲  │                    │
 *      │  └──any failure──▶ resting ◀──any failure──┘
 *      └──────────────────────┘  (back to what it was doing; to listing if the place was lost)
 *
 * There is no final state: only the driver's signal ends the loop.
 */

/** Collecting the whole contents. */
export interface Listing {
  readonly kind: 'listing';
  /** pages: 500 at a time. whole: in one answer, since a continue token expired under us and might again. */
  readonly paging: 'pages' | 'whole';
  /** Absent: the first page. */
  readonly continueToken?: string;
}

/** Following changes. */
export interface Watching {
  readonly kind: 'watching';
  /** The place up to which everything is known. */
  readonly resourceVersion: string;
}

/** Waiting after a failure, then on with `next`. */
export interface Resting {
  readonly kind: 'resting';
  readonly next: Listing | Watching;
}

/** What the reflector is doing. */
export type ReflectorState = Listing | Watching | Resting;

/** What happened. */
export type Happening =
  /** A page came; without a token it was the last. */
  | { readonly kind: 'page'; readonly resourceVersion: string; readonly continueToken?: string }
  /** An event or a bookmark moved the place forward. */
  | { readonly kind: 'progress'; readonly resourceVersion: string }
  /** The watch ended in order. */
  | { readonly kind: 'ended' }
  /** 410: the resourceVersion or the continue token is too old. */
  | { readonly kind: 'expired' }
  /** The kind is missing or we may not see it: what is cached can't be trusted to stay true. */
  | { readonly kind: 'refused' }
  /** Anything else that went wrong. */
  | { readonly kind: 'failed' }
  /** The rest is over. */
  | { readonly kind: 'rested' };

/** Where the loop starts, and where it starts anew. */
export const fromTheStart: Listing = { kind: 'listing', paging: 'pages' };

/** The next state. Happenings that don't belong to a state leave it as it is. */
export function transition(state: ReflectorState, happening: Happening): ReflectorState {
  switch (state.kind) {
    case 'listing':
      return afterListing(state, happening);
    case 'watching':
      return afterWatching(state, happening);
    case 'resting':
      return happening.kind === 'rested' ? state.next : state;
  }
}

function afterListing(state: Listing, happening: Happening): ReflectorState {
  switch (happening.kind) {
    case 'page':
      if (happening.continueToken === undefined) return { kind: 'watching', resourceVersion: happening.resourceVersion };
      return { kind: 'listing', paging: state.paging, continueToken: happening.continueToken };
    case 'expired':
      // At once, since nothing is wrong with the server: the list was too long for its memory. A whole list that expires is a failure.
      if (state.continueToken !== undefined && state.paging === 'pages') return { kind: 'listing', paging: 'whole' };
      return { kind: 'resting', next: fromTheStart };
    case 'failed':
    case 'refused':
      return { kind: 'resting', next: fromTheStart };
    case 'progress':
    case 'ended':
    case 'rested':
      return state;
  }
}

function afterWatching(state: Watching, happening: Happening): ReflectorState {
  switch (happening.kind) {
    case 'progress':
      return { kind: 'watching', resourceVersion: happening.resourceVersion };
    case 'ended':
      return state;
    case 'failed':
      return { kind: 'resting', next: state };
    case 'expired':
    case 'refused':
      // With a rest: a server that expires every watch would otherwise be listed without pause.
      return { kind: 'resting', next: fromTheStart };
    case 'page':
    case 'rested':
      return state;
  }
}
