/**
 * A statement taken apart into the smallest permissions it gives: one principal, one action, one resource, one condition. Two sets of
 * statements that give the same atoms mean the same, however they are grouped. This is what drift is measured in.
 */
import { actionKey, conditionKey, statementKey } from './compare.ts';
import { textsOf, type JsonObject } from './document.ts';
import { awsPrincipals } from './principals.ts';

/** One permission. `principal` is absent in identity policies. */
export interface Atom {
  readonly principal?: string;
  /** As written, for messages. */
  readonly action: string;
  readonly resource: string;
  /** From conditionKey: equal for equal conditions. */
  readonly condition: string;
}

/** Elements of a statement that an Allow of ours consists of; anything else makes it one that we would not write. */
const plainElements = new Set(['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition']);

/** Equal for atoms that are the same permission. */
export function atomKey(atom: Atom): string {
  return JSON.stringify([atom.principal ?? '', actionKey(atom.action), atom.resource, atom.condition]);
}

/**
 * The atoms of a statement. A statement of another shape (Deny, NotAction, NotPrincipal, …) is one atom of its own per principal, whose action
 * says what it is: it equals no permission that we give.
 */
export function statementAtoms(statement: JsonObject): Atom[] {
  const principals: readonly (string | undefined)[] = 'Principal' in statement ? awsPrincipals(statement) : [undefined];
  const named = principals.map((principal) => (principal === undefined ? {} : { principal }));
  const odd =
    statement.Effect !== 'Allow' ||
    Object.keys(statement).some((name) => !plainElements.has(name)) ||
    otherPrincipalTypes(statement);
  if (odd) {
    const action = `${textsOf(statement.Effect).join()} statement ${textsOf(statement.Sid).join()}`.trim();
    return (named.length === 0 ? [{}] : named).map((name) => ({
      ...name,
      action,
      resource: statementKey(statement),
      condition: '',
    }));
  }
  const condition = conditionKey(statement.Condition);
  return named.flatMap((name) =>
    textsOf(statement.Resource).flatMap((resource) =>
      textsOf(statement.Action).map((action) => ({ ...name, action, resource, condition })),
    ),
  );
}

function otherPrincipalTypes(statement: JsonObject): boolean {
  const principal = statement.Principal;
  return typeof principal === 'object' && principal !== null && Object.keys(principal).some((type) => type !== 'AWS');
}
