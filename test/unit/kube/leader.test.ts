import { describe, expect, it } from 'vitest';
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

const LEASES = '/apis/coordination.k8s.io/v1/leases';
const KEY = 'sluice/leader';

/** What the network does to one candidate. lose-answer: the server does the work, and nobody hears of it. */
type Weather = 'fine' | 'errors' | 'hangs' | 'lose-answer';

interface Candidate {
  readonly elector: LeaderElector;
  weather: Weather;
  readonly stop: () => void;
  outcome: ElectionOutcome | undefined;
  readonly status: boolean[];
  slowPaths: number;
  readonly pools: Set<string | undefined>;
}

interface World {
  readonly clock: VirtualClock;
  readonly data: FakeCollections;
  candidate(identity: string, skewMs?: number): Candidate;
  holder(): unknown;
}

function createWorld(): World {
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

function leaseTransport(data: FakeCollections, clock: Clock, self: Pick<Candidate, 'weather' | 'pools'>): Transport {
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
async function timeUntil(clock: VirtualClock, condition: () => boolean, limitMs = 60_000): Promise<number> {
  const start = clock.now();
  while (!condition()) {
    if (clock.now() - start > limitMs) throw new Error(`not within ${limitMs} ms`);
    await clock.advance(100);
  }
  return clock.now() - start;
}

describe('leader election', () => {
  it('lets the first candidate lead at once, and no other', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    const b = world.candidate('b');
    await world.clock.advance(60_000);
    expect([a.elector.mayWrite(), b.elector.mayWrite()]).toEqual([true, false]);
    expect(world.holder()).toBe('a');
    expect(b.elector.leader()).toBe('a');
    expect(a.status).toEqual([true]);
    await a.elector.elected;
  });

  it('has one leader when two candidates create the lease at the same moment', async () => {
    const world = createWorld();
    const [a, b] = [world.candidate('a'), world.candidate('b')];
    await world.clock.advance(10_000);
    expect([a.elector.mayWrite(), b.elector.mayWrite()].filter(Boolean)).toHaveLength(1);
  });

  it('uses its own connections', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.advance(10_000);
    expect([...a.pools]).toEqual(['lease']);
  });

  it('hands over within two seconds when the leader leaves in order', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    const b = world.candidate('b');
    for (let round = 0; round < 5; round++) await world.clock.advance(730);
    a.stop();
    await world.clock.settle();
    expect(a.outcome).toEqual({ kind: 'released' });
    expect(a.elector.signal.aborted).toBe(true);
    expect(world.holder()).toBe('');
    expect(await timeUntil(world.clock, () => b.elector.mayWrite())).toBeLessThanOrEqual(2_000);
    expect(a.status).toEqual([true, false]);
  });

  it('releases also when the answer to the last renewal was lost', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.advance(1_000);
    a.weather = 'lose-answer';
    await world.clock.advance(1_000);
    a.stop();
    a.weather = 'fine';
    await timeUntil(world.clock, () => a.outcome !== undefined);
    expect(a.outcome).toEqual({ kind: 'released' });
    expect(world.holder()).toBe('');
  });

  it('fails over within twenty seconds when the leader is cut off, and never has two who may write', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    const b = world.candidate('b');
    await world.clock.advance(10_000);
    a.weather = 'errors';
    let both = 0;
    const elapsed = await timeUntil(world.clock, () => {
      if (a.elector.mayWrite() && b.elector.mayWrite()) both++;
      return b.elector.mayWrite();
    });
    expect(elapsed).toBeLessThanOrEqual(20_000);
    expect(both).toBe(0);
    expect(a.outcome).toEqual({ kind: 'lost', reason: 'the lease could not be renewed for 10000 ms' });
  });

  it.each(['errors', 'hangs', 'lose-answer'] as const)(
    'stops to write ten seconds after the last sure renewal (%s), and aborts what is in flight',
    async (weather) => {
      const world = createWorld();
      const a = world.candidate('a');
      await world.clock.settle();
      const acquired = world.clock.now();
      a.weather = weather;
      await world.clock.advance(9_999);
      expect(a.elector.mayWrite()).toBe(true);
      expect(a.elector.signal.aborted).toBe(false);
      await world.clock.advance(1);
      expect(world.clock.now() - acquired).toBe(10_000);
      expect(a.elector.mayWrite()).toBe(false);
      expect(a.elector.signal.aborted).toBe(true);
      expect(a.outcome).toMatchObject({ kind: 'lost' });
    },
  );

  it('keeps leading through failures that are shorter than the deadline', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.advance(2_500);
    for (const weather of ['errors', 'hangs', 'lose-answer'] as const) {
      a.weather = weather;
      await world.clock.advance(5_000);
      a.weather = 'fine';
      await world.clock.advance(6_000);
      expect(a.elector.mayWrite()).toBe(true);
    }
    expect(a.slowPaths).toBeGreaterThan(0);
    expect(a.status).toEqual([true]);
  });

  it('does not believe a renewal that it heard of too late', async () => {
    const world = createWorld();
    let stalled = 0;
    const a = world.candidate('a');
    await world.clock.settle();
    // The process stands still: its clock jumps, and no timer has run.
    const stall: Clock = { ...world.clock, now: () => world.clock.now() + stalled };
    const b = createLeaderElector({
      transport: leaseTransport(new FakeCollections(), world.clock, { weather: 'fine', pools: new Set() }),
      namespace: 'sluice',
      name: 'leader',
      identity: 'b',
      clock: stall,
      random: () => 0,
      logger: silentLogger,
    });
    void b.run(new AbortController().signal);
    await world.clock.settle();
    expect(b.mayWrite()).toBe(true);
    stalled = 10_000;
    expect(b.mayWrite()).toBe(false);
    expect(a.elector.mayWrite()).toBe(true);
  });

  it('is lost at once when somebody else holds the lease', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    const lease = world.data.get(LEASES, KEY);
    world.data.put(LEASES, {
      ...lease,
      metadata: { name: 'leader', namespace: 'sluice' },
      spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 },
    });
    await world.clock.advance(2_000);
    expect(a.outcome).toEqual({ kind: 'lost', reason: '"thief" holds the lease' });
    expect(a.elector.mayWrite()).toBe(false);
  });

  it('makes the lease anew when somebody deletes it', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    world.data.remove(LEASES, KEY);
    await world.clock.advance(20_000);
    expect(a.elector.mayWrite()).toBe(true);
    expect(world.holder()).toBe('a');
  });

  it.each([-3_600_000, 3_600_000])('is not misled by a clock that is off by %s ms', async (skewMs) => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    const b = world.candidate('b', skewMs);
    await world.clock.advance(60_000);
    expect([a.elector.mayWrite(), b.elector.mayWrite()]).toEqual([true, false]);
    a.weather = 'hangs';
    expect(await timeUntil(world.clock, () => b.elector.mayWrite())).toBeLessThanOrEqual(20_000);
  });

  it('gives a lease that it has just found its whole duration, however old its times are', async () => {
    const world = createWorld();
    const spec = { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2001-01-01T00:00:00.000000Z' };
    world.data.put(LEASES, { metadata: { name: 'leader', namespace: 'sluice' }, spec });
    const b = world.candidate('b');
    await world.clock.advance(14_900);
    expect(b.elector.mayWrite()).toBe(false);
    expect(await timeUntil(world.clock, () => b.elector.mayWrite())).toBeLessThanOrEqual(2_000);
    expect(world.data.get(LEASES, KEY)?.['spec']).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('ends as stopped if it never led', async () => {
    const world = createWorld();
    world.candidate('a');
    await world.clock.settle();
    const b = world.candidate('b');
    await world.clock.advance(5_000);
    b.stop();
    await world.clock.settle();
    expect(b.outcome).toEqual({ kind: 'stopped' });
    expect(world.holder()).toBe('a');
  });

  it('refuses times that make no sense', () => {
    const world = createWorld();
    const options = { namespace: 'n', name: 'l', identity: 'i', clock: world.clock, random: () => 0, logger: silentLogger };
    const transport = leaseTransport(world.data, world.clock, { weather: 'fine', pools: new Set() });
    expect(() => createLeaderElector({ ...options, transport, renewDeadlineMs: 20_000 })).toThrow(RangeError);
  });
});
