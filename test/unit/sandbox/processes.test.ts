/** Recognising and ending processes: never somebody else's, and never too few. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  identityOf,
  isRunning,
  loadRecords,
  removeRecord,
  saveRecord,
  signal,
  startProcess,
  stopProcess,
} from '../../../sandbox/cluster/processes.ts';
import type { StartedProcess } from '../../../sandbox/cluster/processes.ts';

let dir: string;
const started: StartedProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-processes-'));
});

afterEach(async () => {
  for (const { record } of started.splice(0)) await stopProcess(record, 0);
  rmSync(dir, { recursive: true });
});

function start(script: string): StartedProcess {
  const spec = { name: 'part', command: process.execPath, args: ['-e', script], logFile: join(dir, 'log') };
  const process_ = startProcess(spec, () => undefined);
  started.push(process_);
  return process_;
}

const forever = 'setInterval(() => {}, 1000)';

test('given a running process, when it is recorded and stopped, then it counts as running before and not after', async () => {
  const { record, ended } = start(forever);
  expect(isRunning(record)).toBe(true);
  await stopProcess(record);
  expect(isRunning(record)).toBe(false);
  expect(await ended).toBe('part ended with signal SIGTERM');
});

test('given a process that ignores SIGTERM, when it is stopped, then it is killed once its time is over', async () => {
  const { record, ended } = start(`process.on('SIGTERM', () => {}); console.log('deaf'); ${forever}`);
  await expect.poll(() => readFileSync(join(dir, 'log'), 'utf8')).toContain('deaf');
  await stopProcess(record, 200);
  expect(await ended).toBe('part ended with signal SIGKILL');
});

test('given a record whose pid belongs to another process by now, when it is stopped, then that process lives on', async () => {
  const { record } = start(forever);
  const stale = { ...record, identity: 'another boot/12345' };
  expect(isRunning(stale)).toBe(false);
  expect(signal(stale, 'SIGKILL')).toBe(false);
  await stopProcess(stale, 0);
  expect(isRunning(record)).toBe(true);
});

test('given two processes started one after the other, then their identities and pids together differ', () => {
  const [one, other] = [start(forever).record, start(forever).record];
  expect(`${one.pid} ${one.identity}`).not.toBe(`${other.pid} ${other.identity}`);
  expect(identityOf(one.pid)).toBe(one.identity);
});

test('given a program that does not exist, when it is started, then the error names it', () => {
  const spec = { name: 'etcd', command: join(dir, 'no-such-program'), args: [], logFile: join(dir, 'log') };
  expect(() => startProcess(spec, () => undefined)).toThrow(/Can't start etcd: .*no-such-program/);
});

test('given saved records, when they are loaded, then they are the same, and a damaged file is no record', () => {
  const records = [
    { name: 'a', pid: 1, identity: 'x' },
    { name: 'b', pid: 2, identity: 'y' },
  ];
  for (const record of records) saveRecord(dir, record);
  writeFileSync(join(dir, 'c.json'), '{"name":"c","pi');
  expect(loadRecords(dir)).toEqual(records);
  removeRecord(dir, 'a');
  expect(loadRecords(dir)).toEqual(records.slice(1));
  expect(loadRecords(join(dir, 'nowhere'))).toEqual([]);
});

test('given an owner that is killed with -9, when it had a watchdog, then its process and folder are gone soon', async () => {
  const folder = join(dir, 'owned');
  const source = (file: string): string => JSON.stringify(join(import.meta.dirname, '../../../sandbox/cluster', file));
  const owner = `
    import { mkdirSync } from 'node:fs';
    import { startProcess } from ${source('processes.ts')};
    import { startWatchdog } from ${source('watchdog.ts')};
    mkdirSync(${JSON.stringify(folder)});
    const spec = { name: 'part', command: process.execPath, args: ['-e', ${JSON.stringify(forever)}], logFile: ${JSON.stringify(join(dir, 'log'))} };
    const watchdog = startWatchdog();
    const { record } = startProcess(spec, watchdog.watch);
    watchdog.remove(${JSON.stringify(folder)});
    process.stdout.write(JSON.stringify(record), () => process.kill(process.pid, 'SIGKILL'));`;
  const file = join(dir, 'owner.ts');
  writeFileSync(file, owner);
  const result = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  expect(result.signal).toBe('SIGKILL');
  const record = JSON.parse(result.stdout) as StartedProcess['record'];
  await expect.poll(() => isRunning(record), { timeout: 10_000 }).toBe(false);
  await expect.poll(() => !existsSync(folder), { timeout: 10_000 }).toBe(true);
});

test('given an owner that dies before it could remember its process, then the program never begins', async () => {
  const source = JSON.stringify(join(import.meta.dirname, '../../../sandbox/cluster/processes.ts'));
  const file = join(dir, 'owner.ts');
  const begun = join(dir, 'begun');
  writeFileSync(
    file,
    `import { startProcess } from ${source};
    const spec = { name: 'part', command: '/bin/sh', args: ['-c', ${JSON.stringify(`echo > '${begun}'; exec sleep 60`)}], logFile: ${JSON.stringify(join(dir, 'log'))} };
    startProcess(spec, (record) => {
      process.getBuiltinModule('node:fs').writeSync(1, JSON.stringify(record));
      process.kill(process.pid, 'SIGKILL');
    });`,
  );
  const record = JSON.parse(spawnSync(process.execPath, [file], { encoding: 'utf8' }).stdout) as StartedProcess['record'];
  await expect.poll(() => isRunning(record), { timeout: 10_000 }).toBe(false);
  expect(existsSync(begun)).toBe(false);
});
