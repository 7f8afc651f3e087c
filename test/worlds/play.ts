/**
 * Plays a world from beginning to end: what happens, a rest in which everything must come to what people asked for, and the end, after which nothing may be left. Throws
 * with what did not hold and what happened until then.
 */
import { explainReason, isReason, kinds, type ShareItem } from '../../src/api/index.ts';
import { holds, touched } from './access.ts';
import { leftIn, misplacedPolicies } from './by-hand.ts';
import { createChecks, isReady, rightsOf } from './checks.ts';
import type { Operation, WorldPlan } from './operations.ts';
import { createOracle } from './oracle.ts';
import { perform, removeEverything, type Stage } from './perform.ts';
import { createScene, verifyIntervalMs, type Scene } from './scene.ts';
import { differences, tellings } from './tellings.ts';

/** The longest backoff, and how long a new operator lets stand what nobody explains to it (ms; ADR 0012). */
const longestBackoffMs = 300_000;
const meetingMs = 600_000;
/** How long it may take until all is as it should be (ms): a verification sees it, which may not come before the meeting is over, and then is throttled once. */
const calmMs = meetingMs + 1.2 * (verifyIntervalMs + longestBackoffMs);
/** The operator needs a moment to look around before anything happens (ms). */
const beginningMs = 2000;

/** What was counted in a world. */
export interface Played {
  readonly calls: number;
  readonly writes: number;
}

/** Plays one world. @throws Error with everything that did not hold */
export async function play({ setup, story, seed }: WorldPlan): Promise<Played> {
  const scene = createScene(setup, seed);
  const oracle = createOracle(scene);
  const stage: Stage = { scene, oracle, checks: createChecks(scene, oracle) };
  try {
    // What is there at the beginning has been there for a while.
    await scene.clock.advance(60_000);
    scene.start();
    await scene.clock.advance(beginningMs);
    for (const operation of story) {
      await happen(stage, operation);
      stop(stage, `after ${JSON.stringify(operation)}`);
    }
    await rest(stage);
    stop(stage, 'at rest');
    await staysAtRest(stage);
    stop(stage, 'while at rest');
    scene.calm = false;
    await end(stage, seed);
    stop(stage, 'at the end');
    const calls = scene.aws.calls.list();
    return { calls: calls.length, writes: calls.filter(({ readOnly }) => !readOnly).length };
  } finally {
    scene.life.end();
  }
}

async function happen(stage: Stage, operation: Operation): Promise<void> {
  if (operation.do === 'wait') await stage.scene.clock.advance(operation.ms);
  else if (operation.do === 'rest') {
    await rest(stage);
    stage.scene.calm = false;
  } else perform(stage, operation);
}

function stop({ scene, checks }: Stage, when: string): void {
  if (scene.died !== undefined) checks.note(`the operator ended by itself: ${scene.died.stack ?? ''}`);
  if (checks.violations.length > 0) throw new Error(`${when}:\n  ${checks.violations.join('\n  ')}`);
}

/** Nothing goes wrong any more, and things calm down. */
async function rest(stage: Stage): Promise<void> {
  const { scene, oracle, checks } = stage;
  scene.calm = true;
  scene.aws.faults.clear();
  if (scene.setup.latencyMs > 0) scene.aws.faults.add({ kind: 'latency', ms: scene.setup.latencyMs });
  await scene.clock.advance(calmMs);
  checks.after();
  const { access } = checks;
  const may = oracle.may();
  for (const named of touched(access))
    if (!may.has(named) && !checks.isBroken(named)) checks.note(`11: ${named} is there, and no consent covers it`);
  for (const named of oracle.backing('whole').keys())
    if (!holds(access, named) && !checks.isBroken(named)) checks.note(`5: ${named} is missing, though it is consented to`);
  for (const item of scene.api.objects.list('shareitems') as readonly ShareItem[])
    if (isReady(item))
      for (const named of rightsOf(scene, item))
        if (!holds(access, named) && !checks.isRaced(named)) checks.note(`2: ${item.metadata.name} is Ready without ${named}`);
  for (const misplaced of misplacedPolicies(scene)) checks.note(`10: ${misplaced}`);
  for (const text of unexplained(scene)) checks.note(text);
  checks.settle();
}

/** Conditions whose reason the reference does not give to their kind: who reads one could not look it up. */
function unexplained({ api }: Scene): string[] {
  return kinds.flatMap(({ kind, plural }) =>
    (api.objects.list(plural) as readonly ShareItem[]).flatMap(({ metadata, status }) =>
      (status?.conditions ?? [])
        .filter(({ reason }) => !isReason(reason) || !(explainReason(reason).kinds as readonly string[]).includes(kind))
        .map(({ type, reason }) => `${kind} ${metadata.name} says ${type}: ${reason}, which the reference does not explain`),
    ),
  );
}

/** Invariants 6 and 13: what is as it should be is not written, neither by verifying nor after a restart; and all of it had been said. */
async function staysAtRest({ scene, oracle, checks }: Stage): Promise<void> {
  const now = scene.clock.now();
  if (!oracle.isQuiet(now - 60_000, now + 2 * verifyIntervalMs + calmMs)) return;
  scene.aws.calls.reset();
  await scene.clock.advance(verifyIntervalMs * 1.2);
  for (const { operation, resource } of scene.aws.calls.writes())
    if (operation !== 'AssumeRole') checks.note(`6: ${operation} of ${resource} while nothing was to be done`);
  scene.life.end();
  const told = tellings(scene);
  scene.start();
  scene.aws.calls.reset();
  await scene.clock.advance(120_000);
  for (const { operation, resource } of scene.aws.calls.writes())
    if (operation !== 'AssumeRole') checks.note(`6: ${operation} of ${resource} after a restart`);
  await scene.clock.advance(calmMs);
  for (const text of differences(told, tellings(scene))) checks.note(`13: after a restart, ${text}`);
}

/** Invariants 5 and 11: everything was deleted, and nothing is left. */
async function end(stage: Stage, order: number): Promise<void> {
  const { scene, checks } = stage;
  removeEverything(stage, order);
  await scene.clock.advance(calmMs);
  checks.after();
  for (const left of leftIn(scene, (document) => checks.isRaced(document))) checks.note(`5: ${left} is left in AWS`);
  for (const named of touched(checks.access))
    if (!checks.isRaced(named)) checks.note(`11: ${named} is left after everything was deleted`);
  for (const plural of ['shareitems', 'sharerequests', 'datasets', 'consumptionroles', 'receivedshares'])
    for (const { metadata } of scene.api.objects.list(plural)) checks.note(`5: ${plural} ${metadata.name} is left`);
  for (const { metadata } of scene.api.objects.list('environments'))
    if ((metadata.finalizers ?? []).length > 0) checks.note(`5: Environment ${metadata.name} is still held`);
}
