/**
 * Programs that only the e2e tests need, in the same cache as the cluster's (sandbox/cluster/binaries.ts): looked for, and made when they
 * are missing, once per machine and one process at a time. What is half made is never taken for finished.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../../sandbox/cluster/binaries.ts';
import { withLock } from '../../../sandbox/cluster/lock.ts';

/** Takes one line of progress at a time. */
export type Log = (line: string) => void;

/** Something in the cache: a program, or a folder with several. */
export interface Tool {
  /** For people, with its version: "Argo CD 3.2.11". */
  readonly name: string;
  /** Path below the cache's `tools` folder; holds the version, so that another version is another path. */
  readonly path: string;
  /** About how long making it takes on two cores, for the progress lines only. */
  readonly seconds: number;
  /** Makes it at this path, which is not there yet. Its folder is. */
  readonly make: (path: string) => Promise<void>;
}

/** Where a tool is, or will be. */
export function pathOf(tool: Pick<Tool, 'path'>): string {
  return join(cacheFolder(), 'tools', tool.path);
}

/**
 * The tool's absolute path, after it has been made where it was missing.
 * @throws what `make` throws; nothing is left of it then.
 */
export async function ensureTool(tool: Tool, log: Log): Promise<string> {
  const path = pathOf(tool);
  const onWait = (pid: number): void => log(`Another process (pid ${String(pid)}) is making ${tool.name}: waiting for it.`);
  if (!existsSync(path)) await withLock(`${path}.lock`, onWait, () => makeMissing(tool, path, log));
  return path;
}

async function makeMissing({ name, seconds, make }: Tool, path: string, log: Log): Promise<void> {
  // The process that we waited for may have made it.
  if (existsSync(path)) return;
  const started = performance.now();
  const elapsed = (): string => `${String(Math.round((performance.now() - started) / 1000))} s`;
  const unfinished = `${path}.tmp`;
  mkdirSync(dirname(path), { recursive: true });
  // We hold the lock: nobody is making what an interrupted process left.
  rmSync(unfinished, { recursive: true, force: true });
  log(`${name}: making it, once per machine; about ${String(seconds)} s on two cores`);
  const ticker = setInterval(() => log(`${name}: still at it after ${elapsed()}`), 15_000);
  try {
    await make(unfinished);
    renameSync(unfinished, path);
    log(`${name}: done in ${elapsed()}`);
  } finally {
    clearInterval(ticker);
    rmSync(unfinished, { recursive: true, force: true });
  }
}
