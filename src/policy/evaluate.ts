/**
 * What a whole policy document says of requests: does it deny them, does it allow them? A question stands for a set of requests (any session of a role, any
 * object of a bucket, keys that nobody knows beforehand), so an answer may be «some of them». One document at a time: how several are combined is the caller's
 * business. Source: IAM user guide, reference_policies_evaluation-logic.md and the pages of the elements.
 */
import { compileCondition } from './conditions.ts';
import { renderPolicy, sidOf, textsOf, type Json, type JsonObject, type PolicyDocument } from './document.ts';
import { anyMatch, compileArn, compilePattern, literal, type KnownKeys, type Matcher, type Pattern } from './patterns.ts';
import { compilePrincipal, type AskedPrincipal } from './evaluate-principals.ts';
import { every, negate, some, type Truth } from './truth.ts';

/** Requests that are asked about. */
export interface Question {
  /** Undefined: whoever it may be. */
  readonly principal: AskedPrincipal | undefined;
  /** Without wildcards, in whatever case. */
  readonly action: string;
  /** ARNs of what is acted on. */
  readonly resource: Pattern;
  readonly keys: KnownKeys;
}

/** A statement, read. */
export interface CompiledStatement {
  /** For the document's owner: `"Sid" (number 2)`. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  /** Whether it is about what the requests do: action and resource. */
  readonly isAbout: (question: Omit<Question, 'principal'>) => Truth;
  /** Whether it means who makes the requests, under the circumstances: principal and conditions. */
  readonly means: (question: Pick<Question, 'principal' | 'keys'>) => Truth;
}

/** resource: says whom it is for. identity: belongs to a principal, or limits one (permissions boundary). */
export type PolicyKind = 'resource' | 'identity';

/** Reads the statements of a document that pass the filter; the numbers in their names count all of them. */
export function compilePolicy(
  document: PolicyDocument,
  kind: PolicyKind,
  includes: (statement: PolicyDocument['statements'][number]) => boolean = () => true,
): CompiledStatement[] {
  const variables = versionOf(document) === '2012-10-17';
  return document.statements.flatMap((statement, index) => {
    const { Effect } = statement.value;
    if (!includes(statement) || (Effect !== 'Allow' && Effect !== 'Deny')) return [];
    const sid = sidOf(statement);
    const number = `number ${String(index + 1)}`;
    const name = sid === undefined || sid === '' ? number : `"${sid}" (${number})`;
    return [{ name, effect: Effect, ...compileStatement(statement.value, kind, variables) }];
  });
}

/** Whether some statement of that effect applies. */
export function appliesAny(
  statements: readonly CompiledStatement[],
  effect: CompiledStatement['effect'],
  question: Question,
): Truth {
  return some(statements, (statement) => statement.effect === effect && applies(statement, question));
}

/** Whether the statement applies to the requests: to all, to none, or to some of them. */
export function applies({ isAbout, means }: CompiledStatement, question: Question): Truth {
  return every([isAbout, means], (test) => test(question));
}

function compileStatement(
  statement: JsonObject,
  kind: PolicyKind,
  variables: boolean,
): Pick<CompiledStatement, 'isAbout' | 'means'> {
  const action = element(statement, 'Action', (text) =>
    compilePattern(text, { wildcards: true, variables: false, ignoreCase: true }),
  );
  const resource = element(statement, 'Resource', (text) => compileArn(text, variables));
  const principal = kind === 'identity' ? () => true : compilePrincipal(statement);
  const condition = compileCondition(statement.Condition, variables);
  return {
    isAbout: ({ action: name, resource: arn, keys }) =>
      every([() => action(literal(name), keys), () => resource(arn, keys)], (test) => test()),
    means: ({ principal: who, keys }) => every([() => principal(who), () => condition(keys)], (test) => test()),
  };
}

/** A statement that lacks the element has no effect (docs/kms/latest/developerguide/key-policy-overview.md); one with both forms AWS accepts nowhere. */
function element(statement: JsonObject, name: 'Action' | 'Resource', read: (text: string) => Matcher): Matcher {
  const [plain, not]: readonly (Json | undefined)[] = [statement[name], statement[`Not${name}`]];
  if (plain === undefined && not === undefined) return () => false;
  if (plain !== undefined && not !== undefined) return () => 'unknown';
  const matchers = textsOf(plain ?? not).map(read);
  return (subject, keys) => {
    const truth = anyMatch(matchers, subject, keys);
    return plain === undefined ? negate(truth) : truth;
  };
}

function versionOf(document: PolicyDocument): Json | undefined {
  const empty = JSON.parse(renderPolicy({ ...document, statements: [] })) as JsonObject;
  return empty.Version;
}
