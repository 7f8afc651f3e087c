/**
 * An API server in this process, behind the same Transport that the operator uses for a real one: thousands of worlds can be played in minutes. Watches deliver in
 * order and as late as a world wants; writes can fail, or succeed without an answer. What is stored how is in objects.ts.
 */
import type { Clock } from '../../src/clock.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { RequestOptions, Transport, WatchOptions } from '../../src/kube/transport.ts';
import type { WatchEvent } from '../../src/kube/watch-stream.ts';
import type { Life } from './life.ts';
import { createObjects, Refused, type Happened, type Objects } from './objects.ts';

/** A write of the operator's, before it is made or when it has been made. */
export interface ApiWrite {
  readonly phase: 'before' | 'after';
  readonly method: string;
  readonly path: string;
}

/** What a world does to a write: by throwing. */
export type ApiHook = (write: ApiWrite) => void;

/** The server. */
export interface ApiServer {
  readonly objects: Objects;
  /** Hears of every write of the operator's. */
  hook: ApiHook;
  /** How long events are on their way to the operator (ms). */
  watchLagMs: number;
  /** Of which kind's events; the others are there at once. */
  late: string;
  /** A connection that ends with a life. */
  transport(life: Life): Transport;
}

/** How long the garbage collector waits before it looks (ms). */
const collectAfterMs = 30;

interface Watcher {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly life: Life;
  readonly receive: (event: Happened) => void;
}

/** An API server without any object. */
export function createApiServer(clock: Clock): ApiServer {
  const watchers = new Set<Watcher>();
  let collecting = false;
  const collectLater = (): void => {
    if (collecting) return;
    collecting = true;
    clock.after(collectAfterMs, () => {
      collecting = false;
      if (objects.collect()) collectLater();
    });
  };
  const objects = createObjects(
    () => clock.now(),
    (event) => {
      for (const watcher of watchers) {
        if (!watcher.life.alive) watchers.delete(watcher);
        else if (concerns(watcher, event)) watcher.receive(event);
      }
      if (event.type === 'DELETED' || event.text.includes('"deletionTimestamp"')) collectLater();
    },
  );
  const server: ApiServer = {
    objects,
    hook: () => undefined,
    watchLagMs: 0,
    late: 'all',
    transport: (life) => ({
      request: <T>(request: RequestOptions) => life.gate(Promise.resolve().then(() => serve(server, request) as T)),
      watch: <T>(options: WatchOptions) => watch<T>(server, { watchers, life }, options),
      close: async () => undefined,
    }),
  };
  return server;
}

function concerns({ plural, namespace }: Pick<Watcher, 'plural' | 'namespace'>, event: Happened): boolean {
  return event.plural === plural && (namespace === undefined || event.namespace === namespace);
}

interface Route {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly status: boolean;
}

function routeOf(path: string): Route {
  const found = /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+?))?(\/status)?$/.exec(path);
  if (found?.[2] === undefined) throw new RangeError(`no such path: ${path}`);
  return { namespace: found[1], plural: found[2], name: found[3], status: found[4] !== undefined };
}

function serve(server: ApiServer, request: RequestOptions): unknown {
  const route = routeOf(request.path);
  if (request.method === 'GET') return read(server.objects, route);
  const { method, path } = request;
  server.hook({ phase: 'before', method, path });
  const answer = refusing(() => write(server.objects, route, request));
  server.hook({ phase: 'after', method, path });
  return answer;
}

function read(objects: Objects, { plural, namespace, name }: Route): unknown {
  if (name !== undefined) {
    const found = objects.get(plural, namespace === undefined ? name : `${namespace}/${name}`);
    if (found === undefined) throw new ApiError({ status: 404, reason: 'NotFound', message: 'not found' });
    return copyOf(found);
  }
  const items = objects.list(plural).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  return { kind: 'List', metadata: { resourceVersion: String(objects.version()) }, items: items.map(copyOf) };
}

interface Body extends KubeObject {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
}

function write(objects: Objects, { plural, namespace, name = '', status }: Route, request: RequestOptions): unknown {
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  const body = copyOf(request.body) as Body;
  switch (request.method) {
    case 'POST':
      return copyOf(objects.create(plural, body));
    case 'PUT':
      return copyOf(objects.replace(plural, key, body));
    case 'DELETE':
      objects.delete(plural, key, { ...body.preconditions, propagation: body.propagationPolicy });
      return {};
    case 'PATCH': {
      if (request.contentType !== 'application/apply-patch+yaml') throw new RangeError('only server-side apply is served here');
      const { uid } = body.metadata;
      if (status) return copyOf(objects.replaceStatus(plural, key, { uid, status: body.status }));
      const manager = String(request.query?.['fieldManager'] ?? '');
      return copyOf(objects.applyFinalizers(plural, key, { uid, manager, finalizers: body.metadata.finalizers ?? [] }));
    }
    case 'GET':
      throw new RangeError('a read is no write');
  }
}

/** As it would come over the wire: nobody shares an object with anybody. */
function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function refusing<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refused) throw new ApiError({ status: error.status, reason: error.reason, message: error.message });
    throw error;
  }
}

/** The write was lost on its way, or its answer was. */
export function connectionLost(): ConnectionError {
  return new ConnectionError('closed', 'the connection was closed');
}

interface Following {
  readonly watchers: Set<Watcher>;
  readonly life: Life;
}

/** Events since the version, then those that come, each as late as the lag of its moment says and never before an earlier one. */
async function* watch<T>(server: ApiServer, { watchers, life }: Following, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
  const { plural, namespace } = routeOf(options.path);
  const inbox: { readonly event: Happened; readonly due: number }[] = [];
  let wake = (): void => undefined;
  const receive = (event: Happened): void => {
    const last = inbox.at(-1)?.due ?? 0;
    const lagMs = server.late === 'all' || server.late === plural ? server.watchLagMs : 0;
    inbox.push({ event, due: Math.max(last, life.clock.now() + lagMs) });
    wake();
  };
  const watcher = { plural, namespace, life, receive };
  watchers.add(watcher);
  for (const event of server.objects.since(Number(options.query?.['resourceVersion'])))
    if (concerns(watcher, event)) receive(event);
  options.onOpen?.();
  try {
    for (;;) {
      const next = inbox[0];
      if (next === undefined) {
        await life.gate(new Promise<void>((resolve) => (wake = resolve)));
        continue;
      }
      const wait = next.due - life.clock.now();
      if (wait > 0) await life.clock.sleep(wait);
      inbox.shift();
      const { type, text } = next.event;
      yield { type, object: JSON.parse(text) as T };
    }
  } finally {
    watchers.delete(watcher);
  }
}
