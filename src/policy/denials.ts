/**
 * Which statements of a document keep principals from what they are given. Only what is certain counts: of a Deny that hangs on something unknown (an address, a
 * VPC endpoint) or that cuts out a part (some objects) nothing is said. Made for documents with a thousand principals: what a Deny says of everybody is found out once.
 */
import type { CompiledStatement } from './evaluate.ts';
import type { AskedPrincipal } from './evaluate-principals.ts';
import { askedBy, requestsOf, type Given, type Request, type RequestPlace } from './requests.ts';

/** Denied actions by the name of the statement that denies them. */
export type Denials = ReadonlyMap<string, readonly string[]>;

/** Looks up what the statements deny to a principal of what it is given. */
export type FindDenials = (principal: AskedPrincipal, given: readonly Given[]) => Denials;

/** A request with a statement that may deny it, depending on whose it is. */
interface Suspect {
  readonly request: Request;
  readonly statement: CompiledStatement;
  /** It denies everybody. */
  readonly everybody: boolean;
}

/** Prepares the look-up for documents' statements; those that allow are ignored. */
export function createDenials(statements: readonly CompiledStatement[], place: RequestPlace): FindDenials {
  const denies = statements.filter(({ effect }) => effect === 'Deny');
  const known = new Map<string, readonly Suspect[]>();
  const suspectsOf = (given: Given): readonly Suspect[] => {
    const key = JSON.stringify([given.actions, given.resources, given.condition]);
    const suspects = known.get(key) ?? requestsOf(given, place).flatMap((request) => suspecting(denies, request));
    known.set(key, suspects);
    return suspects;
  };
  return (principal, given) => {
    const denied = new Map<string, string[]>();
    if (denies.length === 0) return denied;
    for (const { request, statement, everybody } of given.flatMap(suspectsOf)) {
      if (!everybody && statement.applies(askedBy(request, principal)) !== true) continue;
      const actions = denied.get(statement.name) ?? [];
      if (!actions.includes(request.action)) denied.set(statement.name, [...actions, request.action]);
    }
    return denied;
  };
}

function suspecting(denies: readonly CompiledStatement[], request: Request): Suspect[] {
  return denies.flatMap((statement) => {
    const truth = statement.applies({ ...request, principal: undefined });
    return truth === false ? [] : [{ request, statement, everybody: truth === true }];
  });
}
