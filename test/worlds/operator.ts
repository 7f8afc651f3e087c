/**
 * The whole operator in this process, made of the same parts as in src/main.ts: real controllers, writer, sessions and caches, on a life's clock and connections. Only
 * what has nothing to do with a world is left out: leader election, the metrics' server, the writing of Events, and logs.
 */
import type { Aws, InProcessHandler } from '../../sandbox/aws/index.ts';
import { classifyAwsError } from '../../src/aws/errors.ts';
import { createRateLimiter } from '../../src/aws/limiter.ts';
import { createPrincipals } from '../../src/aws/principals.ts';
import { createSessions } from '../../src/aws/sessions.ts';
import { createCluster, type Cluster } from '../../src/controllers/cluster.ts';
import { createCoalescer } from '../../src/controllers/coalesce.ts';
import { createMemory } from '../../src/controllers/memory.ts';
import { createObservations } from '../../src/controllers/observations.ts';
import type { Operator, Queues } from '../../src/controllers/operator.ts';
import { createPrincipalCheck } from '../../src/controllers/principal-check.ts';
import { runControllers } from '../../src/controllers/run.ts';
import { connect } from '../../src/controllers/wiring.ts';
import { createClient } from '../../src/kube/client.ts';
import type { EventRecord } from '../../src/kube/events.ts';
import { silentLogger } from '../../src/kube/logging.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { createQueue, type QueueMetrics } from '../../src/kube/queue.ts';
import { createReadYourWrites } from '../../src/kube/read-your-writes.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { createWriter } from '../../src/targets/writer.ts';
import type { Life } from './life.ts';
import { withShortCut } from './short-cut.ts';
import { warmUp } from './warm-up.ts';

// Whoever can start an operator here has waited for this: no test can forget it.
await warmUp();

/** As in src/main.ts. */
const targetBackoff = { baseMs: 500, maxMs: 300_000 };
const kubeBackoff = { baseMs: 50, maxMs: 60_000 };
const syncPollMs = 50;

/** What an operator is started with. */
export interface OperatorOptions {
  readonly life: Life;
  readonly transport: Transport;
  readonly aws: Aws;
  /** Access key of the operator's own identity. */
  readonly accessKeyId: string;
  readonly installation: string;
  readonly operatorNamespace: string;
  readonly verifyIntervalMs: number;
  readonly orphanSweepMs: number;
  /** Calls to AWS go over the wire, signed and parsed; or take the short cut. */
  readonly wire: boolean;
  /** In [0, 1): jitter. */
  readonly random: () => number;
  /** Hears what is told as Events. */
  readonly onEvent?: (event: EventRecord) => void;
}

/** One set of metrics for all worlds: nobody reads it, and making one takes longer than a small world. */
const metrics = createKubeMetrics();

/** Starts an operator that runs until its life ends. Rejects where the process would end by itself, or never come to rest. */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const circle = Promise.withResolvers<never>();
  await Promise.race([run(options, circle.reject), circle.promise]);
}

async function run(options: OperatorOptions, onCircle: OnCircle): Promise<void> {
  const { life, transport, operatorNamespace, random } = options;
  const { clock } = life;
  const cluster = createCluster({ transport, operatorNamespace, logger: silentLogger, clock, random });
  const running = new AbortController().signal;
  const following = cluster.run(running);
  while (!cluster.hasSynced()) await clock.sleep(syncPollMs);
  const common = partsOf(options, cluster, onCircle);
  const writer = createWriter({
    clock,
    installation: options.installation,
    classify: classifyAwsError,
    mayWrite: () => true,
    checkPrincipal: createPrincipalCheck(common),
  });
  connect(common);
  const coalescer = createCoalescer(clock, () => common.queues.item.length);
  await runControllers({ operator: { ...common, writer, coalescer }, metrics, abort: running, signal: running });
  await following;
}

function partsOf(options: OperatorOptions, cluster: Cluster, onCircle: OnCircle): Operator {
  const { life, transport, aws, installation, operatorNamespace, random, verifyIntervalMs } = options;
  const { clock } = life;
  const handler = aws.requestHandler();
  const wired = createSessions({
    installation,
    clock,
    limiter: createRateLimiter(clock),
    externalId: ({ name, key }) => secretValue(cluster, `${operatorNamespace}/${name}`, key),
    baseCredentials: async () => ({ accessKeyId: options.accessKeyId, secretAccessKey: 'not-verified' }),
    requestHandler: {
      ...handler,
      handle: (...request: Parameters<InProcessHandler['handle']>) => life.gate(handler.handle(...request)),
    },
  });
  const sessions = options.wire ? wired : withShortCut(wired, aws, life);
  return {
    cluster,
    observations: createObservations(),
    installation,
    trustedLabels: [],
    client: createClient(transport),
    writes: createReadYourWrites({ clock }),
    memory: createMemory(),
    queues: queuesOn(life, onCircle),
    sessions,
    principals: createPrincipals(sessions, clock),
    events: { record: options.onEvent ?? (() => undefined), run: async () => undefined, length: 0 },
    clock,
    logger: silentLogger,
    random,
    verifyIntervalMs,
    orphanSweepMs: options.orphanSweepMs,
    inspected: new Map(),
    metrics: { granted: () => undefined },
  };
}

function secretValue(cluster: Cluster, secret: string, key: string): string | undefined {
  const value = cluster.secrets.store.get(secret)?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

/** So many keys in one queue within a minute are a circle of objects that wake each other, which would keep a core busy for ever. */
const roundAndRound = 3000;
const minuteMs = 60_000;

const unread: QueueMetrics = {
  added: () => undefined,
  retried: () => undefined,
  depthChanged: () => undefined,
  waited: () => undefined,
  worked: () => undefined,
  watchRunning: () => undefined,
};

/** Told of objects that wake each other without end. */
type OnCircle = (error: Error) => void;

function queuesOn(life: Life, onCircle: OnCircle): Queues {
  const { clock } = life;
  const queue = (name: string, backoff = kubeBackoff): Queues['item'] => {
    let [at, count] = [0, 0];
    const added = (): void => {
      [at, count] = clock.now() - at < minuteMs ? [at, count + 1] : [clock.now(), 1];
      if (count === roundAndRound) onCircle(new Error(`the queue ${name} got ${String(count)} keys within a minute`));
    };
    const made = createQueue({ clock, name, backoff, metrics: { ...unread, added } });
    life.onEnd(() => made.shutDown());
    return made;
  };
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
