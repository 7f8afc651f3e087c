/** Counts, for the guard against mass removal, the shares of an Environment that would end unexplained. The rule is src/shares/guard.ts. */
import type { ShareItem } from '../api/index.ts';
import { endsUnexplained, type DecisionInput } from '../shares/decide.ts';
import { allowRemovalAnnotation, isRemovalHeld, type RemovalCount } from '../shares/guard.ts';
import type { Operator } from './operator.ts';

/** A count is good for this long: a mass of items that change together is counted once, not once for each of them. */
const countMs = 1000;

/** How the decision about an item is gathered: the ShareItem controller knows. */
export type GatherInput = (item: ShareItem) => Omit<DecisionInput, 'removalHeld'>;

/** Whether unexplained endings in the Environment wait. */
export function removalHeld(operator: Operator, environment: string, inputOf: GatherInput): boolean {
  const allowedUntil = operator.cluster.environments.store.get(environment)?.metadata.annotations?.[allowRemovalAnnotation];
  return isRemovalHeld(countRemovals(operator, environment, inputOf), allowedUntil, operator.clock.now());
}

/** Live shares whose data is in the Environment, and how many of them would end unexplained. */
function countRemovals(operator: Operator, environment: string, inputOf: GatherInput): RemovalCount {
  const { memory, clock, cluster, queues } = operator;
  const known = memory.removals.get(environment);
  if (known !== undefined && clock.now() - known.at < countMs) return known.count;
  const live = cluster.items.store.index('environment', environment).filter((item) => isLiveIn(item, environment));
  const unexplained = live.filter((item) => endsUnexplained(inputOf(item))).length;
  const count = { live: live.length, unexplained };
  memory.removals.set(environment, { at: clock.now(), count });
  // Its condition RemovalHeld says so.
  if (known?.count.unexplained !== unexplained) queues.environment.add(environment);
  return count;
}

function isLiveIn({ spec }: ShareItem, environment: string): boolean {
  return (
    spec.consent !== undefined &&
    spec.consent.ended === undefined &&
    spec.resolved.some((entry) => entry.state !== 'Revoking' && entry.environment.name === environment)
  );
}
