/** Candidates for one Lease on one virtual clock, each with network weather of its own. */
import type { Clock } from '../../../src/clock.ts';
import { ApiError, ConnectionError } from '../../../src/kube/errors.ts';
import { createLeaderElector } from '../../../src/kube/leader.ts';
import type { ElectionOutcome, LeaderElector } from '../../../src/kube/leader.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import type { RequestOptions, Transport } from '../../../src/kube/transport.ts';
import { FakeCollections } from '../../support/fake-collections.ts';
import type { FakeObject } from '../../support/fake-collections.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';

export const LEASES = '/apis/coordination.k8s.io/v1/leases';
export const KEY = 'sluice/leader';

/** What the network does to one candidate. lose-answer: the server does the work, and nobody hears of it. slow: its answers take 1.5 s. */
export type Weather = 'fine' | 'errors' | 'hangs' | 'lose-answer' | 'slow';

/** One candidate, and what became of it. */
export interface Candidate {
  readonly elector: LeaderElector;
  weather: Weather;
  readonly stop: () => void;
  outcome: ElectionOutcome | undefined;
  readonly status: boolean[];
  slowPaths: number;
  readonly pools: Set<string | undefined>;
}

/** The cluster and its time. */
export interface World {
  readonly clock: VirtualClock;
  readonly data: FakeCollections;
  candidate(identity: string, skewMs?: number): Candidate;
  holder(): unknown;
}

/** A world without candidates. */
export function createWorld(): World {
  const clock = createVirtualClock();
  const data = new FakeCollections();
  const candidate = (identity: string, skewMs = 0): Candidate => {
    const controller = new AbortController();
    const own: Clock = { ...clock, now: () => clock.now() + skewMs };
    const self: Pick<Candidate, 'weather' | 'pools'> = { weather: 'fine', pools: new Set() };
    const elector = createLeaderElector({
      transport: leaseTransport(data, clock, self),
      namespace: 'sluice',
      name: 'leader',
      identity,
      clock: own,
      random: () => 0.5,
      logger: silentLogger,
      metrics: { leading: (yes) => void made.status.push(yes), slowPath: () => void made.slowPaths++ },
    });
    const made: Candidate = Object.assign(self, {
      elector,
      stop: () => controller.abort(),
      outcome: undefined,
      status: [],
      slowPaths: 0,
    });
    void elector.run(controller.signal).then((outcome) => (made.outcome = outcome));
    return made;
  };
  return {
    clock,
    data,
    candidate,
    holder: () => (data.get(LEASES, KEY)?.['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity,
  };
}

/** A way to `data` through the weather of one candidate. */
export function leaseTransport(data: FakeCollections, clock: Clock, self: Pick<Candidate, 'weather' | 'pools'>): Transport {
  const hang = async (request: RequestOptions): Promise<never> => {
    await clock.sleep(request.timeoutMs ?? 30_000, request.signal);
    throw new ConnectionError('timeout', 'it took too long');
  };
  const request = async (options: RequestOptions): Promise<unknown> => {
    self.pools.add(options.pool);
    options.signal?.throwIfAborted();
    if (self.weather === 'errors') throw new ApiError({ status: 500, message: 'down' });
    if (self.weather === 'hangs') return hang(options);
    const answer = answerOf(data, options);
    if (self.weather === 'lose-answer') return hang(options);
    if (self.weather === 'slow') await clock.sleep(1_500, options.signal);
    if (typeof answer !== 'number') return answer;
    throw new ApiError({
      status: answer === 499 ? 409 : answer,
      reason: answer === 499 ? 'AlreadyExists' : '',
      message: 'refused',
    });
  };
  return {
    request: <T>(options: RequestOptions) => request(options) as Promise<T>,
    watch: () => {
      throw new Error('leader election does not watch');
    },
    close: async () => undefined,
  };
}

function answerOf(data: FakeCollections, { method, body }: RequestOptions): FakeObject | number {
  if (method === 'POST') return data.create(LEASES, body as FakeObject);
  if (method === 'PUT') return data.replace(LEASES, KEY, body as FakeObject);
  return data.get(LEASES, KEY) ?? 404;
}

/** Virtual milliseconds until `condition` holds, in steps of 100. */
export async function timeUntil(clock: VirtualClock, condition: () => boolean, limitMs = 60_000): Promise<number> {
  const start = clock.now();
  while (!condition()) {
    if (clock.now() - start > limitMs) throw new Error(`not within ${limitMs} ms`);
    await clock.advance(100);
  }
  return clock.now() - start;
}
