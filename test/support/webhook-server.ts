/** A receiver of webhooks in this process that checks signatures as receivers do, for tests of what leaves the operator. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudEvent } from '../../src/notify/cloud-event.ts';

/** A request as it came. */
export interface ReceivedHook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly event: CloudEvent;
  /** The signature is that of exactly these bytes. */
  readonly signed: boolean;
}

/** The receiver. */
export interface WebhookServer {
  readonly url: string;
  /** `whsec_…` */
  readonly secret: string;
  readonly hooks: readonly ReceivedHook[];
  /** Status codes of the next answers, with a Location where one redirects; then 204. */
  answer(...codes: number[]): void;
  stop(): Promise<void>;
}

/** Starts it on a free port. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const key = Buffer.alloc(32, 9);
  const [hooks, codes]: [ReceivedHook[], number[]] = [[], []];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const { headers, url: path = '' } = request;
      hooks.push({ path, headers, event: JSON.parse(body) as CloudEvent, signed: isSigned(key, headers, body) });
      response.writeHead(codes.shift() ?? 204, { location: '/elsewhere' });
      response.end('thank you');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/sluice`,
    secret: `whsec_${key.toString('base64')}`,
    hooks,
    answer: (...next) => void codes.push(...next),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isSigned(key: Buffer, headers: IncomingHttpHeaders, body: string): boolean {
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
