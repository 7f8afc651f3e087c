/** Policy documents compiled for evaluation, and a cache of them: the same text is evaluated thousands of times. */
import { compileCondition, type Condition } from './conditions.ts';
import { parseDocument, textsOf } from './documents.ts';
import { compileArn, compilePattern, type KeyLookup, type Matcher } from './patterns.ts';

/** Who is asking, as far as Principal elements look. */
export interface PrincipalView {
  readonly account: string;
  /** ARN of the session or user. */
  readonly arn: string;
  /** Unique id of the role or user. */
  readonly principalId: string;
}

/** How a statement names the caller: not at all, everybody, its account, its role or user, its session. */
export type PrincipalHit = 'none' | 'everybody' | 'account' | 'principal' | 'session';

/** A compiled statement. */
export interface CompiledStatement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  principal(who: PrincipalView): PrincipalHit;
  /** Whether action, resource and conditions fit. */
  applies(action: string, resource: string, keys: KeyLookup): boolean;
}

const LIMIT = 20_000;
const cache = new Map<string, readonly CompiledStatement[]>();

/** Compiles a document; an unreadable one has no statements and so allows nothing. */
export function compilePolicy(text: string): readonly CompiledStatement[] {
  let found = cache.get(text);
  if (!found) {
    if (cache.size >= LIMIT) cache.clear();
    const parsed = parseDocument(text);
    const variables = parsed?.document['Version'] === '2012-10-17';
    found = (parsed?.statements ?? []).map((statement) => compileStatement(statement, variables));
    cache.set(text, found);
  }
  return found;
}

function compileStatement(statement: Record<string, unknown>, variables: boolean): CompiledStatement {
  const action = either(statement, 'Action', (pattern) =>
    compilePattern(pattern, { wildcards: true, variables: false, ignoreCase: true }),
  );
  const resource = either(statement, 'Resource', (pattern) => compileArn(pattern, variables));
  const condition: Condition = compileCondition(statement['Condition'], variables);
  return {
    sid: typeof statement['Sid'] === 'string' ? statement['Sid'] : undefined,
    effect: statement['Effect'] === 'Deny' ? 'Deny' : 'Allow',
    principal: compilePrincipal(statement),
    applies: (name, arn, keys) => action(name, keys) && resource(arn, keys) && condition(keys),
  };
}

// A statement without the element fits nothing, except Resource in trust policies, which have none: there the role is the resource.
function either(
  statement: Record<string, unknown>,
  element: 'Action' | 'Resource',
  compile: (pattern: string) => Matcher,
): Matcher {
  const not = statement[`Not${element}`];
  const matchers = textsOf(statement[element] ?? not).map(compile);
  if (not !== undefined) return (text, keys) => !matchers.some((matches) => matches(text, keys));
  if (matchers.length === 0) return () => element === 'Resource' && isTrust(statement);
  return (text, keys) => matchers.some((matches) => matches(text, keys));
}

const isTrust = (statement: Record<string, unknown>): boolean =>
  textsOf(statement['Action']).some((action) => action.toLowerCase().startsWith('sts:'));

function compilePrincipal(statement: Record<string, unknown>): CompiledStatement['principal'] {
  const not = statement['NotPrincipal'];
  const names = principalNames(statement['Principal'] ?? not);
  if (not !== undefined) return (who) => (hitOf(names, who) === 'none' ? 'everybody' : 'none');
  return (who) => hitOf(names, who);
}

function principalNames(element: unknown): ReadonlySet<string> {
  if (element === '*') return new Set('*');
  return new Set(typeof element === 'object' && element !== null ? textsOf((element as Record<string, unknown>)['AWS']) : []);
}

// The name that gives most counts: it decides whether identity policies and boundaries still have a say (evaluate.ts).
function hitOf(names: ReadonlySet<string>, who: PrincipalView): PrincipalHit {
  const known = who.account !== '';
  if (known && names.has(who.arn) && who.arn.includes(':assumed-role/')) return 'session';
  if (names.has('*')) return 'everybody';
  if (known && names.has(who.principalId)) return 'principal';
  return known && names.has(`arn:aws:iam::${who.account}:root`) ? 'account' : 'none';
}
