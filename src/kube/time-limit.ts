/**
 * Time limits of one HTTP exchange, on a Clock, and what its failure means. An exchange is ended by aborting it; afterwards this module
 * still knows who did that: the caller, the total limit or the idle limit.
 */
import type { Clock } from '../clock.ts';
import { ApiError, ConnectionError } from './errors.ts';

/** A running limit. */
export interface TimeLimit {
  /** Aborted when a limit is reached, or when the caller's signal is. */
  readonly signal: AbortSignal;
  /** The caller's own reason, if it was the caller who ended it. */
  callerReason(): Error | undefined;
  /** Something came: the idle limit starts anew. */
  touch(): void;
  /** What `promise` becomes, or a rejection when the signal is aborted first: for work that can't be aborted itself. */
  wait<T>(promise: Promise<T>): Promise<T>;
  /** Stops the timers. */
  release(): void;
  /** Stops the timers and aborts what is still going on. */
  cancel(): void;
}

/** Options of {@link createTimeLimit}, in milliseconds. */
export interface TimeLimitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly totalMs: number;
  readonly idleMs?: number;
}

/** Starts a limit; `release` or `cancel` must follow. */
export function createTimeLimit(clock: Clock, options: TimeLimitOptions): TimeLimit {
  const controller = new AbortController();
  const { signal: caller, totalMs, idleMs } = options;
  const expire = (message: string): void => controller.abort(new ConnectionError('timeout', message));
  const onCallerAbort = (): void => controller.abort(caller?.reason);
  const stopTotal = clock.after(totalMs, () => expire(`the API server took longer than ${totalMs} ms`));
  const startIdle = (): (() => void) =>
    idleMs === undefined ? () => undefined : clock.after(idleMs, () => expire(`the API server sent nothing for ${idleMs} ms`));
  let stopIdle = startIdle();

  if (caller?.aborted) onCallerAbort();
  else caller?.addEventListener('abort', onCallerAbort, { once: true });

  const release = (): void => {
    stopTotal();
    stopIdle();
    caller?.removeEventListener('abort', onCallerAbort);
  };
  return {
    signal: controller.signal,
    callerReason: () => (caller?.aborted ? asError(caller.reason) : undefined),
    touch: () => {
      stopIdle();
      stopIdle = startIdle();
    },
    wait: (promise) => settledBefore(promise, controller.signal),
    release,
    cancel: () => {
      release();
      controller.abort(new ConnectionError('closed', 'the reader has gone'));
    },
  };
}

function settledBefore<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(asError(signal.reason));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject);
  });
}

const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** What a failed exchange is to callers: the caller's own reason, an ApiError as it is, or a ConnectionError. */
export function toConnectionError(error: unknown, limit: TimeLimit): Error {
  const callerReason = limit.callerReason();
  if (callerReason !== undefined) return callerReason;
  if (error instanceof ApiError || error instanceof ConnectionError) return error;
  if (limit.signal.reason instanceof ConnectionError) return limit.signal.reason;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (NEVER_CONNECTED.has(code)) return new ConnectionError('unreachable', `the API server can't be reached (${code})`, error);
  return new ConnectionError('closed', `the connection to the API server failed${code === '' ? '' : ` (${code})`}`, error);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
