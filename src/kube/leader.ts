/**
 * Leader election on a Lease: at most one replica writes. Its promise is `mayWrite()` and `signal`; both are about this process's own
 * clock, so that they hold while the network doesn't. It is no fencing: a write that left before the signal may arrive after it.
 *
 * A leader renews every 2 s and stops to lead 10 s after the last renewal that surely succeeded; others wait 15 s after the last change
 * they saw. The 5 s between are for writes in flight and for clocks that run at different speeds. One elector is for one term: what
 * comes after its loss is a new process.
 */
import type { Clock } from '../clock.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import { heldSpec, mayTake, observe, releasedSpec, runsOutAt } from './lease.ts';
import type { Lease, Observation } from './lease.ts';
import { createLeaseApi } from './lease-api.ts';
import type { LeaseApi } from './lease-api.ts';
import type { Logger } from './logging.ts';
import type { Transport } from './transport.ts';

/** How a run ended. stopped: it never led. released: it led, and let go in order. lost: the process must end. */
export type ElectionOutcome =
  { readonly kind: 'stopped' } | { readonly kind: 'released' } | { readonly kind: 'lost'; readonly reason: string };

/** What an elector tells of itself; metrics.ts turns it into the leader_election_* metrics. */
export interface LeaderMetrics {
  leading(yes: boolean): void;
  /** A renewal needed more than its one write. */
  slowPath(): void;
}

/** Options of {@link createLeaderElector}. Times are in milliseconds. */
export interface LeaderElectorOptions {
  readonly transport: Transport;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Unique per process: the pod's name and something random. */
  readonly identity: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics?: LeaderMetrics;
  /** @default 15000 */
  readonly leaseDurationMs?: number;
  /** @default 10000 */
  readonly renewDeadlineMs?: number;
  /** @default 2000 */
  readonly retryPeriodMs?: number;
}

/** A candidate. */
export interface LeaderElector {
  /**
   * Takes part until the signal is aborted or leadership is lost; then lets go. Abort it only after all writers have ended.
   * Can be called once. Never rejects.
   */
  run(signal: AbortSignal): Promise<ElectionOutcome>;
  /** Resolves when this process leads. Never settles if it never does. */
  readonly elected: Promise<void>;
  /** Whether the Lease is surely held at this moment. To be asked before each write. */
  mayWrite(): boolean;
  /** Aborted when the Lease is no longer surely held: for writes in flight. */
  readonly signal: AbortSignal;
  /** Who leads, as last seen; undefined: nobody, or not known yet. */
  leader(): string | undefined;
}

interface Settings extends LeaderElectorOptions {
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

interface State {
  readonly settings: Settings;
  readonly api: LeaseApi;
  readonly term: AbortController;
  readonly announce: () => void;
  observation: Observation | undefined;
  /** Until when the Lease is surely held; undefined while not leading. */
  heldUntil: number | undefined;
  cancelDeadline: () => void;
}

/** Between candidates, as in client-go: they shall not knock in step. */
const JITTER = 1.2;

/** A candidate that has not asked yet. Its requests use the transport's lease pool. */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  const settings: Settings = {
    ...options,
    leaseDurationMs: options.leaseDurationMs ?? 15_000,
    renewDeadlineMs: options.renewDeadlineMs ?? 10_000,
    retryPeriodMs: options.retryPeriodMs ?? 2_000,
  };
  checkTimes(settings);
  const elected = Promise.withResolvers<void>();
  const state: State = {
    settings,
    api: createLeaseApi(options.transport, { namespace: options.namespace, name: options.name }, attemptMs(settings)),
    term: new AbortController(),
    announce: elected.resolve,
    observation: undefined,
    heldUntil: undefined,
    cancelDeadline: () => undefined,
  };
  return {
    run: (signal) => run(state, signal),
    elected: elected.promise,
    mayWrite: () => isHeld(state),
    signal: state.term.signal,
    leader: () => state.observation?.lease.spec.holderIdentity || undefined,
  };
}

function checkTimes({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: Settings): void {
  if (leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * JITTER && retryPeriodMs > 0) return;
  throw new RangeError('leader election needs: lease duration > renew deadline > 1.2 × retry period > 0');
}

function isHeld(state: State): boolean {
  return state.heldUntil !== undefined && state.settings.clock.now() < state.heldUntil && !state.term.signal.aborted;
}

async function run(state: State, signal: AbortSignal): Promise<ElectionOutcome> {
  const { logger, identity, metrics } = state.settings;
  while (!isHeld(state)) {
    await tryOnce(state, signal);
    if (isHeld(state)) break;
    if (signal.aborted || !(await pause(state, { ms: followerPause(state), signal }))) return { kind: 'stopped' };
  }
  logger.info({ identity, lease: state.settings.name }, 'this replica leads now');
  metrics?.leading(true);
  state.announce();
  const outcome = await lead(state, signal);
  endTerm(state, outcome.kind === 'lost' ? outcome.reason : 'the lease was released');
  metrics?.leading(false);
  if (outcome.kind === 'lost') logger.error({ identity, lease: state.settings.name }, `leadership is lost: ${outcome.reason}`);
  return outcome;
}

/** Twice in a retry period, and different each time: a released Lease is taken within a second. One that runs out before that is taken when it does. */
function followerPause({ settings, observation }: State): number {
  const { retryPeriodMs, leaseDurationMs, random, clock } = settings;
  const pauseMs = retryPeriodMs / 2 / (1 + (JITTER - 1) * random());
  const leftMs = observation === undefined ? 0 : runsOutAt(observation, leaseDurationMs) - clock.now();
  return leftMs > 0 ? Math.min(pauseMs, leftMs) : pauseMs;
}

async function lead(state: State, signal: AbortSignal): Promise<ElectionOutcome> {
  const { retryPeriodMs, renewDeadlineMs, identity, clock } = state.settings;
  const stop = AbortSignal.any([signal, state.term.signal]);
  let startedAt = clock.now();
  // Counted from start to start: an attempt that hung for its whole limit has used up its pause.
  while (await pause(state, { ms: Math.max(retryPeriodMs / 10, startedAt + retryPeriodMs - clock.now()), signal: stop })) {
    startedAt = clock.now();
    // Not ended by the stop: a renewal that is under way would leave us without the version that the release needs.
    await tryOnce(state, state.term.signal);
    const holder = state.observation?.lease.spec.holderIdentity ?? '';
    if (holder !== identity && isHeld(state)) return { kind: 'lost', reason: `"${holder || 'nobody'}" holds the lease` };
  }
  if (!isHeld(state)) return { kind: 'lost', reason: `the lease could not be renewed for ${renewDeadlineMs} ms` };
  await release(state);
  return { kind: 'released' };
}

/** One attempt to take or renew. Failures are logged only: time decides what becomes of them. */
async function tryOnce(state: State, signal: AbortSignal): Promise<void> {
  const { logger, identity, name } = state.settings;
  try {
    const written = await takeOrRenew(state, signal);
    if (written !== undefined) extend(state, written);
  } catch (error) {
    if (!signal.aborted) logger.warn({ error, identity, lease: name }, 'the lease could not be read or written, trying again');
  }
}

interface Written {
  readonly lease: Lease;
  readonly startedAt: number;
}

async function takeOrRenew(state: State, signal: AbortSignal): Promise<Written | undefined> {
  const known = state.observation;
  if (state.heldUntil !== undefined && known !== undefined) {
    try {
      return await write(state, known.lease, signal);
    } catch (error) {
      // Ours was written without our hearing of it, or it is somebody else's, or gone: look.
      if (!isConflict(error) && !isNotFound(error)) throw error;
      state.settings.metrics?.slowPath();
    }
  }
  const found = await state.api.read(signal);
  if (found === undefined) return create(state, signal);
  const { identity, leaseDurationMs: durationMs, clock } = state.settings;
  state.observation = observe(state.observation, found, clock.now());
  if (!mayTake(state.observation, { identity, durationMs, now: clock.now() })) return undefined;
  return orElseMissed(write(state, found, signal));
}

/** Another candidate was faster: not an error, the next look will see it. */
async function orElseMissed(attempt: Promise<Written>): Promise<Written | undefined> {
  try {
    return await attempt;
  } catch (error) {
    if (isConflict(error) || isAlreadyExists(error)) return undefined;
    throw error;
  }
}

function create(state: State, signal: AbortSignal): Promise<Written | undefined> {
  const { identity, leaseDurationMs: durationMs, clock } = state.settings;
  const startedAt = clock.now();
  const created = state.api.create(heldSpec(undefined, identity, { durationMs, now: startedAt }), signal);
  return orElseMissed(created.then((lease) => ({ lease, startedAt })));
}

async function write(state: State, old: Lease, signal: AbortSignal): Promise<Written> {
  const { identity, leaseDurationMs: durationMs, clock } = state.settings;
  const startedAt = clock.now();
  return { lease: await state.api.replace(old, heldSpec(old.spec, identity, { durationMs, now: startedAt }), signal), startedAt };
}

/** Three attempts fit into the deadline, so that one half-open connection doesn't cost the leadership. */
function attemptMs({ renewDeadlineMs, retryPeriodMs }: Settings): number {
  return Math.max(retryPeriodMs / 2, (renewDeadlineMs - 2 * retryPeriodMs) / 3);
}

function extend(state: State, { lease, startedAt }: Written): void {
  const { clock, renewDeadlineMs } = state.settings;
  state.observation = observe(state.observation, lease, clock.now());
  // A term that ended stays ended, even if a late answer says that the renewal succeeded.
  if (state.term.signal.aborted) return;
  // Counted from before the request: the server may have stored it any time since.
  state.heldUntil = startedAt + renewDeadlineMs;
  state.cancelDeadline();
  state.cancelDeadline = clock.after(state.heldUntil - clock.now(), () => endTerm(state, 'the renew deadline has passed'));
}

function endTerm(state: State, reason: string): void {
  state.heldUntil = undefined;
  state.cancelDeadline();
  if (!state.term.signal.aborted) state.term.abort(new Error(`the lease is not surely held: ${reason}`));
}

/** Best effort: without it the others wait for the Lease to run out. */
async function release(state: State): Promise<void> {
  const { logger, name, identity } = state.settings;
  const lease = state.observation?.lease;
  endTerm(state, 'it is being released');
  if (lease === undefined) return;
  try {
    await writeReleased(state, lease);
    logger.info({ identity, lease: name }, 'the lease was released');
  } catch (error) {
    logger.warn({ error, identity, lease: name }, 'the lease could not be released, others wait until it runs out');
  }
}

async function writeReleased(state: State, known: Lease): Promise<void> {
  const { clock, identity } = state.settings;
  const write = async (lease: Lease): Promise<void> => {
    const answer = await state.api.replace(lease, releasedSpec(lease.spec, clock.now()));
    state.observation = observe(state.observation, answer, clock.now());
  };
  try {
    await write(known);
  } catch (error) {
    // A renewal whose answer was lost made a newer version. If it is still ours, let go of that one.
    const current = isConflict(error) ? await state.api.read() : undefined;
    if (current?.spec.holderIdentity !== identity) throw error;
    await write(current);
  }
}

/** False if the signal ended it. */
async function pause(state: State, { ms, signal }: { readonly ms: number; readonly signal: AbortSignal }): Promise<boolean> {
  try {
    await state.settings.clock.sleep(ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
