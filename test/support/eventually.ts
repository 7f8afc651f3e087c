/**
 * Waits for real sockets in tests whose time is virtual: looks at each turn of the event loop whether something has come true. Never
 * for things that a Clock decides: those happen by `advance`.
 */

/** Resolves as soon as `condition` holds. @throws Error after 5 real seconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not true after 5 s: ${what}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
