import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { createLeaderElector } from '../../../src/kube/leader.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import { FakeCollections } from '../../support/fake-collections.ts';
import { KEY, LEASES, createWorld, leaseTransport, timeUntil } from './leader-world.ts';

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

  it('hands over within a second when the leader leaves in order', async () => {
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
    expect(await timeUntil(world.clock, () => b.elector.mayWrite())).toBeLessThanOrEqual(1_000);
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

  it('takes a Lease of a leader that was killed the moment it runs out', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    const b = world.candidate('b');
    await world.clock.advance(10_100);
    a.weather = 'hangs';
    const elapsed = await timeUntil(world.clock, () => b.elector.mayWrite());
    // The last renewal was at most a retry period ago, and was seen half a one later: 15 s from then.
    expect(elapsed).toBeLessThanOrEqual(16_000);
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

  it('counts the deadline from before the request, since nobody knows when the server did its work', async () => {
    const world = createWorld();
    const a = world.candidate('a');
    await world.clock.settle();
    a.weather = 'slow';
    await world.clock.advance(3_500);
    // Asked at 2.0 s, answered at 3.5 s.
    a.weather = 'hangs';
    await world.clock.advance(8_499);
    expect(a.elector.mayWrite()).toBe(true);
    await world.clock.advance(1);
    expect(a.elector.mayWrite()).toBe(false);
  });

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
