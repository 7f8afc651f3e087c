/**
 * Which keys an event concerns. Handlers only put keys into queues; what follows from an event is decided by whoever takes the key.
 */
import type { Dataset, ShareApproval, ShareItem } from '../api/index.ts';
import type { InformerEvent } from '../kube/informer.ts';
import { keyOf, type KubeObject } from '../kube/object.ts';
import { Priority, type AddOptions } from '../kube/queue.ts';
import { indexKeys } from './cluster.ts';
import {
  wakeApprovals,
  wakeDataset,
  wakeEnvironment,
  wakePrincipal,
  wakeRequest,
  wakeRequests,
  wakeShares,
} from './dependents.ts';
import type { Operator } from './operator.ts';
import { countPatience, sumPatience } from './patience.ts';
import { sameJson } from './status.ts';

/** Who is in use is looked at again at most this often, however many items change. */
const usedDelayMs = 500;

/** Subscribes all queues to the caches. */
export function connect(operator: Operator): void {
  const { cluster, queues, memory } = operator;
  cluster.environments.onEvent((event) =>
    onChange(event, (object, options) => {
      queues.environment.add(keyOf(object), options);
      queues.orphans.add(keyOf(object), options);
      // Claims, admitted namespaces and roles are read by everything that lives in the account.
      if (reachesOthers(event) && !(event.type === 'added' && event.initial))
        wakeEnvironment(operator, { name: object.metadata.name, accountId: object.spec.accountId });
    }),
  );
  cluster.roles.onEvent((event) =>
    onChange(event, (object, options) => {
      queues.role.add(keyOf(object), options);
      if (!reachesOthers(event)) return;
      wakePrincipal(operator, object.spec.principalArn, options);
      // One that is gone is no longer among them.
      wakeRequests(operator, keyOf(object), options);
    }),
  );
  cluster.datasets.onEvent((event) =>
    onChange(event, (object, options) => {
      queues.dataset.add(keyOf(object), options);
      if (reachesOthers(event)) wakeDatasetAndRivals(operator, object, options);
    }),
  );
  cluster.requests.onEvent((event) => onChange(event, (object, options) => wakeRequest(operator, keyOf(object), options)));
  cluster.approvals.onEvent((event) => {
    if (event.type === 'deleted') memory.withdrawn.add(event.object.metadata.uid ?? '');
  });
  cluster.approvals.onEvent((event) => onChange(event, (object, options) => wakeApproval(operator, object, options)));
  cluster.items.onEvent((event) => {
    // What we recorded in an item is no news for its request: that comes with the item's next report.
    const sum = event.type === 'updated' ? { afterMs: sumPatience(operator) } : {};
    onChange(event, (object, options) => wakeItem(operator, object, { item: options, sum: { ...options, ...sum } }));
    if (event.type !== 'added' || !event.initial) wakeUsed(operator, event);
    const before = event.type === 'updated' ? endOf(event.old) : undefined;
    if (!sameJson(before, endOf(event.object))) wakeApprovals(operator, requestOf(event.object));
  });
  cluster.received.onEvent((event) =>
    onChange(event, ({ spec }, options) =>
      queues.request.add(indexKeys.request(spec.requestRef.namespace, spec.requestRef.name), options),
    ),
  );
  cluster.namespaces.onEvent((event) => {
    if (event.type === 'updated' && sameJson(event.old.metadata.labels, event.object.metadata.labels)) return;
    if (event.type !== 'added' || !event.initial) wakeNamespace(operator, event.object.metadata.name);
  });
  cluster.secrets.onEvent((event) => {
    if (event.type === 'added' && event.initial) return;
    // A way out that is new begins with what holds now: each request notes that at once, not at its next change.
    if (event.object.metadata.name === operator.notify?.secretName) wakeAllRequests(operator);
    for (const environment of cluster.environments.store.list()) {
      if (environment.spec.assumeRole?.externalIdSecretRef?.name === event.object.metadata.name)
        queues.environment.add(keyOf(environment));
    }
  });
}

function wakeAllRequests({ cluster, queues }: Operator): void {
  for (const request of cluster.requests.store.list()) queues.request.add(keyOf(request), { priority: Priority.resync });
}

/** Calls `wake` unless the event is only a status, most often our own. */
function onChange<T extends KubeObject>(
  event: InformerEvent<T>,
  wake: (object: InformerEvent<T>['object'], options: AddOptions) => void,
): void {
  if (event.type === 'updated' && !concernsUs(event.old, event.object)) return;
  wake(event.object, event.type === 'added' && event.initial ? { priority: Priority.resync } : {});
}

type Meta = Pick<KubeObject, 'metadata'>;

function concernsUs(old: Meta, now: Meta): boolean {
  const facts = ({ metadata }: Meta): unknown => [
    metadata.uid,
    metadata.generation,
    metadata.deletionTimestamp,
    metadata.annotations,
    metadata.finalizers,
    metadata.ownerReferences,
  ];
  return !sameJson(facts(old), facts(now));
}

/** Our own finalizers come and go on what many depend on, and mean nothing to them. */
function reachesOthers<T extends KubeObject>(event: InformerEvent<T>): boolean {
  if (event.type !== 'updated') return true;
  const facts = ({ metadata }: Meta): unknown => [
    metadata.uid,
    metadata.generation,
    metadata.deletionTimestamp,
    metadata.annotations,
  ];
  return !sameJson(facts(event.old), facts(event.object));
}

function wakeDatasetAndRivals(operator: Operator, dataset: Dataset, options: AddOptions): void {
  const { cluster, queues } = operator;
  const key = keyOf(dataset);
  queues.environment.add(dataset.spec.environmentRef.name, { ...options, afterMs: usedDelayMs });
  // Another namespace's Dataset on the same bucket may hold it now, or lose it.
  for (const bucket of dataset.spec.buckets) {
    for (const rival of cluster.datasets.store.index('bucket', bucket.name))
      if (keyOf(rival) !== key) wakeDataset(operator, keyOf(rival), options);
  }
  wakeShares(operator, key, options);
}

function wakeApproval(operator: Operator, approval: ShareApproval, options: AddOptions): void {
  operator.queues.approval.add(keyOf(approval), options);
  wakeRequest(operator, indexKeys.request(approval.spec.requestRef.namespace, approval.spec.requestRef.name), options);
}

/** Why consent ended: it may be that approvals have no effect any more. */
function endOf({ spec }: InformerEvent<ShareItem>['object']): unknown {
  return spec.consent?.ended;
}

/** Key of the item's request. */
function requestOf({ metadata, spec }: InformerEvent<ShareItem>['object']): string {
  return indexKeys.request(metadata.namespace ?? '', spec.requestRef.name);
}

function wakeItem(
  operator: Operator,
  object: ShareItem,
  { item, sum }: { readonly item: AddOptions; readonly sum: AddOptions },
): void {
  const { queues } = operator;
  queues.item.add(keyOf(object), item);
  queues.request.add(requestOf(object), sum);
  const { namespace, name } = object.spec.datasetRef;
  queues.dataset.add(`${namespace}/${name}`, { ...item, afterMs: countPatience(operator) });
}

/** What an item has begun or ceased to use gets or loses its finalizer, so that deleting it waits no longer than the share lives. */
function wakeUsed({ cluster, queues }: Operator, event: InformerEvent<ShareItem>): void {
  const now = usedBy(event.object);
  // Added or deleted: all that it names.
  const before = event.type === 'updated' ? usedBy(event.old) : nothing;
  const changed = (pick: keyof Used): string[] => differing(before[pick], now[pick]);
  const soon = { afterMs: usedDelayMs };
  for (const name of changed('environments')) queues.environment.add(name, soon);
  for (const arn of changed('principals')) {
    for (const role of cluster.roles.store.index('principal', arn)) queues.role.add(keyOf(role), soon);
  }
}

/** What is in one of the two only. */
function differing(left: readonly string[], right: readonly string[]): string[] {
  return [...left.filter((each) => !right.includes(each)), ...right.filter((each) => !left.includes(each))];
}

interface Used {
  readonly environments: readonly string[];
  readonly principals: readonly string[];
}

const nothing: Used = { environments: [], principals: [] };

function usedBy({ spec }: InformerEvent<ShareItem>['object']): Used {
  return {
    environments: spec.resolved.flatMap(({ environment, consumer, keyEnvironment = environment }) =>
      [environment, consumer, keyEnvironment].map(({ name }) => name),
    ),
    principals: spec.resolved.map(({ principal }) => principal.arn),
  };
}

function wakeNamespace(operator: Operator, name: string): void {
  const { cluster, queues } = operator;
  for (const dataset of cluster.datasets.store.index('namespace', name)) wakeDataset(operator, keyOf(dataset));
  for (const role of cluster.roles.store.index('namespace', name)) queues.role.add(keyOf(role));
  for (const request of cluster.requests.store.index('namespace', name)) wakeRequest(operator, keyOf(request), {});
}
