/**
 * What an item's approvals say, all of them together. Each approval alone gives tuples (item, permission, expiry); the union is over tuples, never over
 * fields. Rejected wins over Approved for its items, whatever its age. Pure: which approvals exist is the gatherer's business.
 */
import type { Dataset, ShareApproval } from '../api/index.ts';
import type { Permission } from './permissions.ts';
import { choosesNamespace, type NamespaceLabels } from './selectors.ts';

/** An approval at one of its generations. */
export interface ApprovalSource {
  readonly kind: 'Approval';
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** Milliseconds since the epoch; Kubernetes keeps whole seconds. */
  readonly createdAt: number;
}

/** Who consented: an approval, or the Dataset's rule. */
export type ConsentSource = ApprovalSource | { readonly kind: 'Automatic' };

/** One permission on the item, by one approval, until `expiresAt` (milliseconds; undefined: no end of its own). */
export interface ConsentTuple {
  readonly permission: Permission;
  readonly expiresAt: number | undefined;
  /** Set where the owner pinned exactly what was reviewed. */
  readonly digest: string | undefined;
  /** Requests for this time or later are rejected by the same approval (milliseconds). */
  readonly extensionRejectedAt?: number | undefined;
  readonly source: ConsentSource;
}

/** All that is said about one item and one principal. */
export interface Standing {
  readonly tuples: readonly ConsentTuple[];
  readonly rejected: { readonly name: string; readonly reason: string | undefined } | undefined;
}

/** The item and the principal that consent is looked up for. */
export interface ConsentQuestion {
  readonly type: string;
  readonly name: string;
  readonly principalArn: string;
}

/**
 * Reads the approvals of one request. Only those count that are not being deleted; an Approved one counts only when it names the principal:
 * consent is to somebody, not to a name that may come to mean another.
 */
export function standingOf(approvals: readonly ShareApproval[], question: ConsentQuestion): Standing {
  const live = approvals.filter((approval) => approval.metadata.deletionTimestamp === undefined);
  const rejecting = live.find((approval) => approval.spec.decision === 'Rejected' && namesItem(approval, question, true));
  const tuples = live
    .filter((approval) => approval.spec.decision === 'Approved' && approval.spec.principal?.arn === question.principalArn)
    .flatMap((approval) => tuplesOf(approval, question));
  return {
    tuples,
    rejected: rejecting === undefined ? undefined : { name: rejecting.metadata.name, reason: rejecting.spec.reason },
  };
}

/** Automatic approval by the Dataset's own rules. Never for a Dataset whose confidentiality is Secret. */
export function automaticTuples(
  dataset: Dataset,
  question: ConsentQuestion,
  requester: NamespaceLabels,
  trustedLabels: readonly string[],
): ConsentTuple[] {
  if (dataset.spec.confidentiality === 'Secret') return [];
  const sharing = dataset.spec.sharing;
  const whole: readonly Permission[] = sharing?.approval === 'Automatic' ? (sharing.permissions ?? ['Read']) : [];
  const ruled = (sharing?.autoApprove ?? [])
    .filter((rule) => (rule.items ?? []).some((item) => item.type === question.type && item.name === question.name))
    .filter(
      (rule) =>
        (rule.namespaces?.includes(requester.name) ?? false) ||
        (rule.selector !== undefined &&
          choosesNamespace({ from: 'Selector', selector: rule.selector }, requester, { own: undefined, trustedLabels })),
    )
    .flatMap((rule) => rule.permissions ?? ['Read']);
  return [...whole, ...ruled].map((permission) => ({
    permission,
    expiresAt: undefined,
    digest: undefined,
    source: { kind: 'Automatic' },
  }));
}

function tuplesOf(approval: ShareApproval, question: ConsentQuestion): ConsentTuple[] {
  const source: ApprovalSource = {
    kind: 'Approval',
    name: approval.metadata.name,
    uid: approval.metadata.uid ?? '',
    generation: approval.metadata.generation ?? 0,
    createdAt: timeOf(approval.metadata.creationTimestamp) ?? 0,
  };
  return (approval.spec.items ?? [])
    .filter((item) => item.type === question.type && item.name === question.name)
    .flatMap((item) =>
      (item.permissions ?? ['Read']).map((permission) => ({
        permission,
        expiresAt: timeOf(approval.spec.expireTime),
        digest: item.digest,
        extensionRejectedAt: timeOf(approval.spec.extension?.rejectedExpireTime),
        source,
      })),
    );
}

function namesItem(approval: ShareApproval, question: ConsentQuestion, noneMeansAll: boolean): boolean {
  const items = approval.spec.items ?? [];
  if (items.length === 0) return noneMeansAll;
  return items.some((item) => item.type === question.type && item.name === question.name);
}

/** Milliseconds of an RFC 3339 time; undefined where there is none. */
export function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
