/**
 * Scalars as text: timestamps, numbers, booleans and blobs, as XML, headers and query parameters write them. JSON has its own file.
 */
import type { Shape, TimestampFormat } from './shape.ts';

/** Writes a scalar as text; `fallback` is the protocol's timestamp format where the model names none. */
export function scalarToText(shape: Shape, value: unknown, fallback: TimestampFormat): string {
  if (shape.kind === 'timestamp') return timestampToText(value, shape.format === 'default' ? fallback : shape.format);
  if (shape.kind === 'blob') return Buffer.from(value as Uint8Array).toString('base64');
  return String(value);
}

/** Reads a scalar from text. Unreadable numbers and times become undefined: the operation's own validation says so. */
export function scalarFromText(shape: Shape, text: string): unknown {
  switch (shape.kind) {
    case 'number': {
      const number = Number(text);
      return Number.isNaN(number) ? undefined : number;
    }
    case 'boolean':
      return text === 'true';
    case 'blob':
      return new Uint8Array(Buffer.from(text, 'base64'));
    case 'timestamp':
      return timestampFromText(text);
    default:
      return text;
  }
}

/** Writes a Date in one of Smithy's formats; "default" is date-time. */
export function timestampToText(value: unknown, format: TimestampFormat): string {
  const date = value as Date;
  if (format === 'http-date') return date.toUTCString();
  if (format === 'epoch-seconds') return String(date.getTime() / 1000);
  return date.toISOString().replace('.000Z', 'Z');
}

function timestampFromText(text: string): Date | undefined {
  const date = /^-?\d+(\.\d+)?$/.test(text) ? new Date(Math.round(Number(text) * 1000)) : new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
