/**
 * What is missing and what is too much, from two sets of atoms, in data.all's words. Shared by all target kinds that hold IAM statements.
 */
import { atomKey, type Atom } from '../policy/statement-atoms.ts';
import type { Finding } from './target.ts';

/** How a target is called in messages. */
export interface TargetWords {
  /** "Bucket Policy" */
  readonly policyType: string;
  /** "S3 Bucket" */
  readonly resourceType: string;
  /** "acme-orders" */
  readonly target: string;
}

/** An atom set that remembers how the atoms were written. */
export type AtomSet = ReadonlyMap<string, Atom>;

/** The atoms as a set. */
export function atomSet(atoms: readonly Atom[]): AtomSet {
  return new Map(atoms.map((atom) => [atomKey(atom), atom]));
}

/** The atoms of `left` that `right` has not. */
export function without(left: AtomSet, right: AtomSet): Atom[] {
  return [...left].filter(([key]) => !right.has(key)).map(([, atom]) => atom);
}

/** `Requestor {principal} missing {policyType} permissions: …`; no atoms, no finding. */
export function missingFindings(principal: string, atoms: readonly Atom[], words: TargetWords): Finding[] {
  return findings('missing', `Requestor ${principal} missing`, { atoms, words });
}

/** `Requestor {principal} has not allowed {policyType} permissions: …`; no atoms, no finding. */
export function excessFindings(principal: string, atoms: readonly Atom[], words: TargetWords): Finding[] {
  return findings('excess', `Requestor ${principal} has not allowed`, { atoms, words });
}

/** `{type} Target Resource does not exist: {target}` */
export function absentFinding(type: string, target: string): Finding {
  return { kind: 'missing', message: `${type} Target Resource does not exist: ${target}` };
}

function findings(
  kind: Finding['kind'],
  subject: string,
  what: { readonly atoms: readonly Atom[]; readonly words: TargetWords },
): Finding[] {
  if (what.atoms.length === 0) return [];
  const actions = [...new Set(what.atoms.map((atom) => atom.action))].sort().join(', ');
  const { policyType, resourceType, target } = what.words;
  return [{ kind, message: `${subject} ${policyType} permissions: ${actions} for ${resourceType} Target: ${target}` }];
}
