/**
 * A Kubernetes cluster of one real node on this machine: control plane, scheduler, kubelet, containerd and runc, all in namespaces of their own, with one wire to the
 * machine and no way out of it. It ends with its owner, however that ends; nothing is installed, and nothing is written but below its folder.
 */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accessCluster, writeKubeconfig, type ClusterAccess } from '../../../sandbox/cluster/access.ts';
import { ensureBinaries } from '../../../sandbox/cluster/binaries.ts';
import { layoutOf, prepare } from '../../../sandbox/cluster/control-plane.ts';
import { startProcess, stopProcess, type ProcessRecord, type ProcessSpec } from '../../../sandbox/cluster/processes.ts';
import { run } from '../../../sandbox/cluster/run.ts';
import { startWatchdog, type Watchdog } from '../../../sandbox/cluster/watchdog.ts';
import { packImage } from '../../../scripts/image/oci.ts';
import { ensureNodeTools } from '../tools/node.ts';
import { containerdConfig, containerdSocket, kubeletConfig, networkConfig, pauseImage } from './configuration.ts';
import { makeControlGroups, removeControlGroups } from './control-groups.ts';
import { network } from './machine.ts';
import { firstPrograms, laterPrograms, type NodeLayout, type Parts } from './programs.ts';

/** A running node. */
export interface Node extends ClusterAccess {
  readonly kubectlPath: string;
  readonly helmPath: string;
  /** Makes the image of an OCI archive known to the node. */
  importImage(archive: string): Promise<void>;
  /** Gives an image of the node one more name. */
  tagImage(name: string, another: string): Promise<void>;
  /** The end of each program's log, for the message of a failure. */
  logs(): string;
  /** What the containers of a pod have printed. */
  podLog(pod: string): string;
  /** Ends all of it and removes its folder. */
  stop(): Promise<void>;
}

const bootMs = 120_000;

interface Booting extends Parts {
  readonly watchdog: Watchdog;
  readonly access: ClusterAccess;
  /** Process id of the node's first process, as the machine counts. */
  readonly first: number;
  readonly outer: ProcessRecord;
  readonly ends: string[];
}

/**
 * Boots a node in `dir`, which is removed at its end. Takes about ten seconds.
 * @throws when a program ends or the node isn't ready within two minutes, with the ends of all logs.
 */
export async function startNode({ dir, log }: { readonly dir: string; readonly log: (line: string) => void }): Promise<Node> {
  const [tools, binaries] = [await ensureNodeTools(log), await ensureBinaries(log)];
  const layout = writeFiles(dir, tools.runtime);
  const watchdog = startWatchdog();
  watchdog.remove(dir);
  makeControlGroups();
  const access = accessCluster({ kubeconfig: layout.kubeconfig, dir, binaries });
  const namespaces = await enterNamespaces(layout, watchdog);
  const booting: Booting = { binaries, tools, layout, watchdog, access, ends: [], ...namespaces };
  try {
    await boot(booting);
  } catch (error) {
    const message = `${error instanceof Error ? error.message : String(error)}\n${logsOf(layout)}`;
    await stop(booting);
    throw new Error(message, { cause: error });
  }
  return nodeOf(booting);
}

async function boot(booting: Booting): Promise<void> {
  const { access } = booting;
  for (const spec of firstPrograms(booting)) launch(booting, spec);
  await until(booting, 'the API server is ready', () => succeeds(access.kubectl(['get', '--raw', '/readyz'])));
  for (const spec of laterPrograms(booting)) launch(booting, spec);
  await until(booting, 'containerd answers', () => succeeds(ctr(booting, ['version'])));
  await importPause(booting);
  await until(booting, 'the node is ready', () =>
    succeeds(access.kubectl(['wait', '--for=condition=Ready', 'node/sluice-node', '--timeout=5s'])),
  );
  await until(booting, 'pods can be made', () =>
    succeeds(access.kubectl(['get', 'serviceaccount/default', 'configmap/kube-root-ca.crt', '--namespace=default'])),
  );
}

function nodeOf(booting: Booting): Node {
  const { access, binaries, layout } = booting;
  return {
    ...access,
    kubectlPath: binaries.kubectl,
    helmPath: binaries.helm,
    importImage: async (archive) => void (await ctr(booting, ['images', 'import', archive])),
    tagImage: async (name, another) => void (await ctr(booting, ['images', 'tag', name, another])),
    logs: () => logsOf(layout),
    podLog: (pod) => podLogs(join(layout.dir, 'log/pods'), pod),
    stop: () => stop(booting),
  };
}

/** containerd's own command line. */
function ctr(booting: Pick<Booting, 'first' | 'tools'>, args: readonly string[]): Promise<string> {
  const program = join(booting.tools.runtime, 'usr/bin/ctr');
  const [command = '', ...rest] = inside(booting, [program, `--address=${containerdSocket}`, '--namespace=k8s.io', ...args]);
  return run(command, rest);
}

/** A pod's namespaces belong to a container that does nothing: of a program that was made for it (catatonit(8)). */
async function importPause(booting: Booting): Promise<void> {
  const { layout, tools } = booting;
  const [folder, archive] = [join(layout.dir, 'pause'), join(layout.dir, 'pause.tar')];
  mkdirSync(folder);
  copyFileSync(join(tools.runtime, 'usr/bin/catatonit'), join(folder, 'catatonit'));
  chmodSync(join(folder, 'catatonit'), 0o755);
  await packImage(
    { name: pauseImage, config: { Entrypoint: ['/catatonit', '-P'], User: '65535:65535' }, layers: [folder] },
    archive,
  );
  await ctr(booting, ['images', 'import', archive]);
}

/** Makes the folder with all that the programs read. */
function writeFiles(dir: string, runtime: string): NodeLayout {
  const config = join(dir, 'config');
  const layout: NodeLayout = {
    ...layoutOf(dir),
    containerdConfig: join(config, 'containerd.toml'),
    kubeletConfig: join(config, 'kubelet.json'),
    kubeletKubeconfig: join(config, 'kubelet.kubeconfig'),
    schedulerKubeconfig: join(config, 'kube-scheduler.kubeconfig'),
  };
  const tokens = prepare(layout);
  for (const folder of ['lib', 'log', 'config/networks']) mkdirSync(join(dir, folder), { recursive: true });
  const [kubelet, scheduler] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
  appendFileSync(
    layout.tokens,
    `${kubelet},system:node:sluice-node,kubelet,system:nodes\n${scheduler},system:kube-scheduler,scheduler\n`,
  );
  const cluster = { server: `https://${network.node}`, 'certificate-authority': layout.certificateAuthority };
  for (const [path, token] of [
    [layout.kubeconfig, tokens.admin],
    [layout.controllerKubeconfig, tokens.controllerManager],
    [layout.kubeletKubeconfig, kubelet],
    [layout.schedulerKubeconfig, scheduler],
  ] as const)
    writeKubeconfig(path, { cluster, user: { token } });
  writeFileSync(layout.containerdConfig, containerdConfig(runtime, join(config, 'networks')));
  writeFileSync(join(config, 'networks/pods.conflist'), JSON.stringify(networkConfig()));
  writeFileSync(layout.kubeletConfig, JSON.stringify(kubeletConfig(layout.certificateAuthority)));
  return layout;
}

/** Starts the first process and wires it to the machine. */
async function enterNamespaces(layout: NodeLayout, watchdog: Watchdog): Promise<Pick<Booting, 'first' | 'outer'>> {
  const own = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--mount-proc'];
  const script = join(import.meta.dirname, 'first-process.sh');
  const spec: ProcessSpec = {
    name: 'namespaces',
    command: await which('unshare'),
    args: [...own, '/bin/sh', script, layout.dir, network.node, network.apiServer],
    logFile: join(layout.logs, 'namespaces.log'),
  };
  const { record: outer } = startProcess(spec, watchdog.watch);
  const children = `/proc/${String(outer.pid)}/task/${String(outer.pid)}/children`;
  const first = await poll('the namespaces are there', () => Number(readFileSync(children, 'utf8').trim()) || undefined);
  const ip = (...args: readonly string[]): Promise<string> => run('ip', args);
  await ip('link', 'add', network.wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(first));
  await ip('address', 'add', `${network.machine}/30`, 'dev', network.wire);
  await ip('link', 'set', network.wire, 'up');
  writeFileSync(join(layout.dir, 'wired'), '');
  await poll('the node is wired', () => existsSync(join(layout.dir, 'ready')) || undefined);
  await ip('route', 'add', network.pods, 'via', network.node);
  return { first, outer };
}

function launch(booting: Booting, spec: ProcessSpec): void {
  const { tools } = booting;
  const [command = '', ...args] = inside(booting, [spec.command, ...spec.args]);
  const path = [join(tools.runtime, 'usr/bin'), join(tools.runtime, 'usr/sbin'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(
    ':',
  );
  const libraries = readdirSync(join(tools.runtime, 'usr/lib')).filter((name) => name.includes('-linux-'));
  const env = {
    PATH: path,
    HOME: '/run',
    LD_LIBRARY_PATH: libraries.map((name) => join(tools.runtime, 'usr/lib', name)).join(':'),
  };
  const started = startProcess({ ...spec, command, args, env }, booting.watchdog.watch);
  void started.ended.then((sentence) => booting.ends.push(sentence));
}

/** The command line that runs a command inside the node. */
function inside({ first }: Pick<Booting, 'first'>, command: readonly string[]): readonly string[] {
  return ['/usr/bin/nsenter', `--target=${String(first)}`, '--mount', '--net', '--pid', '--ipc', '--uts', '--', ...command];
}

async function stop({ outer, watchdog, layout }: Booting): Promise<void> {
  // The kernel ends everything in a process id namespace whose first process has ended.
  await stopProcess(outer, 0);
  await poll('the wire is gone', () => !existsSync(join('/sys/class/net', network.wire)) || undefined);
  await poll('the control groups are gone', () => {
    removeControlGroups();
    return true;
  });
  await watchdog.release();
  rmSync(layout.dir, { recursive: true, force: true });
}

async function until({ ends }: Booting, what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + bootMs;
  while (!(await check())) {
    if (ends.length > 0) throw new Error(`waiting until ${what}: ${ends.join('; ')}`);
    if (performance.now() > deadline) throw new Error(`not within ${String(bootMs / 1000)} s: ${what}`);
    await sleep(100);
  }
}

async function poll<T>(what: string, check: () => T | undefined): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      const found = check();
      if (found !== undefined) return found;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    if (performance.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await sleep(50);
  }
}

function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}

function logsOf({ logs }: NodeLayout): string {
  const tail = (file: string): string => readFileSync(join(logs, file), 'utf8').split('\n').slice(-6).join('\n');
  return readdirSync(logs)
    .map((file) => `── ${file}\n${tail(file)}`)
    .join('\n');
}

function podLogs(folder: string, pod: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.includes(`_${pod}_`) && file.endsWith('.log'),
  );
  return files.map((file) => readFileSync(join(folder, file), 'utf8')).join('');
}

async function which(name: string): Promise<string> {
  return (await run('/bin/sh', ['-c', 'command -v "$1"', 'sh', name])).trim();
}
