/**
 * Letting go by force: a ShareItem that has to be taken back and carries `sluice.dev/force-delete: "true"` is released after one attempt at each of its grants.
 * What stays in AWS is listed in `status.leftovers` of the Dataset (of the Environment, where the Dataset is gone) before the item goes: nothing is forgotten.
 */
import type { ShareItem } from '../api/index.ts';
import { Priority } from '../kube/queue.ts';
import type { TargetState } from '../shares/report.ts';
import { contributionId } from './ledger.ts';
import { holderKey, isSame, listedLeftovers, mergeLeftovers } from './leftovers.ts';
import type { Leftover } from './memory.ts';
import { annotations, type Operator } from './operator.ts';
import { cut, timestamp } from './status.ts';

/** Whether somebody asked to let go of the item. */
export function isForced({ metadata }: ShareItem): boolean {
  return metadata.annotations?.[annotations.forceDelete] === 'true';
}

/** Ids of the item's entries that may be let go: each target was tried, and what is left is on record. */
export function releasedEntries(
  operator: Operator,
  item: ShareItem,
  stateOf: (contribution: string, target: string) => TargetState | undefined,
): string[] {
  if (!isForced(item)) return [];
  return item.spec.resolved
    .filter((entry) => entry.state === 'Revoking')
    .filter((entry) => {
      const states = entry.targets.map((target) => stateOf(contributionId(item, entry), target));
      if (states.some((state) => state === undefined)) return false;
      const left = states.filter((state) => state !== undefined).filter((state) => state.state !== 'Removed');
      const leftovers = left.map((state) => ({
        target: cut(state.target, 256),
        principal: entry.principal.arn,
        time: timestamp(operator.clock.now()),
        ...(state.message === undefined ? {} : { message: cut(state.message, 256) }),
      }));
      return areRecorded(operator, item, { leftovers, environment: entry.environment.name });
    })
    .map((entry) => entry.id);
}

interface Left {
  readonly leftovers: readonly Leftover[];
  readonly environment: string;
}

/** True when the holder's status lists all of them; else asks for that. */
function areRecorded({ cluster, memory, queues }: Operator, item: ShareItem, { leftovers, environment }: Left): boolean {
  const datasetKey = `${item.spec.datasetRef.namespace}/${item.spec.datasetRef.name}`;
  const dataset = cluster.datasets.store.get(datasetKey);
  const holder = dataset ?? cluster.environments.store.get(environment);
  const listed = holder === undefined ? [] : listedLeftovers({ memory }, holder);
  const missing = leftovers.filter((left) => !listed.some((each) => isSame(each, left)));
  // With Dataset and Environment gone there is nobody left to tell; the log has it (writer's failures are logged).
  if (missing.length === 0 || holder === undefined) return true;
  const key = holderKey(holder);
  memory.leftovers.set(key, mergeLeftovers(memory.leftovers.get(key) ?? [], missing));
  if (dataset === undefined) queues.environment.add(environment, { priority: Priority.change });
  else queues.dataset.add(datasetKey, { priority: Priority.change });
  return false;
}
