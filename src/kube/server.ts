/**
 * The operator's own HTTP endpoints: /metrics for Prometheus, /healthz and /readyz for the kubelet. Plain HTTP without authentication:
 * nothing secret is served, and nothing can be changed.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Undefined: well. Otherwise why not, in people's words. May throw, which counts as not well. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** Checks by name. */
export type Checks = Readonly<Record<string, Check>>;

/** The part of a prom-client Registry that is served. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** Options of {@link createStatusServer}. */
export interface StatusServerOptions {
  /** 0: any free port. */
  readonly port: number;
  /** @default all interfaces */
  readonly host?: string;
  readonly metrics: MetricsSource;
  /** /healthz: a failure restarts the pod. Only for what a restart can cure. */
  readonly health: Checks;
  /** /readyz. */
  readonly ready: Checks;
}

/** A server that isn't listening yet. */
export interface StatusServer {
  /** Resolves to the port once it listens; rejects if it can't. */
  listen(): Promise<number>;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

/** Makes the server. Single checks are served too, as by the API server: /readyz/name. */
export function createStatusServer(options: StatusServerOptions): StatusServer {
  const server = createServer((request, response) => void respond(options, request, response));
  return {
    listen: () => listen(server, options),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { port, host }: StatusServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function respond(options: StatusServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const [, endpoint = '', only] = pathname.split('/');
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') send(response, { status: 405, body: 'only GET is served\n' });
    else if (endpoint === 'metrics')
      send(response, { status: 200, body: await options.metrics.metrics(), type: options.metrics.contentType });
    else if (endpoint === 'healthz') send(response, await runChecks('healthz', options.health, only));
    else if (endpoint === 'readyz') send(response, await runChecks('readyz', options.ready, only));
    else send(response, { status: 404, body: 'known paths: /metrics, /healthz, /readyz\n' });
  } catch {
    // What failed is not for strangers to read.
    send(response, { status: 500, body: 'internal error\n' });
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

async function runChecks(endpoint: string, checks: Checks, only: string | undefined): Promise<Answer> {
  const chosen = Object.entries(checks).filter(([name]) => !only || name === only);
  if (only && chosen.length === 0) return { status: 404, body: `there is no check "${only}"\n` };
  const results = await Promise.all(chosen.map(async ([name, check]) => ({ name, failure: await runCheck(check) })));
  const lines = results.map(({ name, failure }) => (failure === undefined ? `[+]${name} ok` : `[-]${name} failed: ${failure}`));
  const well = results.every(({ failure }) => failure === undefined);
  return { status: well ? 200 : 503, body: `${[...lines, `${endpoint} check ${well ? 'passed' : 'failed'}`].join('\n')}\n` };
}

async function runCheck(check: Check): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : 'the check threw';
  }
}

function send(response: ServerResponse, { status, body, type = 'text/plain; charset=utf-8' }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(body);
}
