/** Checks of policy documents on being put, with the words of the service that refuses. */
import type { World } from '../service.ts';
import { storePrincipals, UnknownPrincipal } from './principals.ts';
import { fail, type AwsError } from '../wire/error.ts';

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

/** Stored form of a role's trust policy. */
export function storeTrust(world: World, text: string): string {
  const parsed = parseDocument(text);
  if (!parsed) throw fail('MalformedPolicyDocument', 'This policy contains invalid Json');
  return storeDocument(world, parsed, (value) =>
    fail('MalformedPolicyDocument', `Invalid principal in policy: "AWS":"${value}"`),
  );
}
