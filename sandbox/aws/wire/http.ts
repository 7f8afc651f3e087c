/**
 * The neutral shape of a request and a reply, between the transport (SDK handler in process, HTTP server) and the protocols.
 * It is not a transport and knows no AWS service.
 */

/** A request as it came over the wire, with the body read whole. */
export interface WireRequest {
  readonly method: string;
  /** Host name without port, lower case. */
  readonly host: string;
  /** Path still percent-encoded, beginning with "/". */
  readonly path: string;
  /** Decoded query parameters; a parameter without a value is the empty string. */
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A reply, ready to be sent. */
export interface WireReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  /** The operation's output is a stream: SDK clients in process expect a Readable instead of bytes. */
  readonly streaming: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** UTF-8 bytes of a text. */
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

/** Text of UTF-8 bytes. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Parses a query string or a form body; "+" is a blank only in forms, as AWS's clients write blanks in queries as %20. */
export function parseQuery(text: string, form = false): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at), form);
    const value = at < 0 ? '' : decode(pair.slice(at + 1), form);
    const known = out.get(name);
    if (known) known.push(value);
    else out.set(name, [value]);
  }
  return out;
}

/** First value of a query parameter. */
export const queryValue = (request: WireRequest, name: string): string | undefined => request.query.get(name)?.[0];

function decode(text: string, form: boolean): string {
  const blanks = form ? text.replaceAll('+', ' ') : text;
  try {
    return decodeURIComponent(blanks);
  } catch {
    // Malformed escapes are the sender's text, not a crash of the server.
    return blanks;
  }
}
