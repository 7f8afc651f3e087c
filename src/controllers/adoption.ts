/**
 * How long a document keeps what no share explains. When this process meets a document that holds more under our mark than the shares it knows of, those others
 * may still be on their way: the document is given time. What comes to be unexplained later was put there by somebody else, and goes as soon as it is seen.
 */
import { accessPoint } from '../targets/access-point.ts';
import { adopting, unexplainedStatements, unexplainedUnits } from '../targets/adoption.ts';
import { bucketPolicy } from '../targets/bucket-policy.ts';
import { keyPolicy } from '../targets/key-policy.ts';
import { sharePolicy } from '../targets/share-policy.ts';
import type { Operator } from './operator.ts';

/** Longer than restored objects take to be decided, short enough for what really is nobody's. */
const adoptionMs = 10 * 60_000;

/** The target kinds as a run uses them. */
export interface Kinds {
  readonly bucketPolicy: typeof bucketPolicy;
  readonly keyPolicy: typeof keyPolicy;
  readonly sharePolicy: typeof sharePolicy;
  readonly accessPoint: typeof accessPoint;
}

/** The kinds as they are. */
export const plainKinds: Kinds = { bucketPolicy, keyPolicy, sharePolicy, accessPoint };

/** The kinds for a run of the target: as they are, or while the document is met, keeping what is unexplained. */
export function kindsFor({ memory, clock }: Pick<Operator, 'memory' | 'clock'>, key: string): Kinds {
  const until = memory.adoption.get(key);
  if (until !== undefined && until <= clock.now()) return plainKinds;
  const found = (count: number): void => {
    memory.adoption.set(key, count === 0 ? clock.now() : (until ?? clock.now() + adoptionMs));
  };
  return {
    bucketPolicy: adopting(
      bucketPolicy,
      unexplainedStatements((policy) => policy),
      found,
    ),
    keyPolicy: adopting(
      keyPolicy,
      unexplainedStatements(({ policy }) => policy),
      found,
    ),
    sharePolicy: adopting(sharePolicy, unexplainedUnits, found),
    accessPoint: adopting(
      accessPoint,
      unexplainedStatements((observed) => (observed.kind === 'point' ? observed.policy : undefined)),
      found,
    ),
  };
}

/** When the target has to be run again because its time to be adopted ends; undefined where there is nothing to wait for. */
export function adoptionEnds({ memory, clock }: Pick<Operator, 'memory' | 'clock'>, key: string): number | undefined {
  const until = memory.adoption.get(key);
  return until === undefined || until <= clock.now() ? undefined : until;
}
