/** SDK clients of the contract suite, for any implementation: the stand-in, moto, AWS itself. Every call passes an observer. */
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { STSClient } from '@aws-sdk/client-sts';

/** One client for each service, all of one identity in one Region. */
export interface Clients {
  readonly s3: S3Client;
  readonly s3control: S3ControlClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly sts: STSClient;
}

/** Credentials, or what provides them. */
export type Credentials = NonNullable<S3ClientConfig['credentials']>;

/** One call that is about to be made. */
export interface OutgoingCall {
  /** Account whose identity calls. */
  readonly accountId: string;
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Where calls go, and who is told of them. */
export interface ClientPlace {
  readonly region: string;
  /** Where requests are sent that were made for AWS. Absent: to AWS. */
  readonly sendTo?: { readonly hostname: string; readonly port: number };
  readonly onCall?: (call: OutgoingCall) => void;
}

/**
 * Makes clients that call as `credentials` say; no I/O. Requests are the same everywhere, with AWS's own host names; only the socket's other end
 * differs. (The SDK's own setting for other endpoints changes host names, and S3 Control refuses addresses that are numbers.)
 */
export function createClients(place: ClientPlace, accountId: string, credentials: Credentials): Clients {
  // AWS gets the SDK's own retries. A local implementation gets none: what it says first is what counts.
  const common = { region: place.region, credentials, ...(place.sendTo === undefined ? {} : { maxAttempts: 1 }) };
  const clients: Clients = {
    s3: new S3Client(common),
    s3control: new S3ControlClient(common),
    iam: new IAMClient(common),
    kms: new KMSClient(common),
    sts: new STSClient(common),
  };
  for (const [service, client] of Object.entries(clients) as [string, WithMiddleware][]) {
    observe(client, { accountId, service, onCall: place.onCall });
    if (place.sendTo !== undefined) redirect(client, place.sendTo);
  }
  return clients;
}

/** Closes the clients' connections. */
export function closeClients(clients: Clients): void {
  for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
}

/** The part of a client's middleware stack that is used here; each client's own type is generic over its commands. */
interface WithMiddleware {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (args: Request) => Promise<object>,
        context: { commandName?: string },
      ) => (args: Request) => Promise<object>,
      options: { step: 'initialize' | 'finalizeRequest'; name: string; priority?: 'low' },
    ): void;
  };
}

interface Request {
  readonly input: object;
  readonly request?: { protocol: string; hostname: string; port?: number };
}

function observe(
  client: WithMiddleware,
  { accountId, service, onCall }: { accountId: string; service: string; onCall: ClientPlace['onCall'] },
): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const operation = (context.commandName ?? 'Unknown').replace(/Command$/, '');
      onCall?.({ accountId, service, operation, input: args.input as Readonly<Record<string, unknown>> });
      return next(args);
    },
    { step: 'initialize', name: 'contractCalls' },
  );
}

// After signing: the header "host" stays what it was.
function redirect(client: WithMiddleware, { hostname, port }: NonNullable<ClientPlace['sendTo']>): void {
  client.middlewareStack.add(
    (next) => (args) => {
      if (args.request) Object.assign(args.request, { protocol: 'http:', hostname, port });
      return next(args);
    },
    { step: 'finalizeRequest', name: 'contractRedirect', priority: 'low' },
  );
}
