/**
 * The processes of a sandbox that aren't the cluster's: the AWS stand-in and the operator. Both are detached, have a record by which
 * they are found again, and a log. Starting one that runs already changes nothing.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../cluster/ports.ts';
import { isRunning, loadRecords, removeRecord, saveRecord, startProcess, stopProcess } from '../cluster/processes.ts';
import type { ProcessRecord, ProcessSpec, StartedProcess } from '../cluster/processes.ts';
import { region } from '../world.ts';
import type { AwsReady } from './aws-server.ts';
import { readIfThere } from './folder.ts';
import type { SandboxFolder } from './folder.ts';

const root = join(import.meta.dirname, '../..');

/** The AWS stand-in that runs, and whether it was started just now. */
export interface RunningAws extends AwsReady {
  readonly fresh: boolean;
}

/** Starts the AWS stand-in, or finds the one that runs. Its content lives in its memory: a fresh one starts with the sandbox's accounts. */
export async function startAws(folder: SandboxFolder, log: (line: string) => void): Promise<RunningAws> {
  const before = readReady(folder);
  if (before && recordOf(folder, 'aws')) return { ...before, fresh: false };
  log('Starting the AWS stand-in');
  await stopPart(folder, 'aws');
  rmSync(folder.awsReady, { force: true });
  const port = before ? new URL(before.endpoint).port : '0';
  const args = [join(root, 'sandbox/cli/aws-server.ts'), folder.awsReady, port];
  const started = launch(folder, {
    name: 'aws',
    command: process.execPath,
    args,
    env: withoutAws(),
    logFile: join(folder.logs, 'aws.log'),
  });
  await until(started, 'aws', folder, () => Promise.resolve(readReady(folder) !== undefined));
  const ready = readReady(folder);
  if (!ready) throw new Error(`The AWS stand-in removed ${folder.awsReady}: run "make down", then start again.`);
  return { ...ready, fresh: true };
}

/** How the operator is started. */
export interface OperatorOptions {
  /** Even when one runs already: what it talks to has changed. */
  readonly restart: boolean;
  /** The chart's flags. */
  readonly flags: readonly string[];
  readonly log: (line: string) => void;
}

/**
 * Starts the operator as a process on this machine, with the chart's ServiceAccount and the operator's AWS identity, and waits until it
 * says that it is ready. One that runs already is left alone, unless `restart` is set or dist/ was built anew since.
 * @returns its pid.
 */
export async function startOperator(folder: SandboxFolder, aws: AwsReady, options: OperatorOptions): Promise<number> {
  const main = join(root, 'dist/main.js');
  const running = recordOf(folder, 'operator');
  const built = statSync(main, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) throw new Error('dist/main.js is missing: run "make build" first.');
  const recorded = statSync(join(folder.records, 'operator.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (running && !options.restart && recorded > built) return running.pid;
  options.log('Starting the operator');
  await stopPart(folder, 'operator');
  const [port = 0] = await freePorts(1);
  // Of a flag that is given twice the last one counts.
  const args = [main, ...options.flags, `--metrics-address=127.0.0.1:${port}`];
  const env = { ...withoutAws(), ...operatorEnvironment(folder, aws) };
  const started = launch(folder, {
    name: 'operator',
    command: process.execPath,
    args,
    env,
    logFile: join(folder.logs, 'operator.log'),
  });
  await until(started, 'operator', folder, () => isReady(`http://127.0.0.1:${port}/readyz`));
  return started.record.pid;
}

function operatorEnvironment(folder: SandboxFolder, { endpoint, operator }: AwsReady): NodeJS.ProcessEnv {
  return {
    KUBECONFIG: folder.operatorKubeconfig,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

// Whatever the user's shell says about real AWS accounts must never reach a part of the sandbox.
function withoutAws(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS_|SLUICE_|KUBECONFIG$)/.test(name));
  return Object.fromEntries(kept);
}

/** Ends a part when it runs, and forgets it. */
export async function stopPart(folder: SandboxFolder, name: 'aws' | 'operator'): Promise<void> {
  const record = loadRecords(folder.records).find((candidate) => candidate.name === name);
  if (record) await stopProcess(record, name === 'operator' ? 15_000 : 2_000);
  removeRecord(folder.records, name);
}

/** The record of a part that is alive. */
export function recordOf(folder: SandboxFolder, name: 'aws' | 'operator'): ProcessRecord | undefined {
  return loadRecords(folder.records).find((record) => record.name === name && isRunning(record));
}

function launch(folder: SandboxFolder, spec: ProcessSpec): StartedProcess {
  return startProcess({ ...spec, cwd: root }, (record) => saveRecord(folder.records, record));
}

/** Waits until the part is ready; one that doesn't become ready is ended, so that nothing half started is taken for running later. */
async function until(started: StartedProcess, name: string, folder: SandboxFolder, ready: () => Promise<boolean>): Promise<void> {
  const ends: string[] = [];
  void started.ended.then((sentence) => ends.push(sentence));
  const deadline = performance.now() + 60_000;
  while (!(await ready())) {
    const late = performance.now() > deadline;
    if (late || ends[0] !== undefined) {
      await stopProcess(started.record, 2_000);
      removeRecord(folder.records, name);
      const log = join(folder.logs, `${name}.log`);
      const tail = readFileSync(log, 'utf8').split('\n').slice(-15).join('\n');
      throw new Error(`${ends[0] ?? `${name} isn't ready after 60 s`}. The end of ${log}:\n${tail}`);
    }
    await sleep(100);
  }
}

function readReady(folder: SandboxFolder): AwsReady | undefined {
  const text = readIfThere(folder.awsReady);
  return text === undefined ? undefined : (JSON.parse(text) as AwsReady);
}

function isReady(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = get(url, { timeout: 2_000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
  });
}
