/**
 * Read your own writes: a key is not reconciled from a cache that is older than our own last write to it, or the same decision would be
 * taken twice. A lost watch event can't block a key for ever: after `timeoutMs` the cache is believed again. Not a cache, and no proof
 * of what other writers did.
 */
import type { Clock } from '../clock.ts';
import { includesVersion } from './resource-version.ts';

/** Our last write per key. */
export interface ReadYourWrites {
  /** After a write succeeded: `resourceVersion` is what the API server answered. */
  wrote(key: string, resourceVersion: string): void;
  /** Whether the cache holds our last write (or none is remembered). `cached`: the store's resourceVersion, undefined if not cached. */
  isFresh(key: string, cached: string | undefined): boolean;
  /** The object was deleted: whatever we wrote is history. */
  forget(key: string): void;
  /** How many writes haven't been seen yet. */
  readonly size: number;
}

/** Options of {@link createReadYourWrites}. */
export interface ReadYourWritesOptions {
  readonly clock: Clock;
  /** How long to wait for the watch, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
}

/** An empty memory. */
export function createReadYourWrites(options: ReadYourWritesOptions): ReadYourWrites {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const writes = new Map<string, { readonly version: string; readonly until: number }>();

  return {
    get size() {
      return writes.size;
    },
    wrote: (key, version) => {
      const last = writes.get(key);
      // Two writes in flight may be answered out of order: the newer version counts.
      if (last !== undefined && includesVersion(last.version, version) === true && last.version !== version) return;
      writes.set(key, { version, until: options.clock.now() + timeoutMs });
    },
    isFresh: (key, cached) => {
      const write = writes.get(key);
      if (write === undefined) return true;
      const seen = cached !== undefined && includesVersion(cached, write.version) === true;
      const fresh = seen || options.clock.now() >= write.until;
      if (fresh) writes.delete(key);
      return fresh;
    },
    forget: (key) => void writes.delete(key),
  };
}
