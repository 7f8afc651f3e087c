/** Waiting for something that the operator does: looks once a second, with single reads, until it is done, the time is up, or the user interrupts. */
import type { Context } from './context.ts';
import { CliError, exitCodes } from './exit.ts';

const intervalMs = 1000;

/** What is waited for. */
export interface Wait<T> {
  /** In people's words, for the message when the time is up. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly look: () => Promise<T>;
  readonly done: (seen: T) => boolean;
  /** Called with everything that was seen, the last included. */
  readonly progress?: (seen: T) => void;
}

/** Waits. @throws CliError (timeout) */
export async function waitFor<T>({ clock, signal }: Pick<Context, 'clock' | 'signal'>, wait: Wait<T>): Promise<T> {
  const end = clock.now() + wait.timeoutMs;
  for (;;) {
    const seen = await wait.look();
    wait.progress?.(seen);
    if (wait.done(seen)) return seen;
    if (clock.now() + intervalMs > end) {
      const seconds = String(Math.round(wait.timeoutMs / 1000));
      throw new CliError(exitCodes.timeout, `${wait.what}: not within ${seconds} s. The request stands; --timeout waits longer.`);
    }
    await clock.sleep(intervalMs, signal);
  }
}
