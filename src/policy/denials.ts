/**
 * Which statements of a document keep principals from what they are given. Only what is certain counts: of a Deny that hangs on something unknown (an address, a
 * VPC endpoint) or that cuts out a part (some objects) nothing is said. Made for documents with a thousand principals: what a Deny says of everybody is found out once.
 */
import { appliesAny, type CompiledStatement } from './evaluate.ts';
import type { AskedPrincipal } from './evaluate-principals.ts';
import { askedBy, requestsOf, type Given, type RequestPlace, type Requests } from './requests.ts';

/** Denied actions by the name of the statement that denies them. */
export type Denials = ReadonlyMap<string, readonly string[]>;

/** Looks up what the statements deny to a principal of what it is given. */
export type FindDenials = (principal: AskedPrincipal, given: readonly Given[]) => Denials;

/** A statement that surely is about some of the requests; whom it means is the question. */
interface Suspect {
  readonly requests: Requests;
  readonly statement: CompiledStatement;
  readonly actions: readonly string[];
  /** It means everybody. */
  readonly everybody: boolean;
}

/** Prepares the look-up for a document's statements; those that allow are ignored. */
export function createDenials(statements: readonly CompiledStatement[], place: RequestPlace): FindDenials {
  const denies = statements.filter(({ effect }) => effect === 'Deny');
  const known = new Map<string, readonly Suspect[]>();
  const suspectsOf = (given: Given): readonly Suspect[] => {
    const key = JSON.stringify([given.actions, given.resources, given.condition]);
    const suspects = known.get(key) ?? requestsOf(given, place).flatMap((requests) => suspectsAmong(denies, requests));
    known.set(key, suspects);
    return suspects;
  };
  return (principal, given) => {
    const denied = new Map<string, readonly string[]>();
    const suspects = denies.length === 0 ? [] : given.flatMap(suspectsOf);
    if (suspects.length === 0) return denied;
    const byThis = askedBy(principal);
    for (const { requests, statement, actions, everybody } of suspects) {
      if (!everybody && statement.means(byThis(requests.keys)) !== true) continue;
      denied.set(statement.name, [...new Set([...(denied.get(statement.name) ?? []), ...actions])]);
    }
    return denied;
  };
}

/**
 * The actions of which a permissions boundary surely allows nothing: what it does not allow is denied (docs/IAM/latest/UserGuide/access_policies_boundaries.md).
 */
export function notAllowed(
  boundary: readonly CompiledStatement[],
  { principal, ...place }: RequestPlace & { readonly principal: AskedPrincipal },
  given: readonly Given[],
): readonly string[] {
  const requests = given.flatMap((each) => requestsOf(each, place));
  const asked = askedBy(principal);
  const beyond = requests.flatMap(({ actions, resource, keys }) =>
    actions.filter((action) => appliesAny(boundary, 'Allow', { action, resource, ...asked(keys) }) === false),
  );
  return [...new Set(beyond)];
}

function suspectsAmong(denies: readonly CompiledStatement[], requests: Requests): Suspect[] {
  return denies.flatMap((statement) => {
    const truth = statement.means({ principal: undefined, keys: requests.keys });
    const actions =
      truth === false ? [] : requests.actions.filter((action) => statement.isAbout({ ...requests, action }) === true);
    return actions.length === 0 ? [] : [{ requests, statement, actions, everybody: truth === true }];
  });
}
