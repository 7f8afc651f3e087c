/**
 * Decodes the body of a watch: one JSON object per line. It knows the protocol, not the connection: where chunks come from, and what to
 * do about errors, is decided elsewhere.
 */
import { ConnectionError, apiErrorFrom } from './errors.ts';

/** One event of a watch. A bookmark's object carries a resourceVersion and nothing else. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** Far above etcd's limit for an object (1.5 MB): a line this long isn't an event. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;
const NEWLINE = 10;

/**
 * The events of a watch's body, as they come.
 * @throws ApiError for an ERROR event (410 when the resourceVersion has expired).
 * @throws ConnectionError 'garbled' for a line that is no event, 'closed' if the body ends within a line.
 */
export async function* decodeWatch<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of splitLines(chunks)) {
    if (line.length > 0) yield decodeEvent<T>(line);
  }
}

async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  // Bytes, not text: a chunk may end within a character.
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)])
        .toString('utf8')
        .trim();
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > MAX_LINE_BYTES)
      throw new ConnectionError('garbled', `a watch sent a line of more than ${MAX_LINE_BYTES} bytes`);
  }
  if (restBytes > 0) throw new ConnectionError('closed', 'a watch ended in the middle of an event');
}

function decodeEvent<T>(line: string): WatchEvent<T> {
  const event = parseLine(line);
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      // The API server is trusted to send objects of the kind that was asked for; their schema is enforced there.
      return { type: event.type, object: event.object as T };
    case 'ERROR':
      throw apiErrorFrom(statusOf(event.object), event.object);
    default:
      throw new ConnectionError('garbled', `a watch sent an event of unknown type "${String(event.type).slice(0, 40)}"`);
  }
}

function parseLine(line: string): { readonly type: unknown; readonly object: unknown } {
  const parsed = tryParse(line);
  if (typeof parsed !== 'object' || parsed === null || !('type' in parsed) || !('object' in parsed)) {
    throw new ConnectionError('garbled', `a watch sent a line of ${line.length} characters that is no event`);
  }
  return parsed;
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function statusOf(object: unknown): number {
  const code = typeof object === 'object' && object !== null && 'code' in object ? object.code : undefined;
  return typeof code === 'number' ? code : 500;
}
