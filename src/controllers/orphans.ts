/**
 * The sweep: some minutes after start, once a day and when somebody asks, each Environment's account is searched for what carries our mark and no ShareItem
 * explains. It reports, lets leftovers go that AWS does not show any more, and names what may be removed; removing is orphan-removal.ts.
 */
import { lookForMarks } from '../aws/orphans.ts';
import type { Looked, Marked } from '../aws/orphans-types.ts';
import type { Environment } from '../api/index.ts';
import { classifyAwsError } from '../aws/errors.ts';
import type { Result } from '../kube/controller.ts';
import { regardingOf } from '../kube/events.ts';
import { areOrphansHeld, oldOrphans, orphansMessage, seenSince, type Orphan, type SeenOrphan } from '../shares/orphans.ts';
import { allowRemovalAnnotation } from '../shares/guard.ts';
import { types } from './cluster.ts';
import { clearLeftovers } from './leftovers.ts';
import type { Sweep } from './memory.ts';
import { annotations, jittered, type Operator } from './operator.ts';
import { orderRemovals } from './orphan-removal.ts';
import { questionFor, recordedTargets } from './orphan-search.ts';
import { sessionOf } from './session.ts';

/** The first sweep waits this long at most: after a start there is more urgent work. */
const firstSweepMs = 5 * 60_000;
/** While the account can't be entered; its Environment wakes us as well. */
const notReadyMs = 60_000;
/** Two sightings of an orphan are an interval apart, less its jitter. */
const ageShare = 0.9;

/** Sweeps one Environment when that is due. */
export async function reconcileOrphans(operator: Operator, name: string, signal: AbortSignal): Promise<Result> {
  const { cluster, clock, observations } = operator;
  const environment = cluster.environments.store.get(name);
  if (environment === undefined) return forget(operator, name);
  const wait = dueAt(operator, environment) - clock.now();
  if (wait > 0) return { kind: 'requeue', afterMs: wait };
  if (!cluster.hasSynced() || observations.environments.get(name)?.kind !== 'ready')
    return { kind: 'requeue', afterMs: notReadyMs };
  const asked = environment.metadata.annotations?.[annotations.verify];
  const basis = basisOf(environment);
  try {
    const clients = operator.sessions.clients(sessionOf(environment));
    const explained = recordedTargets(operator);
    const looked = await lookForMarks(clients, questionFor(operator, environment), signal);
    // What a share wrote or took back meanwhile is explained by the records before or after.
    conclude(operator, environment, { looked, explained: new Set([...explained, ...recordedTargets(operator)]) });
  } catch (error) {
    if (classifyAwsError(error).kind === 'expired') operator.sessions.forget(sessionOf(environment));
    return { kind: 'retry', error };
  }
  const afterMs = jittered(operator.orphanSweepMs, operator.random);
  const sweep = operator.memory.sweeps.get(name);
  operator.memory.sweepPlans.set(name, { dueAt: clock.now() + afterMs, basis });
  if (sweep !== undefined && asked !== undefined) operator.memory.sweeps.set(name, { ...sweep, handled: asked });
  operator.queues.environment.add(name);
  return { kind: 'requeue', afterMs };
}

/** When the next sweep is due: as planned, and at once when somebody asks or when what it rests on has changed. */
function dueAt({ memory, clock, orphanSweepMs, random }: Operator, environment: Environment): number {
  const { name, annotations: given } = environment.metadata;
  const plan = memory.sweepPlans.get(name);
  const asked = given?.[annotations.verify];
  const handled = memory.sweeps.get(name)?.handled ?? environment.status?.lastHandledVerifyAt;
  if (asked !== undefined && asked !== handled) return clock.now();
  if (plan !== undefined) return plan.basis === basisOf(environment) || !memory.sweeps.has(name) ? plan.dueAt : clock.now();
  const first = clock.now() + jittered(Math.min(firstSweepMs, orphanSweepMs), random);
  memory.sweepPlans.set(name, { dueAt: first, basis: basisOf(environment) });
  return first;
}

function basisOf({ metadata }: Environment): string {
  return [metadata.uid, metadata.generation, metadata.annotations?.[allowRemovalAnnotation]].join('|');
}

/** What was seen, and the targets that some record named while it was. */
interface Explained {
  readonly looked: Looked;
  readonly explained: ReadonlySet<string>;
}

/** From what was seen to what is known, told and done. */
function conclude(operator: Operator, environment: Environment, { looked, explained }: Explained): void {
  const { memory, cluster, clock, orphanSweepMs } = operator;
  const { name, annotations: given } = environment.metadata;
  const found = looked.marked.filter(({ target }) => !explained.has(target));
  const before = memory.sweeps.get(name);
  const orphans = seenSince(found.map(orphanOf), before?.orphans ?? [], clock.now());
  const old = oldOrphans(orphans, clock.now(), orphanSweepMs * ageShare);
  const count = {
    marked: orphans.length + [...explained].filter((target) => isIn(target, environment.spec.accountId)).length,
    orphans: old.length === 0 ? 0 : orphans.length,
    shares: cluster.items.store.list().filter(({ spec }) => spec.resolved.length > 0).length,
  };
  const held = areOrphansHeld(count, given?.[allowRemovalAnnotation], clock.now());
  memory.sweeps.set(name, {
    orphans,
    gaps: looked.gaps,
    held,
    ...(before?.handled === undefined ? {} : { handled: before.handled }),
  });
  announce(operator, environment, { orphans, before });
  clearLeftovers(operator, environment, looked);
  const removable = environment.spec.orphans === 'Delete' && !held && environment.metadata.deletionTimestamp === undefined;
  orderRemovals(operator, environment, removable ? placesOf(found, old) : []);
}

function orphanOf({ kind, target, principals, content, place }: Marked): Orphan {
  return { kind, target, principals, content, certain: place !== undefined };
}

function placesOf(found: readonly Marked[], old: readonly SeenOrphan[]): Marked[] {
  const targets = new Set(old.map(({ target }) => target));
  return found.filter(({ target }) => targets.has(target));
}

/** Target keys hold the account as a part of their own. */
function isIn(target: string, accountId: string): boolean {
  return target.split(/[:/]/).includes(accountId);
}

/** Told once: what was known before is in the condition. */
function announce(
  { events, logger }: Operator,
  environment: Environment,
  { orphans, before }: { readonly orphans: readonly SeenOrphan[]; readonly before: Sweep | undefined },
): void {
  const known = new Set(before?.orphans.map(({ target }) => target));
  const fresh = orphans.filter(({ target }) => !known.has(target));
  if (fresh.length === 0) return;
  const note = orphansMessage(orphans);
  logger.warn({ environment: environment.metadata.name, orphans: orphans.map(({ target }) => target) }, note);
  events.record({
    regarding: regardingOf(types.environment, environment),
    type: 'Warning',
    reason: 'OrphansFound',
    action: 'Sweep',
    note,
  });
}

function forget({ memory }: Operator, name: string): Result {
  memory.sweeps.delete(name);
  memory.sweepPlans.delete(name);
  for (const [target, order] of memory.orphanOrders) if (order.environment === name) memory.orphanOrders.delete(target);
  return { kind: 'done' };
}
