/**
 * Takes secrets out of what is about to be logged: by the names of fields, and by the looks of texts. It errs towards taking out too
 * much. It is no licence to log secrets: code that holds one doesn't pass it to a logger.
 */

const REDACTED = '[redacted]';
const MAX_DEPTH = 8;

/** Field names that hold a secret's value. Names that end in Ref, Name, Id or Arn point at something and stay. */
const TELLING_NAME =
  /(secret|token|password|passwd|authorization|credential|private_?key|access_?key|session_?key|api_?key|cookie|external_?id)/i;
const POINTER_NAME = /(ref|name|namespace|count|expiry|expires|expiration)$/i;

/** Texts that are a credential whatever their name: JWTs, bearer headers, AWS access keys, signed URLs, PEM keys. */
const TELLING_TEXTS: readonly RegExp[] = [
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/gi,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bX-Amz-(?:Signature|Security-Token|Credential)=[^&\s"\\]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** A copy of `fields` in which the values of telling names are replaced, at any depth up to 8; errors become plain objects. */
export function redactKeys(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redactField(name, value, 0)]));
}

/** `text` without the parts that look like credentials. */
export function redactText(text: string): string {
  return TELLING_TEXTS.reduce((clean, pattern) => clean.replace(pattern, REDACTED), text);
}

function redactField(name: string, value: unknown, depth: number): unknown {
  if (isTelling(name) && value !== undefined && value !== null) return REDACTED;
  return redactValue(value, depth);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return redactValue([...value], depth);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactField(name, inner, depth + 1)]));
}

/** Chosen fields only: errors of SDKs carry whole requests and answers, credentials included. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const { code, status, reason, cause } = error as Error & { code?: unknown; status?: unknown; reason?: unknown };
  const scalars = Object.entries({ code, status, reason }).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  return {
    type: error.name,
    message: error.message,
    ...Object.fromEntries(scalars),
    stack: error.stack,
    ...(cause === undefined ? {} : { cause: redactValue(cause, depth + 1) }),
  };
}

function isTelling(name: string): boolean {
  return TELLING_NAME.test(name) && !POINTER_NAME.test(name);
}
