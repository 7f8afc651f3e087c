/** HTTP bindings of the REST protocols: labels, query, headers, prefix headers, payload; the rest of a structure is the body. */
import { bytesOf, textOf, type WireReply, type WireRequest } from './http.ts';
import { jsonToValue, structToJson, valueToJson } from './json.ts';
import type { RouteMatch } from './route.ts';
import { scalarFromText, scalarToText } from './scalar.ts';
import type { Member, OperationShape, Shape, StructShape } from './shape.ts';
import { escapeXml, parseXml, structToXml, valueToXml, xmlToValue } from './xml.ts';

/** Format of bodies: the only difference between restXml and restJson1 here. */
export type BodyFormat = 'xml' | 'json';

/** Reads a request of a REST protocol. A streaming payload is handed over as bytes. */
export function decodeRest(format: BodyFormat, request: WireRequest, { operation, labels }: RouteMatch): Record<string, unknown> {
  const out = decodeBody(format, operation.input, request.body);
  for (const member of operation.input.members) {
    const value = fromBinding(member, request, labels);
    if (value !== undefined) out[member.name] = value;
  }
  return out;
}

function decodeBody(format: BodyFormat, input: StructShape, body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) return {};
  const payload = input.members.find((member) => member.traits.httpPayload);
  if (payload) return { [payload.name]: decodePayload(format, payload.shape, body) };
  if (!input.members.some(inBody)) return {};
  const value = format === 'xml' ? xmlToValue(input, parseXml(textOf(body))) : jsonToValue(input, JSON.parse(textOf(body)));
  return { ...(value as Record<string, unknown>) };
}

const inBody = ({ traits }: Member): boolean =>
  !traits.httpLabel && !traits.httpQuery && !traits.httpHeader && !traits.httpPrefixHeaders && !traits.httpQueryParams;

function decodePayload(format: BodyFormat, shape: Shape, body: Uint8Array): unknown {
  if (shape.kind === 'blob') return body;
  if (shape.kind === 'string') return textOf(body);
  return format === 'xml' ? xmlToValue(shape, parseXml(textOf(body))) : jsonToValue(shape, JSON.parse(textOf(body)));
}

function fromBinding(member: Member, request: WireRequest, labels: ReadonlyMap<string, string>): unknown {
  const { httpLabel, httpQuery, httpHeader, httpPrefixHeaders } = member.traits;
  if (httpLabel) {
    const text = labels.get(member.name);
    return text === undefined ? undefined : scalarFromText(member.shape, text);
  }
  if (typeof httpQuery === 'string') return fromTexts(member.shape, request.query.get(httpQuery));
  if (typeof httpPrefixHeaders === 'string') return prefixed(request.headers, httpPrefixHeaders);
  if (typeof httpHeader !== 'string') return undefined;
  const text = request.headers[httpHeader.toLowerCase()];
  if (text === undefined) return undefined;
  return member.shape.kind === 'list' ? fromTexts(member.shape, text.split(/,\s*/)) : scalarFromText(member.shape, text);
}

function fromTexts(shape: Shape, texts: readonly string[] | undefined): unknown {
  if (texts === undefined) return undefined;
  if (shape.kind === 'list') return texts.map((text) => scalarFromText(shape.item, text));
  return scalarFromText(shape, texts[0] ?? '');
}

function prefixed(headers: Readonly<Record<string, string>>, prefix: string): Record<string, string> | undefined {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return found.length === 0 ? undefined : Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Writes a reply of a REST protocol. `namespace` is the xmlns of the root element. */
export function encodeRest(
  format: BodyFormat,
  operation: OperationShape,
  output: Record<string, unknown>,
  namespace?: string,
): WireReply {
  const headers: Record<string, string> = {};
  let status = operation.http?.status ?? 200;
  for (const member of operation.output.members) {
    const value = output[member.name];
    if (value === undefined || value === null) continue;
    if (member.traits.httpResponseCode) status = Number(value);
    else toHeaders(headers, member, value);
  }
  const { body, streaming, type } = encodeBody(format, operation.output, output, namespace);
  if (type && body.length > 0) headers['content-type'] ??= type;
  return { status, headers, body, streaming };
}

function toHeaders(headers: Record<string, string>, member: Member, value: unknown): void {
  const { httpHeader, httpPrefixHeaders } = member.traits;
  if (typeof httpHeader === 'string') {
    const shape = member.shape;
    headers[httpHeader.toLowerCase()] =
      shape.kind === 'list'
        ? (value as unknown[]).map((item) => scalarToText(shape.item, item, 'http-date')).join(',')
        : scalarToText(shape, value, 'http-date');
  } else if (typeof httpPrefixHeaders === 'string') {
    for (const [name, text] of Object.entries(value as Record<string, string>)) headers[httpPrefixHeaders + name] = text;
  }
}

interface EncodedBody {
  readonly body: Uint8Array;
  readonly streaming: boolean;
  readonly type?: string;
}

function encodeBody(format: BodyFormat, output: StructShape, value: Record<string, unknown>, namespace?: string): EncodedBody {
  const payload = output.members.find((member) => member.traits.httpPayload);
  if (payload) return encodePayload(format, payload, value[payload.name], namespace);
  if (!output.members.some(inBody)) return { body: new Uint8Array(), streaming: false };
  if (format === 'json')
    return { body: bytesOf(JSON.stringify(structToJson(output, value))), streaming: false, type: 'application/json' };
  const name = output.traits.xmlName ?? output.name;
  const only = output.members.length === 1 ? output.members[0] : undefined;
  // The model's s3UnwrappedXmlOutput (GetBucketLocation): the only member is the root element itself.
  if (only?.name === name) return xmlBody(`<${name}${xmlns(namespace)}>${escapeXml(textFrom(value[name]))}</${name}>`);
  return xmlBody(`<${name}${xmlns(namespace)}>${structToXml(output, value)}</${name}>`);
}

const textFrom = (value: unknown): string => (typeof value === 'string' ? value : '');

const xmlns = (namespace: string | undefined): string => (namespace ? ` xmlns="${namespace}"` : '');

const xmlBody = (xml: string): EncodedBody => ({
  body: bytesOf(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`),
  streaming: false,
  type: 'application/xml',
});

function encodePayload(format: BodyFormat, payload: Member, value: unknown, namespace?: string): EncodedBody {
  const { shape } = payload;
  if (shape.kind === 'blob') return { body: (value as Uint8Array | undefined) ?? new Uint8Array(), streaming: shape.streaming };
  if (value === undefined || value === null) return { body: new Uint8Array(), streaming: false };
  if (shape.kind === 'string') return { body: bytesOf(value as string), streaming: false };
  if (format === 'json')
    return { body: bytesOf(JSON.stringify(valueToJson(shape, value))), streaming: false, type: 'application/json' };
  const name = payload.traits.xmlName ?? (shape.kind === 'struct' ? shape.name : payload.name);
  return xmlBody(valueToXml(name, shape, value, xmlns(namespace)));
}
