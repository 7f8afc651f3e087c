/** Condition operators (IAM User Guide, reference_policies_elements_condition_operators and …_condition-single-vs-multi-valued-context-keys). */
import { isIPv4, BlockList } from 'node:net';
import { textsOf } from './documents.ts';
import { compileArn, compilePattern, type KeyLookup } from './patterns.ts';

/** A compiled condition block: all of its operators and keys must hold. */
export type Condition = (keys: KeyLookup) => boolean;

type Test = (value: string, keys: KeyLookup) => boolean;
interface Operator {
  readonly negated: boolean;
  /** Compiles one value of the policy. */
  readonly compile: (wanted: string, variables: boolean) => Test;
}

const text =
  (wildcards: boolean, ignoreCase = false) =>
  (wanted: string, variables: boolean): Test =>
    compilePattern(wanted, { wildcards, variables, ignoreCase });
const numeric = (compare: (a: number, b: number) => boolean) => (wanted: string) => (value: string) =>
  compare(Number(value), Number(wanted));
const instant = (value: string): number => (/^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value));
const date = (compare: (a: number, b: number) => boolean) => (wanted: string) => (value: string) =>
  compare(instant(value), instant(wanted));

function address(wanted: string): Test {
  const list = new BlockList();
  const [net = '', bits] = wanted.split('/');
  const family = isIPv4(net) ? 'ipv4' : 'ipv6';
  list.addSubnet(net, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  return (value) => list.check(value, isIPv4(value) ? 'ipv4' : 'ipv6');
}

const yes = (compile: Operator['compile']): Operator => ({ negated: false, compile });
const no = (compile: Operator['compile']): Operator => ({ negated: true, compile });

const OPERATORS: Readonly<Record<string, Operator>> = {
  stringequals: yes(text(false)),
  stringnotequals: no(text(false)),
  stringequalsignorecase: yes(text(false, true)),
  stringnotequalsignorecase: no(text(false, true)),
  stringlike: yes(text(true)),
  stringnotlike: no(text(true)),
  numericequals: yes(numeric((a, b) => a === b)),
  numericnotequals: no(numeric((a, b) => a === b)),
  numericlessthan: yes(numeric((a, b) => a < b)),
  numericlessthanequals: yes(numeric((a, b) => a <= b)),
  numericgreaterthan: yes(numeric((a, b) => a > b)),
  numericgreaterthanequals: yes(numeric((a, b) => a >= b)),
  dateequals: yes(date((a, b) => a === b)),
  datenotequals: no(date((a, b) => a === b)),
  datelessthan: yes(date((a, b) => a < b)),
  datelessthanequals: yes(date((a, b) => a <= b)),
  dategreaterthan: yes(date((a, b) => a > b)),
  dategreaterthanequals: yes(date((a, b) => a >= b)),
  bool: yes(text(false, true)),
  binaryequals: yes(text(false)),
  ipaddress: yes(address),
  notipaddress: no(address),
  arnequals: yes(compileArn),
  arnlike: yes(compileArn),
  arnnotequals: no(compileArn),
  arnnotlike: no(compileArn),
};

/** Whether an operator's name, with its set prefix and IfExists, is one of IAM's. */
export const isOperator = (name: string): boolean => {
  const { base } = dissect(name);
  return base === 'null' || base in OPERATORS;
};

interface Dissected {
  readonly base: string;
  readonly set: 'all' | 'any' | undefined;
  readonly ifExists: boolean;
}

function dissect(name: string): Dissected {
  const [, set, base = '', ifExists] = /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/.exec(name.toLowerCase()) ?? [];
  return {
    base,
    set: set === 'forallvalues' ? 'all' : set === 'foranyvalue' ? 'any' : undefined,
    ifExists: ifExists !== undefined,
  };
}

/** Compiles a statement's Condition element. */
export function compileCondition(block: unknown, variables: boolean): Condition {
  const tests: Condition[] = [];
  for (const [name, keys] of Object.entries((block ?? {}) as Record<string, Record<string, unknown>>)) {
    for (const [key, wanted] of Object.entries(keys))
      tests.push(compileTest(name, key.toLowerCase(), textsOf(wanted), variables));
  }
  return (keys) => tests.every((test) => test(keys));
}

function compileTest(name: string, key: string, wanted: readonly string[], variables: boolean): Condition {
  const { base, set, ifExists } = dissect(name);
  if (base === 'null') return (keys) => wanted.some((value) => (keys(key) === undefined) === (value.toLowerCase() === 'true'));
  const operator = OPERATORS[base];
  if (!operator) return () => false;
  const tests = wanted.map((value) => operator.compile(value, variables));
  const holds = (value: string, keys: KeyLookup): boolean => tests.some((test) => test(value, keys)) !== operator.negated;
  return (keys) => {
    const values = keys(key);
    if (values === undefined || values.length === 0) return set === 'all' || (set !== 'any' && operator.negated) || ifExists;
    if (set === 'all' || (set === undefined && operator.negated)) return values.every((value) => holds(value, keys));
    return values.some((value) => holds(value, keys));
  };
}
