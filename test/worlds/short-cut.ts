/**
 * A short cut for AWS clients in this process: an operation's input goes to the stand-in, and its output comes back, without being written as HTTP, signed and parsed.
 * Sessions, credentials, rate limits and error handling stay the product's own; only the SDK's lower half is left out, which is most of the time of a small world.
 */
import type { Aws } from '../../sandbox/aws/index.ts';
import { AwsError } from '../../sandbox/aws/wire/error.ts';
import type { AwsClients } from '../../src/aws/clients.ts';
import type { Sessions } from '../../src/aws/sessions.ts';
import type { Life } from './life.ts';

const serviceNames = { s3: 's3', s3control: 's3control', iam: 'iam', kms: 'kms', sts: 'sts' } as const;

interface Call {
  readonly input: object;
}

/** The part of a client that is used here; each client's own type is generic over its commands. */
interface Client {
  readonly config: { credentials(): Promise<{ readonly accessKeyId: string }>; region(): Promise<string> };
  readonly middlewareStack: {
    add(
      middleware: (next: unknown, context: { commandName?: string }) => (args: Call) => Promise<object>,
      options: { readonly step: 'initialize'; readonly priority: 'low'; readonly name: string },
    ): void;
  };
}

/** The sessions with clients that take the short cut. */
export function withShortCut(sessions: Sessions, aws: Aws, life: Life): Sessions {
  const known = new WeakSet<AwsClients>();
  return {
    ...sessions,
    clients: (ref) => {
      const clients = sessions.clients(ref);
      if (known.has(clients)) return clients;
      known.add(clients);
      for (const [member, service] of Object.entries(serviceNames))
        cut(clients[member as keyof typeof serviceNames], (asked) => life.gate(aws.call({ service, ...asked })));
      return clients;
    },
  };
}

type Answer = (asked: {
  readonly operation: string;
  readonly input: object;
  readonly accessKeyId: string;
  readonly region: string;
}) => Promise<object>;

function cut(client: Client, answer: Answer): void {
  client.middlewareStack.add(
    (_next, { commandName = '' }) =>
      async ({ input }) => {
        const { accessKeyId } = await client.config.credentials();
        const region = await client.config.region();
        try {
          const output = await answer({ operation: commandName.replace(/Command$/, ''), input, accessKeyId, region });
          return { output: { ...structuredClone(output), $metadata: {} }, response: {} };
        } catch (error) {
          throw asSdkError(error);
        }
      },
    { step: 'initialize', priority: 'low', name: 'shortCut' },
  );
}

/** As the SDK throws it. */
function asSdkError(error: unknown): unknown {
  return error instanceof AwsError ? Object.assign(error, { $metadata: { httpStatusCode: error.status ?? 400 } }) : error;
}
