/**
 * One at a time, across processes: a lock file that names its holder, so that the lock of a crashed holder is recognised and taken over.
 * For processes of one machine only.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, isRunning } from './processes.ts';
import type { ProcessRecord } from './processes.ts';

/**
 * Runs `work` while no other process on this machine runs under the same lock file.
 * @param onWait called once, with the holder's pid, when somebody else has the lock.
 */
export async function withLock<T>(file: string, onWait: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  let told = false;
  while (!take(file)) {
    const holder = readHolder(file);
    if (holder && isRunning(holder)) {
      if (!told) onWait(holder.pid);
      told = true;
      await sleep(200);
    } else if (holder) {
      discard(file);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

// A link appears with its content in one step: nobody ever reads a lock that is still empty.
function take(file: string): boolean {
  const own = `${file}.${process.pid}`;
  // Each time anew: whoever had the lock before may have removed the folder.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const record: ProcessRecord = { name: 'lock', pid: process.pid, identity: identityOf(process.pid) ?? '' };
  writeFileSync(own, JSON.stringify(record));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(file: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessRecord;
  } catch {
    return undefined;
  }
}

// Of two who discard the same dead lock, one would remove the other's fresh one; so it is moved aside and looked at again.
function discard(file: string): void {
  const aside = `${file}.${process.pid}.dead`;
  try {
    renameSync(file, aside);
    const holder = readHolder(aside);
    if (holder && isRunning(holder)) linkSync(aside, file);
  } catch {
    // Somebody else was faster: the next round tells.
  } finally {
    rmSync(aside, { force: true });
  }
}
