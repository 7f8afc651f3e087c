/**
 * Removing orphans: an orphan is a target in which everything of ours is to be dropped. It runs in the target queue like every other target, so that no document
 * has two writers, with the writer's fresh reads, comparisons, read-backs and lease. As soon as a share names the document, the order is void.
 */
import { isRetryable } from '../aws/errors.ts';
import type { Marked, MarkedPlace } from '../aws/orphans-types.ts';
import type { Environment } from '../api/index.ts';
import type { Result } from '../kube/controller.ts';
import { regardingOf } from '../kube/events.ts';
import { Priority } from '../kube/queue.ts';
import type { SeenOrphan } from '../shares/orphans.ts';
import type { Contribution, PrincipalRef } from '../targets/target.ts';
import type { TargetReport } from '../targets/writer-types.ts';
import { types } from './cluster.ts';
import type { TargetWork } from './ledger.ts';
import type { OrphanOrder } from './memory.ts';
import type { Operator } from './operator.ts';
import { cut } from './status.ts';

/** A note about an orphan in a status has at most this many characters. */
const messageLength = 256;

/** Orders exactly these of the Environment's orphans to be removed. */
export function orderRemovals({ memory, queues }: Operator, { metadata }: Environment, removable: readonly Marked[]): void {
  for (const [target, order] of memory.orphanOrders) if (order.environment === metadata.name) memory.orphanOrders.delete(target);
  for (const { place, principals, target } of removable) {
    if (place === undefined) continue;
    memory.orphanOrders.set(target, { environment: metadata.name, work: dropAll(place, principals) });
    queues.target.add(target, { priority: Priority.resync });
  }
}

/** Whether the order still stands: the Environment wants it, the caches are complete, and no share has come to name the document. */
export function isOrdered({ memory, cluster }: Operator, target: string, order: OrphanOrder): boolean {
  return (
    memory.orphanOrders.get(target) === order &&
    cluster.hasSynced() &&
    cluster.environments.store.get(order.environment)?.spec.orphans === 'Delete' &&
    cluster.items.store.index('target', target).length === 0
  );
}

/** What a run has made of an orphan; `done` means that the target can be forgotten. */
export function settleRemoval(operator: Operator, order: OrphanOrder, report: TargetReport<unknown>): Result {
  const { memory, clock } = operator;
  const { key: target, failure } = report;
  if (report.superseded) {
    memory.orphanOrders.delete(target);
    return { kind: 'requeue', afterMs: 0 };
  }
  if (isRemoved(report)) {
    if (report.writes.length > 0) announce(operator, order, report);
    note(operator, { order, target, change: () => [] });
    // Others may have written at the same time: the document is looked at once more.
    if (report.readBackAt !== undefined) return { kind: 'requeue', afterMs: Math.max(0, report.readBackAt - clock.now()) };
  } else if (failure !== undefined && isRetryable(failure.kind)) {
    return { kind: 'retry', error: new Error(failure.message) };
  } else {
    const message = cut(reasonOf(report), messageLength);
    note(operator, { order, target, change: (orphan) => [{ ...orphan, message }] });
  }
  memory.orphanOrders.delete(target);
  return { kind: 'done' };
}

/** Everything of ours is dropped; `repair` has the writer take away what belongs to none of the principals, too. */
function dropAll(place: MarkedPlace, principals: readonly string[]): TargetWork {
  const drop = (arn: string): Omit<Contribution<never>, 'grant'> & { readonly grant: { readonly principal: PrincipalRef } } => ({
    item: `orphan/${arn}`,
    order: '',
    mode: 'drop',
    repair: true,
    // What a deleted principal leaves behind are grants to its unique id, and that is then what AWS shows as the principal.
    grant: { principal: { arn, uniqueId: arn } },
  });
  const drops = (principals.length === 0 ? [''] : principals).map(drop);
  switch (place.kind) {
    case 'SharePolicy':
      return { ...place, contributions: drops.map((one) => ({ ...one, grant: { ...one.grant, statements: [] } })) };
    case 'AccessPoint':
      return { ...place, contributions: drops.map((one) => ({ ...one, grant: { ...one.grant, templates: [] } })) };
    case 'BucketPolicy':
      return { ...place, contributions: drops.map((one) => ({ ...one, grant: { ...one.grant, templates: [] } })) };
    case 'KeyPolicy':
      return { ...place, contributions: drops.map((one) => ({ ...one, grant: { ...one.grant, templates: [] } })) };
  }
}

function isRemoved({ items, unowned }: TargetReport<unknown>): boolean {
  return unowned.length === 0 && [...items.values()].every(({ state }) => state === 'Removed');
}

function reasonOf({ items, failure, unowned }: TargetReport<unknown>): string {
  const open = [...items.values()].find(({ state }) => state !== 'Removed');
  return open?.message ?? failure?.message ?? unowned[0]?.message ?? 'it is still there';
}

/** Keeps what the Environment shows in step. */
function note(
  { memory, queues }: Operator,
  {
    order,
    target,
    change,
  }: {
    readonly order: OrphanOrder;
    readonly target: string;
    readonly change: (orphan: SeenOrphan) => readonly SeenOrphan[];
  },
): void {
  const sweep = memory.sweeps.get(order.environment);
  if (sweep === undefined) return;
  const orphans = sweep.orphans.flatMap((orphan) => (orphan.target === target ? change(orphan) : [orphan]));
  memory.sweeps.set(order.environment, { ...sweep, orphans });
  queues.environment.add(order.environment);
}

function announce({ cluster, events }: Operator, order: OrphanOrder, { key }: TargetReport<unknown>): void {
  const environment = cluster.environments.store.get(order.environment);
  if (environment === undefined) return;
  events.record({
    regarding: regardingOf(types.environment, environment),
    type: 'Normal',
    reason: 'OrphanRemoved',
    action: 'Sweep',
    note: `${key} held nothing that any share explains; everything of this installation was removed from it`,
  });
}
