/**
 * A policy document as a list of statements that keep their text. Reading and writing one loses nothing: order, unknown fields, duplicate
 * and missing Sids, one statement without a list. What statements mean is compare.ts and statement-atoms.ts.
 */
import { arrayElements, objectMembers, type Span } from './json-spans.ts';

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: Json;
}

/** One statement: its text as found, and its parsed value. */
export interface PolicyStatement {
  readonly text: string;
  readonly value: JsonObject;
}

/** A policy document. `head` and `tail` are the text around the value of "Statement". */
export interface PolicyDocument {
  readonly head: string;
  readonly statements: readonly PolicyStatement[];
  readonly tail: string;
}

/** What {@link parsePolicy} returns. `message` says what is wrong with the text, in words for the document's owner. */
export type ParsedPolicy =
  { readonly kind: 'document'; readonly document: PolicyDocument } | { readonly kind: 'unreadable'; readonly message: string };

/** A document without statements: what a new policy starts from. */
export const emptyPolicy: PolicyDocument = { head: '{"Version":"2012-10-17","Statement":', statements: [], tail: '}' };

/**
 * Reads a policy document. Statement may be one object or a list (docs/IAM/latest/UserGuide/reference_policies_elements_statement.md).
 * A document that isn't JSON, or has no or two Statement elements, is unreadable: it is never overwritten.
 */
export function parsePolicy(text: string): ParsedPolicy {
  const value = parseJson(text);
  if (!isJsonObject(value)) return { kind: 'unreadable', message: 'the policy is not a JSON object' };
  const found = objectMembers(text).filter((member) => member.name === 'Statement');
  const [member] = found;
  if (member === undefined || found.length > 1) {
    return { kind: 'unreadable', message: `the policy has ${found.length === 0 ? 'no' : 'more than one'} Statement element` };
  }
  const spans = text[member.value.start] === '[' ? arrayElements(text, member.value.start) : [member.value];
  const statements = spans.map((span) => statementAt(text, span));
  if (!statements.every((statement) => statement !== undefined)) {
    return { kind: 'unreadable', message: 'the policy has a statement that is not a JSON object' };
  }
  return {
    kind: 'document',
    document: { head: text.slice(0, member.value.start), statements, tail: text.slice(member.value.end) },
  };
}

/** The document's text. Statements keep their own bytes; between them stands a comma and nothing else. */
export function renderPolicy(document: PolicyDocument): string {
  return `${document.head}[${document.statements.map((statement) => statement.text).join(',')}]${document.tail}`;
}

/** A statement of ours, from its value. */
export function statementOf(value: JsonObject): PolicyStatement {
  return { text: JSON.stringify(value), value };
}

/** The Sid, where there is one and it is a text. */
export function sidOf(statement: PolicyStatement): string | undefined {
  return typeof statement.value.Sid === 'string' ? statement.value.Sid : undefined;
}

/** True for a JSON object, false for lists, null and plain values. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value that may stand alone or in a list, as a list; nothing gives an empty list. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

/** The texts of a value that may stand alone or in a list. */
export function textsOf(value: Json | undefined): string[] {
  return listOf(value).filter((entry) => typeof entry === 'string');
}

function statementAt(text: string, span: Span): PolicyStatement | undefined {
  const raw = text.slice(span.start, span.end);
  const value = parseJson(raw);
  return isJsonObject(value) ? { text: raw, value } : undefined;
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
