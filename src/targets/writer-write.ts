/**
 * The writing half of a run: steps are applied in order and the result is read back. What AWS refuses for one principal's sake is narrowed down
 * until the others are served.
 */
import type { AwsFailure } from '../aws/errors.ts';
import { lookAgainReason, withRequestId } from './context.ts';
import type { Plan, PrincipalGrant } from './target.ts';
import { isStale, rememberForeign, rememberSeen, rememberWrite, visibilityMs } from './writer-memory.ts';
import { setAsideRefused } from './writer-principals.ts';
import { decide, inputOf, isSuperseded, longer, observe, principalKey, type Run } from './writer-run.ts';

/**
 * done: written and shown by AWS. again: something else was found than expected, observe and plan anew. narrowed: the same, with somebody set
 * aside. stop: the run ends with what its `failure` says.
 */
export type WriteOutcome = 'done' | 'again' | 'narrowed' | 'stop';

const firstWaitMs = 50;

interface Progress<Observed, Step> {
  /** The target as our steps should have left it. */
  now: Observed;
  wrote: boolean;
  readonly failed: Step[];
}

type StepOutcome = 'done' | 'failed' | 'again' | 'malformed' | 'stop';

/** Applies the steps and reads back. A step that fails keeps back only those that depend on it. */
export async function write<C, G extends PrincipalGrant, O, S, X>(
  run: Run<C, G, O, S, X>,
  plan: Plan<S>,
  observed: O,
): Promise<WriteOutcome> {
  const { kind } = run.request;
  const progress: Progress<O, S> = { now: observed, wrote: false, failed: [] };
  for (const step of plan.steps) {
    const kept = progress.failed.some((failed) => kind.dependsOn?.(step, failed) ?? true);
    const outcome = kept ? 'failed' : await applyStep(run, step, progress);
    if (outcome === 'failed') progress.failed.push(step);
    if (outcome === 'malformed') return narrow(run, plan);
    if (outcome === 'again' || outcome === 'stop') return outcome;
  }
  if (progress.failed.length === 0) return readBack(run, progress);
  await lookOnceMore(run);
  if (run.view === undefined || decide(run, run.view.observed).due) return 'stop';
  run.failure = undefined;
  return 'done';
}

async function applyStep<C, G extends PrincipalGrant, O, S, X>(
  run: Run<C, G, O, S, X>,
  step: S,
  progress: Progress<O, S>,
): Promise<StepOutcome> {
  const { kind, context, coordinates, signal } = run.request;
  const { clock, installation, mayWrite } = run.writer.options;
  signal.throwIfAborted();
  if (!mayWrite()) {
    run.failure = {
      kind: 'aborted',
      code: 'LeaseNotHeld',
      message: 'This operator may not be the leader any more, so it writes nothing.',
    };
    return 'stop';
  }
  // What was begun is finished: half of a plan (a policy that is not attached) helps nobody, and looks like a copy that AWS shows late.
  if (!progress.wrote && isSuperseded(run)) return 'stop';
  const action = kind.action(step, coordinates);
  try {
    const applied = await kind.apply(context, coordinates, { step, observed: progress.now });
    run.writes.push({ action, at: clock.now(), result: 'Succeeded', ...withRequestId(applied.requestId) });
    rememberWrite(run.memory, { before: kind.fingerprint(progress.now), after: kind.fingerprint(applied.observed) }, clock.now());
    if (kind.shared) rememberForeign(run.memory, kind.foreign(applied.observed, installation), clock.now());
    progress.now = applied.observed;
    progress.wrote = true;
    return 'done';
  } catch (error) {
    return stepFailed(run, action, error);
  }
}

function stepFailed<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, action: string, error: unknown): StepOutcome {
  const reason = lookAgainReason(error);
  if (reason !== undefined) {
    run.complete ||= reason === 'incomplete';
    run.view = undefined;
    return 'again';
  }
  const { clock, classify } = run.writer.options;
  const classified = classify(error);
  const failure = classified.kind === 'denied' ? { actions: [action], ...classified } : classified;
  run.writes.push({ action, at: clock.now(), result: failure.code, ...withRequestId(failure.requestId) });
  run.failure = failure;
  switch (failure.kind) {
    case 'malformed':
      return run.request.kind.shared ? 'malformed' : 'failed';
    // Reading again says whether the resource is gone for good, or what the other writer made of it.
    case 'gone':
    case 'conflict':
      run.view = undefined;
      return 'again';
    case 'throttled':
    case 'expired':
    case 'aborted':
      return 'stop';
    case 'transient':
    case 'denied':
    case 'tooLarge':
    case 'quota':
    case 'permanent':
      return 'failed';
  }
}

/**
 * AWS says no more than that the document is malformed. Unless somebody else's statement explains it, the principals that were added are halved
 * until one is left that is refused alone.
 */
function narrow<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, plan: Plan<S>): WriteOutcome {
  const { kind, contributions } = run.request;
  const explanation = run.view === undefined ? undefined : kind.explainMalformed?.(inputOf(run, run.view.observed));
  if (explanation !== undefined) {
    const block = { ...explanation, state: 'Failed', code: run.failure?.code ?? 'MalformedPolicy' } as const;
    for (const { item } of contributions) if (!run.blocks.has(item)) run.blocks.set(item, block);
    return 'stop';
  }
  const [principal] = plan.introduces;
  if (principal === undefined) return 'stop';
  if (plan.introduces.length === 1) setAsideRefused(run, principal, run.failure?.code ?? 'MalformedPolicy');
  else run.withheld.push(plan.introduces.slice(Math.ceil(plan.introduces.length / 2)).map(principalKey));
  return 'narrowed';
}

/** Reads until AWS shows what we wrote, at most a minute; until then an older copy is nothing to act on. */
async function readBack<C, G extends PrincipalGrant, O, S, X>(
  run: Run<C, G, O, S, X>,
  progress: Progress<O, S>,
): Promise<WriteOutcome> {
  const { kind, signal } = run.request;
  const { clock } = run.writer.options;
  const start = clock.now();
  for (let wait = firstWaitMs; ; wait = longer(wait)) {
    const seen = await observe(run, progress.now);
    const fingerprint = kind.fingerprint(seen);
    if (fingerprint === kind.fingerprint(progress.now)) {
      rememberSeen(run.memory, fingerprint);
      return 'done';
    }
    if (!isStale(run.memory, fingerprint, start)) {
      const due = decide(run, seen).due;
      if (!due || kind.shared) noteForeignChange(run, seen, progress.now);
      if (!due) rememberSeen(run.memory, fingerprint);
      if (!due || kind.shared) return due ? 'again' : 'done';
    }
    if (clock.now() >= start + visibilityMs || isSuperseded(run)) break;
    await clock.sleep(wait, signal);
  }
  run.notVisible = true;
  return 'stop';
}

function noteForeignChange<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, seen: O, written: O): void {
  const { kind } = run.request;
  const { clock, installation } = run.writer.options;
  const now = kind.foreign(seen, installation);
  if (now === kind.foreign(written, installation)) return;
  run.concurrentForeignChange = true;
  rememberForeign(run.memory, now, clock.now());
}

/** After a failure: what did get through, in case only the answer was lost. When reading fails too, the first failure is the one to report. */
async function lookOnceMore<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>): Promise<void> {
  const before = run.view;
  const { kind } = run.request;
  try {
    const seen = await observe(run);
    if (isStale(run.memory, kind.fingerprint(seen), run.writer.options.clock.now())) run.view = before;
  } catch (error) {
    run.view = before;
    run.failure ??= failureOf(run, error);
  }
}

/** The failure behind an error; whatever is thrown because we were stopped counts as that. */
export function failureOf<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, error: unknown): AwsFailure {
  if (!run.request.signal.aborted) return run.writer.options.classify(error);
  return { kind: 'aborted', code: 'Aborted', message: 'The run was stopped.' };
}
