/** The stand-in as an SDK client's requestHandler: no socket, the same code behind. */
import { Readable } from 'node:stream';
import { HttpResponse, type HttpHandler } from '@smithy/core/protocols';
import { bytesOf, type WireReply, type WireRequest } from './wire/http.ts';

/** A handler of the shape that every SDK client takes. */
export type InProcessHandler = HttpHandler;

type SdkRequest = Parameters<InProcessHandler['handle']>[0];

/** Makes a handler from a function that answers requests. */
export function createRequestHandler(
  answer: (request: WireRequest, signal?: AbortSignal) => Promise<WireReply>,
): InProcessHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request, options) => {
      const signal = options?.abortSignal instanceof AbortSignal ? options.abortSignal : undefined;
      if (signal?.aborted) throw aborted();
      const reply = await answer(await toWire(request), signal);
      const body = reply.streaming ? Readable.from([Buffer.from(reply.body)], { objectMode: false }) : reply.body;
      return { response: new HttpResponse({ statusCode: reply.status, headers: reply.headers, body }) };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  };
}

function aborted(): Error {
  const error = new Error('Request aborted');
  error.name = 'AbortError';
  return error;
}

async function toWire(request: SdkRequest): Promise<WireRequest> {
  const query = new Map<string, string[]>();
  for (const [name, value] of Object.entries(request.query)) {
    query.set(name, Array.isArray(value) ? value : [value ?? '']);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  return {
    method: request.method,
    host: request.hostname.toLowerCase(),
    path: request.path,
    query,
    headers,
    body: await collect(request.body),
  };
}

async function collect(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return bytesOf(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array | string>)
    chunks.push(typeof chunk === 'string' ? bytesOf(chunk) : chunk);
  return Buffer.concat(chunks);
}
