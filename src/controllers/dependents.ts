/** Who has to be looked at again when a Dataset, a ConsumptionRole or what is known of them has changed. */
import { keyOf } from '../kube/object.ts';
import type { Operator } from './operator.ts';

/** Wakes what depends on the Dataset: its requests and their items. */
export function wakeShares({ cluster, queues }: Operator, key: string): void {
  for (const request of cluster.requests.store.index('dataset', key)) queues.request.add(keyOf(request));
  for (const item of cluster.items.store.index('dataset', key)) queues.item.add(keyOf(item));
}

/** Wakes what depends on the ConsumptionRole: its requests and their items. */
export function wakeRequests({ cluster, queues }: Operator, key: string): void {
  for (const request of cluster.requests.store.index('role', key)) {
    queues.request.add(keyOf(request));
    for (const item of cluster.items.store.index('request', keyOf(request))) queues.item.add(keyOf(item));
  }
}
