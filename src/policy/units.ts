/**
 * Identity policies taken apart into units (one resource under one set of actions and conditions) and put together again. Units with equal actions
 * and conditions share a statement. Which unit stands in which policy is pack.ts.
 */
import { actionKey, byText, conditionKey } from './compare.ts';
import { textsOf, type JsonObject } from './document.ts';

/** What a share needs in the policies of its principal. */
export interface IdentityStatement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: JsonObject;
}

/** The smallest part that is placed: it is never split, and never moved once it stands in a policy. */
export interface Unit {
  /** Equal for units that give the same. */
  readonly key: string;
  /** Equal for units that can share a statement. */
  readonly body: string;
  readonly actions: readonly string[];
  readonly resource: string;
  readonly condition?: JsonObject;
}

/** The units of the statements, each once. */
export function unitsOf(statements: readonly IdentityStatement[]): Unit[] {
  const units = new Map<string, Unit>();
  for (const statement of statements) {
    const actions = [...new Set(statement.actions)].sort(byText(actionKey));
    const condition = conditionKey(statement.condition) === '[]' ? {} : { condition: statement.condition };
    const body = JSON.stringify([actions.map(actionKey), conditionKey(statement.condition)]);
    for (const resource of statement.resources) {
      const unit = { key: JSON.stringify([body, resource]), body, actions, resource, ...condition } as Unit;
      units.set(unit.key, unit);
    }
  }
  return [...units.values()];
}

/** The units that a statement of a policy holds; undefined for a statement of a shape that we don't write. */
export function unitsOfStatement(statement: JsonObject): Unit[] | undefined {
  const known = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition']);
  if (statement.Effect !== 'Allow' || Object.keys(statement).some((name) => !known.has(name))) return undefined;
  const condition = statement.Condition === undefined ? {} : { condition: statement.Condition as JsonObject };
  return unitsOf([{ actions: textsOf(statement.Action), resources: textsOf(statement.Resource), ...condition }]);
}

/** The text of a policy with these units: the same for the same units in whatever order. */
export function renderUnits(units: Iterable<Unit>): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: unitStatements(units) });
}

/** The statements that hold these units, one per set of actions and conditions, resources sorted. */
export function unitStatements(units: Iterable<Unit>): JsonObject[] {
  const byBody = new Map<string, Unit[]>();
  for (const unit of units) byBody.set(unit.body, [...(byBody.get(unit.body) ?? []), unit]);
  return [...byBody.entries()].sort(byText(([body]) => body)).map(([, members]) => statementOfUnits(members));
}

/** Characters that a statement with this unit alone takes, the resource included: what opening a new statement costs, less the comma. */
export function statementSize(unit: Unit): number {
  return JSON.stringify(statementOfUnits([unit])).length;
}

function statementOfUnits(units: readonly Unit[]): JsonObject {
  const [first] = units;
  return {
    Effect: 'Allow',
    Action: first?.actions ?? [],
    Resource: units.map((unit) => unit.resource).sort(),
    ...(first?.condition === undefined ? {} : { Condition: first.condition }),
  };
}
