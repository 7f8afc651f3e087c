/** Ten thousand reconciles that have nothing to wait for leave the process time for everything else. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createController } from '../../../src/kube/controller.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import { createQueue } from '../../../src/kube/queue.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

it('between a few reconciles there is a turn of the event loop, whatever the number of workers', async () => {
  const clock = createVirtualClock();
  const queue = createQueue({ clock, name: 'many' });
  for (let number = 0; number < 10_000; number++) queue.add(String(number));
  const stop = new AbortController();
  let done = 0;
  let allDone: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (allDone = resolve));
  const controller = createController({
    name: 'many',
    queue,
    concurrency: 50,
    clock,
    logger: silentLogger,
    reconcile: () => {
      if (++done === 10_000) allDone();
      return Promise.resolve({ kind: 'done' });
    },
  });
  const running = controller.run(stop.signal);
  const atOnce: number[] = [];
  for (let before = 0; done < 10_000; before = done) {
    await setImmediate();
    atOnce.push(done - before);
  }
  await finished;
  stop.abort();
  await running;
  expect(Math.max(...atOnce)).toBeLessThanOrEqual(100);
});
