/**
 * `make demo` as a person gets it: the whole command as a process of its own, with its own folder. What a share does in detail is tested
 * elsewhere; here the demo's own checks speak, and a demo that was cut off must not stand in the way of the next.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning, loadRecords, signal } from '../../sandbox/cluster/processes.ts';
import type { ProcessRecord } from '../../sandbox/cluster/processes.ts';
import { run } from '../../sandbox/cluster/run.ts';

const root = join(import.meta.dirname, '../..');
const cli = join(root, 'sandbox/cli/main.ts');
const parts = ['aws', 'etcd', 'kube-apiserver', 'kube-controller-manager', 'operator'];

let parent: string;
let dir: string;

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  dir = join(parent, 'sandbox');
});

afterAll(async () => {
  if (existsSync(dir)) await sandbox('down');
  rmSync(parent, { recursive: true });
});

function environment(): NodeJS.ProcessEnv {
  const { KUBECONFIG: _mine, ...rest } = process.env;
  return { ...rest, SLUICE_DIR: dir };
}

function sandbox(...args: string[]): Promise<string> {
  return run(process.execPath, [cli, ...args], { env: environment() });
}

/** Types a command in a shell that has read the file env, as the demo's closing words say. */
function inShell(command: string): Promise<string> {
  const { SLUICE_DIR: _named, ...env } = environment();
  return run('sh', ['-c', `. "$1" && ${command}`, 'sh', join(dir, 'env')], { env, cwd: root });
}

function processes(): ProcessRecord[] {
  return ['run', 'cluster/run'].flatMap((folder) => loadRecords(join(dir, folder)));
}

/** Starts a demo and kills it, with the command that it is at, as soon as it shows the text. */
function demoUntil(text: string): Promise<string> {
  const child = spawn(process.execPath, [cli, 'demo'], {
    env: environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const before = output.includes(text);
      output += chunk;
      if (!before && output.includes(text) && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    });
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}

test('given nothing, when the demo is played, then every command shows what it has to, and the sandbox can be used from a shell', async () => {
  const output = await sandbox('demo');
  expect(output).toContain('Done: every command above showed what it had to show.');
  expect(output).not.toContain('\u001b[');
  await expect(inShell('kubectl get sharerequests -n team-analytics')).resolves.toMatch(
    /orders-for-analysts .*444455556666:analysts/,
  );
  await expect(inShell('kubectl version')).resolves.toMatch(/Client Version: v1\.\d+/);
  await expect(inShell('sandbox admin 111122223333 show-bucket-policy acme-payments')).resolves.toBe(
    'acme-payments has no policy.\n',
  );
});

test('given a demo that was cut off while a share was broken, and an AWS that crashed, when it is played again, then it works', async () => {
  await expect(demoUntil('was replaced')).resolves.not.toContain('Done:');
  const aws = processes().find(({ name }) => name === 'aws');
  if (aws === undefined) throw new Error('no AWS stand-in runs');
  signal(aws, 'SIGKILL');
  await expect(sandbox('demo')).resolves.toContain('Done: every command above showed what it had to show.');
});

test('given that something is not as it should be, when the demo is played, then it says at which command, and fails', async () => {
  const quota = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'no-approvals', namespace: 'team-sales' },
    spec: { hard: { 'count/shareapprovals.sluice.dev': '0' } },
  });
  await inShell(
    `printf %s '${quota}' | kubectl apply -f - && kubectl wait --for=jsonpath='{.status.hard}' resourcequota/no-approvals -n team-sales`,
  );
  await expect(sandbox('demo')).rejects.toThrow(
    /THE DEMO FAILED at this command: it ended with 1, but it has to succeed\.\n {2}kubectl apply -f examples\/owner\/approval\.yaml/,
  );
  await inShell('kubectl delete resourcequota no-approvals -n team-sales');
});

test('when it goes down, then nothing is left running and nothing of the folder is left', async () => {
  const before = processes();
  expect(before.map(({ name }) => name).sort()).toEqual(parts);
  await sandbox('down');
  expect(before.filter(isRunning)).toEqual([]);
  expect(existsSync(dir)).toBe(false);
});
