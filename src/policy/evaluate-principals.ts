/**
 * Whether the Principal or NotPrincipal element of a resource policy means a principal. Source: IAM user guide, reference_policies_elements_principal.md and
 * reference_policies_elements_notprincipal.md.
 */
import { isJsonObject, textsOf, type Json, type JsonObject } from './document.ts';
import { negate, type Truth } from './truth.ts';

/** A role or user; a role stands for all of its sessions. */
export interface AskedPrincipal {
  readonly arn: string;
  /** AROA… or AIDA…: what a document names once the principal was deleted. */
  readonly uniqueId: string;
}

/** Account of a principal; empty where the ARN is none. */
export function accountOf({ arn }: AskedPrincipal): string {
  return arn.split(':')[4] ?? '';
}

/** Role or user, with the name without its path. */
export function nameOf({ arn }: AskedPrincipal): { readonly kind: 'role' | 'user'; readonly name: string } {
  const resource = arn.split(':').slice(5).join(':');
  return { kind: resource.startsWith('user/') ? 'user' : 'role', name: resource.slice(resource.lastIndexOf('/') + 1) };
}

/** Reads the element once. Undefined asks for whoever it may be. A statement with neither element has no effect. */
export function compilePrincipal(statement: JsonObject): (who: AskedPrincipal | undefined) => Truth {
  const { Principal, NotPrincipal } = statement;
  if (Principal === undefined && NotPrincipal === undefined) return () => false;
  if (Principal !== undefined && NotPrincipal !== undefined) return () => 'unknown';
  const named = namedBy(Principal ?? NotPrincipal);
  if (NotPrincipal === undefined) return named;
  return (who) => exempt(named(who), who, named);
}

/**
 * Who is named, and everybody is whom a Deny then spares. How much of account, role and session has to be named for that depends on the service, and whoever has
 * a permissions boundary is denied all the same (reference_policies_elements_notprincipal.md, "Key points"): so being named makes nothing certain.
 */
function exempt(truth: Truth, who: AskedPrincipal | undefined, named: (who: AskedPrincipal | undefined) => Truth): Truth {
  if (who === undefined || named(undefined) === true) return negate(truth);
  return truth === false ? true : 'unknown';
}

function namedBy(element: Json | undefined): (who: AskedPrincipal | undefined) => Truth {
  const byType = isJsonObject(element) ? element : { AWS: element ?? [] };
  const ids = new Set(textsOf(byType.AWS));
  const sessions = [...ids].filter((id) => id.includes(':assumed-role/'));
  // Canonical ids stand for accounts, and identity providers for sessions: whose, the document does not say.
  const opaque = byType.CanonicalUser !== undefined || byType.Federated !== undefined;
  return (who) => {
    if (ids.has('*')) return true;
    if (who === undefined) return 'unknown';
    const account = accountOf(who);
    const root = `${who.arn.split(':').slice(0, 5).join(':')}:root`;
    if ([who.arn, who.uniqueId, account, root].some((id) => ids.has(id))) return true;
    return opaque || sessions.some((session) => isSessionOf(session, who)) ? 'unknown' : false;
  };
}

/** A session's ARN has the role's name without its path (reference_identifiers.md), so that a role of another path looks the same: no two have one name. */
function isSessionOf(session: string, who: AskedPrincipal): boolean {
  const [, role] = session.split('/');
  const { kind, name } = nameOf(who);
  return kind === 'role' && role === name && session.split(':')[4] === accountOf(who);
}
