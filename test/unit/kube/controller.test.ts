import { describe, expect, it } from 'vitest';
import { createController } from '../../../src/kube/controller.ts';
import type { ControllerOptions, Result } from '../../../src/kube/controller.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import type { LogFields, Logger } from '../../../src/kube/logging.ts';
import { createKubeMetrics } from '../../../src/kube/metrics.ts';
import { createQueue } from '../../../src/kube/queue.ts';
import type { Queue } from '../../../src/kube/queue.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';

interface Line extends LogFields {
  readonly level: string;
  readonly message: string;
}

function recordingLogger(lines: Line[], bound: LogFields = {}): Logger {
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ ...bound, ...fields, level, message });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}

interface Harness {
  readonly clock: VirtualClock;
  readonly queue: Queue;
  readonly lines: Line[];
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly metric: (name: string, labels?: Record<string, string>) => Promise<number | undefined>;
}

function start(reconcile: ControllerOptions['reconcile'], options: Partial<ControllerOptions> = {}): Harness {
  const clock = createVirtualClock();
  const metrics = createKubeMetrics();
  const queue = createQueue({ clock, name: 'widget', backoff: { baseMs: 100, maxMs: 1_000 } });
  const lines: Line[] = [];
  let ids = 0;
  const controller = createController({
    name: 'widget',
    queue,
    concurrency: 2,
    reconcile,
    logger: recordingLogger(lines),
    clock,
    metrics: metrics.controller('widget'),
    newReconcileId: () => `id-${++ids}`,
    ...options,
  });
  const stop = new AbortController();
  const metric: Harness['metric'] = async (name, labels = {}) => {
    const data = await metrics.registry.getSingleMetric(name)?.get();
    const wanted = Object.entries({ controller: 'widget', ...labels });
    return data?.values.find((value) => wanted.every(([label, text]) => value.labels[label] === text))?.value;
  };
  return { clock, queue, lines, stop, ended: controller.run(stop.signal), metric };
}

/** Answers with the given results, one per call, then with done. */
function answers(...results: readonly Result[]): { reconcile: ControllerOptions['reconcile']; calls: string[] } {
  const calls: string[] = [];
  const reconcile: ControllerOptions['reconcile'] = async (key) => {
    calls.push(key);
    return results[calls.length - 1] ?? { kind: 'done' };
  };
  return { reconcile, calls };
}

describe('a controller', () => {
  it('reconciles each key once and leaves it alone when it is done', async () => {
    const { reconcile, calls } = answers();
    const { clock, queue, metric } = start(reconcile);
    queue.add('ns/a');
    queue.add('ns/b');
    await clock.advance(1_000_000);
    expect(calls).toEqual(['ns/a', 'ns/b']);
    expect(await metric('controller_runtime_reconcile_total', { result: 'success' })).toBe(2);
    expect(await metric('controller_runtime_active_workers')).toBe(0);
  });

  it('looks again when a reconcile asked for it', async () => {
    const { reconcile, calls } = answers({ kind: 'requeue', afterMs: 5_000 });
    const { clock, queue, metric } = start(reconcile);
    queue.add('a');
    await clock.advance(4_999);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(calls).toHaveLength(2);
    expect(await metric('controller_runtime_reconcile_total', { result: 'requeue_after' })).toBe(1);
  });

  it('backs off exponentially after failures, logs them, and begins anew after a success', async () => {
    const failure: Result = { kind: 'retry', error: new Error('AWS is away') };
    const { reconcile, calls } = answers(failure, failure, { kind: 'done' }, failure);
    const { clock, queue, lines, metric } = start(reconcile);
    queue.add('ns/a');
    await clock.advance(99);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(calls).toHaveLength(2);
    await clock.advance(200);
    expect(calls).toHaveLength(3);
    queue.add('ns/a');
    await clock.advance(100);
    expect(calls).toHaveLength(5);
    expect(await metric('controller_runtime_reconcile_errors_total')).toBe(3);
    expect(lines[0]).toMatchObject({
      level: 'error',
      controller: 'widget',
      namespace: 'ns',
      name: 'a',
      reconcileId: 'id-1',
      retryInMs: 100,
    });
  });

  it('begins its backoff anew after a requeue too, which is no failure', async () => {
    const failure: Result = { kind: 'retry', error: new Error('AWS is away') };
    const { reconcile, calls } = answers(failure, failure, { kind: 'requeue', afterMs: 10 }, failure);
    const { clock, queue } = start(reconcile);
    queue.add('a');
    await clock.advance(310);
    expect(calls).toHaveLength(4);
    await clock.advance(100);
    expect(calls).toHaveLength(5);
  });

  it('waits as long as a failure says, where it does', async () => {
    const { reconcile, calls } = answers({ kind: 'retry', error: new Error('throttled'), afterMs: 7_000 });
    const { clock, queue } = start(reconcile);
    queue.add('a');
    await clock.advance(6_999);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(calls).toHaveLength(2);
  });

  it('takes an exception for a failure, counts it, and goes on with its workers', async () => {
    let calls = 0;
    const { clock, queue, metric } = start(async () => {
      if (calls++ < 3) throw new Error('bug');
      return { kind: 'done' };
    });
    queue.add('a');
    await clock.advance(10_000);
    expect(calls).toBe(4);
    expect(await metric('controller_runtime_reconcile_panics_total')).toBe(3);
    expect(await metric('controller_runtime_reconcile_total', { result: 'error' })).toBe(3);
  });

  it('does not make noise about a conflict', async () => {
    const { reconcile } = answers({
      kind: 'retry',
      error: new ApiError({ status: 409, reason: 'Conflict', message: 'changed' }),
    });
    const { clock, queue, lines } = start(reconcile);
    queue.add('a');
    await clock.advance(1_000);
    expect(lines.map(({ level }) => level)).toEqual(['debug']);
  });

  it('runs as many keys at once as it may, and no key twice', async () => {
    const running = new Set<string>();
    let most = 0;
    const { clock, queue } = start(async (key) => {
      expect(running.has(key)).toBe(false);
      running.add(key);
      most = Math.max(most, running.size);
      await clock.sleep(100);
      running.delete(key);
      return { kind: 'done' };
    });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await clock.advance(50);
    queue.add('a');
    await clock.advance(1_000);
    expect(most).toBe(2);
    expect(running.size).toBe(0);
  });

  it('takes any text for a key', async () => {
    const { reconcile, calls } = answers({ kind: 'retry', error: new Error('x') });
    const { clock, queue, lines } = start(reconcile);
    queue.add('s3:bucket-policy/111122223333/acme');
    await clock.advance(1_000);
    expect(calls).toHaveLength(2);
    expect(lines[0]).toMatchObject({ name: 's3:bucket-policy/111122223333/acme' });
  });

  it('stops after the running reconciles have ended, and takes no more', async () => {
    const calls: string[] = [];
    const { clock, queue, stop, ended } = start(
      async (key) => {
        calls.push(key);
        await clock.sleep(500);
        return { kind: 'requeue', afterMs: 1 };
      },
      { concurrency: 1 },
    );
    let over = false;
    void ended.then(() => (over = true));
    queue.add('a');
    queue.add('b');
    await clock.advance(100);
    stop.abort();
    await clock.advance(399);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(over).toBe(true);
    expect(calls).toEqual(['a']);
    expect(clock.pending()).toBe(0);
  });

  it('tells a reconcile to stop when the grace is over, at once when the lease is lost, and when it takes too long', async () => {
    const reasons: string[] = [];
    const untilAborted: ControllerOptions['reconcile'] = async (_, { signal }) => {
      await clockOf.sleep(1_000_000, signal).catch((error: unknown) => reasons.push(String(error)));
      return { kind: 'done' };
    };
    let clockOf = createVirtualClock();
    const grace = start(untilAborted, { graceMs: 3_000 });
    clockOf = grace.clock;
    grace.queue.add('a');
    await grace.clock.settle();
    grace.stop.abort();
    await grace.clock.advance(3_000);
    await grace.ended;

    const lease = new AbortController();
    const lost = start(untilAborted, { abort: lease.signal });
    clockOf = lost.clock;
    lost.queue.add('a');
    await lost.clock.settle();
    lease.abort(new Error('the lease is lost'));
    await lost.clock.settle();

    const slow = start(untilAborted, { timeoutMs: 2_000 });
    clockOf = slow.clock;
    slow.queue.add('a');
    await slow.clock.advance(2_000);
    expect(reasons).toEqual([
      'Error: controller widget is stopping and its reconcile took too long',
      'Error: the lease is lost',
      'Error: the reconcile of controller widget took longer than 2000 ms',
    ]);
    expect(await slow.metric('controller_runtime_reconcile_timeouts_total')).toBe(1);
  });
});
