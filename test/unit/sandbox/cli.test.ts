/** The sandbox's files and small commands, without any process: where things lie, what `env` says, which programs are built. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readEnvironment, sandboxFolder, writeEnvironment } from '../../../sandbox/cli/folder.ts';
import type { SandboxEnvironment } from '../../../sandbox/cli/folder.ts';
import { parseLocation } from '../../../sandbox/cli/s3.ts';
import { versionOf } from '../../../sandbox/cluster/binaries.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-folder-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

const environment: SandboxEnvironment = {
  KUBECONFIG: "/home/o'neil/my project/kubeconfig",
  SLUICE_OPERATOR_KUBECONFIG: '/tmp/operator.kubeconfig',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
  AWS_REGION: 'eu-west-1',
  SLUICE_OPERATOR_ARN: 'arn:aws:iam::999988887777:user/sluice-operator',
  SLUICE_OPERATOR_ACCESS_KEY_ID: 'AKIA',
  SLUICE_OPERATOR_SECRET_ACCESS_KEY: 'a/b+c$(echo pwned)=',
  SLUICE_OPERATOR_NAMESPACE: 'sluice-system',
};

test('given any values, when a shell sources the file env, then it exports exactly them', () => {
  const folder = sandboxFolder({ SLUICE_DIR: dir });
  writeEnvironment(folder, environment);
  const dump = `. ${folder.env}; exec "$0" -p 'JSON.stringify(process.env)'`;
  const seen = JSON.parse(execFileSync('/bin/sh', ['-c', dump, process.execPath], { env: {}, encoding: 'utf8' })) as object;
  expect(seen).toMatchObject(environment);
  expect(readFileSync(folder.env, 'utf8')).not.toContain('SLUICE_OPERATOR_PID');
});

test('given any values, when the file env is read back, then they are the same', () => {
  const folder = sandboxFolder({ SLUICE_DIR: dir });
  writeEnvironment(folder, { ...environment, SLUICE_OPERATOR_PID: '42' });
  expect(readEnvironment(folder)).toEqual({ ...environment, SLUICE_OPERATOR_PID: '42' });
});

test('given no SLUICE_DIR, then the sandbox lies in the project, wherever the command was typed', () => {
  const root = join(import.meta.dirname, '../../..');
  expect(sandboxFolder({}).dir).toBe(join(root, '.sluice'));
  expect(sandboxFolder({ SLUICE_DIR: '.sluice-b' }).dir).toBe(join(root, '.sluice-b'));
});

test.each([
  ['s3://acme-orders/raw/2026/orders.csv', { Bucket: 'acme-orders', Key: 'raw/2026/orders.csv' }],
  ['s3://acme-orders', { Bucket: 'acme-orders', Key: '' }],
  [
    's3://arn:aws:s3:eu-west-1:111122223333:accesspoint/a/raw/b',
    { Bucket: 'arn:aws:s3:eu-west-1:111122223333:accesspoint/a', Key: 'raw/b' },
  ],
])('given %s, when it is parsed, then bucket and key are told apart', (location, parts) => {
  expect(parseLocation(location)).toEqual(parts);
});

test('given something else than a location, when it is parsed, then the message shows what one looks like', () => {
  expect(() => parseLocation('acme-orders/raw')).toThrow("isn't a location such as s3://acme-orders/raw/2026/orders.csv");
});

test.each(['etcd', 'kube-apiserver', 'kubectl', 'helm'] as const)(
  'given the pinned modules, then the version of %s is theirs',
  (name) => {
    expect(versionOf(name)).toMatch(/^v\d+\.\d+\.\d+$/);
  },
);
