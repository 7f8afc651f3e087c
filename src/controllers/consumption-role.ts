/**
 * The ConsumptionRole controller: does the principal exist, may this namespace speak for it, and which policies does it have from us? Reads only.
 */
import type { ConsumptionRole, ConsumptionRoleStatus } from '../api/index.ts';
import type { Result } from '../kube/controller.ts';
import { principalName } from '../shares/arn.ts';
import { judgeRole, type Verdict } from '../shares/judge.ts';
import { types } from './cluster.ts';
import { wakePrincipal, wakeRequests } from './dependents.ts';
import { recordingMs, setFinalizer } from './finalizers.ts';
import { roleCaseOf } from './gather.ts';
import { platformOf } from './gather-context.ts';
import { afterLook, sameObservation, seenPrincipal } from './observations.ts';
import { finalizers, jittered, type Operator } from './operator.ts';
import { sessionOf } from './session.ts';
import { stampConditions, writeStatus } from './status.ts';
import { nextTurn, untilTurn } from './turns.ts';
import { retryAfter, verdictConditions } from './verdict.ts';

/** Reconciles one ConsumptionRole. */
export async function reconcileRole(operator: Operator, key: string, signal: AbortSignal): Promise<Result> {
  const role = operator.cluster.roles.store.get(key);
  if (role === undefined) {
    wakeRequests(operator, key);
    return { kind: 'done' };
  }
  const users = operator.cluster.items.store.index('principal', `${role.metadata.namespace ?? ''}/${role.spec.principalArn}`);
  const settled = await setFinalizer(operator, types.role, role, { name: finalizers.inUse, wanted: users.length > 0 });
  // At once: if the status can't be written, the next look finds nothing changed.
  if (await observe(operator, role, signal)) wakePrincipal(operator, role.spec.principalArn);
  const verdict = judgeRole(roleCaseOf(operator, role), platformOf(operator));
  if (verdict.kind !== 'unknown') await writeStatus(operator, types.role, role, statusOf(operator, role, verdict));
  if (!settled) return { kind: 'requeue', afterMs: recordingMs };
  if (verdict.kind !== 'ok') return { kind: 'requeue', afterMs: jittered(retryAfter(verdict), operator.random) };
  const place = placeOf(role.spec.principalArn);
  const look = { lookedAt: operator.inspected.get(place)?.at, now: operator.clock.now() };
  return { kind: 'requeue', afterMs: untilTurn(place, operator.verifyIntervalMs, look) };
}

function placeOf(principalArn: string): string {
  return `role/${principalArn}`;
}

/** Asks IAM, unless the verdict doesn't depend on it: nobody can probe for roles that no claim covers. */
async function observe(operator: Operator, role: ConsumptionRole, signal: AbortSignal): Promise<boolean> {
  const input = roleCaseOf(operator, role);
  const { observations, principals, inspected, clock } = operator;
  const known = observations.principals.get(role.spec.principalArn);
  const place = placeOf(role.spec.principalArn);
  const lookedAt = inspected.get(place)?.at ?? 0;
  const dueAt =
    known?.kind === 'found'
      ? nextTurn(place, operator.verifyIntervalMs, lookedAt)
      : lookedAt + retryAfter(judgeRole(input, platformOf(operator))) * 0.9;
  if (known !== undefined && clock.now() < dueAt) return false;
  const verdict = judgeRole({ ...input, seen: undefined }, platformOf(operator));
  const name = principalName(role.spec.principalArn);
  if (verdict.kind !== 'unknown' || input.known?.state?.kind !== 'ready' || name === undefined) return false;
  inspected.set(place, { at: clock.now(), generation: 0 });
  const look = seenPrincipal(await principals.observe(sessionOf(input.known.environment), role.spec.principalArn, name, signal));
  // The check before a write may have learned something meanwhile.
  const before = observations.principals.get(role.spec.principalArn);
  const observed = afterLook(before, look);
  observations.principals.set(role.spec.principalArn, observed);
  return !sameObservation(before, observed);
}

function statusOf(operator: Operator, role: ConsumptionRole, verdict: Verdict): ConsumptionRoleStatus {
  const generation = role.metadata.generation ?? 0;
  const seen = operator.observations.principals.get(role.spec.principalArn);
  // Until they were read, what is shown stands.
  const policies = operator.memory.policies.get(role.spec.principalArn) ?? role.status?.policies ?? [];
  const conditions = verdictConditions(verdict, `${role.spec.principalArn} can receive shares`);
  return {
    observedGeneration: generation,
    conditions: stampConditions(conditions, role.status?.conditions, { generation, now: operator.clock.now() }),
    ...(verdict.kind === 'ok' && seen?.kind === 'found' ? { uniqueId: seen.value.uniqueId } : {}),
    ...(policies.length === 0 ? {} : { policies }),
  };
}
