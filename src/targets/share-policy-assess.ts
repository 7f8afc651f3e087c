/**
 * What the policies of a principal lack of what its shares need, and what they hold beyond. Pure. Content counts where it has effect: in policies that
 * are attached; what is to be taken away counts wherever it stands.
 */
import { atomKey, statementAtoms, type Atom } from '../policy/statement-atoms.ts';
import { unitStatements, unitsOf, type Unit } from '../policy/units.ts';
import { absentFinding, atomSet, excessFindings, missingFindings, without, type AtomSet, type TargetWords } from './findings.ts';
import { policyName } from './share-policy-names.ts';
import type { ObservedShard } from './share-policy-observe.ts';
import {
  isRedundant,
  keeper,
  shardStatements,
  shardUnits,
  type IdentityGrant,
  type SharePolicyInput,
} from './share-policy-plan.ts';
import type { Assessment, Contribution, Finding } from './target.ts';

type One = Contribution<IdentityGrant>;

interface Facts {
  readonly input: SharePolicyInput;
  readonly owned: readonly ObservedShard[];
  readonly effective: AtomSet;
  /** Atoms in any of our policies that nobody wants or holds. */
  readonly excess: AtomSet;
  readonly dropped: AtomSet;
}

/** Compares. */
export function assessSharePolicies(input: SharePolicyInput): Assessment {
  const facts = factsOf(input);
  const items = new Map(input.contributions.map((one) => [one.item, findingsOf(one, facts)]));
  const resources = new Set(input.contributions.flatMap((one) => unitsOf(one.grant.statements).map(({ resource }) => resource)));
  const orphans = without(facts.excess, new Map()).filter((atom) => !resources.has(atom.resource));
  const idle = facts.owned.filter((shard) => isIdle(shard, facts));
  const arn = input.coordinates.principalArn;
  const unowned = [
    ...excessFindings(arn, orphans, wordsFor(orphans)),
    ...idle.map(({ index }): Finding => ({
      kind: 'excess',
      message: `IAM Policy ${nameOf(input, index)} is not needed`,
    })),
  ];
  return { items, unowned };
}

function factsOf(input: SharePolicyInput): Facts {
  const { contributions, coordinates, observed } = input;
  const owned = observed.shards.filter((shard) => shard.owned);
  const attached = coordinates.management === 'Detached' ? owned : owned.filter((shard) => shard.attached);
  const atomsOf = (mode: One['mode']): Atom[] =>
    contributions.filter((one) => one.mode === mode).flatMap((one) => grantAtoms(one));
  const keeps = keeper(contributions, observed.principalExists);
  const kept = owned.flatMap((shard) => shardUnits(shard).filter(keeps)).flatMap(unitAtoms);
  return {
    input,
    owned,
    effective: atomSet(attached.flatMap(shardAtoms)),
    excess: atomSet(without(atomSet(owned.flatMap(shardAtoms)), atomSet([...atomsOf('want'), ...kept]))),
    dropped: atomSet(atomsOf('drop')),
  };
}

function findingsOf(one: One, facts: Facts): Finding[] {
  const arn = facts.input.coordinates.principalArn;
  const own = atomSet(grantAtoms(one));
  const resources = new Set([...own.values()].map(({ resource }) => resource));
  if (one.mode === 'drop') {
    // Somebody may have changed the statement: whatever is left on the item's resources is what it has to answer for.
    const left = [...facts.excess.values()].filter((atom) => resources.has(atom.resource));
    return excessFindings(arn, left, wordsFor(left));
  }
  const missing = without(own, facts.effective);
  const beyond = without(facts.excess, facts.dropped).filter((atom) => resources.has(atom.resource));
  return [...gaps(one, missing, facts), ...excessFindings(arn, beyond, wordsFor(beyond)), ...waiting(one, facts)];
}

/** Where the content exists and only the attachment is missing, that is what the message says. */
function gaps(one: One, missing: readonly Atom[], facts: Facts): Finding[] {
  const loose = new Set(facts.owned.filter((shard) => !shard.attached).flatMap((shard) => shardAtoms(shard).map(atomKey)));
  if (missing.length === 0 || !missing.every((atom) => loose.has(atomKey(atom)))) {
    return missingFindings(facts.input.coordinates.principalArn, missing, wordsFor(missing));
  }
  return [absentFinding('IAM Policy attached', looseNames(one, facts))];
}

/** Detached: the content is ours, the attachment is somebody else's to make. */
function waiting(one: One, facts: Facts): Finding[] {
  const names = facts.input.coordinates.management === 'Detached' && one.mode === 'want' ? looseNames(one, facts) : '';
  if (names === '') return [];
  const message = `Waiting until ${names} is attached to ${facts.input.coordinates.principalArn}`;
  return [{ kind: 'waiting', reason: 'WaitingForAttachment', message }];
}

/** Names of the policies that hold units of the item and are not attached. */
function looseNames(one: One, { owned, input }: Facts): string {
  const keys = new Set(unitsOf(one.grant.statements).map(({ key }) => key));
  const loose = owned.filter((shard) => !shard.attached && shardUnits(shard).some(({ key }) => keys.has(key)));
  return loose.map(({ index }) => nameOf(input, index)).join(', ');
}

/** A policy of ours that gives nobody anything: left by a process that was ended between two writes, or emptied by hand. Content that is too much is told as such. */
function isIdle(shard: ObservedShard, { input }: Facts): boolean {
  return shardAtoms(shard).length === 0 || isRedundant(shard, input);
}

function shardAtoms(shard: ObservedShard): Atom[] {
  return shardStatements(shard).flatMap(statementAtoms);
}

function unitAtoms(unit: Unit): Atom[] {
  return unitStatements([unit]).flatMap(statementAtoms);
}

function grantAtoms(one: One): Atom[] {
  return unitsOf(one.grant.statements).flatMap(unitAtoms);
}

function nameOf({ installation, coordinates }: SharePolicyInput, index: number): string {
  return policyName(installation, coordinates, index);
}

function wordsFor(atoms: readonly Atom[]): TargetWords {
  const target = [...new Set(atoms.map(({ resource }) => resource))].sort().join(', ');
  return { policyType: 'IAM Policy', resourceType: 'Resource', target };
}
