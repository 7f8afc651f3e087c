/** One class for each code that AWS may answer to a call of this operator: none is judged by its HTTP status because somebody forgot it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { actionsOf } from '../../../src/aws/actions.ts';
import { classifyAwsError, isRetryable, kindOfCode, noteActions, type AwsFailureKind } from '../../../src/aws/errors.ts';

const root = join(import.meta.dirname, '../../..');
type Classes = Readonly<Partial<Record<AwsFailureKind, string>>>;

/**
 * S3: docs/AmazonS3/latest/API/ErrorResponses.md, less what only object data, web sites, forms, SELECT and replication bring about. IAM, KMS, STS: the pages of the
 * operations and "Common errors" of each API reference.
 */
const services: Readonly<Record<string, Classes>> = {
  S3: {
    throttled: 'SlowDown Busy',
    transient:
      'InternalError ServiceUnavailable RequestTimeout RequestTimeTooSkewed IncompleteBody BadDigest Redirect TemporaryRedirect',
    expired: 'ExpiredToken TokenRefreshRequired InvalidToken InvalidAccessKeyId',
    denied:
      'AccessDenied AccountProblem AllAccessDisabled NotSignedUp InvalidSecurity InvalidPayer SignatureDoesNotMatch UnauthorizedAccessError',
    gone: 'NoSuchBucket NoSuchBucketPolicy NoSuchTagSet OwnershipControlsNotFoundError NoSuchPublicAccessBlockConfiguration',
    conflict: 'OperationAborted ConditionalRequestConflict',
    malformed: 'MalformedPolicy InvalidPolicyDocument',
    tooLarge: 'PolicyTooLarge EntityTooLarge MaxMessageLengthExceeded',
    permanent: `AuthorizationHeaderMalformed IllegalLocationConstraintException IncorrectEndpoint InvalidArgument InvalidBucketName InvalidBucketOwnerAWSAccountID
      InvalidBucketState InvalidRequest InvalidURI MalformedXML MethodNotAllowed MissingSecurityHeader NotImplemented PermanentRedirect PreconditionFailed
      ServerSideEncryptionConfigurationNotFoundError`,
  },
  'S3 Control': {
    throttled: 'SlowDown TooManyRequestsException',
    transient: 'InternalError InternalServiceException ServiceUnavailable',
    denied: 'AccessDenied',
    gone: 'NoSuchAccessPointPolicy NoSuchBucket NotFoundException',
    conflict: 'AccessPointAlreadyOwnedByYou NoSuchAccessPoint OperationAborted',
    malformed: 'MalformedPolicy',
    quota: 'TooManyAccessPoints',
    permanent: 'InvalidAccessPoint InvalidRequest InvalidTag PermanentRedirectControlError TagPolicyException',
  },
  IAM: {
    throttled: 'Throttling ThrottlingException RequestLimitExceeded',
    transient: 'ServiceFailure ServiceFailureException InternalFailure ServiceUnavailable IncompleteSignature',
    expired: 'ExpiredTokenException RequestExpired InvalidClientTokenId UnrecognizedClientException',
    denied: 'AccessDenied AccessDeniedException NotAuthorized OptInRequired MissingAuthenticationToken',
    gone: 'NoSuchEntity NoSuchEntityException',
    conflict: 'ConcurrentModification ConcurrentModificationException EntityTemporarilyUnmodifiable',
    malformed: 'MalformedPolicyDocument MalformedPolicyDocumentException',
    quota: 'LimitExceeded LimitExceededException',
    permanent: `DeleteConflict DeleteConflictException EntityAlreadyExists EntityAlreadyExistsException InvalidInput InvalidInputException PolicyNotAttachable
      PolicyNotAttachableException UnmodifiableEntity UnmodifiableEntityException ValidationError InvalidParameterValue InvalidParameterCombination InvalidAction
      InvalidQueryParameter MalformedQueryString MissingAction MissingParameter`,
  },
  KMS: {
    throttled: 'ThrottlingException',
    transient: 'KMSInternalException DependencyTimeoutException InternalFailure ServiceUnavailable',
    expired: 'ExpiredTokenException UnrecognizedClientException RequestExpired',
    denied: 'AccessDeniedException NotAuthorized OptInRequired',
    gone: 'NotFoundException',
    malformed: 'MalformedPolicyDocumentException',
    quota: 'LimitExceededException',
    permanent:
      'InvalidArnException KMSInvalidStateException UnsupportedOperationException InvalidMarkerException ValidationError',
  },
  STS: {
    throttled: 'Throttling',
    transient: 'InternalFailure ServiceUnavailable IDPCommunicationError IDPCommunicationErrorException',
    expired: 'ExpiredTokenException InvalidClientTokenId InvalidIdentityToken InvalidIdentityTokenException',
    denied: 'AccessDenied IDPRejectedClaim IDPRejectedClaimException SignatureDoesNotMatch',
    malformed: 'MalformedPolicyDocument',
    tooLarge: 'PackedPolicyTooLarge',
    permanent: 'RegionDisabledException ValidationError',
  },
};

const rows = Object.entries(services).flatMap(([service, classes]) =>
  Object.entries(classes).flatMap(([kind, codes]) => codes.split(/\s+/).map((code) => [service, code, kind] as const)),
);

test.each(rows)('%s: %s is %s', (_service, code, kind) => {
  // A status that says something else: the code counts.
  expect(classifyAwsError(Object.assign(new Error('x'), { name: code, $metadata: { httpStatusCode: 418 } })).kind).toBe(kind);
});

/** The errors that the SDK's own documentation lists for the operations which the operator calls. */
function modelledErrors(): string[] {
  const found = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    return [...source.matchAll(/import\s*\{([^}]*)\}\s*from '@aws-sdk\/client-([a-z0-9-]+)'/g)].flatMap(
      ([, names = '', client = '']) =>
        [...names.matchAll(/(?<! as )\b([A-Z]\w+)Command\b/g)].flatMap(([, operation = '']) => {
          const types = join(root, `node_modules/@aws-sdk/client-${client}/dist-types/commands/${operation}Command.d.ts`);
          return [...readFileSync(types, 'utf8').matchAll(/@throws \{@link (\w+)\}/g)].map(([, name = '']) => name);
        }),
    );
  });
  return [...new Set(found)].filter((name) => !name.endsWith('ServiceException') || name === 'InternalServiceException').sort();
}

test('every error that the SDK documents for a call of the operator is in the table', () => {
  const modelled = modelledErrors();
  expect(modelled.length).toBeGreaterThan(15);
  expect(modelled.filter((code) => kindOfCode(code) === undefined)).toEqual([]);
});

describe('a code that nobody knows', () => {
  test.each([
    [undefined, 'transient'],
    [500, 'transient'],
    [503, 'transient'],
    [429, 'throttled'],
    [403, 'denied'],
    [404, 'gone'],
    [400, 'permanent'],
  ])('with HTTP status %s is %s', (httpStatusCode, kind) => {
    const error = Object.assign(new Error('x'), { name: 'BrandNew', $metadata: { httpStatusCode } });
    expect(classifyAwsError(error).kind).toBe(kind);
  });

  test('thrown by the network is transient, and by our own abort is ours', () => {
    expect(classifyAwsError(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toMatchObject({
      kind: 'transient',
      code: 'ECONNRESET',
    });
    expect(classifyAwsError(Object.assign(new Error('x'), { name: 'AbortError' })).kind).toBe('aborted');
    expect(classifyAwsError('odd')).toEqual({ kind: 'transient', code: 'Unknown', message: 'odd' });
  });
});

test('what is tried again by itself is what passes by itself', () => {
  const kinds = [
    'throttled',
    'transient',
    'expired',
    'denied',
    'gone',
    'conflict',
    'malformed',
    'tooLarge',
    'quota',
    'aborted',
    'permanent',
  ] as const;
  expect(kinds.filter(isRetryable)).toEqual(['throttled', 'transient', 'expired', 'conflict', 'aborted']);
});

describe('a denied call', () => {
  const denied = (): Error =>
    Object.assign(new Error('User: u is not authorized to perform: s3:Other on resource: r'), { name: 'AccessDenied' });

  test('names the permissions that it needs, by the call that was made and not by AWS’s words', () => {
    const error = denied();
    noteActions(error, actionsOf({ service: 'S3', operation: 'GetBucketEncryption' }));
    expect(classifyAwsError(error).actions).toEqual(['s3:GetEncryptionConfiguration']);
    expect(classifyAwsError(denied()).actions).toBeUndefined();
  });

  test('names both of two that AWS does not tell apart', () => {
    expect(actionsOf({ service: 'IAM', operation: 'CreatePolicy' })).toEqual(['iam:CreatePolicy', 'iam:TagPolicy']);
    expect(actionsOf({ service: 'S3 Control', operation: 'CreateAccessPoint' })).toEqual(['s3:CreateAccessPoint']);
  });

  test('of another kind names none', () => {
    const error = Object.assign(new Error('x'), { name: 'SlowDown' });
    noteActions(error, ['s3:PutBucketPolicy']);
    expect(classifyAwsError(error).actions).toBeUndefined();
  });
});
