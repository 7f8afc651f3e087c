/**
 * Starts the operator: settings → cluster → leader → AWS → controllers. Everything is made here and passed on; nothing else has state of its own at start.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { classifyAwsError } from './aws/errors.ts';
import { createRateLimiter } from './aws/limiter.ts';
import { createPrincipals } from './aws/principals.ts';
import { createSessions } from './aws/sessions.ts';
import { systemClock } from './clock.ts';
import { readConfig, type Config } from './config.ts';
import { createCoalescer } from './controllers/coalesce.ts';
import { createCluster, type Cluster } from './controllers/cluster.ts';
import { createMemory } from './controllers/memory.ts';
import { createObservations } from './controllers/observations.ts';
import type { Operator, Queues } from './controllers/operator.ts';
import { notePermission } from './controllers/permissions.ts';
import { createPrincipalCheck } from './controllers/principal-check.ts';
import { runControllers } from './controllers/run.ts';
import { connect } from './controllers/wiring.ts';
import { findInstallation } from './installation.ts';
import { createClient } from './kube/client.ts';
import { loadClusterConfig } from './kube/cluster-config.ts';
import { createEventRecorder } from './kube/events.ts';
import { createLeaderElector, type LeaderElector } from './kube/leader.ts';
import { createLogger, type Logger } from './kube/logging.ts';
import { createKubeMetrics, type KubeMetrics } from './kube/metrics.ts';
import { createQueue } from './kube/queue.ts';
import { createReadYourWrites } from './kube/read-your-writes.ts';
import { createStatusServer } from './kube/server.ts';
import { createTransport, type Transport } from './kube/transport.ts';
import { registerProcess } from './metrics-process.ts';
import { createNotifyMetrics, createShareMetrics, registerRates } from './metrics.ts';
import { createNotifier, type Notifier } from './notify/notifier.ts';
import { settingsKey } from './notify/settings.ts';
import { createWriter } from './targets/writer.ts';

const clock = systemClock;
/** Retries of a document that AWS throttles or fails on: the rate limiter slows down beside it. */
const targetBackoff = { baseMs: 500, maxMs: 300_000 };
const kubeBackoff = { baseMs: 50, maxMs: 60_000 };
const syncPollMs = 50;

async function main(): Promise<number> {
  const config = readConfig(process.argv.slice(2));
  const logger = createLogger({ level: config.logLevel });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort(new Error(`received ${name}`)));
  try {
    return await run(config, logger, stop.signal);
  } catch (error) {
    logger.error({ error }, error instanceof Error ? error.message : 'the operator failed');
    return 1;
  }
}

async function run(config: Config, logger: Logger, signal: AbortSignal): Promise<number> {
  const metrics = createKubeMetrics();
  const clusterConfig = loadClusterConfig(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig });
  const transport = createTransport({ config: clusterConfig, metrics: metrics.transport, logger });
  const operatorNamespace = config.operatorNamespace ?? clusterConfig.namespace;
  if (operatorNamespace === undefined) throw new Error("the operator's namespace is not known: pass --operator-namespace");
  const installation = await findInstallation(createClient(transport), operatorNamespace, config.installation);
  registerProcess(metrics.registry, { installation });
  logger.info({ installation, operatorNamespace }, 'starting');
  const cluster = createCluster({ transport, operatorNamespace, logger, clock, random: Math.random, metrics: metrics.informer });
  const background = new AbortController();
  const following = cluster.run(background.signal);
  const elector = createElector(config, { transport, operatorNamespace, logger, metrics });
  const server = createStatusServer({
    host: config.metricsHost,
    port: config.metricsPort,
    metrics: metrics.registry,
    health: {},
    ready: { caches: () => (cluster.hasSynced() ? undefined : (cluster.problems()[0] ?? 'the caches are not complete yet')) },
  });
  logger.info({ port: await server.listen(), host: config.metricsHost }, 'serving /metrics, /healthz and /readyz');
  const code = await lead({ config, logger, transport, metrics, cluster, installation, operatorNamespace, elector }, signal);
  background.abort(new Error('the operator is stopping'));
  await following;
  await server.close();
  await transport.close();
  return code;
}

interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly transport: Transport;
  readonly metrics: KubeMetrics;
  readonly cluster: Cluster;
  readonly installation: string;
  readonly operatorNamespace: string;
  readonly elector: LeaderElector | undefined;
}

/** Waits for the lease, works while it holds it, and lets go of it only after the last worker has ended. */
async function lead(parts: Parts, signal: AbortSignal): Promise<number> {
  const { elector, logger, cluster } = parts;
  const letGo = new AbortController();
  const election = elector?.run(letGo.signal);
  const work = new AbortController();
  signal.addEventListener('abort', () => work.abort(signal.reason), { once: true });
  elector?.signal.addEventListener('abort', () => work.abort(new Error('the lease is lost')), { once: true });
  await until(() => cluster.hasSynced(), { problem: () => cluster.problems()[0], logger }, work.signal);
  if (elector !== undefined && !work.signal.aborted) await Promise.race([elector.elected, aborted(work.signal)]);
  if (!work.signal.aborted) await doWork(parts, work.signal);
  letGo.abort(new Error('the operator is stopping'));
  const outcome = await election;
  if (outcome?.kind !== 'lost') return 0;
  logger.error({ reason: outcome.reason }, 'the lease was lost: another replica goes on, this process ends');
  return 1;
}

async function doWork(parts: Parts, signal: AbortSignal): Promise<void> {
  const { config, logger, transport, metrics, cluster, installation, elector } = parts;
  const memory = createMemory();
  const queues = createQueues(metrics);
  const shareMetrics = createShareMetrics(metrics.registry, {
    memory,
    items: () => cluster.items.store.list(),
    environments: () => cluster.environments.store.list(),
    clock,
  });
  const limiter = createRateLimiter(clock);
  registerRates(metrics.registry, limiter);
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  const sessions = createSessions({
    installation,
    clock,
    limiter,
    onCall: (call) => {
      shareMetrics.called(call);
      notePermission({ memory, cluster, queues }, call);
    },
    externalId: ({ name, key }) => decodeSecret(cluster.secrets.store.get(`${parts.operatorNamespace}/${name}`)?.data?.[key]),
    ...(endpoint === undefined || endpoint === '' ? {} : { endpoint }),
  });
  const events = createEventRecorder({
    transport,
    controller: 'sluice.dev/operator',
    instance: hostname(),
    clock,
    logger,
    metrics: metrics.events,
  });
  const notify = createNotify(parts, queues);
  const common: Operator = {
    ...(notify === undefined ? {} : { notify }),
    cluster,
    observations: createObservations(),
    installation,
    trustedLabels: config.trustedNamespaceLabels,
    client: createClient(transport),
    writes: createReadYourWrites({ clock }),
    memory,
    queues,
    sessions,
    principals: createPrincipals(sessions, clock),
    events,
    clock,
    logger,
    random: Math.random,
    verifyIntervalMs: config.verifyIntervalMs,
    orphanSweepMs: config.orphanSweepMs,
    inspected: new Map(),
    metrics: shareMetrics,
  };
  const writer = createWriter({
    clock,
    installation,
    classify: classifyAwsError,
    mayWrite: () => elector?.mayWrite() ?? true,
    checkPrincipal: createPrincipalCheck(common),
  });
  connect(common);
  const background = Promise.all([events.run(signal), notify?.run(signal)]);
  await runControllers({
    operator: { ...common, writer, coalescer: createCoalescer(clock, () => common.queues.item.length) },
    metrics,
    abort: elector?.signal ?? new AbortController().signal,
    signal,
  });
  await background;
}

/** Mail and webhooks, where the settings say that there are any. */
function createNotify({ config, cluster, operatorNamespace, logger, metrics }: Parts, queues: Queues): Notifier | undefined {
  const { notifySecret: secretName } = config;
  if (secretName === undefined) return undefined;
  const notifier: Notifier = createNotifier({
    secretName,
    secret: () => {
      const secret = cluster.secrets.store.get(`${operatorNamespace}/${secretName}`);
      if (secret === undefined) return undefined;
      return { resourceVersion: secret.metadata.resourceVersion ?? '', text: decodeSecret(secret.data?.[settingsKey]) };
    },
    wake: (key) => queues.request.add(key),
    clock,
    random: Math.random,
    logger,
    metrics: createNotifyMetrics(metrics.registry, () => notifier.length),
  });
  return notifier;
}

function createElector(
  config: Config,
  { transport, operatorNamespace, logger, metrics }: Pick<Parts, 'transport' | 'operatorNamespace' | 'logger' | 'metrics'>,
): LeaderElector | undefined {
  if (!config.leaderElect) return undefined;
  return createLeaderElector({
    transport,
    namespace: operatorNamespace,
    name: config.leaderElectionId,
    identity: `${hostname()}_${randomUUID()}`,
    clock,
    random: Math.random,
    logger,
    metrics: metrics.leader(config.leaderElectionId),
  });
}

function createQueues(metrics: KubeMetrics): Queues {
  const queue = (name: string, backoff = kubeBackoff): Queues['item'] =>
    createQueue({ clock, name, metrics: metrics.queue(name), backoff });
  return {
    environment: queue('environment'),
    role: queue('consumptionrole'),
    dataset: queue('dataset'),
    request: queue('sharerequest'),
    approval: queue('shareapproval'),
    item: queue('shareitem'),
    target: queue('target', targetBackoff),
    orphans: queue('orphans', targetBackoff),
  };
}

function decodeSecret(value: string | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

async function until(
  condition: () => boolean,
  { problem, logger }: { readonly problem: () => string | undefined; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let told: string | undefined;
  while (!condition() && !signal.aborted) {
    const current = problem();
    if (current !== undefined && current !== told) logger.warn({ problem: current }, 'waiting for the caches');
    told = current;
    await clock.sleep(syncPollMs, signal).catch(() => undefined);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

process.exitCode = await main();
