/**
 * Whether the rest of a document lets a share work: a Deny of its owner's that surely meets what is granted makes the share unusable, however complete it is.
 * Pure. It is nothing that a write could mend, and nothing that we would change: the owner meant it, or has to be told.
 */
import { createDenials, type Denials } from '../policy/denials.ts';
import { compilePolicy } from '../policy/evaluate.ts';
import { isOwned, ownedPrefix } from '../policy/merge.ts';
import type { RequestPlace } from '../policy/requests.ts';
import { documentOf, type ResourceGrant, type ResourcePolicyInput } from './resource-policy.ts';
import type { Assessment, Contribution, Finding } from './target.ts';

/** The document in people's words ("bucket policy of acme-orders"), and where requests go that it decides about. */
export interface DecidingDocument extends RequestPlace {
  readonly describe: string;
}

/** The assessment with what the statements of others deny to those who are to be served. */
export function withOwnerDenials(
  assessment: Assessment,
  { installation, contributions, observed }: ResourcePolicyInput,
  { describe, ...place }: DecidingDocument,
): Assessment {
  const document = documentOf(observed);
  if (document === undefined) return assessment;
  const prefix = ownedPrefix(installation);
  const denies = compilePolicy(
    document,
    'resource',
    (statement) => statement.value.Effect === 'Deny' && !isOwned(statement, prefix),
  );
  if (denies.length === 0) return assessment;
  const find = createDenials(denies, place);
  const items = new Map(assessment.items);
  for (const one of contributions) {
    const denials = one.mode === 'want' ? find(one.grant.principal, one.grant.templates) : new Map<string, readonly string[]>();
    if (denials.size > 0) items.set(one.item, [...(items.get(one.item) ?? []), denialFinding(one, denials, describe)]);
  }
  return { ...assessment, items };
}

function denialFinding(one: Contribution<ResourceGrant>, denials: Denials, describe: string): Finding {
  const actions = [...new Set([...denials.values()].flat())].sort();
  const message = `Access is granted, but another statement of the ${describe} denies ${actions.join(', ')} to ${one.grant.principal.arn}. Its owner has to change it.`;
  const statements = [...denials].map(([name, denied]) => `Statement ${name} denies ${denied.join(', ')}`);
  return {
    kind: 'waiting',
    blocks: true,
    reason: 'DeniedByOwnerPolicy',
    message,
    ownerMessage: `${message} ${statements.join('; ')}.`,
  };
}
