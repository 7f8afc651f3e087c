/**
 * Who has to be looked at again when an Environment, a Dataset, a ConsumptionRole, a request, or what is known of them has changed. What is decided about an item depends on
 * all of them, also while nothing of it is shared.
 */
import { keyOf } from '../kube/object.ts';
import type { AddOptions } from '../kube/queue.ts';
import type { Operator } from './operator.ts';

/** Wakes everything that lives in the account: its state, its claims and how it is entered are part of each verdict. `accountId`: where it is known. */
export function wakeEnvironment(
  operator: Operator,
  { name, accountId }: { readonly name: string; readonly accountId?: string },
): void {
  const { datasets, roles, items } = operator.cluster;
  const keyed = accountId === undefined ? [] : datasets.store.index('keyAccount', accountId);
  // Most keys are in the account of their data.
  for (const dataset of new Set([...datasets.store.index('environment', name), ...keyed])) wakeDataset(operator, keyOf(dataset));
  for (const role of roles.store.index('environment', name)) wakeRole(operator, keyOf(role));
  for (const item of items.store.index('environment', name)) operator.queues.item.add(keyOf(item));
}

/** Wakes the Dataset with what depends on it. */
export function wakeDataset(operator: Operator, key: string, options?: AddOptions): void {
  operator.queues.dataset.add(key, options);
  wakeShares(operator, key, options);
}

/** Wakes everything that names the principal: the ConsumptionRoles that speak for it, and what is shared with it. */
export function wakePrincipal(operator: Operator, arn: string, options?: AddOptions): void {
  const { roles, items } = operator.cluster;
  for (const role of roles.store.index('principal', arn)) wakeRole(operator, keyOf(role), options);
  for (const item of items.store.index('principalArn', arn)) operator.queues.item.add(keyOf(item), options);
}

/** Wakes the ConsumptionRole with what depends on it. */
export function wakeRole(operator: Operator, key: string, options?: AddOptions): void {
  operator.queues.role.add(key, options);
  wakeRequests(operator, key, options);
}

/** Wakes what depends on the Dataset: its requests with their approvals, and all items once, also those whose request is gone. */
export function wakeShares(operator: Operator, key: string, options?: AddOptions): void {
  const { cluster, queues } = operator;
  for (const request of cluster.requests.store.index('dataset', key)) {
    queues.request.add(keyOf(request), options);
    wakeApprovals(operator, keyOf(request), options);
  }
  for (const item of cluster.items.store.index('dataset', key)) queues.item.add(keyOf(item), options);
}

/** Wakes what depends on the ConsumptionRole: its requests. */
export function wakeRequests(operator: Operator, key: string, options?: AddOptions): void {
  for (const request of operator.cluster.requests.store.index('role', key)) wakeRequest(operator, keyOf(request), options);
}

/** Wakes a request, its items, and the approvals that are for it. */
export function wakeRequest(operator: Operator, key: string, options?: AddOptions): void {
  operator.queues.request.add(key, options);
  for (const item of operator.cluster.items.store.index('request', key)) operator.queues.item.add(keyOf(item), options);
  wakeApprovals(operator, key, options);
}

/** Wakes the approvals that are for a request, whether it exists or not: each says whether it has an effect. */
export function wakeApprovals({ cluster, queues }: Operator, key: string, options?: AddOptions): void {
  for (const approval of cluster.approvals.store.index('requestRef', key)) queues.approval.add(keyOf(approval), options);
}
