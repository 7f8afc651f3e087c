/** Where the contract suite runs: two accounts of one implementation, reached over HTTP. How each place is started is in places/. */
import type { Clock } from '../../src/clock.ts';
import type { ClientPlace, Credentials } from './clients.ts';

/** An account with the identity that the suite uses there: a role's session, as in real accounts. */
export interface PlaceAccount {
  readonly id: string;
  readonly credentials: Credentials;
}

/** A running implementation. */
export interface Place extends ClientPlace {
  /** The account whose buckets and keys are used. */
  readonly owner: PlaceAccount;
  /** The account whose roles use them. */
  readonly consumer: PlaceAccount;
  /** What all names begin with; different in every run, lower-case letters, digits and hyphens. */
  readonly prefix: string;
  /** How long an answer that isn't the expected one may still change: AWS is eventually consistent. 0: answers are final. */
  readonly patienceMs: number;
  readonly clock: Clock;
  /** Ends waiting; what was made is removed all the same. */
  readonly signal?: AbortSignal;
}

/** A place that was started, and how to end it. */
export interface StartedPlace {
  readonly place: Place;
  readonly stop: () => Promise<void>;
}
