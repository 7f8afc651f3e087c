/**
 * Ends an owner's processes when the owner is gone, however it went: the owner holds the other end of this program's standard input,
 * which the kernel closes even after kill -9. Both sides are here: `startWatchdog` for the owner, and the program itself.
 * It watches nothing but its owner: a process that ends by itself is of no interest to it.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stopProcess } from './processes.ts';
import type { ProcessRecord } from './processes.ts';

/** What the owner tells its watchdog. */
export interface Watchdog {
  /** End this process when the owner is gone. */
  readonly watch: (record: ProcessRecord) => void;
  /** Remove this folder when the owner is gone and the processes are ended. */
  readonly remove: (folder: string) => void;
  /** Ends all of that now; resolves when it is done. */
  readonly release: () => Promise<void>;
}

interface Order {
  readonly end?: ProcessRecord;
  readonly remove?: string;
}

/** Starts a watchdog for the calling process. It doesn't keep the caller alive. */
export function startWatchdog(): Watchdog {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.unref();
  const tell = (order: Order): void => void child.stdin.write(`${JSON.stringify(order)}\n`);
  return {
    watch: (record) => tell({ end: record }),
    remove: (folder) => tell({ remove: folder }),
    release: async () => {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}

async function main(): Promise<void> {
  const orders: Order[] = [];
  for await (const line of createInterface({ input: process.stdin })) orders.push(JSON.parse(line) as Order);
  await Promise.allSettled(orders.flatMap(({ end }) => (end ? [stopProcess(end, 0)] : [])));
  for (const { remove } of orders) if (remove !== undefined) rmSync(remove, { recursive: true, force: true });
}

if (import.meta.main) await main();
