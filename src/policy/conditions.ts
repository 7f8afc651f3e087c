/**
 * The Condition element of a statement, judged with what is known of a request's keys. Sources: IAM user guide, reference_policies_elements_condition_operators.md
 * and reference_policies_condition-single-vs-multi-valued-context-keys.md. What the guide leaves open is unknown, never guessed.
 */
import { isInRange } from './addresses.ts';
import { isJsonObject, listOf, type Json } from './document.ts';
import { compileArn, compilePattern, onlyText, type KnownKeys, type Pattern } from './patterns.ts';
import { agreed, every, negate, some, type Truth } from './truth.ts';

/** A condition element: all of its operators and keys have to hold. */
export type Condition = (keys: KnownKeys) => Truth;

type Test = (value: Pattern, keys: KnownKeys) => Truth;

interface Operator {
  /** Holds where none of the values is met, and where the key is absent. */
  readonly negated: boolean;
  /** Reads one value of the policy. */
  readonly read: (wanted: string, variables: boolean) => Test;
}

/** Reads a statement's Condition element once. */
export function compileCondition(condition: Json | undefined, variables: boolean): Condition {
  if (condition === undefined) return () => true;
  if (!isJsonObject(condition)) return () => 'unknown';
  const tests = Object.entries(condition).flatMap(([name, keys]) =>
    isJsonObject(keys)
      ? Object.entries(keys).map(([key, wanted]) => compileTest(name, { key: key.toLowerCase(), wanted, variables }))
      : [(): Truth => 'unknown'],
  );
  return (keys) => every(tests, (test) => test(keys));
}

interface Clause {
  readonly key: string;
  readonly wanted: Json;
  readonly variables: boolean;
}

function compileTest(name: string, { key, wanted, variables }: Clause): Condition {
  const { base, set, ifExists } = dissect(name);
  const values = listOf(wanted).map((value) => (typeof value === 'object' ? '' : String(value)));
  const operator = operators.get(base);
  const judge = base === 'null' ? isNull(values) : operator && compared({ operator, set, ifExists }, values, variables);
  return (keys) => {
    const known = keys(key);
    if (known === undefined || judge === undefined || values.length === 0) return 'unknown';
    return agreed(known, (found) => judge(found, keys));
  };
}

type Judge = (found: readonly Pattern[], keys: KnownKeys) => Truth;

function isNull(wanted: readonly string[]): Judge {
  return (found) => wanted.some((value) => value.toLowerCase() === String(found.length === 0));
}

interface Comparison {
  readonly operator: Operator;
  readonly set: 'all' | 'any' | undefined;
  readonly ifExists: boolean;
}

function compared({ operator, set, ifExists }: Comparison, wanted: readonly string[], variables: boolean): Judge {
  const tests = wanted.map((value) => operator.read(value, variables));
  return (found, keys) => {
    const holds = (value: Pattern): Truth => {
      const met = some(tests, (test) => test(value, keys));
      return operator.negated ? negate(met) : met;
    };
    if (found.length === 0) return withoutKey({ operator, set, ifExists });
    if (set === 'all') return every(found, holds);
    if (set === 'any') return some(found, holds);
    // Several values need a set operator; what AWS makes of them without one the guide does not say.
    return found.length === 1 ? every(found, holds) : 'unknown';
  };
}

function withoutKey({ operator, set, ifExists }: Comparison): Truth {
  if (set === 'all') return true;
  if (set === 'any') return ifExists ? 'unknown' : false;
  return ifExists || operator.negated;
}

function dissect(name: string): { readonly base: string; readonly set: Comparison['set']; readonly ifExists: boolean } {
  const [, set, base = '', ifExists] = /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/.exec(name.toLowerCase()) ?? [];
  return {
    base,
    set: set === 'forallvalues' ? 'all' : set === 'foranyvalue' ? 'any' : undefined,
    ifExists: ifExists !== undefined,
  };
}

// — operators —

const text =
  (options: { readonly wildcards: boolean; readonly ignoreCase?: boolean }): Operator['read'] =>
  (wanted, variables) =>
    compilePattern(wanted, { ...options, variables });

/** For operators that compare values and not texts: of a set of texts they know nothing, nor of a text that is no such value. */
const value =
  (compare: (found: string, wanted: string) => boolean | undefined): Operator['read'] =>
  (wanted) =>
  (pattern) => {
    const found = onlyText(pattern);
    return found === undefined ? 'unknown' : (compare(found, wanted) ?? 'unknown');
  };

const ordered = (read: (text: string) => number, holds: (found: number, wanted: number) => boolean): Operator['read'] =>
  value((found, wanted) => {
    const [left, right] = [read(found), read(wanted)];
    return Number.isNaN(left) || Number.isNaN(right) ? undefined : holds(left, right);
  });

/** Seconds since the epoch, or a date of ISO 8601; milliseconds. */
const instant = (date: string): number => (/^\d+$/.test(date) ? Number(date) * 1000 : Date.parse(date));
const number = (digits: string): number => (digits.trim() === '' ? Number.NaN : Number(digits));

const plain = (read: Operator['read']): Operator => ({ negated: false, read });
const not = (read: Operator['read']): Operator => ({ negated: true, read });

function comparisons(name: string, read: (text: string) => number): (readonly [string, Operator])[] {
  return [
    [`${name}equals`, plain(ordered(read, (found, wanted) => found === wanted))],
    [`${name}notequals`, not(ordered(read, (found, wanted) => found === wanted))],
    [`${name}lessthan`, plain(ordered(read, (found, wanted) => found < wanted))],
    [`${name}lessthanequals`, plain(ordered(read, (found, wanted) => found <= wanted))],
    [`${name}greaterthan`, plain(ordered(read, (found, wanted) => found > wanted))],
    [`${name}greaterthanequals`, plain(ordered(read, (found, wanted) => found >= wanted))],
  ];
}

const bool = value((found, wanted) => {
  const texts = [found.toLowerCase(), wanted.toLowerCase()];
  return texts.every((each) => each === 'true' || each === 'false') ? texts[0] === texts[1] : undefined;
});
const [exact, like, folded] = [
  text({ wildcards: false }),
  text({ wildcards: true }),
  text({ wildcards: false, ignoreCase: true }),
];

const operators: ReadonlyMap<string, Operator> = new Map([
  ['stringequals', plain(exact)],
  ['stringnotequals', not(exact)],
  ['stringequalsignorecase', plain(folded)],
  ['stringnotequalsignorecase', not(folded)],
  ['stringlike', plain(like)],
  ['stringnotlike', not(like)],
  // ArnEquals and ArnLike behave identically.
  ['arnequals', plain(compileArn)],
  ['arnlike', plain(compileArn)],
  ['arnnotequals', not(compileArn)],
  ['arnnotlike', not(compileArn)],
  ['bool', plain(bool)],
  ['binaryequals', plain(value((found, wanted) => found === wanted))],
  ['ipaddress', plain(value(isInRange))],
  ['notipaddress', not(value(isInRange))],
  ...comparisons('numeric', number),
  ...comparisons('date', instant),
]);
