/** The stand-in's time: any clock given from outside, plus an offset that the control routes and tests can move forward. */

/** What the stand-in needs of a clock; the product's own clocks and tests' virtual clocks have this shape. */
export interface AwsClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects when the signal is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A clock that can be moved forward without waiting. */
export interface MovableClock extends AwsClock {
  /** Moves time forward by `ms`. Sleeps that already run are not shortened. */
  advance(ms: number): void;
}

/** Puts a movable offset on a clock. */
export function movable(clock: AwsClock): MovableClock {
  let offset = 0;
  return {
    now: () => clock.now() + offset,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    advance: (ms) => {
      if (!(ms >= 0)) throw new RangeError('Time only moves forward: give a number of milliseconds that is not negative.');
      offset += ms;
    },
  };
}
