/** The stand-in for AWS: one value that holds the world and answers requests, in process or behind HTTP. It is not AWS. */
import { createCallLog, type CallLog } from './calls.ts';
import { movable, type AwsClock, type MovableClock } from './clock.ts';
import { createDirect, type Direct } from './direct.ts';
import { createFaults, type Faults } from './faults.ts';
import { createRequestHandler, type InProcessHandler } from './handler.ts';
import { iam } from './iam/service.ts';
import { random } from './ids.ts';
import { kms } from './kms/service.ts';
import { s3 } from './s3/service.ts';
import { s3control } from './s3control/service.ts';
import type { World } from './service.ts';
import { createSeed, type Seed } from './seed.ts';
import { serve, serveDirectly, type CallHook, type DirectCall, type Engine } from './serve.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { emptyState, type AwsState } from './state.ts';
import { sts } from './sts/service.ts';
import type { WireReply, WireRequest } from './wire/http.ts';

/** Options of {@link createAws}. */
export interface AwsOptions {
  /** Time of everything: expiry, delays, dates. */
  readonly clock: AwsClock;
  /** Seed of all ids and of faults with a probability. @default 1 */
  readonly seed?: number;
  readonly settings?: Partial<Settings>;
}

/** A stand-in. */
export interface Aws {
  /** Answers one request. @throws ConnectionLost where a fault breaks the connection */
  serve(request: WireRequest, signal?: AbortSignal): Promise<WireReply>;
  /** A handler for SDK clients in this process: `new S3Client({ requestHandler: aws.requestHandler(), … })`. */
  requestHandler(): InProcessHandler;
  /**
   * A call of a client in this process that needs no wire: several times faster. The rest is as ever: permissions, faults, hooks, log.
   * @throws AwsError, ConnectionLost
   */
  call(asked: DirectCall, signal?: AbortSignal): Promise<Record<string, unknown>>;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly clock: MovableClock;
  /** Calls the hook before and after every call; returns a function that takes it away. */
  onCall(hook: CallHook): () => void;
  /** Changes settings from now on. */
  configure(settings: Partial<Settings>): void;
  /** Makes accounts' resources quickly: no call, no permission, nothing in the log. */
  readonly seed: Seed;
  /** Operations without a wire, and whether somebody may do them: no call, no fault, nothing in the log. */
  readonly direct: Direct;
  /** A copy of everything remembered. */
  snapshot(): AwsState;
  /** Goes back to a snapshot. Faults, hooks and the call log stay. */
  restore(snapshot: AwsState): void;
  /** Forgets everything: state, calls, faults. Hooks and settings stay. */
  reset(): void;
}

/** Makes a stand-in without any resources. */
export function createAws(options: AwsOptions): Aws {
  const seed = options.seed ?? 1;
  const settings = { ...defaultSettings, ...options.settings };
  const world: World = { clock: movable(options.clock), settings, state: emptyState(seed) };
  const engine: Engine = {
    world,
    services: [sts, iam, kms, s3control, s3],
    calls: createCallLog(settings.callLogLimit),
    faults: createFaults(() => random(world.state)),
    hooks: new Set(),
    writing: new Set(),
    requestIds: { random: seed },
  };
  return {
    serve: (request, signal) => serve(engine, request, signal),
    requestHandler: () => createRequestHandler((request, signal) => serve(engine, request, signal)),
    call: (asked, signal) => serveDirectly(engine, asked, signal),
    calls: engine.calls,
    faults: engine.faults,
    clock: world.clock,
    seed: createSeed(world),
    direct: createDirect(world),
    onCall: (hook) => {
      engine.hooks.add(hook);
      return () => void engine.hooks.delete(hook);
    },
    configure: (changes) => void (world.settings = { ...world.settings, ...changes }),
    snapshot: () => structuredClone(world.state),
    restore: (snapshot) => void (world.state = structuredClone(snapshot)),
    reset: () => {
      world.state = emptyState(seed);
      engine.calls.reset();
      engine.faults.clear();
    },
  };
}
