/**
 * The one error table: AWS error code → what it means for a share. Nothing else in the operator branches on an AWS error.
 * It is not a retry loop: what a failure leads to (wait, give up, count as done) is decided by who asked.
 */

/**
 * throttled/transient: try again later. expired: credentials ran out, a new session helps. denied: a permission is missing.
 * gone: the thing asked for does not exist. conflict: somebody wrote at the same time. malformed: AWS refused the document.
 * tooLarge/quota: a limit of AWS. aborted: we stopped it ourselves. permanent: any other refusal.
 */
export type AwsFailureKind =
  | 'throttled'
  | 'transient'
  | 'expired'
  | 'denied'
  | 'gone'
  | 'conflict'
  | 'malformed'
  | 'tooLarge'
  | 'quota'
  | 'aborted'
  | 'permanent';

/** An AWS error as the rest of the operator sees it. `message` is AWS's own text, which carries no secret. */
export interface AwsFailure {
  readonly kind: AwsFailureKind;
  readonly code: string;
  readonly message: string;
  readonly requestId?: string;
}

const table: Readonly<Record<Exclude<AwsFailureKind, 'aborted' | 'permanent'>, readonly string[]>> = {
  throttled: [
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'TooManyRequestsException',
    'SlowDown',
    'RequestLimitExceeded',
    'BandwidthLimitExceeded',
    'PriorRequestNotComplete',
  ],
  transient: [
    'InternalError',
    'InternalFailure',
    'InternalServerError',
    'InternalServiceError',
    'InternalServiceException',
    'ServiceUnavailable',
    'ServiceUnavailableException',
    'ServiceFailure',
    'ServiceFailureException',
    'KMSInternalException',
    'DependencyTimeoutException',
    'RequestTimeout',
    'RequestTimeoutException',
    'TimeoutError',
    'NetworkingError',
    'ECONNRESET',
    'ECONNREFUSED',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'IncompleteSignature',
    'RequestTimeTooSkewed',
  ],
  expired: [
    'ExpiredToken',
    'ExpiredTokenException',
    'RequestExpired',
    'TokenRefreshRequired',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
  ],
  denied: [
    'AccessDenied',
    'AccessDeniedException',
    'UnauthorizedOperation',
    'AllAccessDisabled',
    'Forbidden',
    'InvalidAccessKeyId',
    'CredentialsProviderError',
  ],
  gone: [
    'NoSuchBucket',
    'NoSuchBucketPolicy',
    'NoSuchEntity',
    'NoSuchEntityException',
    'NoSuchKey',
    'NotFound',
    'NotFoundException',
    'NoSuchAccessPointPolicy',
  ],
  conflict: [
    'OperationAborted',
    'ConcurrentModification',
    'ConcurrentModificationException',
    'ConflictException',
    'EntityTemporarilyUnmodifiable',
    // A point is looked for before it is written. If it is there after all, or is not, it was made or deleted meanwhile, or just before, and not all of
    // S3 knows yet: looking again tells.
    'AccessPointAlreadyOwnedByYou',
    'NoSuchAccessPoint',
  ],
  malformed: ['MalformedPolicy', 'MalformedPolicyDocument', 'MalformedPolicyDocumentException', 'InvalidPolicyDocument'],
  tooLarge: ['PolicyTooLarge', 'EntityTooLarge', 'PackedPolicyTooLarge'],
  quota: [
    'LimitExceeded',
    'LimitExceededException',
    'QuotaExceededException',
    'ServiceQuotaExceededException',
    'TooManyAccessPoints',
  ],
};

const kindByCode: ReadonlyMap<string, AwsFailureKind> = new Map(
  Object.entries(table).flatMap(([kind, codes]) => codes.map((code) => [code, kind as AwsFailureKind] as const)),
);

/** Classifies whatever an SDK call threw. Codes first, then the HTTP status; message text is never parsed. */
export function classifyAwsError(error: unknown): AwsFailure {
  const shape = errorShape(error);
  const kind = shape.aborted ? 'aborted' : (kindByCode.get(shape.code) ?? kindByStatus(shape.status));
  return {
    kind,
    code: shape.code,
    message: shape.message,
    ...(shape.requestId === undefined ? {} : { requestId: shape.requestId }),
  };
}

/** True where trying the same thing again later may help without anybody acting. */
export function isRetryable(kind: AwsFailureKind): boolean {
  return kind === 'throttled' || kind === 'transient' || kind === 'expired' || kind === 'conflict' || kind === 'aborted';
}

function kindByStatus(status: number | undefined): AwsFailureKind {
  if (status === undefined || status >= 500) return 'transient';
  if (status === 429) return 'throttled';
  if (status === 403) return 'denied';
  if (status === 404) return 'gone';
  return 'permanent';
}

interface ErrorShape {
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly aborted: boolean;
}

function errorShape(error: unknown): ErrorShape {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown;
    code?: unknown;
    message?: unknown;
    $metadata?: { httpStatusCode?: number; requestId?: string };
  };
  const name = typeof fields.name === 'string' && fields.name !== 'Error' ? fields.name : undefined;
  const code = typeof fields.code === 'string' ? fields.code : undefined;
  return {
    code: name ?? code ?? 'Unknown',
    message: typeof fields.message === 'string' ? fields.message : String(error),
    status: fields.$metadata?.httpStatusCode,
    requestId: fields.$metadata?.requestId,
    aborted: name === 'AbortError',
  };
}
