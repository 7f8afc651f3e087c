/**
 * The Lease as leader election reads and writes it, and the pure part of election: whose turn is it. No requests, no waiting (leader.ts).
 * Source: coordination.k8s.io/v1; client-go's tools/leaderelection.
 */
import { microTime } from './micro-time.ts';
import type { KubeObject } from './object.ts';
import type { ResourceType } from './resource.ts';

/** What a candidate writes. Times are RFC 3339 with microseconds; they are for people: decisions use the local clock. */
export interface LeaseSpec {
  /** Empty: released. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** coordination.k8s.io/v1 Lease. */
export type Lease = KubeObject<LeaseSpec>;

/** Leases. */
export const leases: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

/** A Lease, and when this process first saw it in this state. */
export interface Observation {
  readonly lease: Lease;
  /** Local milliseconds: other clocks may be wrong, and are never compared with ours. */
  readonly at: number;
}

/** The observation after reading `lease` at `now`: an unchanged Lease keeps the time at which it was first seen so. */
export function observe(last: Observation | undefined, lease: Lease, now: number): Observation {
  const { uid, resourceVersion } = lease.metadata;
  const same = last !== undefined && last.lease.metadata.uid === uid && last.lease.metadata.resourceVersion === resourceVersion;
  return same ? { lease, at: last.at } : { lease, at: now };
}

/** Who asks, and when. */
export interface Candidate {
  readonly identity: string;
  /** Local milliseconds. */
  readonly now: number;
  /** How long to respect a holder who doesn't say for how long it holds. */
  readonly durationMs: number;
}

/** Whether the candidate may take or renew the Lease: it is its own, released, or has not changed for its whole duration. */
export function mayTake(observation: Observation, { identity, now, durationMs }: Candidate): boolean {
  const { holderIdentity = '' } = observation.lease.spec;
  return holderIdentity === '' || holderIdentity === identity || now >= runsOutAt(observation, durationMs);
}

/** Local milliseconds at which a Lease that does not change is free. `durationMs`: for a holder who doesn't say for how long it holds. */
export function runsOutAt({ lease, at }: Observation, durationMs: number): number {
  const { leaseDurationSeconds = 0 } = lease.spec;
  return at + (leaseDurationSeconds > 0 ? leaseDurationSeconds * 1000 : durationMs);
}

/** What to write to hold the Lease from now on. */
export function heldSpec(
  old: LeaseSpec | undefined,
  identity: string,
  options: { readonly durationMs: number; readonly now: number },
): LeaseSpec {
  const time = microTime(options.now);
  const renewal = old?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.round(options.durationMs / 1000),
    acquireTime: (renewal ? old.acquireTime : undefined) ?? time,
    renewTime: time,
    leaseTransitions: (old?.leaseTransitions ?? 0) + (old === undefined || renewal ? 0 : 1),
  };
}

/** What to write to let go: nobody holds it, and whoever reads it may take it at once. */
export function releasedSpec(old: LeaseSpec, now: number): LeaseSpec {
  const time = microTime(now);
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: old.leaseTransitions ?? 0,
  };
}
