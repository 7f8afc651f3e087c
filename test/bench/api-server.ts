/**
 * The API server of the worlds behind HTTP, for benchmarks that look at the operator's process alone: ten thousand objects without an etcd and a kube-apiserver that
 * share the two cores with it. Lists come in pages and watches in order, as from a real one; there is no TLS, no admission and no RBAC.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/clock.ts';
import { ApiError } from '../../src/kube/errors.ts';
import type { RequestOptions, Transport } from '../../src/kube/transport.ts';
import { createApiServer } from '../worlds/api-server.ts';
import { createLife } from '../worlds/life.ts';
import type { Objects } from '../worlds/objects.ts';

/** The server. */
export interface BenchApiServer {
  readonly url: string;
  /** What it stores. */
  readonly objects: Objects;
  /** Requests that changed something so far. */
  writes(): number;
  close(): Promise<void>;
}

/** Starts one on a free port of the loopback interface. */
export async function startApiServer(): Promise<BenchApiServer> {
  const api = createApiServer(systemClock);
  const transport = api.transport(createLife(systemClock));
  let writes = 0;
  const server = createServer((request, response) => {
    if (request.method !== 'GET') writes++;
    // Events are counted, and kept for nobody.
    if (request.url?.startsWith('/apis/events.k8s.io/') === true)
      return void request.resume().on('end', () => send(response, 201, {}));
    void serve(transport, request, response).catch((error: unknown) => refuse(response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    objects: api.objects,
    writes: () => writes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(transport: Transport, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const query = Object.fromEntries(url.searchParams);
  if (query['watch'] === 'true') return follow(transport, { path: url.pathname, query, response });
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const answer = await transport.request<Page | undefined>({
    method: (incoming.method ?? 'GET') as RequestOptions['method'],
    path: url.pathname,
    query,
    ...(text === '' ? {} : { body: JSON.parse(text) as object }),
    contentType: incoming.headers['content-type'] ?? '',
  });
  send(response, 200, Array.isArray(answer?.items) ? page(answer, query) : answer);
}

interface Page {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly unknown[];
}

function page(list: Page, query: Readonly<Record<string, string>>): Page {
  const [start, limit] = [Number(query['continue'] ?? 0), Number(query['limit'] ?? list.items.length)];
  const end = start + limit;
  const more = end < list.items.length ? { continue: String(end) } : {};
  return { ...list, metadata: { ...list.metadata, ...more }, items: list.items.slice(start, end) };
}

interface Following {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly response: ServerResponse;
}

async function follow(transport: Transport, { path, query, response }: Following): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  for await (const event of transport.watch({ path, query } as Parameters<Transport['watch']>[0])) {
    if (response.destroyed) return;
    response.write(`${JSON.stringify(event)}\n`);
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (!(error instanceof ApiError)) return void response.destroy(error instanceof Error ? error : undefined);
  const { status: code, reason, message } = error;
  send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
