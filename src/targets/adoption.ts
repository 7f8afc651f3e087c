/**
 * Keeping, for a while, what a document gives under our mark and no contribution explains. An operator that meets a document for the first time may not know all of its
 * shares yet: after objects were restored they come one by one, and whoever is not there yet must not lose access to whoever is. So what is unexplained is held
 * like what is undecided. When that ends is the business of src/controllers/adoption.ts. Pure.
 */
import { isOwned, ownedPrefix } from '../policy/merge.ts';
import { conditionKey } from '../policy/compare.ts';
import { textsOf, type JsonObject } from '../policy/document.ts';
import { awsPrincipals, isDeadId } from '../policy/principals.ts';
import { atomKey, statementAtoms } from '../policy/statement-atoms.ts';
import { everybody, templateAtoms } from '../policy/templates.ts';
import { unitsOf } from '../policy/units.ts';
import { documentOf, type ObservedPolicy, type ResourceGrant } from './resource-policy.ts';
import { granteeOf } from './resource-policy-found.ts';
import type { SharePolicyCoordinates } from './share-policy-names.ts';
import type { ObservedSharePolicies } from './share-policy-observe.ts';
import { shardUnits, type IdentityGrant } from './share-policy-plan.ts';
import type { Contribution, PrincipalGrant, TargetInput, TargetKind } from './target.ts';

/** Contributions on hold that stand for what no contribution explains. */
export type Unexplained<C, G, O> = (input: TargetInput<C, G, O>) => readonly Contribution<G>[];

/** The kind with everything unexplained on hold; `found` hears, after each reading, how much that is. */
export function adopting<C, G extends PrincipalGrant, O, S, X>(
  kind: TargetKind<C, G, O, S, X>,
  unexplained: Unexplained<C, G, O>,
  found: (count: number) => void,
): TargetKind<C, G, O, S, X> {
  const withHeld = (input: TargetInput<C, G, O>): TargetInput<C, G, O> => {
    const held = unexplained(input);
    found(held.length);
    return { ...input, contributions: [...input.contributions, ...held] };
  };
  return {
    ...kind,
    plan: (input) => kind.plan(withHeld(input)),
    assess: (input) => kind.assess(withHeld(input)),
  };
}

/** In a resource policy: each statement of ours, per principal that gets more by it than its contributions say. */
export function unexplainedStatements<C, O>(
  policyOf: (observed: O) => ObservedPolicy | undefined,
): Unexplained<C, ResourceGrant, O> {
  return ({ installation, contributions, observed }) => {
    const policy = policyOf(observed);
    const document = policy === undefined ? undefined : documentOf(policy);
    const prefix = ownedPrefix(installation);
    const own = (document?.statements ?? []).filter((statement) => isOwned(statement, prefix)).map(({ value }) => value);
    const explained = new Set(contributions.flatMap(({ grant }) => grantKeys(grant)));
    const leaving = new Set(contributions.filter(({ mode }) => mode === 'drop').map(({ grant }) => granteeOf(grant)));
    return own.flatMap((statement) => {
      const atoms = statementAtoms(statement);
      return awsPrincipals(statement)
        .filter((principal) => !isDeadId(principal) && !leaving.has(principal))
        .filter((principal) => atoms.some((atom) => atom.principal === principal && !explained.has(atomKey(atom))))
        .map((principal) => heldStatement(statement, principal, prefix));
    });
  };
}

/** In the policies of a principal: each unit that no contribution brings, on a resource from which none is taken back. */
export const unexplainedUnits: Unexplained<SharePolicyCoordinates, IdentityGrant, ObservedSharePolicies> = (input) => {
  const { contributions, observed, coordinates } = input;
  const unitsIn = (mode?: Contribution<IdentityGrant>['mode']) =>
    contributions.filter((one) => mode === undefined || one.mode === mode).flatMap(({ grant }) => unitsOf(grant.statements));
  const explained = new Set(unitsIn().map(({ key }) => key));
  const leaving = new Set(unitsIn('drop').map(({ resource }) => resource));
  const units = observed.shards.filter(({ owned }) => owned).flatMap(shardUnits);
  return units
    .filter(({ key, resource }) => !explained.has(key) && !leaving.has(resource))
    .map(({ key, actions, resource, condition }) => {
      const statement = { actions, resources: [resource], ...(condition === undefined ? {} : { condition }) };
      const principal = { arn: coordinates.principalArn, uniqueId: '' };
      return { ...held(key), grant: { principal, statements: [statement] } };
    });
};

function grantKeys(grant: ResourceGrant): string[] {
  const grantee = granteeOf(grant);
  return grant.templates.flatMap((template) =>
    (['exact', 'wide'] as const).flatMap((form) => templateAtoms(template, grantee, form).map(atomKey)),
  );
}

function heldStatement(statement: JsonObject, principal: string, prefix: string): Contribution<ResourceGrant> {
  const condition = statement.Condition as JsonObject | undefined;
  const name = textsOf(statement.Sid).join('').slice(prefix.length);
  const template = {
    name,
    actions: textsOf(statement.Action),
    resources: textsOf(statement.Resource),
    ...(conditionKey(condition) === '[]' || condition === undefined ? {} : { condition }),
  };
  const grant = { principal: { arn: principal, uniqueId: principal }, templates: [template] };
  return {
    ...held(`${principal} ${name}`),
    grant: principal === everybody ? { ...grant, forEverybody: true } : grant,
  };
}

function held(name: string): Omit<Contribution<never>, 'grant'> {
  return { item: `unexplained ${name}`, order: '', mode: 'hold', repair: false };
}
