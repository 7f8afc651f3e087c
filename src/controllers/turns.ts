/**
 * When what is looked at regularly has its turn. Each thing has a moment of its own within the interval, by its name: whatever had thousands of them looked at together
 * (a restart, a crowd of approvals), from the next time on they come evenly, and after every restart at the same times as before. Pure.
 */
import { createHash } from 'node:crypto';

/** A turn that comes within this part of the interval after a look is passed over: hardly anything can have changed. */
const tooSoon = 0.1;

/**
 * When a thing that was looked at then has its next turn: later than a tenth of the interval after the look, and at most one and a tenth of it. All times in milliseconds,
 * `lookedAt` and the result since the epoch.
 */
export function nextTurn(name: string, intervalMs: number, lookedAt: number): number {
  const own = Math.round(fractionOf(name) * intervalMs);
  const earliest = lookedAt + Math.ceil(intervalMs * tooSoon);
  return own + Math.ceil((earliest - own) / intervalMs) * intervalMs;
}

/**
 * Milliseconds from `now` until the next turn. One that is overdue, since nothing could be seen of it, waits as everything that fails does: for the one after.
 * Of what was never looked at, as if it had been just now.
 */
export function untilTurn(
  name: string,
  intervalMs: number,
  { now, lookedAt = now }: { readonly now: number; readonly lookedAt: number | undefined },
): number {
  const turn = nextTurn(name, intervalMs, lookedAt);
  return (turn > now ? turn : nextTurn(name, intervalMs, now)) - now;
}

/** Evenly spread over [0, 1), also for names that differ in one digit. */
function fractionOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE() / 2 ** 32;
}
