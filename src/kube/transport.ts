/**
 * HTTP to the API server: pooled connections, credentials, time limits, retries, typed errors and request metrics. It knows URLs and
 * JSON, no kinds; client.ts and reflector.ts are built on it. (@kubernetes/client-node would open a TLS connection per request.)
 */
import { request as httpRequest } from 'undici';
import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { apiErrorFrom, isUnauthorized } from './errors.ts';
import type { Logger } from './logging.ts';
import { createPools } from './pools.ts';
import type { PoolName, Pools } from './pools.ts';
import { retryDelay } from './retry.ts';
import { createTimeLimit, toConnectionError } from './time-limit.ts';
import type { TimeLimit } from './time-limit.ts';
import { decodeWatch } from './watch-stream.ts';
import type { WatchEvent } from './watch-stream.ts';

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A request that gets one answer. */
export interface RequestOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** @default application/json */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Limit of one attempt, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
  /** Which connections to use. Requests of the lease pool are never repeated here: the elector decides. @default 'default' */
  readonly pool?: 'default' | 'lease';
}

/** A watch. */
export interface WatchOptions {
  readonly path: string;
  readonly query?: Query;
  readonly signal?: AbortSignal;
  /** The watch ends after this long at the latest. Give it more than the server's timeoutSeconds. */
  readonly timeoutMs: number;
  /** The watch ends if nothing came for this long (a half-open connection looks like that). */
  readonly idleTimeoutMs: number;
  /** Called when the server has accepted the watch; events may take long to come. */
  readonly onOpen?: () => void;
}

/** A way to the API server. */
export interface Transport {
  /**
   * One request, repeated where that is safe.
   * @throws ApiError for every answer that isn't 2xx; ConnectionError if none came; the signal's reason if it was aborted.
   */
  request<T>(options: RequestOptions): Promise<T>;
  /**
   * The events of one watch, until the server ends it in order. Never repeated. The connection is opened by the first step.
   * @throws like `request`, and ConnectionError for all ends that aren't in order.
   */
  watch<T>(options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

/** One attempt, as the metrics count it. `code` is the HTTP status, or "<error>" as in client-go if none came. */
export interface MeasuredRequest {
  readonly code: string;
  readonly method: string;
  readonly host: string;
}

/** What the transport tells of itself; metrics.ts turns it into the rest_client_* metrics. */
export interface TransportMetrics {
  /** `ms` until the headers of the answer. */
  requested(request: MeasuredRequest & { readonly ms: number }): void;
  retried(request: MeasuredRequest): void;
}

/** Options of {@link createTransport}. */
export interface TransportOptions {
  readonly config: ClusterConfig;
  readonly metrics?: TransportMetrics;
  readonly logger?: Logger;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
  /** @default "sluice" */
  readonly userAgent?: string;
}

interface State {
  readonly options: TransportOptions;
  readonly clock: Clock;
  readonly pools: Pools;
  readonly base: URL;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** A transport. Opens no connection before the first request. */
export function createTransport(options: TransportOptions): Transport {
  const clock = options.clock ?? systemClock;
  const state: State = { options, clock, pools: createPools(options.config, clock), base: new URL(options.config.server) };
  return {
    request: <T>(request: RequestOptions) => requestWithRetries(state, request) as Promise<T>,
    watch: <T>(watch: WatchOptions) => openWatch<T>(state, watch),
    close: () => state.pools.close(),
  };
}

async function requestWithRetries(state: State, request: RequestOptions): Promise<unknown> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(state, request);
    } catch (error) {
      request.signal?.throwIfAborted();
      const delayMs = delayBeforeRetry(state, request, { number, error });
      if (delayMs === undefined) throw error;
      state.options.logger?.debug({ error, path: request.path, retryInMs: delayMs }, 'request failed, trying again');
      await state.clock.sleep(delayMs, request.signal);
    }
  }
}

function delayBeforeRetry(
  state: State,
  request: RequestOptions,
  { number, error }: { number: number; error: unknown },
): number | undefined {
  if (isUnauthorized(error)) {
    // A token that was rotated a moment ago is worth one more try, with what the files say now.
    state.pools.invalidate();
    if (number === 1) return 0;
  }
  if (request.pool === 'lease') return undefined;
  const random = (state.options.random ?? Math.random)();
  const delayMs = retryDelay({ method: request.method, contentType: request.contentType, number, error, random });
  const code = error instanceof Error && 'status' in error ? String(error.status) : '<error>';
  if (delayMs !== undefined) state.options.metrics?.retried({ code, method: request.method, host: state.base.host });
  return delayMs;
}

async function attempt(state: State, request: RequestOptions): Promise<unknown> {
  const limit = createTimeLimit(state.clock, { signal: request.signal, totalMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS });
  try {
    const answer = await send(state, request, { pool: request.pool ?? 'default', limit });
    const text = await answer.body.text();
    if (answer.statusCode >= 200 && answer.statusCode < 300) return text === '' ? undefined : parseBody(text);
    throw answerError(answer, text);
  } catch (error) {
    throw toConnectionError(error, limit);
  } finally {
    limit.release();
  }
}

async function* openWatch<T>(state: State, watch: WatchOptions): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const limit = createTimeLimit(state.clock, { signal: watch.signal, totalMs: watch.timeoutMs, idleMs: watch.idleTimeoutMs });
  try {
    const answer = await send(
      state,
      { method: 'GET', path: watch.path, query: { ...watch.query, watch: true } },
      { pool: 'watch', limit },
    );
    if (answer.statusCode !== 200) {
      const error = answerError(answer, await answer.body.text());
      if (isUnauthorized(error)) state.pools.invalidate();
      throw error;
    }
    watch.onOpen?.();
    yield* decodeWatch<T>(touching(answer.body, limit));
  } catch (error) {
    throw toConnectionError(error, limit);
  } finally {
    // Ends the connection too when the reader stopped early: an abandoned body would hold it.
    limit.cancel();
  }
}

async function* touching(chunks: AsyncIterable<Uint8Array>, limit: TimeLimit): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    limit.touch();
    yield chunk;
  }
}

interface Route {
  readonly pool: PoolName;
  readonly limit: TimeLimit;
}

async function send(state: State, request: RequestOptions, { pool, limit }: Route): Promise<Dispatcher.ResponseData> {
  const { method } = request;
  const started = state.clock.now();
  const measure = (code: string): void =>
    state.options.metrics?.requested({ code, method, host: state.base.host, ms: state.clock.now() - started });
  try {
    const { dispatcher, headers } = await limit.wait(state.pools.access(pool));
    const answer = await httpRequest(urlOf(state.base, request), {
      dispatcher,
      method,
      signal: limit.signal,
      headers: {
        ...headers,
        ...bodyHeaders(request),
        accept: 'application/json',
        'user-agent': state.options.userAgent ?? 'sluice',
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
    });
    measure(String(answer.statusCode));
    return answer;
  } catch (error) {
    measure('<error>');
    throw error;
  }
}

function bodyHeaders(request: RequestOptions): Record<string, string> {
  return request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' };
}

function urlOf(base: URL, { path, query }: RequestOptions): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, '')}${path}`;
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

function answerError(answer: Dispatcher.ResponseData, text: string): Error {
  const retryAfter = answer.headers['retry-after'];
  return apiErrorFrom(answer.statusCode, tryParse(text), typeof retryAfter === 'string' ? retryAfter : undefined);
}

/** Not JSON: /version and the like answer text. A body that was cut off breaks the connection's framing and never gets here. */
function parseBody(text: string): unknown {
  return tryParse(text) ?? text;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
