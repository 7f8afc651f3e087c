/**
 * Errors of the API server, and the questions callers ask of them. Decisions look at `status` and `reason`, which are API, never at
 * message text, which isn't. Failures to reach the server at all are a {@link ConnectionError}.
 */

/** The parts of metav1.Status that we use. */
export interface StatusBody {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

/** Details of a metav1.Status: which object and which fields it is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

/** The API server answered, with an error. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code = 'api-error';
  /** HTTP status. */
  readonly status: number;
  /** metav1.StatusReason, such as "NotFound"; empty if the answer wasn't a Status (a proxy's page, for one). */
  readonly reason: string;
  /** How long the server asked us to stay away, in milliseconds; undefined if it didn't. */
  readonly retryAfterMs: number | undefined;
  readonly details: StatusDetails;

  constructor(options: {
    status: number;
    reason?: string;
    message: string;
    retryAfterMs?: number | undefined;
    details?: StatusDetails;
  }) {
    super(options.message);
    this.status = options.status;
    this.reason = options.reason ?? '';
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? {};
  }
}

/**
 * Why no usable answer came. credentials: ours couldn't be read; unreachable: no connection; timeout: our own limit; closed: the
 * connection broke; garbled: what came wasn't the protocol.
 */
export type ConnectionFailure = 'credentials' | 'unreachable' | 'timeout' | 'closed' | 'garbled';

/** The API server couldn't be reached, or the connection ended before its answer did. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ConnectionFailure;

  constructor(code: ConnectionFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * The ApiError of a Status object or of any other error body.
 * @param retryAfter the Retry-After header, in seconds (the API server sends no dates).
 */
export function apiErrorFrom(status: number, body: unknown, retryAfter?: string): ApiError {
  const parsed = isStatusBody(body) ? body : {};
  const seconds = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) : parsed.details?.retryAfterSeconds;
  return new ApiError({
    status,
    reason: parsed.reason ?? '',
    message: parsed.message ?? `the API server answered with HTTP ${status}`,
    retryAfterMs: seconds === undefined ? undefined : seconds * 1000,
    details: parsed.details ?? {},
  });
}

function isStatusBody(body: unknown): body is StatusBody {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status';
}

/** The object, its kind or its API group doesn't exist. */
export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);

/** There is such an object already (create). Has HTTP status 409 like a conflict: only the reason tells them apart. */
export const isAlreadyExists = (error: unknown): boolean => hasStatus(error, 409) && hasReason(error, 'AlreadyExists');

/** Somebody else changed the object, or another field manager owns a field: read again and decide again. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409) && !hasReason(error, 'AlreadyExists');

/** A resourceVersion or continue token is too old: list again. */
export const isGone = (error: unknown): boolean =>
  hasStatus(error, 410) || hasReason(error, 'Expired') || hasReason(error, 'Gone');

/** RBAC doesn't allow it. */
export const isForbidden = (error: unknown): boolean => hasStatus(error, 403);

/** The namespace is being deleted and takes nothing new (admission plugin NamespaceLifecycle; RBAC's refusals have no such cause). */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 403 && (error.details.causes ?? []).some(hasTerminatingCause);

/** Credentials were missing, wrong or expired. */
export const isUnauthorized = (error: unknown): boolean => hasStatus(error, 401);

/** The server asked for fewer requests (API priority and fairness). */
export const isTooManyRequests = (error: unknown): boolean => hasStatus(error, 429);

/** The object breaks its schema or a validation rule: repeating the request can't help. */
export const isInvalid = (error: unknown): boolean => hasStatus(error, 422);

/** No usable answer came: nothing is known of whether a write happened. */
export const isConnectionError = (error: unknown): error is ConnectionError => error instanceof ConnectionError;

function hasTerminatingCause({ reason }: { readonly reason?: string }): boolean {
  return reason === 'NamespaceTerminating';
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}

function hasReason(error: unknown, reason: string): boolean {
  return error instanceof ApiError && error.reason === reason;
}
