/** What the controller does around a decision about one ShareItem, for stories: what the owner's objects say of an item, and how a decision is recorded in it. */
import type { Dataset, ShareApproval, ShareItem } from '../../src/api/index.ts';
import { automaticTuples, standingOf } from '../../src/shares/approval.ts';
import type { Decision, DecisionInput } from '../../src/shares/decide.ts';

/** What the owner's side has written. */
export interface OwnersSide {
  readonly dataset: Dataset;
  readonly approvals: readonly ShareApproval[];
}

/** What approvals and the Dataset's rules say of the item, which a namespace without labels asks for. */
export function standingFor({ dataset, approvals }: OwnersSide, item: ShareItem, namespace: string): DecisionInput['standing'] {
  const { type, name } = item.spec;
  return (principalArn) => {
    const question = { type, name, principalArn };
    const { tuples, rejected } = standingOf(approvals, question);
    const rules = automaticTuples(dataset, question, { name: namespace, labels: {} }, []);
    return { tuples: [...tuples, ...rules], rejected };
  };
}

/** The item with the decision in it, but without what cancels: an item's own permissions stay where nothing is decided about them. */
export function recorded(item: ShareItem, { consent, permissions, resolved }: Decision): ShareItem {
  const { consent: _before, ...spec } = item.spec;
  const kept = permissions.length > 0 ? permissions : spec.permissions;
  return { ...item, spec: { ...spec, permissions: kept, resolved, ...(consent === undefined ? {} : { consent }) } };
}
