/** One at a time across processes, and no waiting for the dead. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../../../sandbox/cluster/lock.ts';
import { identityOf } from '../../../sandbox/cluster/processes.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

test('given a free lock, when work is done under it, then the result comes back and the lock is free again', async () => {
  const file = join(dir, 'folder', 'lock');
  const held = await withLock(file, unexpected, async () => existsSync(file));
  expect(held).toBe(true);
  expect(existsSync(file)).toBe(false);
});

test('given work that fails, then the error comes through and the lock is free again', async () => {
  const file = join(dir, 'lock');
  await expect(withLock(file, unexpected, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

test('given the lock of a process that is gone, when somebody wants it, then it is taken over without waiting', async () => {
  const file = join(dir, 'lock');
  writeFileSync(file, JSON.stringify({ name: 'lock', pid: process.pid, identity: 'of an earlier boot' }));
  expect(await withLock(file, unexpected, async () => 'done')).toBe('done');
});

test('given a living holder, when another wants the lock, then it says whom it waits for and goes on once the holder is done', async () => {
  const file = join(dir, 'lock');
  const waited: number[] = [];
  writeFileSync(file, JSON.stringify({ name: 'lock', pid: process.pid, identity: identityOf(process.pid) }));
  const result = await withLock(
    file,
    (pid) => (waited.push(pid), rmSync(file)),
    async () => 'done',
  );
  expect(result).toBe('done');
  expect(waited).toEqual([process.pid]);
});

function unexpected(pid: number): never {
  throw new Error(`nobody should be waited for, but ${pid} is`);
}
