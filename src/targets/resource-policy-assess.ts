/**
 * What a resource policy lacks of what it should hold, and what stands under our mark that nobody wants, per item. Pure; measured in atoms, so
 * that regrouped statements are no difference and one changed action is.
 */
import { isOwned, ownedPrefix } from '../policy/merge.ts';
import { atomKey, statementAtoms, type Atom } from '../policy/statement-atoms.ts';
import { templateAtoms, widenedTemplates } from '../policy/templates.ts';
import { absentFinding, atomSet, excessFindings, missingFindings, without, type AtomSet, type TargetWords } from './findings.ts';
import { documentOf, type ResourceGrant, type ResourcePolicyInput } from './resource-policy.ts';
import { findStatements, granteeOf } from './resource-policy-found.ts';
import type { Assessment, Contribution, Finding } from './target.ts';

type One = Contribution<ResourceGrant>;

/** What is known of the document before any item is looked at. */
interface Facts {
  readonly words: TargetWords;
  readonly observed: AtomSet;
  /** Atoms that nobody wants, by principal; "" for statements that name none. */
  readonly excess: ReadonlyMap<string, readonly Atom[]>;
  /** Atoms that contributions on hold may keep, and the principals of those. */
  readonly heldAtoms: AtomSet;
  readonly heldPrincipals: ReadonlySet<string>;
  /** Principals that a share still stands behind. */
  readonly wantedPrincipals: ReadonlySet<string>;
  readonly droppedAtoms: AtomSet;
  /** Atoms in statements that no template explains: they stay while their principal is on hold. */
  readonly unexplained: AtomSet;
  readonly absent: Finding | undefined;
}

/** Compares. Drops are served when nothing of theirs is left that no other contribution wants or holds. */
export function assessResourcePolicy(input: ResourcePolicyInput, words: TargetWords): Assessment {
  const facts = factsOf(input, words);
  const items = input.contributions.map((one) => [one.item, findingsOf(one, facts)] as const);
  const known = new Set(input.contributions.map((one) => granteeOf(one.grant)));
  // Dead ids count here too, whosever they were: they would make AWS refuse the next write.
  const orphans = [...facts.excess].filter(([principal]) => !known.has(principal));
  return {
    items: new Map(items),
    unowned: orphans.flatMap(([principal, atoms]) => excessFindings(principal || 'nobody', atoms, words)),
  };
}

/** The atoms of a grant. */
export function grantAtoms(grant: ResourceGrant): Atom[] {
  return grant.templates.flatMap((template) => templateAtoms(template, granteeOf(grant)));
}

/** With the form that stands for a long list of resources: where a document has that, it has the grant. */
function allAtoms(grant: ResourceGrant): Atom[] {
  return [...grantAtoms(grant), ...grant.templates.flatMap((template) => templateAtoms(template, granteeOf(grant), 'wide'))];
}

function factsOf(input: ResourcePolicyInput, words: TargetWords): Facts {
  const prefix = ownedPrefix(input.installation);
  const own = (documentOf(input.observed)?.statements ?? []).filter((one) => isOwned(one, prefix)).map((one) => one.value);
  const grantsOf = (...modes: One['mode'][]): ResourceGrant[] =>
    input.contributions.filter((one) => modes.includes(one.mode)).map((one) => one.grant);
  const observed = atomSet(own.flatMap(statementAtoms));
  const wide = widenedTemplates(grantsOf('want', 'hold').flatMap(({ templates }) => templates));
  const wanted = grantsOf('want').flatMap((grant) => [
    ...grantAtoms(grant),
    ...grant.templates.filter((one) => wide.has(one)).flatMap((one) => templateAtoms(one, granteeOf(grant), 'wide')),
  ]);
  const all = input.contributions.flatMap(({ grant }) => grant.templates);
  return {
    words,
    observed,
    excess: Map.groupBy(without(observed, atomSet(wanted)), (atom) => atom.principal ?? ''),
    heldAtoms: atomSet(grantsOf('hold').flatMap(allAtoms)),
    heldPrincipals: new Set(grantsOf('hold').map(granteeOf)),
    wantedPrincipals: new Set(grantsOf('want').map(granteeOf)),
    droppedAtoms: atomSet(grantsOf('drop').flatMap(allAtoms)),
    unexplained: atomSet(findStatements(own).unexplained(all).flatMap(statementAtoms)),
    absent: input.observed.kind === 'document' ? undefined : absentFinding(words.policyType, words.target),
  };
}

function findingsOf(one: One, facts: Facts): Finding[] {
  const { arn, uniqueId } = one.grant.principal;
  // Of a deleted principal AWS shows the unique id: what still names that is as much this item's as what names the ARN.
  const excess = [...excessOf(one, facts), ...(facts.excess.get(uniqueId) ?? [])];
  const tooMuch = excessFindings(arn, excess, facts.words);
  if (one.mode === 'drop') return tooMuch;
  const missing = missingOf(one.grant, facts.observed);
  const gaps = missing.length > 0 && facts.absent !== undefined ? [facts.absent] : missingFindings(arn, missing, facts.words);
  return [...gaps, ...tooMuch];
}

function missingOf(grant: ResourceGrant, observed: AtomSet): Atom[] {
  return grant.templates.flatMap((template) => {
    const wide = templateAtoms(template, granteeOf(grant), 'wide');
    if (wide.length > 0 && wide.every((atom) => observed.has(atomKey(atom)))) return [];
    return without(atomSet(templateAtoms(template, granteeOf(grant))), observed);
  });
}

/**
 * What an item answers for of the excess of its principal. A drop: its own atoms, and where no share stands behind the principal any more, all of
 * them. A want: everything that no drop is about to take away. While an item of the principal is on hold, only drops, and only what is surely theirs.
 */
function excessOf(one: One, facts: Facts): Atom[] {
  const grantee = granteeOf(one.grant);
  const ofPrincipal = facts.excess.get(grantee) ?? [];
  const held = facts.heldPrincipals.has(grantee);
  if (one.mode !== 'drop') return held ? [] : without(atomSet(ofPrincipal), facts.droppedAtoms);
  if (!held && !facts.wantedPrincipals.has(grantee)) return [...ofPrincipal];
  const own = atomSet(allAtoms(one.grant));
  const theirs = atomSet(ofPrincipal.filter((atom) => own.has(atomKey(atom))));
  if (!held) return [...theirs.values()];
  const judged = without(theirs, facts.heldAtoms);
  return without(atomSet(judged), facts.unexplained);
}
