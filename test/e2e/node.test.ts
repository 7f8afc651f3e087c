/**
 * The product as users run it: its image, installed by helm on a real node with two replicas, in a namespace that enforces the restricted Pod Security Standard, with
 * the AWS stand-in on the machine. People keep asking for shares while it is upgraded and while its leader is killed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { packArchive } from '../../scripts/image.ts';
import { billOfMaterialsPath } from '../../scripts/image/config.ts';
import { apply, useCluster } from '../support/cluster.ts';
import { expectServed, loadWorld, startLoad, writesFor, writtenTwice } from '../support/load.ts';
import { startStandIn, until, type StandIn } from '../support/sluice.ts';
import { network, whyNoNode } from './node/machine.ts';
import { startNode, type Node } from './node/node.ts';
import { leadingPod, operatorPods, processOf, statusLine, type Pod } from './node/pods.ts';

const chart = join(import.meta.dirname, '../../charts/sluice');
const repository = 'localhost/sluice';
const afterKillMs = 20_000;
const most = 36;

const why = whyNoNode();
if (why !== undefined) console.log(`SKIPPED the tests on a real node: ${why}`);

let node: Node;
let standIn: StandIn;
/** For the archive of the image and the values of the chart. */
let folder: string;

/** Installs or upgrades to a tag of the image, and waits until all pods are ready. */
async function release(tag: string): Promise<void> {
  const env = Object.entries(standIn.env).map(([name, value]) => ({ name, value }));
  const values = join(folder, 'values.json');
  writeFileSync(values, JSON.stringify({ image: { repository, tag }, replicas: 2, extraEnv: env }));
  const args = ['--install', '--namespace', operatorNamespace, '--values', values, '--wait', '--timeout', '120s'];
  await node.helm(['upgrade', 'sluice', chart, ...args]).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${node.logs()}`, { cause: error });
  });
}

describe.skipIf(why !== undefined)('on a real node', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
    const dir = mkdtempSync(join(tmpdir(), 'sluice-node-'));
    const archive = join(folder, 'sluice.tar');
    const log = (line: string): void => console.log(line);
    node = await startNode({ dir, log });
    useCluster({ kubeconfig: node.kubeconfig, dir, kubectl: node.kubectlPath, helm: node.helmPath });
    await packArchive(archive, `${repository}:one`);
    await node.importImage(archive);
    await node.tagImage(`${repository}:one`, `${repository}:two`);
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace, labels } }]);
    standIn = await startStandIn(network.machine);
    await release('one');
  });
  afterAll(async () => {
    await standIn?.close();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const pods = (): Promise<readonly Pod[]> => operatorPods(node);

  it('two replicas are ready, and one of them leads', async () => {
    const found = await pods();
    expect(
      found.flatMap(({ status }) => status.containerStatuses?.map(({ ready, restartCount }) => ({ ready, restartCount }))),
    ).toEqual([
      { ready: true, restartCount: 0 },
      { ready: true, restartCount: 0 },
    ]);
    await until('one leads', async () => (await leadingPod(node)) !== '');
    expect(found.map(({ metadata }) => metadata.name)).toContain(await leadingPod(node));
  });

  it('each runs as nobody in particular, with no rights, and can write nothing but /tmp', async () => {
    for (const pod of await pods()) {
      const pid = processOf(pod);
      expect(statusLine(pid, 'Uid')).toBe('65532 65532 65532 65532');
      expect(statusLine(pid, 'CapEff')).toMatch(/^0+$/);
      expect(statusLine(pid, 'NoNewPrivs')).toBe('1');
      // 2: a filter is in place.
      expect(statusLine(pid, 'Seccomp')).toBe('2');
      const root = `/proc/${String(pid)}/root`;
      // Even for root, who could write to any file system that lets anybody.
      expect(() => writeFileSync(join(root, 'app/probe'), '')).toThrow('EROFS');
      expect(() => writeFileSync(join(root, 'probe'), '')).toThrow('EROFS');
      writeFileSync(join(root, 'tmp/probe'), '');
      const parts = JSON.parse(readFileSync(join(root, billOfMaterialsPath), 'utf8')) as { readonly bomFormat: string };
      expect(parts.bomFormat).toBe('CycloneDX');
    }
  });

  it('gives a share and takes it back', async () => {
    const world = await standIn.world();
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['orders'] })]);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    await apply([world.approval('weekly', { request: 'weekly', items: ['orders'] })]);
    await until('the role reads', () => world.reads('analysts', 'orders'));
    await node.kubectl(['wait', '--for=condition=Ready', 'sharerequest/weekly', '-n', world.consumer.namespace, '--timeout=30s']);
    await node.kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await until('the role reads no more', async () => !(await world.reads('analysts', 'orders')));
  });

  it('is upgraded, rolled back and robbed of its leader while people ask for shares: nothing is lost, and nothing is written twice', async () => {
    const world = await standIn.world(loadWorld(most));
    const load = await startLoad(world, { most, everyMs: 2_500 });
    onTestFinished(async () => void (await load.stop()));
    const before = new Set((await pods()).map(({ metadata }) => metadata.uid));
    const images = async (): Promise<unknown> =>
      (await pods()).map(({ metadata, spec }) => [before.has(metadata.uid), spec.containers[0]?.image]);

    await release('two');
    await until('only new pods are left', async () => (await pods()).length === 2);
    expect(await images()).toEqual([
      [false, `${repository}:two`],
      [false, `${repository}:two`],
    ]);
    await node.helm(['rollback', 'sluice', '1', '--namespace', operatorNamespace, '--wait', '--timeout', '120s']);
    await until('only old pods are left', async () => (await pods()).length === 2);
    expect(await images()).toEqual([
      [false, `${repository}:one`],
      [false, `${repository}:one`],
    ]);

    const leader = await until('a pod leads', async () => {
      const name = await leadingPod(node);
      return (await pods()).find(({ metadata }) => metadata.name === name) ?? false;
    });
    process.kill(processOf(leader), 'SIGKILL');
    const killed = Date.now();
    // What arrives within a second may be what it sent when it was still alive.
    const next = await until(
      'somebody writes again',
      async () => standIn.aws.calls.writes().find(({ time }) => time > killed + 1_000) ?? false,
      40,
    );
    console.log(`the leader was killed: the next write came after ${String(next.time - killed)} ms`);
    expect(next.time - killed).toBeLessThanOrEqual(afterKillMs);

    const asked = await load.stop();
    expect(asked, 'the load went on until the end').toBeLessThan(most);
    await expectServed(world, asked);
    const writes = writesFor(standIn, world);
    expect(writtenTwice(writes)).toEqual([]);
    // A bucket policy, an IAM policy, and its attachment.
    expect(writes).toHaveLength(3 * asked);
  });

  it('is uninstalled without taking anything back, and goes on where it was when it is installed again', async () => {
    const world = await standIn.world();
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['orders'] })]);
    await apply([world.approval('weekly', { request: 'weekly', items: ['orders'] })]);
    await node.kubectl(['wait', '--for=condition=Ready', 'sharerequest/weekly', '-n', world.consumer.namespace, '--timeout=30s']);
    await node.helm(['uninstall', 'sluice', '--namespace', operatorNamespace, '--wait']);
    const writes = writesFor(standIn, world);
    expect(await world.reads('analysts', 'orders')).toBe(true);

    await release('one');
    const scope = ['sharerequest/weekly', '-n', world.consumer.namespace];
    const now = new Date().toISOString();
    await node.kubectl(['annotate', ...scope, `sluice.dev/verify-requested-at=${now}`]);
    await node.kubectl(['wait', `--for=jsonpath={.status.lastHandledVerifyAt}=${now}`, ...scope, '--timeout=60s']);
    expect(writesFor(standIn, world)).toEqual(writes);
  });
});
