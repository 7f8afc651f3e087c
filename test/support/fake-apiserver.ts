/**
 * A small Kubernetes API server in this process: lists with pages, watches with history and bookmarks, writes with resourceVersions; and
 * above all faults on demand. It stores whatever it is given: no schemas, no admission, no field ownership (apply merges like a merge
 * patch). For anything that depends on those, use a real API server.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeCollections } from './fake-collections.ts';
import type { FakeObject } from './fake-collections.ts';

/** A request as it came. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: unknown;
  readonly headers: IncomingMessage['headers'];
  readonly isWatch: boolean;
}

/** Something that goes wrong. Applies to matching requests until it was used up. */
export interface Fault {
  readonly match: (request: FakeRequest) => boolean;
  /** @default 1 */
  readonly times?: number;
  readonly act: (response: ServerResponse, request: FakeRequest) => void;
}

/** The server, and a hand inside it. */
export interface FakeApiServer {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** Creates or updates, as another client would. `collection` is such as "/apis/example.com/v1/widgets". */
  put(collection: string, object: FakeObject): FakeObject;
  remove(collection: string, key: string): void;
  /** All objects of a collection, whatever faults are set. */
  contents(collection: string): readonly FakeObject[];
  /** Sends a bookmark to all open watches. */
  bookmark(): void;
  /** Forgets history: older resourceVersions and continue tokens are answered by 410. */
  compact(): void;
  fail(fault: Fault): void;
  openWatches(): number;
  /** Ends all watches: in order, or by a reset. */
  endWatches(how: 'end' | 'reset'): void;
  close(): Promise<void>;
}

interface Watcher {
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
}

interface State {
  readonly data: FakeCollections;
  readonly watchers: Set<Watcher>;
  readonly faults: { readonly fault: Fault; left: number }[];
  readonly requests: FakeRequest[];
}

/** Starts a server on a free port of the loopback interface. */
export async function startFakeApiServer(): Promise<FakeApiServer> {
  const state: State = { data: new FakeCollections(), watchers: new Set(), faults: [], requests: [] };
  state.data.onEvent = (collection, event) => {
    for (const watcher of state.watchers)
      if (watches(watcher, collection, event.object)) watcher.response.write(`${JSON.stringify(event)}\n`);
  };
  const server = createServer((request, response) => void serve(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: state.requests,
    put: (collection, object) => state.data.put(collection, object),
    remove: (collection, key) => void state.data.remove(collection, key),
    contents: (collection) => state.data.all(collection),
    bookmark: () => {
      const object = { kind: 'Bookmark', metadata: { name: '', resourceVersion: state.data.version() } };
      for (const { response } of state.watchers) response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    },
    compact: () => state.data.compact(),
    fail: (fault) => void state.faults.push({ fault, left: fault.times ?? 1 }),
    openWatches: () => state.watchers.size,
    endWatches: (how) => {
      for (const { response } of state.watchers)
        if (how === 'end') response.end();
        else response.socket?.resetAndDestroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with a metav1.Status. */
export function statusFault(code: number, reason: string, headers: Record<string, string> = {}): Fault['act'] {
  return (response) => sendStatus(response, { code, reason, headers });
}

/** Accepts a watch, writes `text` and then does nothing, ends or breaks. */
export function watchFault(text: string, then: 'hang' | 'end' | 'reset'): Fault['act'] {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    response.write(text, () => {
      if (then === 'end') response.end();
      if (then === 'reset') response.socket?.resetAndDestroy();
    });
  };
}

async function serve(state: State, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = await readRequest(incoming);
  state.requests.push(request);
  const entry = state.faults.find(({ fault, left }) => left > 0 && fault.match(request));
  if (entry !== undefined) {
    entry.left--;
    entry.fault.act(response, request);
    return;
  }
  const route = /^(\/(?:api|apis\/[^/]+)\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/status)?$/.exec(
    request.path,
  );
  if (route === null) {
    sendStatus(response, { code: 404, reason: 'NotFound' });
    return;
  }
  const [, root, namespace, plural, name] = route;
  const target: Target = { collection: `${root}/${plural}`, namespace, name };
  if (request.isWatch) openWatch(state, { request, response, target });
  else answer(state, { request, response, target });
}

interface Target {
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

interface Exchange {
  readonly request: FakeRequest;
  readonly response: ServerResponse;
  readonly target: Target;
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    contentType: incoming.headers['content-type'] ?? '',
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
    headers: incoming.headers,
    isWatch: url.searchParams.get('watch') === 'true',
  };
}

function openWatch(state: State, { request, response, target }: Exchange): void {
  const events = state.data.since(target.collection, request.query.get('resourceVersion') ?? '');
  if (events === undefined) {
    sendStatus(response, { code: 410, reason: 'Expired' });
    return;
  }
  const watcher = { collection: target.collection, namespace: target.namespace, response };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  for (const event of events) if (watches(watcher, target.collection, event.object)) response.write(`${JSON.stringify(event)}\n`);
  state.watchers.add(watcher);
  response.once('close', () => state.watchers.delete(watcher));
}

function watches(watcher: Watcher, collection: string, object: FakeObject): boolean {
  return (
    watcher.collection === collection && (watcher.namespace === undefined || watcher.namespace === object.metadata.namespace)
  );
}

function answer(state: State, exchange: Exchange): void {
  const { request, response, target } = exchange;
  const outcome = target.name === undefined ? answerCollection(state.data, exchange) : answerObject(state.data, exchange);
  if (typeof outcome === 'number') sendStatus(response, { code: outcome, reason: REASONS[outcome] ?? 'Unknown' });
  else sendJson(response, request.method === 'POST' ? 201 : 200, outcome);
}

function answerCollection(data: FakeCollections, { request, target }: Exchange): object | number {
  const { collection, namespace } = target;
  if (request.method === 'POST') return data.create(collection, request.body as FakeObject);
  return data.page(collection, {
    namespace,
    limit: Number(request.query.get('limit') ?? 0),
    token: request.query.get('continue'),
  });
}

function answerObject(data: FakeCollections, { request, target }: Exchange): object | number {
  const { collection, namespace, name = '' } = target;
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  const body = request.body as FakeObject;
  switch (request.method) {
    case 'PUT':
      return data.replace(collection, key, body);
    case 'PATCH':
      return data.patch(collection, key, {
        body,
        create: request.contentType.includes('apply') && !request.path.endsWith('/status'),
      });
    case 'DELETE':
      return data.removeIf(collection, key, request.body as { preconditions?: { uid?: string } } | undefined);
    default:
      return data.get(collection, key) ?? 404;
  }
}

/** 409 for a create is AlreadyExists; FakeCollections answers that as 499, a code of its own that never leaves this file. */
const REASONS: Readonly<Record<number, string>> = {
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  499: 'AlreadyExists',
};

function sendStatus(
  response: ServerResponse,
  { code, reason, headers = {} }: { code: number; reason: string; headers?: Record<string, string> },
): void {
  const status = code === 499 ? 409 : code;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, status, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: status,
    reason,
    message: `fake: ${reason}`,
  });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
