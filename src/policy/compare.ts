/**
 * When two statements mean the same. Order and one-value-versus-list do not matter; action names are case-insensitive; wildcards are compared as
 * text, so `s3:Get*` and `s3:GetObject` differ. The Sid is a name, not a meaning: it does not count.
 */
import { isJsonObject, listOf, type Json, type JsonObject } from './document.ts';

const listElements: readonly string[] = ['Action', 'NotAction', 'Resource', 'NotResource'];
const principalElements: readonly string[] = ['Principal', 'NotPrincipal'];

/** A text that is equal for statements that mean the same, and only for those. */
export function statementKey(statement: JsonObject): string {
  const parts = Object.entries(statement)
    .filter(([name]) => name !== 'Sid')
    .map(([name, value]) => [name, elementKey(name, value)] as const)
    .sort(byText((part) => part[0]));
  return JSON.stringify(parts);
}

/** The same for the Condition element alone; no condition and an empty one are equal. */
export function conditionKey(condition: Json | undefined): string {
  if (!isJsonObject(condition)) return condition === undefined ? '[]' : JSON.stringify(condition);
  const parts = Object.entries(condition).flatMap(([operator, keys]) =>
    isJsonObject(keys)
      ? Object.entries(keys).map(([key, values]) => [operator.toLowerCase(), key.toLowerCase(), valueList(values)])
      : [[operator.toLowerCase(), JSON.stringify(keys)]],
  );
  return JSON.stringify(parts.map((part) => JSON.stringify(part)).sort());
}

/** The same for a list of actions. Action names are case-insensitive (docs/IAM/latest/UserGuide/reference_policies_elements_action.md). */
export function actionKey(action: string): string {
  return action.toLowerCase();
}

/** True when both mean the same. */
export function sameStatement(left: JsonObject, right: JsonObject): boolean {
  return statementKey(left) === statementKey(right);
}

/** True when both lists hold the same statements, in whatever order, a statement that stands twice counting once. */
export function sameStatements(left: readonly JsonObject[], right: readonly JsonObject[]): boolean {
  const keysOfLeft = new Set(left.map(statementKey));
  const keysOfRight = new Set(right.map(statementKey));
  return keysOfLeft.size === keysOfRight.size && [...keysOfLeft].every((key) => keysOfRight.has(key));
}

/** Compares by a text, by code unit: the same order on every machine. */
export function byText<Value>(textOf: (value: Value) => string): (left: Value, right: Value) => number {
  return (left, right) => {
    const [a, b] = [textOf(left), textOf(right)];
    return a < b ? -1 : a > b ? 1 : 0;
  };
}

function elementKey(name: string, value: Json): string {
  if (name === 'Condition') return conditionKey(value);
  if (principalElements.includes(name)) return principalKey(value);
  if (listElements.includes(name)) return JSON.stringify(valueList(value, name.endsWith('Action')));
  return JSON.stringify(sortedKeys(value));
}

/** `"*"` and `{"AWS":"*"}` are the same everyone (docs/IAM/latest/UserGuide/reference_policies_elements_principal.md, "All principals"). */
function principalKey(value: Json): string {
  const map = isJsonObject(value) ? value : { AWS: value };
  const entries = Object.entries(map).map(([type, ids]) => [type, valueList(ids).map(accountArn)] as const);
  return JSON.stringify(entries.sort(byText((entry) => entry[0])));
}

/** An account may be written as its number or as its root's ARN; both name the account (same page, "AWS account principals"). */
function accountArn(id: string): string {
  const root = /^arn:[^:]+:iam::(\d{12}):root$/.exec(id);
  return root?.[1] ?? id;
}

function valueList(value: Json, ignoreCase = false): string[] {
  const texts = listOf(value).map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(sortedKeys(entry))));
  return [...new Set(ignoreCase ? texts.map(actionKey) : texts)].sort();
}

function sortedKeys(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sortedKeys);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, entry]) => [name, sortedKeys(entry)] as const)
      .sort(byText((entry) => entry[0])),
  );
}
