/**
 * What was let go by force and is still in AWS: lists in the status of Datasets and Environments. They are filled by force-delete.ts; an entry goes when a sweep
 * finds that AWS does not show it any more, or that it is some share's by now.
 */
import type { Looked } from '../aws/orphans-types.ts';
import type { Dataset, Environment } from '../api/index.ts';
import { keyOf } from '../kube/object.ts';
import { isDeadId } from '../policy/principals.ts';
import type { Leftover } from './memory.ts';
import type { Operator } from './operator.ts';

/** The lists in the CRDs hold no more. */
const leftoversKept = 50;

/** A list of leftovers in the memory, by whose status it belongs to. */
export function holderKey(holder: Dataset | Environment): string {
  const { namespace, name } = holder.metadata;
  return namespace === undefined ? `environment/${name}` : `dataset/${namespace}/${name}`;
}

/** What the holder's status should list: what it lists, and what was let go since. */
export function leftoversOf(operator: Pick<Operator, 'memory'>, holder: Dataset | Environment): readonly Leftover[] {
  return mergeLeftovers(listedLeftovers(operator, holder), operator.memory.leftovers.get(holderKey(holder)) ?? []);
}

/** What the holder's status lists already, less what is gone. */
export function listedLeftovers({ memory }: Pick<Operator, 'memory'>, holder: Dataset | Environment): Leftover[] {
  const key = holderKey(holder);
  return (holder.status?.leftovers ?? []).filter((each) => !memory.cleared.has(clearedKey(key, each)));
}

/** Both lists; what is listed already is not listed twice. */
export function mergeLeftovers(known: readonly Leftover[], added: readonly Leftover[]): Leftover[] {
  const fresh = added.filter((left) => !known.some((each) => isSame(each, left)));
  return [...known, ...fresh].slice(-leftoversKept);
}

/** Whether they are about the same principal in the same document. */
export function isSame(left: Leftover, right: Leftover): boolean {
  return left.target === right.target && left.principal === right.principal;
}

/** A leftover with the object whose status lists it. */
export interface HeldLeftover {
  readonly holder: Dataset | Environment;
  readonly leftover: Leftover;
}

/** All leftovers in the Environment's account, whoever lists them. */
export function leftoversIn({ memory, cluster }: Pick<Operator, 'memory' | 'cluster'>, { spec }: Environment): HeldLeftover[] {
  const holders = [...cluster.environments.store.list(), ...cluster.datasets.store.list()];
  return holders
    .flatMap((holder) => leftoversOf({ memory }, holder).map((leftover) => ({ holder, leftover })))
    .filter(({ leftover }) => leftover.target.split(/[:/]/).includes(spec.accountId));
}

/** Lets go of what the look has shown to be gone. */
export function clearLeftovers(operator: Operator, environment: Environment, looked: Looked): void {
  const { memory, queues } = operator;
  for (const { holder, leftover } of leftoversIn(operator, environment)) {
    if (!isGone(operator, looked, leftover)) continue;
    const key = holderKey(holder);
    memory.cleared.add(clearedKey(key, leftover));
    memory.leftovers.set(
      key,
      (memory.leftovers.get(key) ?? []).filter((each) => !isSame(each, leftover)),
    );
    if (holder.metadata.namespace === undefined) queues.environment.add(keyOf(holder));
    else queues.dataset.add(keyOf(holder));
  }
}

/** AWS does not show the principal there any more, nor a deleted one that may have been it; or some share gives it that by now. */
function isGone({ cluster }: Operator, looked: Looked, { target, principal }: Leftover): boolean {
  const shares = cluster.items.store.index('target', target);
  const served = shares.flatMap(({ spec }) => spec.resolved).filter((entry) => entry.state !== 'Revoking');
  if (served.some((entry) => entry.principal.arn === principal && entry.targets.includes(target))) return true;
  const marked = looked.marked.find((each) => each.target === target);
  if (marked !== undefined) return !marked.principals.some((each) => each === principal || isDeadId(each));
  return looked.read.has(target) || looked.listed.some((beginning) => target.startsWith(beginning));
}

function clearedKey(holder: string, { target, principal, time }: Leftover): string {
  return [holder, target, principal, time].join('|');
}
