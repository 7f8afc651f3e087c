/** Faults on demand: what can go wrong between a client and AWS, for chosen calls and a chosen number of times. */
import type { ErrorForm } from './service.ts';

/** Which calls a fault hits; absent members hit all. `resource` is an ARN, with `*` as wildcard. */
export interface FaultMatch {
  readonly service?: string;
  readonly operation?: string;
  /** Account of the caller. */
  readonly account?: string;
  readonly resource?: string;
}

/**
 * throttle: the service's own throttling error. error: the given code and status (500 InternalError by default), before anything
 * happens. latency: the call is held for `ms` first. lose-reply: the call takes effect, then the connection breaks. refuse-connection: it
 * breaks before. expired-token: the service's own error of expired credentials.
 */
export type FaultKind = 'throttle' | 'error' | 'latency' | 'lose-reply' | 'refuse-connection' | 'expired-token';

/** A fault to add. */
export interface Fault {
  readonly kind: FaultKind;
  readonly match?: FaultMatch;
  /** How many calls it hits; absent: until it is removed. */
  readonly times?: number;
  /** Chance per matching call, 0–1, from the seeded generator. @default 1 */
  readonly probability?: number;
  /** Only `error`. */
  readonly code?: string;
  readonly message?: string;
  readonly status?: number;
  /** Only `latency`: milliseconds. */
  readonly ms?: number;
}

/** What a fault is compared with. */
export interface FaultSubject {
  readonly service: string;
  readonly operation: string;
  readonly account: string;
  readonly resource: string;
}

/** The faults in force. */
export interface Faults {
  /** Adds a fault; returns a function that removes it. */
  add(fault: Fault): () => void;
  list(): readonly Fault[];
  clear(): void;
  /** Takes the faults that hit this call, all latencies and at most one other. */
  take(subject: FaultSubject): Fault[];
}

interface Armed {
  readonly fault: Fault;
  left: number;
}

/** Makes an empty set of faults; `chance` gives numbers in [0, 1). */
export function createFaults(chance: () => number): Faults {
  let armed: Armed[] = [];
  return {
    add: (fault) => {
      const one = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      armed.push(one);
      return () => void (armed = armed.filter((other) => other !== one));
    },
    list: () => armed.map(({ fault }) => fault),
    clear: () => void (armed = []),
    take: (subject) => {
      if (armed.length === 0) return [];
      const hit: Fault[] = [];
      for (const one of armed) {
        if (!hits(one.fault.match ?? {}, subject)) continue;
        if (one.fault.kind !== 'latency' && hit.some((fault) => fault.kind !== 'latency')) continue;
        if (one.fault.probability !== undefined && chance() >= one.fault.probability) continue;
        one.left -= 1;
        hit.push(one.fault);
      }
      armed = armed.filter((one) => one.left > 0);
      return hit;
    },
  };
}

function hits(match: FaultMatch, subject: FaultSubject): boolean {
  for (const key of ['service', 'operation', 'account'] as const) {
    if (match[key] !== undefined && match[key] !== subject[key]) return false;
  }
  return match.resource === undefined || wildcard(match.resource).test(subject.resource);
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');

/** The error that a fault answers with, by the service's own forms; undefined for faults that are no answer. */
export function faultError(fault: Fault, forms: { throttled: ErrorForm; expired: ErrorForm }): ErrorForm | undefined {
  if (fault.kind === 'throttle') return forms.throttled;
  if (fault.kind === 'expired-token') return forms.expired;
  if (fault.kind !== 'error') return undefined;
  return {
    code: fault.code ?? 'InternalError',
    message: fault.message ?? 'We encountered an internal error. Please try again.',
    status: fault.status ?? 500,
  };
}

/** The connection broke: in process an error like a socket's, over HTTP a destroyed socket. */
export class ConnectionLost extends Error {
  /** What Node's sockets say; SDKs take it for transient. */
  readonly code = 'ECONNRESET';
  constructor() {
    super('socket hang up');
  }
}
