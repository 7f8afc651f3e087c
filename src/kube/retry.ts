/**
 * When a request may be repeated, and after how long. Pure: the transport does the waiting.
 */
import { ApiError, ConnectionError } from './errors.ts';

/** What counts for repeating a request. */
export interface Attempt {
  readonly method: string;
  readonly contentType?: string | undefined;
  /** 1 for the first. */
  readonly number: number;
  readonly error: unknown;
  /** In [0, 1). */
  readonly random: number;
}

const MAX_ATTEMPTS = 5;
const MAX_CONNECTION_ATTEMPTS = 3;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;

/**
 * Milliseconds to wait before the next attempt; undefined: give up.
 * A server that says when to come back (429, or 5xx with Retry-After) has not done the work, whatever the method. After a broken
 * connection nobody knows, so that only requests that may happen twice are repeated; unless it never came to a connection.
 */
export function retryDelay(attempt: Attempt): number | undefined {
  const { error, number, random } = attempt;
  if (error instanceof ApiError) {
    const asked = error.status === 429 || (error.status >= 500 && error.retryAfterMs !== undefined);
    if (!asked || number >= MAX_ATTEMPTS) return undefined;
    return Math.min(error.retryAfterMs ?? 1000, LONGEST_WAIT_MS) * (1 + 0.1 * random);
  }
  if (!(error instanceof ConnectionError) || error.code === 'timeout' || number >= MAX_CONNECTION_ATTEMPTS) return undefined;
  if (error.code !== 'unreachable' && !isRepeatable(attempt)) return undefined;
  return FIRST_WAIT_MS * 2 ** (number - 1) * (1 + random);
}

/**
 * Whether the request may happen twice. A repeated replace is refused by its resourceVersion and a repeated delete finds nothing, which
 * callers understand; a JSON patch may say "append".
 */
function isRepeatable({ method, contentType }: Attempt): boolean {
  switch (method) {
    case 'GET':
    case 'PUT':
    case 'DELETE':
      return true;
    case 'PATCH':
      return contentType !== 'application/json-patch+json';
    default:
      return false;
  }
}
