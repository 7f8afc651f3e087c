/**
 * The local cluster itself: what Kubernetes does to objects really happens in it, several run side by side, and none of their processes
 * is left over. `make up` and `make down` as a whole are in sandbox-commands.test.ts.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCluster, stopCluster } from '../../sandbox/cluster/cluster.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { isRunning, signal } from '../../sandbox/cluster/processes.ts';
import { apply, get, kubectl, serviceAccountKubeconfig, uniqueNamespace } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

/** A signal takes a moment: until then the cluster is whole, and stays as it is. */
async function killed(record: Cluster['processes'][number]): Promise<void> {
  signal(record, 'SIGKILL');
  await eventually(() => !isRunning(record), `${record.name} is gone`);
}

describe('the shared cluster', () => {
  test('given a namespace with an object, when the namespace is deleted, then the object is gone too', async () => {
    const namespace = await uniqueNamespace();
    await apply([configMap(namespace, 'a')]);
    await kubectl(['delete', 'namespace', namespace]);
    await expect(get('configmap', 'a', namespace)).rejects.toThrow(/NotFound/);
  });

  test('given an object owned by another, when the owner is deleted, then garbage collection removes it', async () => {
    const namespace = await uniqueNamespace();
    await apply([configMap(namespace, 'owner')]);
    const { metadata } = await get<{ metadata: { uid: string } }>('configmap', 'owner', namespace);
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid }];
    await apply([{ ...configMap(namespace, 'owned'), metadata: { name: 'owned', namespace, ownerReferences } }]);
    await kubectl(['delete', 'configmap', 'owner', '--namespace', namespace]);
    await kubectl(['wait', '--for=delete', 'configmap/owned', '--namespace', namespace, '--timeout=30s']);
  });

  test('given a user without rights, when she acts, then RBAC refuses; and when her group may, then it allows', async () => {
    const namespace = await uniqueNamespace();
    const asAlice = { as: 'alice', groups: ['sales'] };
    const read = ['get', 'configmaps', '--namespace', namespace];
    await expect(kubectl(read, asAlice)).rejects.toThrow(/User "alice" cannot list resource "configmaps"/);
    await kubectl(['create', 'rolebinding', 'sales', '--clusterrole=view', '--group=sales', '--namespace', namespace]);
    await expect(kubectl(read, asAlice)).resolves.toContain('kube-root-ca.crt');
  });

  test('given a ServiceAccount, when its kubeconfig is used, then the call is its own', async () => {
    const namespace = await uniqueNamespace();
    const path = await serviceAccountKubeconfig(namespace, 'default');
    const who = await kubectl(['auth', 'whoami', '--output', 'jsonpath={.status.userInfo.username}'], { kubeconfig: path });
    expect(who).toBe(`system:serviceaccount:${namespace}:default`);
  });
});

describe('clusters of their own', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-clusters-'));
  });

  afterEach(async () => {
    for (const name of ['a', 'b']) await stopCluster(join(dir, name));
    rmSync(dir, { recursive: true });
  });

  const start = (name: string): Promise<Cluster> =>
    startCluster({ dir: join(dir, name), log: () => undefined, lifetime: 'detached' });

  test('given two folders, when a cluster is started in each, then they know nothing of each other and stop one by one', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await a.kubectl(['create', 'namespace', 'only-in-a']);
    await expect(b.kubectl(['get', 'namespace', 'only-in-a'])).rejects.toThrow(/NotFound/);
    await a.stop();
    expect(a.processes.filter(isRunning)).toEqual([]);
    expect(existsSync(join(dir, 'a'))).toBe(false);
    await expect(b.kubectl(['get', 'namespaces'])).resolves.toContain('kube-system');
  });

  test('given a running cluster, when it is started again, then nothing is started twice', async () => {
    const [first, second] = [await start('a'), await start('a')];
    expect(second.server).toBe(first.server);
    expect(new Set(second.processes.map(({ pid }) => pid))).toEqual(new Set(first.processes.map(({ pid }) => pid)));
  });

  test.each(['etcd', 'kube-apiserver', 'kube-controller-manager'])(
    'given that %s was killed with -9, when the cluster is started again, then it has its data and no process twice',
    async (name) => {
      const before = await start('a');
      const token = await before.kubectl(['create', 'token', 'default']);
      await before.kubectl(['create', 'namespace', 'kept']);
      for (const record of before.processes) if (record.name === name) await killed(record);
      const after = await start('a');
      await expect(after.kubectl(['get', 'namespace', 'kept'])).resolves.toContain('kept');
      await expect(after.kubectl(['auth', 'whoami', '--token', token.trim()])).resolves.toContain(
        'system:serviceaccount:default:default',
      );
      expect(before.processes.filter(isRunning)).toEqual([]);
      expect(after.processes.filter(isRunning)).toHaveLength(3);
    },
  );

  test('given that all parts were killed with -9, when the cluster is stopped, then nothing of it is left', async () => {
    const cluster = await start('a');
    for (const record of cluster.processes) signal(record, 'SIGKILL');
    await stopCluster(join(dir, 'a'));
    expect(cluster.processes.filter(isRunning)).toEqual([]);
    expect(existsSync(join(dir, 'a'))).toBe(false);
  });
});

function configMap(namespace: string, name: string): { apiVersion: string; kind: string; metadata: object } {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
}
