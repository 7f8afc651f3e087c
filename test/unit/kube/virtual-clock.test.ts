/** The tests' own clock: if it were wrong, many tests could not fail. */
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../support/virtual-clock.ts';

describe('the virtual clock', () => {
  it('shows each callback its own time, in order, also to timers that timers set', async () => {
    const clock = createVirtualClock({ start: 0 });
    const seen: string[] = [];
    clock.after(20, () => seen.push(`b at ${clock.now()}`));
    clock.after(10, () => {
      seen.push(`a at ${clock.now()}`);
      clock.after(5, () => seen.push(`c at ${clock.now()}`));
    });
    clock.after(10, () => seen.push(`a2 at ${clock.now()}`));
    await clock.advance(30);
    expect(seen).toEqual(['a at 10', 'a2 at 10', 'c at 15', 'b at 20']);
    expect(clock.now()).toBe(30);
  });

  it('lets a chain of sleeps run within one advance', async () => {
    const clock = createVirtualClock({ start: 0 });
    const times: number[] = [];
    const chain = (async () => {
      for (let count = 0; count < 3; count++) {
        await clock.sleep(10);
        times.push(clock.now());
      }
    })();
    await clock.advance(25);
    expect(times).toEqual([10, 20]);
    await clock.advance(5);
    await chain;
    expect(times).toEqual([10, 20, 30]);
  });

  it('fires timers beyond 24.8 days at once, as Node does', async () => {
    const clock = createVirtualClock();
    let fired = 0;
    clock.after(2 ** 31, () => fired++);
    clock.after(2 ** 31 - 1, () => fired++);
    await clock.advance(1);
    expect(fired).toBe(1);
  });

  it('cancels timers, and rejects sleeps with the reason of their signal', async () => {
    const clock = createVirtualClock();
    let fired = false;
    clock.after(10, () => (fired = true))();
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleeping = clock.sleep(10, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(clock.sleep(10, controller.signal)).rejects.toBe(reason);
    await clock.advance(100);
    expect([fired, clock.pending()]).toEqual([false, 0]);
  });
});
