/**
 * `make sandbox` and `make down` as a person gets them: the whole command as a process of its own, with its own folder. The operator has
 * no part in these tests, so that a defect of its doesn't hide one of the sandbox's.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { accessCluster } from '../../sandbox/cluster/access.ts';
import type { ClusterAccess } from '../../sandbox/cluster/access.ts';
import { ensureBinaries } from '../../sandbox/cluster/binaries.ts';
import { isRunning, loadRecords, signal } from '../../sandbox/cluster/processes.ts';
import type { ProcessRecord } from '../../sandbox/cluster/processes.ts';
import { CommandError, run } from '../../sandbox/cluster/run.ts';
import { readEnvironment, sandboxFolder } from '../../sandbox/cli/folder.ts';
import type { SandboxEnvironment } from '../../sandbox/cli/folder.ts';

const cli = join(import.meta.dirname, '../../sandbox/cli/main.ts');
const analysts = 'arn:aws:iam::444455556666:role/analysts';
const orders = 's3://acme-orders/raw/2026/orders.csv';
const parts = ['aws', 'etcd', 'kube-apiserver', 'kube-controller-manager'];

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-sandbox-'));
});

afterEach(async () => {
  for (const name of ['a', 'b']) if (existsSync(join(dir, name))) await sandbox(name, 'down');
});

afterAll(async () => {
  for (const name of readdirSync(dir)) await sandbox(name, 'down');
  rmSync(dir, { recursive: true });
});

function environmentOf(name: string): NodeJS.ProcessEnv {
  const { KUBECONFIG: _mine, ...rest } = process.env;
  return { ...rest, SLUICE_DIR: join(dir, name) };
}

function sandbox(name: string, ...args: string[]): Promise<string> {
  return run(process.execPath, [cli, ...args], { env: environmentOf(name) });
}

function withKubeconfig(kubeconfig: string, name: string, ...args: string[]): Promise<string> {
  return run(process.execPath, [cli, ...args], { env: { ...environmentOf(name), KUBECONFIG: kubeconfig } });
}

async function up(name: string): Promise<SandboxEnvironment> {
  await sandbox(name, 'up', '--without-operator');
  const environment = readEnvironment(sandboxFolder({ SLUICE_DIR: join(dir, name) }));
  if (!environment) throw new Error('up wrote no file env');
  return environment;
}

function processesOf(name: string): ProcessRecord[] {
  return ['run', 'cluster/run'].flatMap((folder) => loadRecords(join(dir, name, folder)));
}

async function access(name: string, kubeconfig: string): Promise<ClusterAccess> {
  const binaries = await ensureBinaries(() => undefined);
  return accessCluster({ kubeconfig, dir: join(dir, name, 'tools'), binaries });
}

describe('a sandbox that is up', () => {
  let shared: SandboxEnvironment;

  beforeAll(async () => {
    shared = await up('shared');
  });

  test('given a role without a share, when it reads, then it is told that access is denied and what AWS says', async () => {
    const attempt = sandbox('shared', 'as', analysts, 'read', orders);
    await expect(attempt).rejects.toThrow(/ACCESS DENIED: arn:aws:iam::444455556666:role\/analysts can't read s3:/);
    await expect(attempt).rejects.toThrow(/AWS says: .*Access ?Denied|AWS says: .*not authorized/);
  });

  test('then the operator there is the ServiceAccount of the chart, and no administrator', async () => {
    const operator = await access('shared', shared.SLUICE_OPERATOR_KUBECONFIG);
    const who = await operator.kubectl(['auth', 'whoami', '--output', 'jsonpath={.status.userInfo.username}']);
    expect(who).toMatch(/^system:serviceaccount:sluice-system:/);
    await expect(operator.kubectl(['auth', 'can-i', 'list', 'shareitems.sluice.dev', '--all-namespaces'])).resolves.toContain(
      'yes',
    );
    await expect(operator.kubectl(['auth', 'can-i', 'create', 'clusterrolebindings'])).rejects.toThrow(/\bno\b/);
  });

  test('when up is given again, also twice at once, then nothing is started twice', async () => {
    const processes = processesOf('shared');
    const [one, other] = await Promise.all([up('shared'), up('shared')]);
    expect([one, other]).toEqual([shared, shared]);
    expect(processesOf('shared')).toEqual(processes);
  });

  test('given a shell that has read the file env, when up is given there, then the cluster still counts as the own one', async () => {
    const processes = processesOf('shared');
    await withKubeconfig(shared.KUBECONFIG, 'shared', 'up', '--without-operator');
    expect(processesOf('shared')).toEqual(processes);
  });

  test('given files of the user in the folder, when it goes down, then they stay and nothing else does', async () => {
    writeFileSync(join(dir, 'shared', 'notes.txt'), 'mine');
    await sandbox('shared', 'down');
    expect(readdirSync(join(dir, 'shared'))).toEqual(['notes.txt']);
  });
});

test('given two folders, when both are brought up, then they are two sandboxes, and each goes down alone with nothing left', async () => {
  const [a, b] = [await up('a'), await up('b')];
  expect(a.KUBECONFIG).not.toBe(b.KUBECONFIG);
  expect(a.AWS_ENDPOINT_URL).not.toBe(b.AWS_ENDPOINT_URL);
  const processes = processesOf('a');
  expect(processes.map(({ name }) => name).sort()).toEqual(parts);
  expect(a).not.toHaveProperty('SLUICE_OPERATOR_PID');

  await sandbox('a', 'down');
  expect(processes.filter(isRunning)).toEqual([]);
  expect(existsSync(join(dir, 'a'))).toBe(false);
  expect(processesOf('b').filter(isRunning)).toHaveLength(parts.length);
});

test('given make up, when the operator is killed with -9 and up is given again, then another one leads, and down ends it', async () => {
  await sandbox('a', 'up');
  const first = readEnvironment(sandboxFolder({ SLUICE_DIR: join(dir, 'a') }));
  const operatorIs = (pid: string | undefined): boolean => {
    const record = processesOf('a').find(({ name }) => name === 'operator');
    return record !== undefined && isRunning(record) && String(record.pid) === pid;
  };
  expect(operatorIs(first?.SLUICE_OPERATOR_PID)).toBe(true);
  process.kill(Number(first?.SLUICE_OPERATOR_PID), 'SIGKILL');
  await sandbox('a', 'up');
  const second = readEnvironment(sandboxFolder({ SLUICE_DIR: join(dir, 'a') }));
  expect(operatorIs(second?.SLUICE_OPERATOR_PID)).toBe(true);
  expect({ ...second, SLUICE_OPERATOR_PID: '' }).toEqual({ ...first, SLUICE_OPERATOR_PID: '' });

  const { kubectl } = await access('a', second?.KUBECONFIG ?? '');
  const transitions = ['get', 'leases', '--namespace', 'sluice-system', '--output', 'jsonpath={.items[*].spec.leaseTransitions}'];
  await expect.poll(() => kubectl(transitions), { timeout: 30_000, interval: 500 }).toMatch(/^[1-9]/);
  const processes = processesOf('a');
  await sandbox('a', 'down');
  expect(processes.filter(isRunning)).toEqual([]);
});

test('given that every part was killed with -9, when it is brought up again, then it works, and down leaves nothing', async () => {
  await up('a');
  const before = processesOf('a');
  for (const record of before) signal(record, 'SIGKILL');
  const environment = await up('a');
  const { kubectl } = await access('a', environment.KUBECONFIG);
  await expect(kubectl(['get', 'environments.sluice.dev'])).resolves.toBeDefined();
  await expect(sandbox('a', 'as', analysts, 'read', orders)).rejects.toThrow(/ACCESS DENIED/);

  const after = processesOf('a');
  for (const record of after) signal(record, 'SIGKILL');
  await sandbox('a', 'down');
  expect([...before, ...after].filter(isRunning)).toEqual([]);
  expect(existsSync(join(dir, 'a'))).toBe(false);
});

test('given that up itself is killed half-way, when down is given, then nothing is left', async () => {
  const half = spawn(process.execPath, [cli, 'up', '--without-operator'], { env: environmentOf('a'), stdio: 'ignore' });
  const ended = new Promise((resolve) => half.once('exit', resolve));
  await expect.poll(() => processesOf('a').length, { timeout: 30_000 }).toBeGreaterThan(0);
  half.kill('SIGKILL');
  await ended;
  const processes = processesOf('a');
  await sandbox('a', 'down');
  expect(processes.filter(isRunning)).toEqual([]);
  expect(existsSync(join(dir, 'a'))).toBe(false);
});

test('given a KUBECONFIG of the user, when it is brought up, then that cluster is used, and down takes only the release away', async () => {
  const { KUBECONFIG: mine } = await up('a');
  await expect(withKubeconfig(mine, 'b', 'up', '--without-operator')).rejects.toThrow(
    /has a release "sluice" in sluice-system already/,
  );
  const { helm, kubectl } = await access('a', mine);
  await helm(['uninstall', 'sluice', '--namespace', 'sluice-system']);

  await withKubeconfig(mine, 'b', 'up', '--without-operator');
  expect(processesOf('b').map(({ name }) => name)).toEqual(['aws']);
  await expect(helm(['list', '--namespace', 'sluice-system', '--short'])).resolves.toBe('sluice\n');
  await sandbox('b', 'down');
  await expect(helm(['list', '--namespace', 'sluice-system', '--short'])).resolves.toBe('');
  await expect(kubectl(['get', 'environments.sluice.dev'])).resolves.toBeDefined();
});

test('given nothing that runs, when something is asked of the sandbox, then it says what to do', async () => {
  await expect(sandbox('a', 'down')).resolves.toContain('Nothing to stop');
  const attempt = sandbox('a', 'as', analysts, 'read', orders).catch((error: unknown) => error);
  expect(await attempt).toBeInstanceOf(CommandError);
  await expect(attempt).resolves.toHaveProperty('stderr', 'No sandbox is running here: run "make up" first.\n');
});
