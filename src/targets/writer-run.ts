/**
 * One run in progress: what has been seen, who is set aside, and what is due. Looks and decides; writing is writer-write.ts.
 */
import type { AwsFailure } from '../aws/errors.ts';
import type { Assessment, Contribution, Finding, Plan, PrincipalGrant, PrincipalRef, TargetInput } from './target.ts';
import { afterLook, wasInPlace, isPaused } from './writer-conflict.ts';
import { doubtMs, foreignChanged, isStale, rememberSeen, type TargetMemory } from './writer-memory.ts';
import type { Block } from './writer-report.ts';
import type { TargetRun, WriteRecord, WriterOptions } from './writer-types.ts';

/** Other people's documents are read at most this long before each write. */
const freshMs = 1000;
const firstWaitMs = 50;
const longestWaitMs = 5000;

/** What the writer keeps over all runs: per target, and when it met each principal first. */
export interface WriterState {
  readonly options: WriterOptions;
  readonly memories: Map<string, TargetMemory>;
  readonly firstSeen: Map<string, number>;
  /** When this process began to write (ms since the epoch): whoever wrote before it has stopped by then. */
  readonly startedAt: number;
}

/** The state of one run. */
export interface Run<Coordinates, Grant extends PrincipalGrant, Observed, Step, Context> {
  readonly request: TargetRun<Coordinates, Grant, Observed, Step, Context>;
  readonly writer: WriterState;
  readonly memory: TargetMemory;
  readonly writes: WriteRecord[];
  /** Items that can't be served, and why. */
  readonly blocks: Map<string, Block>;
  /** Principals that were compared for the write that comes next. */
  readonly checked: Set<string>;
  /** Groups of principals that wait until the others have been tried: somewhere among them is one that AWS refuses. */
  readonly withheld: string[][];
  view?: { readonly observed: Observed; readonly at: number } | undefined;
  /** By item: what the first observation found. */
  found?: ReadonlyMap<string, readonly Finding[]> | undefined;
  complete: boolean;
  failure?: AwsFailure | undefined;
  notVisible: boolean;
  concurrentForeignChange: boolean;
}

/** What the last observation calls for. */
export interface Decision<Step> {
  readonly plan: Plan<Step>;
  readonly due: boolean;
}

/**
 * Observes, unless that was done a moment ago. Waits while AWS still shows a copy that is older than our own last write; what is still there when that can't be
 * the reason any more, somebody put back.
 */
export async function look<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>): Promise<O> {
  const { kind } = run.request;
  const { clock, installation } = run.writer.options;
  if (run.view !== undefined && !isOld(run, run.view.at)) return run.view.observed;
  let observed = await observe(run);
  const until = clock.now() + doubtMs(run.memory);
  for (
    let wait = firstWaitMs;
    isStale(run.memory, kind.fingerprint(observed), clock.now()) && clock.now() < until && !isSuperseded(run);
    wait = longer(wait)
  ) {
    // An old copy tells nobody anything, also where the next read fails or is not made any more.
    run.view = undefined;
    await clock.sleep(wait, run.request.signal);
    observed = await observe(run);
  }
  if (isSuperseded(run) && isStale(run.memory, kind.fingerprint(observed), clock.now())) run.view = undefined;
  if (!isSuperseded(run)) rememberSeen(run.memory, kind.fingerprint(observed));
  if (foreignChanged(run.memory, kind.foreign(observed, installation), clock.now())) run.concurrentForeignChange = true;
  if (run.found === undefined) noteFound(run, observed);
  return observed;
}

/** What was there before anything is written. A run that something else is asked of meanwhile may have seen an old copy: it judges nobody. */
function noteFound<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, observed: O): void {
  const { kind, coordinates, contributions } = run.request;
  const assessment = kind.assess(asAsked(run, observed));
  run.found = assessment.items;
  if (isSuperseded(run)) return;
  const look = { key: kind.key(coordinates), contributions, assessment, now: run.writer.options.clock.now() };
  run.memory.conflict = afterLook(run.memory.conflict, look);
}

/** Something else is asked by now: nothing is written any more. */
export function isSuperseded<C, G extends PrincipalGrant, O, S, X>({ request }: Run<C, G, O, S, X>): boolean {
  return request.isCurrent?.() === false;
}

/** The next, longer wait of a poll (ms). */
export function longer(wait: number): number {
  return Math.min(wait * 2, longestWaitMs);
}

/** Reads the target; `after` makes it a read-back. */
export async function observe<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, after?: O): Promise<O> {
  const { kind, context, coordinates, contributions, verify, signal } = run.request;
  const { clock, installation } = run.writer.options;
  signal.throwIfAborted();
  const removes = run.complete || contributions.some(({ mode }) => mode === 'drop');
  const observed = await kind.observe(context, coordinates, {
    installation,
    depth: verify === true ? 'verify' : removes ? 'complete' : 'write',
    removes,
    emptying: contributions.every(({ mode }) => mode === 'drop'),
    ...(run.memory.known === undefined ? {} : { known: run.memory.known as O }),
    ...(after === undefined ? {} : { after }),
  });
  run.view = { observed, at: clock.now() };
  if (!kind.shared) run.memory.known = observed;
  return observed;
}

/** True when the observation is too old to write on: only where others write too. */
export function isOld<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, at: number): boolean {
  return run.request.kind.shared && run.writer.options.clock.now() - at > freshMs;
}

/** Plans, and says whether there is a reason to write. */
export function decide<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, observed: O): Decision<S> {
  const input = inputOf(run, observed);
  const plan = run.request.kind.plan(input);
  if (plan.steps.length === 0) return { plan, due: false };
  const assessment = run.request.kind.assess(input);
  const { conflict } = run.memory;
  const now = run.writer.options.clock.now();
  const contributions = isPaused(conflict, now)
    ? input.contributions.map((one) => (wasInPlace(conflict, one) ? { ...one, repair: false } : one))
    : input.contributions;
  // Excess that belongs to nobody goes where anybody's drift is repaired.
  const repairs = !isPaused(conflict, now) && contributions.some(({ mode, repair }) => mode !== 'hold' && repair);
  return { plan, due: (repairs && assessment.unowned.length > 0) || isDue(contributions, assessment, plan.refused) };
}

/** The contributions as the plan sees them: who is set aside is left as found. */
export function inputOf<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, observed: O): TargetInput<C, G, O> {
  const later = new Set(run.withheld.flat());
  const aside = (one: Contribution<G>): boolean => run.blocks.has(one.item) || later.has(principalKey(one.grant.principal));
  const asked = asAsked(run, observed);
  return {
    ...asked,
    contributions: asked.contributions.map((one) => (one.mode === 'want' && aside(one) ? { ...one, mode: 'hold' } : one)),
  };
}

/** The contributions as they came, whatever became of them in this run: what items are told is measured by these. */
export function asAsked<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, observed: O): TargetInput<C, G, O> {
  const { coordinates, contributions } = run.request;
  return { installation: run.writer.options.installation, coordinates, contributions, observed };
}

/** Equal for the same principal: one that was made again is another. */
export function principalKey({ arn, uniqueId }: PrincipalRef): string {
  return `${arn} ${uniqueId}`;
}

/**
 * A removal is always a reason to write. A gap or an excess is one where repairing is wanted. What waits for somebody else, and items that
 * can't be served, are none.
 */
export function isDue(
  contributions: readonly Contribution<PrincipalGrant>[],
  assessment: Assessment,
  refused: ReadonlyMap<string, unknown>,
): boolean {
  return contributions.some((one) => {
    if (one.mode === 'hold' || refused.has(one.item)) return false;
    const open = (assessment.items.get(one.item) ?? []).some(({ kind }) => kind !== 'waiting');
    return open && (one.mode === 'drop' || one.repair);
  });
}
