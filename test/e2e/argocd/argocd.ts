/**
 * A real Argo CD beside the test cluster: application controller, repository server, API server and redis as processes on the loopback address, with Sluice's health
 * checks and actions as the guide installs them (gitops/argocd/argocd-cm.yaml). It acts as the cluster's administrator, as it usually does.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../sandbox/cluster/ports.ts';
import { startProcess, stopProcess, type ProcessRecord, type ProcessSpec } from '../../../sandbox/cluster/processes.ts';
import { startWatchdog } from '../../../sandbox/cluster/watchdog.ts';
import { apply, kubeconfig, kubectl } from '../../support/cluster.ts';
import { until } from '../../support/sluice.ts';
import { ensureArgocd, type Argocd as Programs } from '../tools/argocd.ts';
import { ensureRedis, type Redis } from '../tools/redis.ts';

/** Where Argo CD and its Applications are. */
export const argocdNamespace = 'argocd';

const patchFile = join(import.meta.dirname, '../../../gitops/argocd/argocd-cm.yaml');

/** A running Argo CD. */
export interface ArgoCd {
  /** A folder of this Argo CD's own, for repositories. Removed by `stop`. */
  readonly dir: string;
  /** Asks its API server, as its user interface does: `path` below /api/v1, `body` to post. @throws Error with its own words */
  call(path: string, body?: object): Promise<unknown>;
  stop(): Promise<void>;
}

interface Ports {
  readonly redis: number;
  readonly repo: number;
  readonly repoMetrics: number;
  readonly controllerMetrics: number;
  readonly server: number;
  readonly serverMetrics: number;
}

/** Installs and starts Argo CD on the cluster of test/support/cluster.ts. @throws when a part does not answer within a minute; its log says why */
export async function startArgoCd(log: (line: string) => void): Promise<ArgoCd> {
  const [programs, redis] = [await ensureArgocd(log), await ensureRedis(log)];
  const dir = mkdtempSync(join(tmpdir(), 'sluice-argocd-'));
  const watchdog = startWatchdog();
  watchdog.remove(dir);
  await install(programs);
  const [redisPort = 0, repo = 0, repoMetrics = 0, controllerMetrics = 0, server = 0, serverMetrics = 0] = await freePorts(6);
  const ports = { redis: redisPort, repo, repoMetrics, controllerMetrics, server, serverMetrics };
  const started: ProcessRecord[] = [];
  const remember = (record: ProcessRecord): void => {
    watchdog.watch(record);
    started.push(record);
  };
  for (const spec of [redisSpec(redis, dir, ports), ...argocdSpecs(programs, dir, ports)]) startProcess(spec, remember);
  await ready('the repository server', dir, `http://127.0.0.1:${String(repoMetrics)}/healthz?full=true`);
  await ready('the application controller', dir, `http://127.0.0.1:${String(controllerMetrics)}/healthz`);
  await ready('the API server', dir, `http://127.0.0.1:${String(server)}/healthz`);
  return {
    dir,
    call: (path, body) => call(`http://127.0.0.1:${String(server)}/api/v1/${path}`, body),
    stop: async () => {
      for (const record of started.toReversed()) await stopProcess(record, 2_000);
      await watchdog.release();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function call(url: string, body: object | undefined): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`Argo CD answers ${String(answer.status)}: ${await answer.text()}`);
  return answer.json();
}

/** What Argo CD's own manifests install, as far as it is used here, and then Sluice's settings as the guide has it. */
async function install({ crds }: Programs): Promise<void> {
  await kubectl(['create', 'namespace', argocdNamespace]);
  await kubectl(['apply', '--server-side', '--filename', crds]);
  await until('the CRDs of Argo CD are served', () => kubectl(['get', 'applications,appprojects', '-n', argocdNamespace]));
  const metadata = (name: string): object => ({
    name,
    namespace: argocdNamespace,
    // Argo CD does not see settings without this label.
    labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'argocd' },
  });
  await apply([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('argocd-cm') },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('argocd-rbac-cm') },
    { apiVersion: 'v1', kind: 'Secret', metadata: metadata('argocd-secret') },
  ]);
  await kubectl(['patch', 'configmap', 'argocd-cm', '-n', argocdNamespace, '--type=merge', '--patch-file', patchFile]);
}

function redisSpec({ program, libraries }: Redis, dir: string, ports: Ports): ProcessSpec {
  const args = ['--bind', '127.0.0.1', '--port', String(ports.redis), '--save', '', '--appendonly', 'no', '--dir', dir];
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
  return { name: 'redis', command: program, args, logFile: join(dir, 'redis.log'), ...(libraries.length > 0 && { env }) };
}

function argocdSpecs({ program }: Programs, dir: string, ports: Ports): ProcessSpec[] {
  const cache = ['--redis', `127.0.0.1:${String(ports.redis)}`];
  const repository = ['--repo-server', `127.0.0.1:${String(ports.repo)}`, '--repo-server-plaintext'];
  const cluster = ['--kubeconfig', kubeconfig(), '--namespace', argocdNamespace];
  const local = (port: number, metrics: number): string[] => [
    ...['--address', '127.0.0.1', '--port', String(port)],
    ...['--metrics-address', '127.0.0.1', '--metrics-port', String(metrics)],
  ];
  const part = (name: string, args: readonly string[]): ProcessSpec => ({
    name,
    command: program,
    args,
    env: environment(dir, name),
    logFile: join(dir, `${name}.log`),
  });
  return [
    part('argocd-repo-server', [...local(ports.repo, ports.repoMetrics), '--disable-tls', ...cache]),
    part('argocd-application-controller', [
      ...cluster,
      ...cache,
      ...repository,
      ...['--metrics-port', String(ports.controllerMetrics)],
      // The health of each resource is in the Application's status: tests look there.
      '--persist-resource-health',
      // Heals at once, however often: what an edit by somebody else looks like must not depend on how many there were.
      ...['--self-heal-timeout-seconds', '1', '--self-heal-backoff-timeout-seconds', '0'],
    ]),
    part('argocd-server', [
      ...local(ports.server, ports.serverMetrics),
      ...['--insecure', '--disable-auth'],
      ...cluster,
      ...cache,
      ...repository,
    ]),
  ];
}

/** Argo CD's programs are one, which this variable tells what it is. Everything that it writes is below `dir`. */
function environment(dir: string, name: string): NodeJS.ProcessEnv {
  const home = join(dir, name);
  const folders = { TMPDIR: join(home, 'tmp'), ARGOCD_TLS_DATA_PATH: join(home, 'tls'), ARGOCD_SSH_DATA_PATH: join(home, 'ssh') };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  return {
    ...process.env,
    ...folders,
    HOME: home,
    KUBECONFIG: kubeconfig(),
    ARGOCD_BINARY_NAME: name,
    ARGOCD_ASK_PASS_SOCK: join(home, 'ask-pass.sock'),
    // https://kubernetes.default.svc is the cluster of the kubeconfig.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_CONTROLLER_SHARD: '0',
  };
}

async function ready(what: string, dir: string, url: string): Promise<void> {
  const logs = ['argocd-repo-server', 'argocd-application-controller', 'argocd-server'];
  try {
    await until(`${what} of Argo CD answers`, async () => (await fetch(url)).ok, 60);
  } catch (error) {
    const tails = logs.map((name) => `${name}:\n${readFileSync(join(dir, `${name}.log`), 'utf8').slice(-1_500)}`);
    throw new Error(`${error instanceof Error ? error.message : ''}\n${tails.join('\n')}`, { cause: error });
  }
}
