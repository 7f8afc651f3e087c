/**
 * Long-running processes of the sandbox: start one, remember it in a file, recognise it later, end it.
 * A pid alone says nothing, since the kernel gives it to somebody else after a crash or a reboot; so a record holds the pid together
 * with the moment at which that process was started, and a process whose moment differs is never touched.
 * This file is no supervisor: nothing is restarted by itself.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isExecutable } from './executable.ts';

/** What is remembered of a process. `identity` is boot and start time as the kernel tells them: two processes never share it and the pid. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly identity: string;
}

/** What to start, and where its output goes. `env` replaces the environment when given. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** A process just started: its record, and its end. */
export interface StartedProcess {
  readonly record: ProcessRecord;
  /** Resolves with a sentence such as "etcd ended with exit code 1". Never rejects. */
  readonly ended: Promise<string>;
}

/** The process's identity, or undefined when it doesn't exist or is only waiting to be collected by its parent. */
export function identityOf(pid: number): string | undefined {
  return existsSync('/proc/self/stat') ? linuxIdentity(pid) : psIdentity(pid);
}

function linuxIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything, so fields are counted from its end (man proc_pid_stat).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function psIdentity(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

/** True while the very process that the record was made of is alive. */
export function isRunning(record: ProcessRecord): boolean {
  return identityOf(record.pid) === record.identity;
}

// The shell waits for a word from us and then becomes the program, keeping its pid and start time. When we die before we could say it,
// the shell reads the end of its input instead and goes away: so there is never a running program that nobody remembers.
const gate = 'read -r go && exec "$@" </dev/null';

/**
 * Starts a process in its own session, so that Ctrl-C in the terminal doesn't reach it, with its output appended to a file.
 * It survives the caller; whoever wants the opposite adds a watchdog (watchdog.ts).
 * @param remember is called before the program begins: a crash of the caller at any moment leaves either a remembered process or none.
 * @throws when the program isn't there or isn't executable.
 */
export function startProcess(spec: ProcessSpec, remember: (record: ProcessRecord) => void): StartedProcess {
  assertExecutable(spec);
  const output = openSync(spec.logFile, 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', gate, 'sh', spec.command, ...spec.args], {
    detached: true,
    stdio: ['pipe', output, output],
    ...(spec.env && { env: spec.env }),
    ...(spec.cwd !== undefined && { cwd: spec.cwd }),
  });
  closeSync(output);
  const ended = endOf(child, spec.name);
  child.unref();
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (child.pid === undefined || identity === undefined) throw new Error(`Can't start ${spec.name}: no new process can be made.`);
  const record: ProcessRecord = { name: spec.name, pid: child.pid, identity };
  remember(record);
  child.stdin?.on('error', () => undefined).end('go\n');
  return { record, ended };
}

function assertExecutable({ name, command }: ProcessSpec): void {
  if (!isExecutable(command)) throw new Error(`Can't start ${name}: ${command} isn't there or isn't executable.`);
}

function endOf(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`${name} couldn't be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(`${name} ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`),
    );
  });
}

/**
 * Ends the recorded process: SIGTERM, and SIGKILL when it is still there after `graceMs` milliseconds. Returns once it is gone.
 * Does nothing when the process is gone already or the pid belongs to somebody else by now.
 */
export async function stopProcess(record: ProcessRecord, graceMs = 5_000): Promise<void> {
  if (graceMs > 0 && signal(record, 'SIGTERM') && (await goneWithin(record, graceMs))) return;
  if (signal(record, 'SIGKILL') && !(await goneWithin(record, 10_000))) {
    throw new Error(`${record.name} (pid ${record.pid}) doesn't end, even on SIGKILL. Look at it with: ps -fp ${record.pid}`);
  }
}

/** Sends a signal to the recorded process; false when it is gone. */
export function signal(record: ProcessRecord, name: NodeJS.Signals): boolean {
  if (!isRunning(record)) return false;
  try {
    process.kill(record.pid, name);
    return true;
  } catch {
    return false;
  }
}

async function goneWithin(record: ProcessRecord, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (performance.now() < deadline) {
    if (!isRunning(record)) return true;
    await sleep(20);
  }
  return !isRunning(record);
}

/** Remembers a process in `folder`/<name>.json, for whoever has to end it after its owner is gone. */
export function saveRecord(folder: string, record: ProcessRecord): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, `${record.name}.json`), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** Forgets a process, once it has ended. */
export function removeRecord(folder: string, name: string): void {
  rmSync(join(folder, `${name}.json`), { force: true });
}

/** All remembered processes, dead or alive. A half-written file (its writer crashed) counts as none. */
export function loadRecords(folder: string): ProcessRecord[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.flatMap((name) => parseRecord(readFileSync(join(folder, name), 'utf8')) ?? []);
}

function parseRecord(text: string): ProcessRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProcessRecord>;
    if (typeof value.name !== 'string' || typeof value.pid !== 'number' || typeof value.identity !== 'string') return undefined;
    return { name: value.name, pid: value.pid, identity: value.identity };
  } catch {
    return undefined;
  }
}
