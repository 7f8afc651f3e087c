/** Bodies in AWS's own chunked encoding, signed or not, with or without trailing checksums (S3 API, sigv4-streaming, sigv4-streaming-trailers). */
import { textOf, type WireRequest } from '../wire/http.ts';
import { s3Error } from './shared.ts';

/** Takes the encoding off a request's body and puts trailing headers with the others; other requests are returned as they are. */
export function unchunk(request: WireRequest): WireRequest {
  const encoding = request.headers['content-encoding'] ?? '';
  const streaming = (request.headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  if (!streaming && !encoding.split(/,\s*/).includes('aws-chunked')) return request;
  const { body, trailers } = decodeChunks(request.body);
  const left = encoding.split(/,\s*/).filter((one) => one !== 'aws-chunked' && one !== '');
  const { 'content-encoding': _encoding, ...headers } = request.headers;
  return {
    ...request,
    headers: {
      ...headers,
      ...trailers,
      ...(left.length ? { 'content-encoding': left.join(',') } : {}),
      'content-length': String(body.length),
    },
    body,
  };
}

function decodeChunks(bytes: Uint8Array): { body: Uint8Array; trailers: Record<string, string> } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = buffer.indexOf('\r\n', at);
    const size = end < 0 ? Number.NaN : Number.parseInt(buffer.toString('latin1', at, end), 16);
    if (Number.isNaN(size)) throw s3Error('IncompleteBody', 'The request body terminated unexpectedly', 400);
    at = end + 2;
    if (size === 0) return { body: Buffer.concat(parts), trailers: trailersOf(buffer.subarray(at)) };
    parts.push(buffer.subarray(at, at + size));
    at += size + 2;
  }
}

function trailersOf(bytes: Uint8Array): Record<string, string> {
  const out: Record<string, string> = {};
  for (const line of textOf(bytes).split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0) out[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
  }
  return out;
}
