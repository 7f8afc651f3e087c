/**
 * The check that the writer makes right before a write names a principal. What it learns is an observation too: decisions hear of a principal that was made again.
 */
import type { PrincipalCheck } from '../aws/principals.ts';
import { principalName } from '../shares/arn.ts';
import type { PrincipalRef } from '../targets/target.ts';
import { wakePrincipal } from './dependents.ts';
import { sessionRef } from './ledger.ts';
import { sameObservation, seenPrincipal } from './observations.ts';
import type { Operator } from './operator.ts';

/** Compares principals with what consent named, in the session of their own account. */
export function createPrincipalCheck(
  operator: Operator,
): (principal: PrincipalRef, signal: AbortSignal) => Promise<PrincipalCheck> {
  const { cluster, principals, observations } = operator;
  return async (principal, signal) => {
    const entry = cluster.items.store
      .index('principalArn', principal.arn)
      .flatMap((item) => item.spec.resolved)
      .find((each) => each.principal.arn === principal.arn);
    const name = principalName(principal.arn);
    if (entry === undefined || name === undefined) return { kind: 'notFound' };
    const observed = await principals.observe(sessionRef(entry.consumer), principal.arn, name, signal);
    const seen = seenPrincipal(observed);
    if (observed.kind !== 'failed' && !sameObservation(observations.principals.get(principal.arn), seen)) {
      observations.principals.set(principal.arn, seen);
      wakePrincipal(operator, principal.arn);
    }
    if (observed.kind === 'failed') return { kind: 'unknown', failure: observed.failure };
    if (observed.kind === 'notFound') return { kind: 'notFound' };
    return observed.uniqueId === principal.uniqueId ? { kind: 'ok' } : { kind: 'recreated' };
  };
}
