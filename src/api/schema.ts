/**
 * The words that schemas of kinds are written in: zod schemas that carry what a CRD needs besides (rules in CEL, list types, sizes).
 * Every string, list and map has an upper bound: the API server estimates the cost of each rule from them and refuses a CRD
 * that could become too expensive. The fields that several kinds share are in fields.ts.
 */
import { z } from 'zod';

/** A rule in CEL with the message that people read: what is wrong and what to do about it. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** Field (`.principal`) that the message is about; without it, the object that carries the rule. */
  readonly fieldPath?: string;
}

/** Keys of the JSON schema extensions that the API server understands. */
export const RULES = 'x-kubernetes-validations';
const LIST_TYPE = 'x-kubernetes-list-type';
const LIST_MAP_KEYS = 'x-kubernetes-list-map-keys';

/** How server-side apply merges a list: whole, as a set of scalars, or entry by entry by these keys. */
export type ListType = 'atomic' | 'set' | readonly string[];

/** Adds rules to a schema, keeping those it has. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: Rule[]): S {
  const before = (schema.meta()?.[RULES] ?? []) as readonly Rule[];
  return schema.meta({ ...schema.meta(), [RULES]: [...before, ...rules] });
}

/** Free text of at most `max` characters. */
export function text(max: number, description: string): z.ZodString {
  return z.string().max(max).describe(description);
}

/** A text of a certain form. A failed `pattern` in a CRD says only the pattern, so the form is checked by a rule with a message. */
export function matching(form: { pattern: RegExp; max: number; message: string }, description: string): z.ZodString {
  const schema = z.string().min(1).max(form.max).regex(form.pattern, form.message).describe(description);
  return withRules(schema, { rule: `self.matches(${celString(form.pattern.source)})`, message: form.message });
}

/** A point in time, RFC 3339 such as 2027-01-31T00:00:00Z. */
export function time(description: string): z.ZodString {
  return z.string().max(64).describe(description).meta({ format: 'date-time' });
}

/** One of several words. */
export function oneOf<const T extends readonly string[]>(values: T, description: string): z.ZodEnum<{ [K in T[number]]: K }> {
  return z.enum(values).describe(description);
}

/** A whole number between `min` and `max`. */
export function integer(range: { min: number; max: number }, description: string): z.ZodInt {
  return z.int().min(range.min).max(range.max).describe(description);
}

/** A list of at most `max` entries. */
export function list<S extends z.ZodType>(
  item: S,
  options: { max: number; min?: number; type: ListType },
  description: string,
): z.ZodArray<S> {
  const { type } = options;
  const merge = typeof type === 'string' ? { [LIST_TYPE]: type } : { [LIST_TYPE]: 'map', [LIST_MAP_KEYS]: type };
  const schema = z.array(item).max(options.max).describe(description).meta(merge);
  return options.min === undefined ? schema : schema.min(options.min).meta({ ...schema.meta() });
}

/** A map of texts with at most `max` entries. A CRD can't limit the keys, so a rule does. */
export function textMap(
  sizes: { max: number; key: number; value: number },
  description: string,
): z.ZodRecord<z.ZodString, z.ZodString> {
  const schema = z
    .record(z.string().max(sizes.key), z.string().max(sizes.value))
    .describe(description)
    .meta({ maxProperties: sizes.max });
  return withRules(schema, {
    rule: `self.all(key, size(key) <= ${sizes.key})`,
    message: `a key may have at most ${sizes.key} characters`,
  });
}

/** A field that may be absent, never null. */
export function optional<S extends z.ZodType>(schema: S): z.ZodExactOptional<S> {
  return z.exactOptional(schema);
}

/**
 * Rule that a field of spec never changes. For an optional field, appearing and disappearing are changes too; such a field must
 * never get a default in a later version, or all existing objects would become unchangeable.
 */
export function immutable(field: string, advice: string, presence: 'required' | 'optional' = 'required'): Rule {
  const same = `self.${field} == oldSelf.${field}`;
  const held = `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || ${same})`;
  return { rule: presence === 'required' ? same : held, message: `${field} can't be changed: ${advice}`, fieldPath: `.${field}` };
}

/** A text as a CEL literal. Raw, so that backslashes of a pattern stay as they are. */
function celString(value: string): string {
  if (value.includes("'")) throw new Error(`a pattern with a quote can't be written as a raw CEL string: ${value}`);
  return `r'${value}'`;
}
