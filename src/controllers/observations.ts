/**
 * What was seen of AWS since start-up, in memory only: an observation is never believed across a restart. Controllers of Environments, ConsumptionRoles
 * and Datasets fill it; decisions read it.
 */
import type { BucketObservation, KeyObservation, Observed } from '../aws/buckets.ts';
import { isRetryable, type AwsFailure } from '../aws/errors.ts';
import type { PrincipalObservation } from '../aws/principals.ts';
import type { EnvironmentState, PrincipalFacts, Seen } from '../shares/judge.ts';

/** What came of entering an Environment's account. `passing`: the cause may be mended where no event comes from. */
export type EnvironmentFinding =
  | { readonly kind: 'ready'; readonly attachmentQuota: number; readonly callerArn: string }
  | { readonly kind: 'notReady'; readonly reason: string; readonly message: string; readonly passing: boolean };

/** The memory of observations. */
export interface Observations {
  /** By name of the Environment. */
  readonly environments: Map<string, NonNullable<EnvironmentState>>;
  /** The last attempt to enter, by name of the Environment, with what it was based on and when it was made (milliseconds). */
  readonly entered: Map<string, { readonly basis: string; readonly at: number; readonly found: EnvironmentFinding }>;
  /** By ARN. */
  readonly principals: Map<string, NonNullable<Seen<PrincipalFacts>>>;
  /** By account and bucket. */
  readonly buckets: Map<string, NonNullable<Seen<BucketObservation>>>;
  /** By key ARN. */
  readonly keys: Map<string, NonNullable<Seen<KeyObservation>>>;
  /** ARNs of the identities with which the operator works: never principals of a share. */
  readonly ownIdentities: Set<string>;
}

/** An empty memory. */
export function createObservations(): Observations {
  return {
    environments: new Map(),
    entered: new Map(),
    principals: new Map(),
    buckets: new Map(),
    keys: new Map(),
    ownIdentities: new Set(),
  };
}

/** Key of a bucket: names are unique in a partition, but who owns one may change, so the account belongs to it. */
export function bucketKey(accountId: string, bucket: string): string {
  return `${accountId}/${bucket}`;
}

/** An observation of AWS in the form in which decisions read it. */
export function seen<T>(observed: Observed<T>): NonNullable<Seen<T>> {
  return observed.kind === 'failed' ? failed(observed.failure) : observed;
}

/** A principal's observation in the form in which decisions read it. */
export function seenPrincipal(observed: PrincipalObservation): NonNullable<Seen<PrincipalFacts>> {
  if (observed.kind === 'failed') return failed(observed.failure);
  if (observed.kind === 'notFound') return observed;
  const { kind, ...value } = observed;
  return { kind, value };
}

/** A denied call names the permission that it needs; one that AWS only did not answer says nothing of the thing. */
function failed({ kind, code, message, actions }: AwsFailure): Extract<Seen<never>, { readonly kind: 'failed' }> {
  return {
    kind: 'failed',
    code,
    message: actions === undefined ? message : `${actions.join(' and ')} is denied: ${message}`,
    ...(isRetryable(kind) ? { passing: true } : {}),
  };
}

/** What is known after another look: what was found stays known where AWS did not answer. */
export function afterLook<T>(before: Seen<T>, now: NonNullable<Seen<T>>): NonNullable<Seen<T>> {
  return now.kind === 'failed' && now.passing === true && before?.kind === 'found' ? before : now;
}

/** True where the two say the same, so that nothing depending on it has to be decided again. */
export function sameObservation(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
