/**
 * AWS SDK clients of one account and region, with one middleware that every call passes: rate limit, metrics, log.
 * Retries are switched off: the operator works on levels, so a failed call is answered by running the whole target again.
 */
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { S3ControlClient, type S3ControlClientConfig } from '@aws-sdk/client-s3-control';
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { actionsOf } from './actions.ts';
import { classifyAwsError, noteActions, type AwsFailureKind } from './errors.ts';
import type { RateLimiter } from './limiter.ts';

/** The clients that targets and observers use. */
export interface AwsClients {
  readonly s3: S3Client;
  readonly s3control: S3ControlClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly sts: STSClient;
}

/** One finished AWS call, for metrics and logs. `code` is OK or AWS's error code. */
export interface AwsCall {
  readonly accountId: string;
  readonly service: string;
  readonly operation: string;
  readonly code: string;
  /** What a failure means; absent: it succeeded. */
  readonly failure?: AwsFailureKind;
  readonly requestId: string | undefined;
}

type Credentials = NonNullable<S3ClientConfig['credentials']>;
/** The SDK's request handler type; the tests pass one that serves in process. */
export type RequestHandler = NonNullable<S3ClientConfig['requestHandler']>;

/** What all clients of the process share. */
export interface ClientOptions {
  readonly limiter: RateLimiter;
  readonly onCall?: (call: AwsCall) => void;
  readonly requestHandler?: RequestHandler;
  /** A custom endpoint (AWS_ENDPOINT_URL): path-style buckets, no host prefixes. */
  readonly endpoint?: string;
}

/** Where clients work. */
export interface ClientPlace {
  readonly accountId: string;
  readonly region: string;
}

/** Builds the clients of one account and region; no I/O. */
export function createClients(place: ClientPlace, credentials: Credentials | undefined, options: ClientOptions): AwsClients {
  const common = commonConfig(place, credentials, options);
  const clients: AwsClients = {
    s3: new S3Client({ ...common, ...(options.endpoint === undefined ? {} : { forcePathStyle: true }) }),
    s3control: new S3ControlClient({
      ...common,
      ...(options.endpoint === undefined ? {} : plainEndpoint(options.endpoint)),
    }),
    iam: new IAMClient(common),
    kms: new KMSClient(common),
    sts: createStsClient(place, credentials, options),
  };
  watchCalls(clients.s3, 'S3', place.accountId, options);
  watchCalls(clients.s3control, 'S3 Control', place.accountId, options);
  watchCalls(clients.iam, 'IAM', place.accountId, options);
  watchCalls(clients.kms, 'KMS', place.accountId, options);
  return clients;
}

/** Builds the client that asks who one is and assumes roles; no I/O. */
export function createStsClient(place: ClientPlace, credentials: Credentials | undefined, options: ClientOptions): STSClient {
  const client = new STSClient(commonConfig(place, credentials, options));
  watchCalls(client, 'STS', place.accountId, options);
  return client;
}

/** What every client is told. */
type CommonConfig = Pick<
  STSClientConfig,
  'region' | 'maxAttempts' | 'credentials' | 'requestHandler' | 'endpoint' | 'disableHostPrefix'
>;

function commonConfig(place: ClientPlace, credentials: Credentials | undefined, options: ClientOptions): CommonConfig {
  return {
    region: place.region,
    maxAttempts: 1,
    ...(credentials === undefined ? {} : { credentials }),
    ...(options.requestHandler === undefined ? {} : { requestHandler: options.requestHandler }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, disableHostPrefix: true }),
  };
}

/**
 * S3 Control puts the account's number before the host's name by its endpoint rules, which `disableHostPrefix` does not switch off. A custom
 * endpoint answers to no such names; the account is in a header too (S3 Control API Reference, x-amz-account-id).
 */
export function plainEndpoint(endpoint: string): Required<Pick<S3ControlClientConfig, 'endpointProvider'>> {
  return { endpointProvider: () => ({ url: new URL(endpoint) }) };
}

/** The part of a client's middleware stack that is used here; each client's own type is generic over its commands. */
interface WithMiddleware {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (args: { input: object }) => Promise<{ output: object; response: unknown }>,
        context: { commandName?: string },
      ) => (args: { input: object }) => Promise<{ output: object; response: unknown }>,
      options: { step: 'initialize'; name: string },
    ): void;
  };
}

function watchCalls(client: unknown, service: string, accountId: string, options: ClientOptions): void {
  (client as WithMiddleware).middlewareStack.add(
    (next, context) => async (args) => {
      const operation = (context.commandName ?? 'Unknown').replace(/Command$/, '');
      const call = { accountId, service, operation };
      const admittedAt = await options.limiter.take(call);
      try {
        const result = await next(args);
        options.onCall?.({ ...call, code: 'OK', requestId: requestIdOf(result.output) });
        return result;
      } catch (error) {
        noteActions(error, actionsOf(call));
        const failure = classifyAwsError(error);
        if (failure.kind === 'throttled') options.limiter.throttled(call, admittedAt);
        options.onCall?.({ ...call, code: failure.code, failure: failure.kind, requestId: failure.requestId });
        throw error;
      }
    },
    { step: 'initialize', name: 'sluiceCalls' },
  );
}

function requestIdOf(output: object): string | undefined {
  return (output as { $metadata?: { requestId?: string } }).$metadata?.requestId;
}
