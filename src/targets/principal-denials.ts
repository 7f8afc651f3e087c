/**
 * Whether the rest of a principal's policies lets its shares work: a Deny that surely meets what is granted, or a permissions boundary that surely does not
 * allow it. Pure. Judged by what the last verification read; what could not be read is taken for none.
 */
import { createDenials, notAllowed } from '../policy/denials.ts';
import { parsePolicy } from '../policy/document.ts';
import { compilePolicy, type CompiledStatement } from '../policy/evaluate.ts';
import { accountOf, nameOf } from '../policy/evaluate-principals.ts';
import type { Given } from '../policy/requests.ts';
import type { OtherPolicies, OtherPolicy } from './share-policy-others.ts';
import type { IdentityGrant, SharePolicyInput } from './share-policy-plan.ts';
import type { Assessment, Contribution, Finding } from './target.ts';

/** The assessment with what other policies of the principal keep from those who are to be served. */
export function withPrincipalDenials(assessment: Assessment, { contributions, observed }: SharePolicyInput): Assessment {
  const { others } = observed;
  if (others === undefined) return assessment;
  const judge = judgeOf(others);
  const items = new Map(assessment.items);
  for (const one of contributions) {
    const reasons = one.mode === 'want' ? judge(one.grant) : [];
    if (reasons.length > 0) items.set(one.item, [...(items.get(one.item) ?? []), denialFinding(one, reasons)]);
  }
  return { ...assessment, items };
}

type Judge = (grant: IdentityGrant) => readonly string[];

function judgeOf({ policies, boundary }: OtherPolicies): Judge {
  const judges = [...policies, ...(boundary === undefined ? [] : [boundary])].map(deniesOf);
  if (boundary !== undefined) judges.push(limitsOf(boundary));
  return (grant) => judges.flatMap((judge) => judge(grant));
}

/** Where the data is the grant's own statements say (aws:ResourceAccount); which region a bucket is in they don't. */
function deniesOf(policy: OtherPolicy): Judge {
  const find = createDenials(statementsOf(policy), {});
  return ({ principal, statements }) =>
    [...find(principal, statements)].map(
      ([name, actions]) => `statement ${name} of its ${policy.name} denies ${listed(actions)}`,
    );
}

function limitsOf(boundary: OtherPolicy): Judge {
  const statements = statementsOf(boundary);
  if (statements.length === 0) return () => [];
  return ({ principal, statements: given }) => {
    // What a document in the user's own account gives to the user itself, a boundary does not limit (access_policies_boundaries.md).
    const limited = given.filter((each) => nameOf(principal).kind === 'role' || !accountsOf(each).includes(accountOf(principal)));
    const actions = notAllowed(statements, { principal }, limited);
    return actions.length === 0 ? [] : [`its ${boundary.name} does not allow ${listed(actions)}`];
  };
}

function accountsOf({ condition }: Given): readonly unknown[] {
  const equals = condition?.StringEquals as Readonly<Record<string, readonly unknown[]>> | undefined;
  return equals?.['aws:ResourceAccount'] ?? [];
}

function statementsOf({ text }: OtherPolicy): CompiledStatement[] {
  const parsed = parsePolicy(text);
  return parsed.kind === 'document' ? compilePolicy(parsed.document, 'identity') : [];
}

function denialFinding({ grant }: Contribution<IdentityGrant>, reasons: readonly string[]): Finding {
  const message = `Access is granted, but ${grant.principal.arn} can't use it: ${reasons.join('; ')}. Whoever is in charge of the principal has to change that.`;
  return { kind: 'waiting', blocks: true, reason: 'DeniedByPrincipalPolicy', message };
}

function listed(actions: readonly string[]): string {
  return [...actions].sort().join(', ');
}
