/**
 * Control routes beside the AWS ones, under /_sandbox/: call log, faults, clock, snapshots, reset. JSON in and out, except snapshots, which
 * are opaque bytes. Whoever reaches the port may use them: the stand-in listens on the loopback address.
 */
import { deserialize, serialize } from 'node:v8';
import type { Aws } from './aws.ts';
import type { Fault, FaultKind } from './faults.ts';
import type { AwsState } from './state.ts';
import { bytesOf, queryValue, textOf, type WireReply, type WireRequest } from './wire/http.ts';

const PREFIX = '/_sandbox/';

/** Whether a request is for the control routes. */
export const isControl = (request: WireRequest): boolean => request.path.startsWith(PREFIX);

/** Answers a control request; wrong ones are answered with 400 or 404 and a text that says what is expected. */
export function control(aws: Aws, request: WireRequest): WireReply {
  const route = ROUTES[`${request.method} ${request.path.slice(PREFIX.length)}`];
  if (!route) return text(404, `There is no such control route. Known: ${Object.keys(ROUTES).join(', ')}.\n`);
  try {
    return route(aws, request);
  } catch (error) {
    return text(400, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

type Route = (aws: Aws, request: WireRequest) => WireReply;

const text = (status: number, body: string): WireReply => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: bytesOf(body),
  streaming: false,
});
const json = (value: unknown): WireReply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: bytesOf(`${JSON.stringify(value)}\n`),
  streaming: false,
});

const ROUTES: Readonly<Record<string, Route>> = {
  // ?writes=true leaves out reads and refusals; ?counts=true gives the counts alone.
  'GET calls': (aws, request) => {
    if (queryValue(request, 'counts') === 'true') return json({ counts: aws.calls.counts() });
    const calls = queryValue(request, 'writes') === 'true' ? aws.calls.writes() : aws.calls.list();
    return json({ counts: aws.calls.counts(), calls });
  },
  'DELETE calls': (aws) => {
    aws.calls.reset();
    return json({});
  },
  'POST faults': (aws, request) => {
    aws.faults.add(faultFrom(bodyOf(request)));
    return json({ faults: aws.faults.list() });
  },
  'GET faults': (aws) => json({ faults: aws.faults.list() }),
  'DELETE faults': (aws) => {
    aws.faults.clear();
    return json({ faults: [] });
  },
  'POST clock': (aws, request) => {
    const { advanceMs } = bodyOf(request);
    if (typeof advanceMs !== 'number') throw new TypeError('The body must be {"advanceMs": <milliseconds>}.');
    aws.clock.advance(advanceMs);
    return json({ now: new Date(aws.clock.now()).toISOString() });
  },
  'GET snapshot': (aws) => ({
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: serialize(aws.snapshot()),
    streaming: false,
  }),
  'POST snapshot': (aws, request) => {
    aws.restore(deserialize(request.body) as AwsState);
    return json({});
  },
  'POST reset': (aws) => {
    aws.reset();
    return json({});
  },
};

function bodyOf(request: WireRequest): Record<string, unknown> {
  const value: unknown = request.body.length === 0 ? {} : JSON.parse(textOf(request.body));
  if (typeof value !== 'object' || value === null) throw new TypeError('The body must be a JSON object.');
  return value as Record<string, unknown>;
}

const KINDS: readonly FaultKind[] = ['throttle', 'error', 'latency', 'lose-reply', 'refuse-connection', 'expired-token'];

function faultFrom(body: Record<string, unknown>): Fault {
  if (!KINDS.includes(body['kind'] as FaultKind)) throw new TypeError(`"kind" must be one of ${KINDS.join(', ')}.`);
  return body as unknown as Fault;
}
