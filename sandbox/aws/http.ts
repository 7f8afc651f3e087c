/**
 * The stand-in behind HTTP: for whole-process tests, the AWS CLI and boto3. It listens on the loopback address only, without TLS; requests
 * count as made over TLS (aws:SecureTransport).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Aws } from './aws.ts';
import { control, isControl } from './control.ts';
import { ConnectionLost } from './faults.ts';
import { parseQuery, type WireReply, type WireRequest } from './wire/http.ts';

/** Options of {@link listenAws}. */
export interface ListenOptions {
  /** 0: any free port. */
  readonly port: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
}

/** A listening stand-in. */
export interface AwsServer {
  readonly port: number;
  /** What AWS_ENDPOINT_URL is set to. */
  readonly url: string;
  /** Stops listening and breaks open connections. */
  close(): Promise<void>;
}

/** Starts listening; resolves when requests are taken. @throws the socket's error, for example EADDRINUSE */
export async function listenAws(aws: Aws, options: ListenOptions): Promise<AwsServer> {
  const host = options.host ?? '127.0.0.1';
  const server = createServer((request, response) => void respond(aws, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://${host}:${port}`, close: () => closeServer(server) };
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

async function respond(aws: Aws, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const wire = await toWire(request);
    send(response, isControl(wire) ? control(aws, wire) : await aws.serve(wire, gone.signal));
  } catch (error) {
    if (error instanceof ConnectionLost || gone.signal.aborted) {
      request.socket.destroy();
      return;
    }
    // A defect of the stand-in: say so loudly instead of looking like AWS.
    response.writeHead(500, { 'content-type': 'text/plain' });
    response.end(`The stand-in failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}

function send(response: ServerResponse, reply: WireReply): void {
  const headers = { ...reply.headers };
  headers['content-length'] ??= String(reply.body.length);
  response.writeHead(reply.status, headers);
  response.end(reply.body);
}

async function toWire(request: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const target = request.url ?? '/';
  const at = target.indexOf('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(',') : (value ?? '');
  return {
    method: request.method ?? 'GET',
    host: (headers['host'] ?? '').replace(/:\d+$/, '').toLowerCase(),
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? new Map<string, string[]>() : parseQuery(target.slice(at + 1)),
    headers,
    body: Buffer.concat(chunks),
  };
}
