/** Who has to be looked at again when a request, a Dataset, a ConsumptionRole or what is known of them has changed. */
import { keyOf } from '../kube/object.ts';
import type { AddOptions } from '../kube/queue.ts';
import type { Operator } from './operator.ts';

/** Wakes what depends on the Dataset: its requests and their items. */
export function wakeShares({ cluster, queues }: Operator, key: string, options?: AddOptions): void {
  for (const request of cluster.requests.store.index('dataset', key)) queues.request.add(keyOf(request), options);
  for (const item of cluster.items.store.index('dataset', key)) queues.item.add(keyOf(item), options);
}

/** Wakes what depends on the ConsumptionRole: its requests and their items. */
export function wakeRequests(operator: Operator, key: string, options?: AddOptions): void {
  for (const request of operator.cluster.requests.store.index('role', key)) wakeRequest(operator, keyOf(request), options);
}

/** Wakes a request and its items. */
export function wakeRequest({ cluster, queues }: Operator, key: string, options?: AddOptions): void {
  queues.request.add(key, options);
  for (const item of cluster.items.store.index('request', key)) queues.item.add(keyOf(item), options);
}
