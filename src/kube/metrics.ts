/**
 * The Prometheus metrics of the runtime, under exactly the names, labels and buckets of controller-runtime 0.24 and client-go, so that
 * existing dashboards and alerts for operators work. What is measured of shares and of AWS is defined where it happens.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ControllerMetrics } from './controller.ts';
import type { EventMetrics } from './events.ts';
import type { InformerMetrics } from './informer.ts';
import type { LeaderMetrics } from './leader.ts';
import type { QueueMetrics } from './queue.ts';
import type { TransportMetrics } from './transport.ts';

/** The runtime's metrics, each part in the shape that the measured thing asks for. */
export interface KubeMetrics {
  readonly registry: Registry;
  readonly transport: TransportMetrics;
  readonly informer: InformerMetrics;
  readonly events: EventMetrics;
  queue(name: string): QueueMetrics;
  controller(name: string): ControllerMetrics;
  leader(leaseName: string): LeaderMetrics;
}

/** Go's ExponentialBuckets(10e-9, 10, 12). */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, power) => 10e-9 * 10 ** power);
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3,
  3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const REQUEST_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** Registers the runtime's metrics. Tests pass no registry and get their own. */
export function createKubeMetrics(registry: Registry = new Registry()): KubeMetrics {
  return {
    registry,
    transport: transportMetrics(registry),
    informer: informerMetrics(registry),
    events: eventMetrics(registry),
    queue: queueMetrics(registry),
    controller: controllerMetrics(registry),
    leader: leaderMetrics(registry),
  };
}

type Describe = readonly [name: string, help: string, labelNames?: readonly string[]];

function counter(registry: Registry, [name, help, labelNames = []]: Describe): Counter {
  return new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
}

function gauge(registry: Registry, [name, help, labelNames = []]: Describe): Gauge {
  return new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
}

function histogram(registry: Registry, buckets: readonly number[], [name, help, labelNames = []]: Describe): Histogram {
  return new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [registry] });
}

function transportMetrics(registry: Registry): TransportMetrics {
  const requests = counter(registry, [
    'rest_client_requests_total',
    'Number of HTTP requests, partitioned by status code, method, and host.',
    ['code', 'method', 'host'],
  ]);
  const duration = histogram(registry, REQUEST_BUCKETS, [
    'rest_client_request_duration_seconds',
    'Request latency in seconds. Broken down by verb, and host.',
    ['verb', 'host'],
  ]);
  const retries = counter(registry, [
    'rest_client_request_retries_total',
    'Number of request retries, partitioned by status code, verb, and host.',
    ['code', 'verb', 'host'],
  ]);
  return {
    requested: ({ code, method, host, ms }) => {
      requests.inc({ code, method, host });
      duration.observe({ verb: method, host }, ms / 1000);
    },
    retried: ({ code, method, host }) => retries.inc({ code, verb: method, host }),
  };
}

function informerMetrics(registry: Registry): InformerMetrics {
  const lists = counter(registry, ['reflector_lists_total', 'Number of complete lists, by kind', ['name']]);
  const watches = counter(registry, ['reflector_watches_total', 'Number of watches started, by kind', ['name']]);
  const failures = counter(registry, ['reflector_failures_total', 'Number of failed lists and watches, by kind', ['name']]);
  const handlers = counter(registry, [
    'informer_handler_errors_total',
    'Number of exceptions thrown by event handlers, by kind',
    ['name'],
  ]);
  const objects = gauge(registry, ['informer_objects', 'Number of cached objects, by kind', ['name']]);
  return {
    listed: (name) => lists.inc({ name }),
    watched: (name) => watches.inc({ name }),
    failed: (name) => failures.inc({ name }),
    handlerFailed: (name) => handlers.inc({ name }),
    cached: (name, count) => objects.set({ name }, count),
  };
}

function eventMetrics(registry: Registry): EventMetrics {
  const dropped = counter(registry, [
    'event_recorder_dropped_total',
    'Number of Events that were not written, by cause',
    ['cause'],
  ]);
  for (const cause of ['queue-full', 'failed'] as const) dropped.inc({ cause }, 0);
  return { dropped: (cause) => dropped.inc({ cause }) };
}

function leaderMetrics(registry: Registry): KubeMetrics['leader'] {
  const status = gauge(registry, [
    'leader_election_master_status',
    "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
    ['name'],
  ]);
  const slow = counter(registry, [
    'leader_election_slowpath_total',
    "Total number of slow path exercised in renewing leader leases. 'name' is the string used to identify the lease. Please make sure to group by name.",
    ['name'],
  ]);
  return (name) => {
    status.set({ name }, 0);
    slow.inc({ name }, 0);
    return { leading: (yes) => status.set({ name }, yes ? 1 : 0), slowPath: () => slow.inc({ name }) };
  };
}

function queueMetrics(registry: Registry): KubeMetrics['queue'] {
  const labels = ['name', 'controller'];
  const depth = gauge(registry, [
    'workqueue_depth',
    'Current depth of workqueue by workqueue and priority',
    [...labels, 'priority'],
  ]);
  const adds = counter(registry, ['workqueue_adds_total', 'Total number of adds handled by workqueue', labels]);
  const retries = counter(registry, ['workqueue_retries_total', 'Total number of retries handled by workqueue', labels]);
  const waited = histogram(registry, QUEUE_BUCKETS, [
    'workqueue_queue_duration_seconds',
    'How long in seconds an item stays in workqueue before being requested',
    labels,
  ]);
  const worked = histogram(registry, QUEUE_BUCKETS, [
    'workqueue_work_duration_seconds',
    'How long in seconds processing an item from workqueue takes.',
    labels,
  ]);
  const watchRunning = runningMetrics(registry, labels);
  return (queue) => {
    const of = { name: queue, controller: queue };
    adds.inc(of, 0);
    retries.inc(of, 0);
    waited.zero(of);
    worked.zero(of);
    return {
      added: () => adds.inc(of),
      retried: () => retries.inc(of),
      depthChanged: (priority, by) => depth.inc({ ...of, priority: String(priority) }, by),
      waited: (ms) => waited.observe(of, ms / 1000),
      worked: (ms) => worked.observe(of, ms / 1000),
      watchRunning: (read) => watchRunning(of, read),
    };
  };
}

type Labels = Readonly<Record<string, string>>;

/** Two gauges that are computed when somebody scrapes: a stuck worker reports nothing by itself. */
function runningMetrics(registry: Registry, labelNames: readonly string[]): (of: Labels, read: () => readonly number[]) => void {
  const readers = new Map<string, { readonly of: Labels; readonly read: () => readonly number[] }>();
  const define = (name: string, help: string, combine: (seconds: readonly number[]) => number): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        for (const { of, read } of readers.values()) this.set(of, combine(read().map((ms) => ms / 1000)));
      },
    });
  define(
    'workqueue_unfinished_work_seconds',
    "How many seconds of work has been done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
    (seconds) => seconds.reduce((sum, each) => sum + each, 0),
  );
  define(
    'workqueue_longest_running_processor_seconds',
    'How many seconds has the longest running processor for workqueue been running.',
    (seconds) => Math.max(0, ...seconds),
  );
  return (of, read) => void readers.set(JSON.stringify(of), { of, read });
}

interface ReconcileMetrics {
  readonly total: Counter;
  readonly errors: Counter;
  readonly terminal: Counter;
  readonly panics: Counter;
  readonly timeouts: Counter;
  readonly time: Histogram;
  readonly maximum: Gauge;
  readonly active: Gauge;
}

function defineReconcileMetrics(registry: Registry): ReconcileMetrics {
  const labels = ['controller'];
  const count = (name: string, help: string, more: readonly string[] = []): Counter =>
    counter(registry, [`controller_runtime_${name}`, help, [...labels, ...more]]);
  const measure = (name: string, help: string): Gauge => gauge(registry, [`controller_runtime_${name}`, help, labels]);
  return {
    total: count('reconcile_total', 'Total number of reconciliations per controller', ['result']),
    errors: count('reconcile_errors_total', 'Total number of reconciliation errors per controller'),
    terminal: count('terminal_reconcile_errors_total', 'Total number of terminal reconciliation errors per controller'),
    panics: count('reconcile_panics_total', 'Total number of reconciliation panics per controller'),
    timeouts: count('reconcile_timeouts_total', 'Total number of reconciliation timeouts per controller'),
    time: histogram(registry, RECONCILE_BUCKETS, [
      'controller_runtime_reconcile_time_seconds',
      'Length of time per reconciliation per controller',
      labels,
    ]),
    maximum: measure('max_concurrent_reconciles', 'Maximum number of concurrent reconciles per controller'),
    active: measure('active_workers', 'Number of currently used workers per controller'),
  };
}

function controllerMetrics(registry: Registry): KubeMetrics['controller'] {
  const { total, errors, terminal, panics, timeouts, time, maximum, active } = defineReconcileMetrics(registry);
  return (controller) => {
    // Present from the first scrape on, so that rate() sees the first failure.
    for (const result of ['success', 'error', 'requeue', 'requeue_after']) total.inc({ controller, result }, 0);
    for (const each of [errors, terminal, panics, timeouts]) each.inc({ controller }, 0);
    time.zero({ controller });
    active.set({ controller }, 0);
    return {
      workers: (count) => maximum.set({ controller }, count),
      started: () => active.inc({ controller }),
      ended: (result, ms) => {
        active.dec({ controller });
        total.inc({ controller, result });
        if (result === 'error') errors.inc({ controller });
        time.observe({ controller }, ms / 1000);
      },
      threw: () => panics.inc({ controller }),
      timedOut: () => timeouts.inc({ controller }),
    };
  };
}
