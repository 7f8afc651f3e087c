/**
 * A real Kubernetes control plane on this machine: start it, find it again, stop it. One folder holds all of it, so two folders are
 * two clusters. Either it belongs to its owner (tests: gone with the owner, however that ends) or it is detached (`make up`: stays
 * until `stopCluster`). What the programs are told is in control-plane.ts; where they come from, in binaries.ts.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { accessCluster, writeKubeconfig } from './access.ts';
import type { ClusterAccess } from './access.ts';
import { ensureBinaries } from './binaries.ts';
import type { Binaries } from './binaries.ts';
import { apiServer, controllerManager, etcd, layoutOf, prepare } from './control-plane.ts';
import type { Layout, Ports, Tokens } from './control-plane.ts';
import { freePorts } from './ports.ts';
import { isRunning, loadRecords, removeRecord, saveRecord, startProcess, stopProcess } from './processes.ts';
import type { ProcessRecord, ProcessSpec, StartedProcess } from './processes.ts';
import { startWatchdog } from './watchdog.ts';
import type { Watchdog } from './watchdog.ts';

/** What to start. */
export interface ClusterOptions {
  /** Folder of the cluster: keys, data, logs. Made when it isn't there; a stopped cluster in it is started again with its data. */
  readonly dir: string;
  /** Takes one line of progress at a time. */
  readonly log: (line: string) => void;
  /** owner: ends with the calling process, even on kill -9, and leaves no file. detached: lives until `stopCluster`. Default: owner. */
  readonly lifetime?: 'owner' | 'detached';
}

/** A running cluster. */
export interface Cluster extends ClusterAccess {
  /** Address of the API server: https://127.0.0.1:<port>. */
  readonly server: string;
  readonly processes: readonly ProcessRecord[];
  /** Ends all processes and removes the folder. */
  stop(): Promise<void>;
}

const partCount = 3;
const startTimeoutMs = 60_000;

/**
 * Starts a cluster, or returns the one that already runs detached in this folder. Resolves when it serves requests and its
 * controllers work (a fresh namespace has its default ServiceAccount). Takes about 5 s, plus minutes when programs have to be built.
 * @throws when a part ends or isn't ready within a minute, with the end of its log.
 */
export async function startCluster({ dir, log, lifetime = 'owner' }: ClusterOptions): Promise<Cluster> {
  const binaries = await ensureBinaries(log);
  const layout = layoutOf(dir);
  const running = await findRunning(layout);
  if (running) return clusterOf(layout, binaries, { server: running, processes: loadRecords(layout.records) });
  await stopProcesses(layout);
  log('Starting etcd, kube-apiserver and kube-controller-manager');
  const tokens = prepare(layout);
  const watchdog = lifetime === 'owner' ? startWatchdog() : undefined;
  watchdog?.remove(dir);
  const started = await startWithFreePorts({ binaries, layout, tokens, watchdog });
  return clusterOf(layout, binaries, { ...started, ...(watchdog && { watchdog }) });
}

/** Ends the cluster of a folder, also one whose parts have crashed or were killed, and removes the folder. */
export async function stopCluster(dir: string): Promise<void> {
  await stopProcesses(layoutOf(dir));
  rmSync(dir, { recursive: true, force: true });
}

function clusterOf(
  layout: Layout,
  binaries: Binaries,
  state: { server: string; processes: readonly ProcessRecord[]; watchdog?: Watchdog },
): Cluster {
  return {
    ...accessCluster({ kubeconfig: layout.kubeconfig, dir: layout.dir, binaries }),
    server: state.server,
    processes: state.processes,
    stop: async () => {
      await stopCluster(layout.dir);
      await state.watchdog?.release();
    },
  };
}

/** The address of the cluster in this folder when all of its parts are alive and it says that it is ready. */
async function findRunning(layout: Layout): Promise<string | undefined> {
  const records = loadRecords(layout.records);
  if (records.length < partCount || !records.every(isRunning)) return undefined;
  const { clusters } = JSON.parse(readFileSync(layout.kubeconfig, 'utf8')) as { clusters: { cluster: { server: string } }[] };
  const server = clusters[0]?.cluster.server;
  return server !== undefined && (await isReady(server, layout)) ? server : undefined;
}

// Clients first: an API server without its etcd, or a controller manager without its API server, takes long to say goodbye.
async function stopProcesses(layout: Layout): Promise<void> {
  const records = loadRecords(layout.records);
  for (const name of ['kube-controller-manager', 'kube-apiserver', 'etcd']) {
    const record = records.find((candidate) => candidate.name === name);
    // Only etcd has anything to put away; the other two keep all of their state there.
    if (record) await stopProcess(record, name === 'etcd' ? 5_000 : 0);
    removeRecord(layout.records, name);
  }
}

interface Start {
  readonly binaries: Binaries;
  readonly layout: Layout;
  readonly tokens: Tokens;
  readonly watchdog: Watchdog | undefined;
}

/** A free port may be taken by somebody else before we listen on it: then all is tried again with others. */
async function startWithFreePorts(start: Start): Promise<{ server: string; processes: ProcessRecord[] }> {
  for (let attempt = 1; ; attempt++) {
    const [etcdPort = 0, etcdPeer = 0, api = 0] = await freePorts(3);
    try {
      return await startParts(start, { etcd: etcdPort, etcdPeer, api });
    } catch (error) {
      await stopProcesses(start.layout);
      const portTaken = error instanceof Error && error.message.includes('address already in use');
      if (!portTaken || attempt === 3) throw error;
    }
  }
}

async function startParts(start: Start, ports: Ports): Promise<{ server: string; processes: ProcessRecord[] }> {
  const { binaries, layout, tokens } = start;
  const server = `https://127.0.0.1:${ports.api}`;
  const database = launch(start, etcd(binaries, layout, ports));
  const api = launch(start, apiServer(binaries, layout, ports));
  await until('kube-apiserver is ready', [database, api], () => isReady(server, layout));

  const cluster = { server, 'certificate-authority-data': readFileSync(layout.certificateAuthority).toString('base64') };
  writeKubeconfig(layout.kubeconfig, { cluster, user: { token: tokens.admin } });
  writeKubeconfig(layout.controllerKubeconfig, { cluster, user: { token: tokens.controllerManager } });
  const controllers = launch(start, controllerManager(binaries, layout));
  const access = accessCluster({ kubeconfig: layout.kubeconfig, dir: layout.dir, binaries });
  const settled = (): Promise<boolean> =>
    access.kubectl(['get', 'serviceaccount/default', 'configmap/kube-root-ca.crt', '--namespace=default']).then(
      () => true,
      () => false,
    );
  await until('kube-controller-manager works', [database, api, controllers], settled);
  return { server, processes: [database, api, controllers].map((part) => part.record) };
}

interface Part extends StartedProcess {
  readonly logFile: string;
  readonly logStart: number;
}

function launch({ layout, watchdog }: Start, spec: ProcessSpec): Part {
  const logStart = statSync(spec.logFile, { throwIfNoEntry: false })?.size ?? 0;
  const started = startProcess(spec, (record) => {
    watchdog?.watch(record);
    saveRecord(layout.records, record);
  });
  return { ...started, logFile: spec.logFile, logStart };
}

/** Waits for `condition`; fails as soon as one of the parts that it needs has ended. */
async function until(what: string, parts: readonly Part[], condition: () => Promise<boolean>): Promise<void> {
  const ends: { sentence: string; part: Part }[] = [];
  for (const part of parts) void part.ended.then((sentence) => ends.push({ sentence, part }));
  const deadline = performance.now() + startTimeoutMs;
  while (!(await condition())) {
    const [end] = ends;
    if (end) throw new Error(`The local cluster doesn't start. ${end.sentence}:\n${logTail(end.part)}`);
    if (performance.now() > deadline) {
      const last = parts.at(-1);
      throw new Error(`Waited ${startTimeoutMs / 1000} s in vain until ${what}:\n${last ? logTail(last) : ''}`);
    }
    await sleep(100);
  }
}

function logTail({ logFile, logStart }: Part): string {
  return readFileSync(logFile).subarray(logStart).toString('utf8').split('\n').slice(-25).join('\n');
}

function isReady(server: string, layout: Layout): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const ca = readFileSync(layout.certificateAuthority);
      const call = request(`${server}/readyz`, { ca, timeout: 2_000, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      call.once('timeout', () => call.destroy());
      call.once('error', () => resolve(false));
      call.end();
    } catch {
      // The API server hasn't written its certificate yet.
      resolve(false);
    }
  });
}
