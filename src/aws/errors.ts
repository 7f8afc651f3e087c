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
  /** Only where denied: the permissions that the call needs ("s3:PutBucketPolicy"), by the call that we made and not by AWS's words. */
  readonly actions?: readonly string[];
  readonly requestId?: string;
}

const table: Readonly<Record<Exclude<AwsFailureKind, 'aborted'>, readonly string[]>> = {
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
    'Busy',
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
    'IDPCommunicationError',
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
    'IncompleteBody',
    'BadDigest',
    'Redirect',
    'TemporaryRedirect',
    'RequestTimeTooSkewed',
  ],
  expired: [
    'ExpiredToken',
    'ExpiredTokenException',
    'RequestExpired',
    'TokenRefreshRequired',
    'InvalidToken',
    'InvalidClientTokenId',
    'InvalidAccessKeyId',
    'InvalidIdentityToken',
    'UnrecognizedClientException',
  ],
  denied: [
    'AccessDenied',
    'AccessDeniedException',
    'NotAuthorized',
    'UnauthorizedOperation',
    'UnauthorizedAccessError',
    'AllAccessDisabled',
    'AccountProblem',
    'NotSignedUp',
    'OptInRequired',
    'Forbidden',
    'InvalidSecurity',
    'InvalidPayer',
    'SignatureDoesNotMatch',
    'MissingAuthenticationToken',
    'IDPRejectedClaim',
    'CredentialsProviderError',
  ],
  gone: [
    'NoSuchBucket',
    'NoSuchBucketPolicy',
    'NoSuchEntity',
    'NoSuchEntityException',
    'NoSuchKey',
    'NoSuchTagSet',
    'NoSuchPublicAccessBlockConfiguration',
    'OwnershipControlsNotFoundError',
    'NotFound',
    'NotFoundException',
    'NoSuchAccessPointPolicy',
  ],
  conflict: [
    'OperationAborted',
    'ConditionalRequestConflict',
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
  tooLarge: ['PolicyTooLarge', 'EntityTooLarge', 'MaxMessageLengthExceeded', 'PackedPolicyTooLarge'],
  quota: [
    'LimitExceeded',
    'LimitExceededException',
    'QuotaExceededException',
    'ServiceQuotaExceededException',
    'TooManyAccessPoints',
  ],
  // What AWS means for good, named so that nobody has to guess by the HTTP status whether it was forgotten.
  permanent: [
    'AuthorizationHeaderMalformed',
    'DeleteConflict',
    'EntityAlreadyExists',
    'IllegalLocationConstraintException',
    'IncorrectEndpoint',
    'InvalidAccessPoint',
    'InvalidAction',
    'InvalidArgument',
    'InvalidArn',
    'InvalidBucketName',
    'InvalidBucketOwnerAWSAccountID',
    'InvalidBucketState',
    'InvalidInput',
    'InvalidMarker',
    'InvalidParameterCombination',
    'InvalidParameterValue',
    'InvalidQueryParameter',
    'InvalidRequest',
    'InvalidTag',
    'InvalidURI',
    'KMSInvalidState',
    'MalformedQueryString',
    'MalformedXML',
    'MethodNotAllowed',
    'MissingAction',
    'MissingParameter',
    'MissingSecurityHeader',
    'NotImplemented',
    'PermanentRedirect',
    'PermanentRedirectControlError',
    'PolicyNotAttachable',
    'PreconditionFailed',
    'RegionDisabled',
    'ServerSideEncryptionConfigurationNotFoundError',
    'TagPolicy',
    'UnmodifiableEntity',
    'UnsupportedOperation',
    'ValidationError',
  ],
};

/** AWS's query services say NoSuchEntity where the SDK's errors are called NoSuchEntityException: the same code. */
const bare = (code: string): string => code.replace(/Exception$/, '');

const kindByCode: ReadonlyMap<string, AwsFailureKind> = new Map(
  Object.entries(table).flatMap(([kind, codes]) => codes.map((code) => [bare(code), kind as AwsFailureKind] as const)),
);

/** What the table says of a code; undefined for one that it does not have, which is judged by its HTTP status. */
export function kindOfCode(code: string): AwsFailureKind | undefined {
  return kindByCode.get(bare(code));
}

const actionsByError = new WeakMap<object, readonly string[]>();

/** Notes on an error which permissions the call needed that it answers: where AWS denies the call, one of them is what is missing. */
export function noteActions(error: unknown, actions: readonly string[]): void {
  if (typeof error === 'object' && error !== null) actionsByError.set(error, actions);
}

/** Classifies whatever an SDK call threw. Codes first, then the HTTP status; message text is never parsed. */
export function classifyAwsError(error: unknown): AwsFailure {
  const shape = errorShape(error);
  const kind = shape.aborted ? 'aborted' : (kindOfCode(shape.code) ?? kindByStatus(shape.status));
  const actions = kind === 'denied' && typeof error === 'object' && error !== null ? actionsByError.get(error) : undefined;
  return {
    kind,
    code: shape.code,
    message: shape.message,
    ...(actions === undefined ? {} : { actions }),
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
