/**
 * Metrics of shares and of AWS calls, by the replica that leads. The Kubernetes runtime has its own (src/kube/metrics.ts), and so has the process
 * (metrics-process.ts). docs/reference/metrics.md lists all of them.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Condition, Environment, ShareItem } from './api/index.ts';
import type { AwsCall } from './aws/clients.ts';
import type { RateLimiter } from './aws/limiter.ts';
import type { Clock } from './clock.ts';
import type { Memory } from './controllers/memory.ts';
import type { OperatorMetrics } from './controllers/operator.ts';
import type { OutboxMetrics } from './notify/outbox.ts';
import { orphanKinds } from './shares/orphans.ts';

/** What is measured beside the runtime. */
export interface ShareMetrics extends OperatorMetrics {
  called(call: AwsCall): void;
}

/** What is counted when somebody scrapes. */
export interface MetricSources {
  readonly memory: Pick<Memory, 'items' | 'sweeps' | 'conflicts'>;
  /** The caches, read and not changed. */
  readonly items: () => Iterable<ShareItem>;
  readonly environments: () => Iterable<Environment>;
  readonly clock: Pick<Clock, 'now'>;
}

const dayMs = 86_400_000;
/** How far ahead the end of shares is told, each window within the next. */
const expiryWindows = { '1d': dayMs, '7d': 7 * dayMs, '30d': 30 * dayMs } as const;

/** Registers the rates at which AWS is called: below the ceiling, AWS has throttled lately. */
export function registerRates(registry: Registry, limiter: Pick<RateLimiter, 'rates'>): void {
  new Gauge({
    name: 'sluice_aws_rate_limit',
    help: 'AWS calls per second that the operator allows itself, by account and service. AWS throttling halves it; it grows back by one each second.',
    labelNames: ['account', 'service'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { accountId, service, rate } of limiter.rates()) this.set({ account: accountId, service }, rate);
    },
  });
}

/** Registers what becomes of mail and webhooks. */
export function createNotifyMetrics(registry: Registry, waiting: () => number): OutboxMetrics {
  const ended = new Counter({
    name: 'sluice_notifications_total',
    help: 'Messages by way out (mail, webhook:<name>) and result: delivered, retried (an attempt failed), refused, gave-up (a day of attempts), dropped (too many waited).',
    labelNames: ['channel', 'result'],
    registers: [registry],
  });
  new Gauge({
    name: 'sluice_notifications_waiting',
    help: 'Messages that wait for their first or next attempt.',
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
  return { counted: (channel, result) => ended.inc({ channel, result }) };
}

/** Registers the metrics; what is in `sources` is counted when it is scraped. */
export function createShareMetrics(registry: Registry, sources: MetricSources): ShareMetrics {
  registerShareGauges(registry, sources);
  registerFindings(registry, sources);
  const requests = new Counter({
    name: 'sluice_aws_requests_total',
    help: 'AWS calls, by service, operation, account and error code (OK for none).',
    labelNames: ['service', 'operation', 'account', 'code'],
    registers: [registry],
  });
  const throttled = new Counter({
    name: 'sluice_aws_throttled_total',
    help: 'AWS calls that AWS refused because there were too many, by service and account. They are made again.',
    labelNames: ['service', 'account'],
    registers: [registry],
  });
  const timeToGrant = new Histogram({
    name: 'sluice_time_to_grant_seconds',
    help: 'Seconds from consent to the read-back that showed the share in AWS.',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900],
    registers: [registry],
  });
  return {
    called: ({ service, operation, accountId, code, failure }) => {
      requests.inc({ service, operation, account: accountId, code });
      // Present from the first call on, so that increase() sees the first refusal.
      throttled.inc({ service, account: accountId }, failure === 'throttled' ? 1 : 0);
    },
    granted: (seconds) => timeToGrant.observe(seconds),
  };
}

function registerShareGauges(registry: Registry, { memory, items, clock }: MetricSources): void {
  new Gauge({
    name: 'sluice_share_items',
    help: 'ShareItems, by phase and health.',
    labelNames: ['phase', 'health'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { report } of memory.items.values())
        if (report !== undefined) this.inc({ phase: report.phase, health: report.healthStatus ?? '' });
    },
  });
  new Gauge({
    name: 'sluice_share_items_reconciling_seconds',
    help: 'For how long the operator has been at work on the ShareItem that has been Reconciling longest; 0 where none is.',
    registers: [registry],
    collect() {
      const begun = [...items()].flatMap(({ status }) => reconcilingSince(status?.conditions));
      this.set(begun.reduce((longest, since) => Math.max(longest, clock.now() - since), 0) / 1000);
    },
  });
  new Gauge({
    name: 'sluice_share_items_expiring',
    help: 'Shares in force that end within a window from now, by window; a longer window includes the shorter ones.',
    labelNames: ['within'],
    registers: [registry],
    collect() {
      const ends = [...items()].flatMap(expiryOf);
      for (const [within, ms] of Object.entries(expiryWindows))
        this.set({ within }, ends.filter((end) => end <= clock.now() + ms).length);
    },
  });
}

function reconcilingSince(conditions: readonly Condition[] = []): number[] {
  return conditions
    .filter(({ type, status }) => type === 'Reconciling' && status === 'True')
    .map(({ lastTransitionTime }) => Date.parse(lastTransitionTime));
}

function expiryOf({ spec: { consent } }: ShareItem): number[] {
  return consent?.expireTime === undefined || consent.ended !== undefined ? [] : [Date.parse(consent.expireTime)];
}

/** What somebody has to look at: accounts, and documents in them. */
function registerFindings(registry: Registry, { memory, environments }: MetricSources): void {
  new Gauge({
    name: 'sluice_environment_condition',
    help: 'Conditions of the Environments: 1 where True, else 0.',
    labelNames: ['environment', 'condition'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { metadata, status } of environments())
        for (const { type, status: value } of status?.conditions ?? [])
          this.set({ environment: metadata.name, condition: type }, value === 'True' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'sluice_orphans',
    help: "Documents in AWS that carry this installation's mark and that no ShareItem explains, by Environment and kind, as the last sweep found them.",
    labelNames: ['environment', 'kind'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [environment, { orphans }] of memory.sweeps)
        for (const kind of orphanKinds) this.set({ environment, kind }, orphans.filter((orphan) => orphan.kind === kind).length);
    },
  });
  new Gauge({
    name: 'sluice_conflicting_documents',
    help: 'AWS documents in which somebody else keeps undoing what Sluice writes, by target kind.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      this.reset();
      for (const key of memory.conflicts.keys()) this.inc({ kind: key.slice(0, key.indexOf('/')) });
    },
  });
}
