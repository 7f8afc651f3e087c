/**
 * The requests of leader election, on connections of their own and with short time limits. Who may write what is decided in lease.ts,
 * when in leader.ts.
 */
import { createClient } from './client.ts';
import type { CallOptions } from './client.ts';
import { isNotFound } from './errors.ts';
import { leases } from './lease.ts';
import type { Lease, LeaseSpec } from './lease.ts';
import type { ObjectRef } from './object.ts';
import type { Transport } from './transport.ts';

/** One Lease. All calls throw ApiError or ConnectionError. */
export interface LeaseApi {
  /** Undefined: there is none. */
  read(signal?: AbortSignal): Promise<Lease | undefined>;
  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease>;
  /** A conflict (409) if `old` isn't the newest. */
  replace(old: Lease, spec: LeaseSpec, signal?: AbortSignal): Promise<Lease>;
}

/** Access to the Lease `ref`. `timeoutMs`: limit of each request. */
export function createLeaseApi(transport: Transport, ref: Required<ObjectRef>, timeoutMs: number): LeaseApi {
  const client = createClient({ ...transport, request: (request) => transport.request({ ...request, pool: 'lease' }) });
  const options = (signal: AbortSignal | undefined): CallOptions =>
    signal === undefined ? { timeoutMs } : { signal, timeoutMs };
  return {
    read: async (signal) => {
      try {
        return await client.get(leases, ref, options(signal));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    create: (spec, signal) => client.create(leases, { metadata: ref, spec }, options(signal)),
    replace: (old, spec, signal) => client.replace(leases, { ...old, spec }, options(signal)),
  };
}
