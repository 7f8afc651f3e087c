/** Policy documents as JSON: parsing them, and their stored form. What a service refuses about them is in its own check. */
import type { World } from '../service.ts';
import { storePrincipals, UnknownPrincipal } from './principals.ts';
import type { AwsError } from '../wire/error.ts';

/** A document as parsed JSON with its statements as a list. */
export interface ParsedDocument {
  readonly document: Record<string, unknown>;
  readonly statements: readonly Record<string, unknown>[];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses a document; undefined when it is no JSON object. */
export function parseDocument(text: string): ParsedDocument | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(document)) return undefined;
  const { Statement } = document;
  const statements = (Array.isArray(Statement) ? (Statement as unknown[]) : [Statement]).filter(isRecord);
  return { document, statements };
}

/** Stored form of a resource policy; `refuse` makes the service's error of an unknown principal. */
export function storeDocument(world: World, parsed: ParsedDocument, refuse: (value: string) => AwsError): string {
  try {
    return JSON.stringify(storePrincipals(world, parsed.document));
  } catch (error) {
    if (error instanceof UnknownPrincipal) throw refuse(error.value);
    throw error;
  }
}

/** The texts of an element that is one text or a list of them; anything else in it does not count as text. */
export const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((one) =>
    typeof one === 'string' ? [one] : typeof one === 'number' || typeof one === 'boolean' ? [String(one)] : [],
  );
