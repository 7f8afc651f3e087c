/** Documents and questions for the evaluator's tests. Tests only. */
import { emptyPolicy, statementOf, type JsonObject, type PolicyDocument } from '../../../src/policy/document.ts';

/** A document with these statements. */
export function documentOf(statements: readonly JsonObject[], version = '2012-10-17'): PolicyDocument {
  return { ...emptyPolicy, head: `{"Version":"${version}","Statement":`, statements: statements.map(statementOf) };
}
