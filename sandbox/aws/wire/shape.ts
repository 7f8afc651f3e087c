/**
 * The shapes of AWS's API models, read from the Smithy schemas that every @aws-sdk/client-* package exports. These exports are not a
 * documented contract of the SDK: the versions are pinned and a test loads every schema. Encoding is the protocols' business.
 */
import { NormalizedSchema } from '@smithy/core/schema';

/** Traits of a member or shape, as Smithy names them (httpHeader, xmlName, …). */
export type Traits = ReturnType<NormalizedSchema['getMergedTraits']>;

/** How a timestamp is written where the model says so; "default" leaves it to the protocol. */
export type TimestampFormat = 'default' | 'date-time' | 'http-date' | 'epoch-seconds';

/** One member of a structure. */
export interface Member {
  readonly name: string;
  /** Traits of the member alone: its xmlName is the element's name in a structure. */
  readonly own: Traits;
  /** Traits of the member and of the shape behind it. */
  readonly traits: Traits;
  readonly required: boolean;
  readonly shape: Shape;
}

/** A structure, a union or an error. */
export interface StructShape {
  readonly kind: 'struct';
  readonly name: string;
  readonly traits: Traits;
  readonly members: readonly Member[];
}

/** Any shape. Recursive shapes are resolved lazily by getters. */
export type Shape =
  | StructShape
  | { readonly kind: 'list'; readonly flat: boolean; readonly element: string; readonly item: Shape }
  | { readonly kind: 'map'; readonly flat: boolean; readonly keyName: string; readonly valueName: string; readonly value: Shape }
  | { readonly kind: 'timestamp'; readonly format: TimestampFormat }
  | { readonly kind: 'string' | 'number' | 'boolean' | 'blob' | 'document' | 'unit'; readonly streaming: boolean };

/** One operation of a service's model. */
export interface OperationShape {
  readonly name: string;
  /** Method, path template with literal query, status of success; only in REST protocols. */
  readonly http?: { readonly method: string; readonly uri: string; readonly status: number };
  readonly input: StructShape;
  readonly output: StructShape;
}

/** An error of a service's model. */
export interface ErrorShape {
  readonly code: string;
  readonly status: number;
  readonly shape: StructShape;
}

/** Model of one service. */
export interface ServiceModel {
  readonly operations: ReadonlyMap<string, OperationShape>;
  /** By the code that goes over the wire. */
  readonly errors: ReadonlyMap<string, ErrorShape>;
}

const OPERATION = 9;
const ERROR = -3;

/** Reads a client package's exports into a model. Loading is lazy below operations: 180 operations take a few milliseconds. */
export function loadModel(client: object): ServiceModel {
  const operations = new Map<string, OperationShape>();
  const errors = new Map<string, ErrorShape>();
  for (const value of Object.values(client)) {
    if (!Array.isArray(value)) continue;
    const schema = value as unknown[];
    if (schema[0] === OPERATION) {
      const shape = operationOf(schema);
      operations.set(shape.name, shape);
    } else if (schema[0] === ERROR) {
      const shape = errorOf(schema);
      errors.set(shape.code, shape);
    }
  }
  return { operations, errors };
}

function operationOf(schema: readonly unknown[]): OperationShape {
  const [, , name, traits, input, output] = schema;
  const http = isRecord(traits) && Array.isArray(traits['http']) ? (traits['http'] as [string, string, number]) : undefined;
  return {
    name: String(name),
    ...(http ? { http: { method: http[0], uri: http[1], status: http[2] } } : {}),
    get input() {
      return structOf(input);
    },
    get output() {
      return structOf(output);
    },
  };
}

function errorOf(schema: readonly unknown[]): ErrorShape {
  const traits = isRecord(schema[3]) ? schema[3] : {};
  const query = traits['awsQueryError'] as [string, number] | undefined;
  const status = query?.[1] ?? (traits['httpError'] as number | undefined) ?? (traits['error'] === 'server' ? 500 : 400);
  return {
    code: query?.[0] ?? String(schema[2]),
    status,
    get shape() {
      return structOf(schema);
    },
  };
}

const structs = new Map<unknown, StructShape>();
const emptyStruct: StructShape = { kind: 'struct', name: 'Unit', traits: {}, members: [] };

function structOf(schema: unknown): StructShape {
  const ns = normalized(schema);
  return ns.isStructSchema() ? cachedStruct(ns) : emptyStruct;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

// The schema tuples are typed as literals per shape; NormalizedSchema takes them all.
const normalized = (schema: unknown): NormalizedSchema =>
  NormalizedSchema.of(schema as Parameters<typeof NormalizedSchema.of>[0]);

function cachedStruct(ns: NormalizedSchema): StructShape {
  const key = ns.getSchema();
  const known = structs.get(key);
  if (known) return known;
  const made: StructShape = {
    kind: 'struct',
    name: ns.getName() ?? '',
    traits: ns.getOwnTraits(),
    members: lazyMembers(ns, requiredCount(key)),
  };
  structs.set(key, made);
  return made;
}

// Smithy writes required members first and their count as the schema's seventh element.
const requiredCount = (schema: unknown): number => (Array.isArray(schema) && typeof schema[6] === 'number' ? schema[6] : 0);

function lazyMembers(ns: NormalizedSchema, required: number): Member[] {
  const out: Member[] = [];
  for (const [name, member] of ns.structIterator()) {
    out.push(lazyMember(name, member, out.length < required));
  }
  return out;
}

function lazyMember(name: string, ns: NormalizedSchema, required: boolean): Member {
  let shape: Shape | undefined;
  return {
    name,
    own: ns.getMemberTraits(),
    traits: ns.getMergedTraits(),
    required,
    get shape() {
      return (shape ??= shapeOf(ns));
    },
  };
}

function shapeOf(ns: NormalizedSchema): Shape {
  if (ns.isStructSchema()) return cachedStruct(ns);
  const flat = Boolean(ns.getMergedTraits().xmlFlattened);
  if (ns.isListSchema()) {
    const item = ns.getValueSchema();
    const shape = shapeOf(item);
    return { kind: 'list', flat, element: item.getMergedTraits().xmlName ?? 'member', item: shape };
  }
  if (ns.isMapSchema()) return mapOf(ns, flat);
  if (ns.isTimestampSchema()) return { kind: 'timestamp', format: timestampFormat(ns.getSchema()) };
  return { kind: simpleKind(ns), streaming: ns.isStreaming() };
}

function mapOf(ns: NormalizedSchema, flat: boolean): Shape {
  const value = ns.getValueSchema();
  return {
    kind: 'map',
    flat,
    keyName: ns.getKeySchema().getMergedTraits().xmlName ?? 'key',
    valueName: value.getMergedTraits().xmlName ?? 'value',
    value: shapeOf(value),
  };
}

function timestampFormat(schema: unknown): TimestampFormat {
  if (schema === 5) return 'date-time';
  if (schema === 6) return 'http-date';
  return schema === 7 ? 'epoch-seconds' : 'default';
}

function simpleKind(ns: NormalizedSchema): 'string' | 'number' | 'boolean' | 'blob' | 'document' | 'unit' {
  if (ns.isUnitSchema()) return 'unit';
  if (ns.isBlobSchema()) return 'blob';
  if (ns.isBooleanSchema()) return 'boolean';
  if (ns.isNumericSchema() || ns.isBigIntegerSchema() || ns.isBigDecimalSchema()) return 'number';
  return ns.isDocumentSchema() ? 'document' : 'string';
}
