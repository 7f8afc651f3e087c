/** JSON by shape, both ways, for awsJson1.1 and restJson1. */
import type { Shape, StructShape } from './shape.ts';
import { timestampToText } from './scalar.ts';

/** Reads a value of `shape` from parsed JSON. `jsonName` is honoured (restJson1). */
export function jsonToValue(shape: Shape, json: unknown): unknown {
  if (json === null || json === undefined) return undefined;
  switch (shape.kind) {
    case 'struct':
      return jsonToStruct(shape, json as Record<string, unknown>);
    case 'list':
      return (json as unknown[]).map((item) => jsonToValue(shape.item, item));
    case 'map':
      return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, jsonToValue(shape.value, item)]));
    case 'timestamp':
      return typeof json === 'number' ? new Date(Math.round(json * 1000)) : new Date(json as string);
    case 'blob':
      return new Uint8Array(Buffer.from(json as string, 'base64'));
    default:
      return json;
  }
}

function jsonToStruct(shape: StructShape, json: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const member of shape.members) {
    const value = jsonToValue(member.shape, json[member.traits.jsonName ?? member.name]);
    if (value !== undefined) out[member.name] = value;
  }
  return out;
}

/** Turns a value of `shape` into what JSON.stringify writes. Timestamps are epoch seconds unless the model says otherwise. */
export function valueToJson(shape: Shape, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.kind) {
    case 'struct':
      return structToJson(shape, value as Record<string, unknown>);
    case 'list':
      return (value as unknown[]).map((item) => valueToJson(shape.item, item));
    case 'map':
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, valueToJson(shape.value, item)]));
    case 'timestamp':
      return shape.format === 'default' || shape.format === 'epoch-seconds'
        ? (value as Date).getTime() / 1000
        : timestampToText(value, shape.format);
    case 'blob':
      return Buffer.from(value as Uint8Array).toString('base64');
    default:
      return value;
  }
}

/** JSON object of a structure's members, without those that travel in headers. */
export function structToJson(shape: StructShape, value: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const member of shape.members) {
    if (member.traits.httpHeader !== undefined || member.traits.httpResponseCode !== undefined) continue;
    const found = valueToJson(member.shape, value[member.name]);
    if (found !== undefined) out[member.traits.jsonName ?? member.name] = found;
  }
  return out;
}
