/**
 * JSON schema of zod → structural schema of a CRD. The API server accepts a subset of OpenAPI 3.0; what it refuses either goes
 * (because it is said otherwise) or is an error here, so that a new field can't make a CRD that only fails at installation.
 */
import { z } from 'zod';
import { RULES } from '../../src/api/schema.ts';

/** A schema as it stands in a CRD. */
export interface Structural {
  type?: string;
  properties?: Record<string, Structural>;
  items?: Structural;
  additionalProperties?: Structural;
  required?: string[];
  description?: string;
  default?: unknown;
  enum?: readonly string[];
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  [keyword: string]: unknown;
}

const refused = [
  '$ref',
  '$defs',
  '$id',
  'const',
  'patternProperties',
  'uniqueItems',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'propertyNames',
  'readOnly',
];

/** Structural schema of a zod schema, as people write it (defaults not yet filled in). Throws on what a CRD can't say. */
export function structuralSchema(schema: z.ZodType): Structural {
  return convert(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Structural, '');
}

function convert(node: Structural, path: string): Structural {
  const result: Structural = { ...node };
  delete result['$schema'];
  // A rule with a message says the same as the pattern; two messages for one mistake would confuse.
  if (RULES in result || result['format'] === 'date-time') delete result['pattern'];
  if (typeof result.additionalProperties === 'boolean') delete result.additionalProperties;
  // Key sizes of maps can't be said in a CRD.
  delete result['propertyNames'];
  for (const keyword of refused) if (keyword in result) throw new Error(`${path}: a structural schema can't say ${keyword}`);
  requireBounds(result, path);
  if (result.properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(result.properties).map(([name, child]) => [name, convert(child, `${path}.${name}`)]),
    );
  }
  if (result.items !== undefined) result.items = convert(result.items, `${path}[]`);
  if (result.additionalProperties !== undefined) result.additionalProperties = convert(result.additionalProperties, `${path}{}`);
  return result;
}

/** The API server estimates the cost of a rule from the greatest sizes; a list without one makes it refuse the CRD. */
function requireBounds(node: Structural, path: string): void {
  if (node.type === 'string' && node.enum === undefined && node.maxLength === undefined)
    throw new Error(`${path}: a text needs maxLength`);
  if (node.type === 'array' && node.maxItems === undefined) throw new Error(`${path}: a list needs maxItems`);
  if (node.type === 'array' && node['x-kubernetes-list-type'] === undefined) throw new Error(`${path}: a list needs a list type`);
  if (node.additionalProperties !== undefined && node.maxProperties === undefined)
    throw new Error(`${path}: a map needs maxProperties`);
  if (node.description === undefined && !path.endsWith(']') && !path.endsWith('}') && path !== '')
    throw new Error(`${path}: a field needs a description`);
}
