/**
 * Keeps a sink up to date with one kind: lists, watches, and starts again where it was after every kind of failure, for ever. The rules
 * are in reflector-state.ts; here they are carried out. It holds no objects itself: that is the store's business (informer.ts).
 *
 * Lists ask for no resourceVersion, that is for the newest state: "0" may go back in time after a restart of an API server, and what is
 * decided on old specs is written to AWS.
 */
import type { Clock } from '../clock.ts';
import type { Backoff } from './backoff.ts';
import { createBackoff } from './backoff.ts';
import { createDecoder, type Decoder } from './decode.ts';
import { ConnectionError, isForbidden, isGone, isNotFound } from './errors.ts';
import type { DeepReadonly, KubeObject } from './object.ts';
import { apiPath } from './resource.ts';
import type { ResourceType } from './resource.ts';
import { fromTheStart, transition } from './reflector-state.ts';
import type { Happening, Listing, ReflectorState, Watching } from './reflector-state.ts';
import type { Transport } from './transport.ts';

/** Who is told. Calls are synchronous and must not throw. */
export interface ReflectorSink<T extends KubeObject> {
  /** The whole contents, after each complete list. */
  replaced(objects: readonly DeepReadonly<T>[]): void;
  changed(object: DeepReadonly<T>): void;
  deleted(object: DeepReadonly<T>): void;
  /** A list or watch failed. `refused`: the kind is missing or forbidden; what is cached may be out of date without our noticing. */
  failed(error: unknown, refused: boolean): void;
  /** The server has accepted a watch from where the list ended, or from later: contact is good. */
  following(): void;
}

/** Options of {@link runReflector}. */
export interface ReflectorOptions<T extends KubeObject> {
  readonly transport: Transport;
  readonly type: ResourceType<T>;
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly sink: ReflectorSink<T>;
  /** Called at the start of each watch. */
  readonly onWatch?: () => void;
  readonly limits?: Partial<ReflectorLimits>;
}

/** Sizes and times; tests make them smaller. */
export interface ReflectorLimits {
  /** Objects per page. @default 500 */
  readonly pageSize: number;
  /** The server ends a watch after a random time between this and twice this, so that watches don't return in step. @default 300000 */
  readonly watchMs: number;
  /** How much later than the server we end a watch ourselves. @default 5000 */
  readonly overtimeMs: number;
  /** A watch that is silent for this long is replaced. Bookmarks come about every minute. @default 180000 */
  readonly idleMs: number;
  readonly baseBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffResetMs: number;
}

const DEFAULT_LIMITS: ReflectorLimits = {
  pageSize: 500,
  watchMs: 300_000,
  overtimeMs: 5_000,
  idleMs: 180_000,
  baseBackoffMs: 800,
  maxBackoffMs: 30_000,
  backoffResetMs: 120_000,
};

/** A watch that ends this soon without any event is a failure: repeated at once it would be a storm. */
const SHORT_WATCH_MS = 1_000;

interface Context<T extends KubeObject> extends ReflectorOptions<T> {
  readonly signal: AbortSignal;
  readonly backoff: Backoff;
  readonly sizes: ReflectorLimits;
  readonly decode: Decoder<T>;
  /** What the list in progress has collected. */
  readonly pages: DeepReadonly<T>[];
}

/** Runs until the signal is aborted. Never rejects. */
export async function runReflector<T extends KubeObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  const sizes = { ...DEFAULT_LIMITS, ...options.limits };
  const { clock, random } = options;
  const backoff = createBackoff({
    baseMs: sizes.baseBackoffMs,
    maxMs: sizes.maxBackoffMs,
    resetAfterMs: sizes.backoffResetMs,
    clock,
    random,
  });
  const context: Context<T> = { ...options, signal, backoff, sizes, pages: [], decode: createDecoder(options.type) };
  let state: ReflectorState = fromTheStart;
  while (!signal.aborted) state = await step(context, state);
}

async function step<T extends KubeObject>(context: Context<T>, state: ReflectorState): Promise<ReflectorState> {
  switch (state.kind) {
    case 'listing':
      return transition(state, await listPage(context, state));
    case 'watching':
      return watch(context, state);
    case 'resting':
      return transition(state, await rest(context));
  }
}

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}

async function listPage<T extends KubeObject>(context: Context<T>, state: Listing): Promise<Happening> {
  const { transport, type, namespace, signal, pages, sizes } = context;
  if (state.continueToken === undefined) pages.length = 0;
  try {
    const query = { limit: state.paging === 'pages' ? sizes.pageSize : undefined, continue: state.continueToken };
    const body = await transport.request<ListBody<T>>({ method: 'GET', path: apiPath(type, { namespace }), query, signal });
    for (const item of readItems(body)) pages.push(context.decode(item));
    const { resourceVersion, continue: continueToken } = body.metadata;
    if (continueToken) return { kind: 'page', resourceVersion, continueToken };
    context.sink.replaced(pages.splice(0));
    return { kind: 'page', resourceVersion };
  } catch (error) {
    return report(context, error);
  }
}

/** A proxy or a broken server may answer 200 with something else; taken for an empty list it would look like deletions. */
function readItems<T>(body: ListBody<T> | string | undefined): readonly T[] {
  const isList = typeof body === 'object' && typeof body.metadata?.resourceVersion === 'string' && 'items' in body;
  if (!isList) throw new ConnectionError('garbled', 'the answer to a list is no list');
  return body.items ?? [];
}

async function watch<T extends KubeObject>(context: Context<T>, start: Watching): Promise<ReflectorState> {
  const started = context.clock.now();
  let state: ReflectorState = start;
  let events = 0;
  try {
    for await (const event of openWatch(context, start.resourceVersion)) {
      events++;
      applyEvent(context, event);
      const resourceVersion = event.object.metadata.resourceVersion;
      if (resourceVersion) state = transition(state, { kind: 'progress', resourceVersion });
    }
    if (events === 0 && context.clock.now() - started < SHORT_WATCH_MS) {
      throw new ConnectionError('closed', 'the API server ended a watch at once and without any event');
    }
    return transition(state, { kind: 'ended' });
  } catch (error) {
    return transition(state, report(context, error));
  }
}

function openWatch<T extends KubeObject>(
  context: Context<T>,
  resourceVersion: string,
): ReturnType<typeof context.transport.watch<T>> {
  const { transport, type, namespace, signal, sizes, random, sink } = context;
  const watchMs = sizes.watchMs * (1 + random());
  context.onWatch?.();
  return transport.watch<T>({
    path: apiPath(type, { namespace }),
    query: { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: Math.max(1, Math.round(watchMs / 1000)) },
    signal,
    timeoutMs: watchMs + sizes.overtimeMs,
    idleTimeoutMs: sizes.idleMs,
    onOpen: () => sink.following(),
  });
}

function applyEvent<T extends KubeObject>(
  { sink, decode }: Context<T>,
  event: { readonly type: string; readonly object: T },
): void {
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
      sink.changed(decode(event.object));
      return;
    case 'DELETED':
      sink.deleted(decode(event.object));
  }
}

function report<T extends KubeObject>(context: Context<T>, error: unknown): Happening {
  if (context.signal.aborted) return { kind: 'failed' };
  const refused = isForbidden(error) || isNotFound(error);
  context.sink.failed(error, refused);
  if (isGone(error)) return { kind: 'expired' };
  return { kind: refused ? 'refused' : 'failed' };
}

async function rest<T extends KubeObject>({ clock, backoff, signal }: Context<T>): Promise<Happening> {
  try {
    await clock.sleep(backoff.next(), signal);
  } catch (error) {
    // Only the signal ends a sleep early; the loop sees it next.
    if (!signal.aborted) throw error;
  }
  return { kind: 'rested' };
}
