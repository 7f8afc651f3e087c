/**
 * Who a statement names. Knows the ids that AWS leaves behind when a role or user is deleted.
 */
import { isJsonObject, textsOf, type Json, type JsonObject } from './document.ts';

/** The AWS principals of a statement, as written; an open `"*"` included. */
export function awsPrincipals(statement: JsonObject): string[] {
  return idsOf(statement.Principal);
}

/**
 * AWS shows the unique id of a role (AROA…) or user (AIDA…) that a policy named and that was deleted since
 * (docs/IAM/latest/UserGuide/reference_policies_elements_principal.md, "IAM role principals"; ids: reference_identifiers.md).
 */
export function isDeadId(id: string): boolean {
  return /^A(?:RO|ID)A[A-Z0-9]{12,}$/.test(id);
}

/** The dead ids that a statement names, in Principal or NotPrincipal. */
export function deadIds(statement: JsonObject): string[] {
  return [...idsOf(statement.Principal), ...idsOf(statement.NotPrincipal)].filter(isDeadId);
}

/**
 * The statement without the dead ids of its Principal; undefined when nobody is left. NotPrincipal is never touched: taking an id out of it
 * would change whom the statement means.
 */
export function withoutDeadIds(statement: JsonObject): JsonObject | undefined {
  const principal = statement.Principal;
  if (!isJsonObject(principal) || !idsOf(principal).some(isDeadId)) return statement;
  const alive = textsOf(principal.AWS).filter((id) => !isDeadId(id));
  const others = Object.fromEntries(Object.entries(principal).filter(([type]) => type !== 'AWS'));
  const left = alive.length === 0 ? others : { ...principal, AWS: alive };
  return Object.keys(left).length === 0 ? undefined : { ...statement, Principal: left };
}

function idsOf(principal: Json | undefined): string[] {
  return textsOf(isJsonObject(principal) ? principal.AWS : principal);
}
