/** Metrics of shares and of AWS calls. The Kubernetes runtime has its own (src/kube/metrics.ts). */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AwsCall } from './aws/clients.ts';
import type { RateLimiter } from './aws/limiter.ts';
import type { Memory } from './controllers/memory.ts';
import type { OperatorMetrics } from './controllers/operator.ts';
import type { OutboxMetrics } from './notify/outbox.ts';
import { orphanKinds } from './shares/orphans.ts';

/** What is measured beside the runtime. */
export interface ShareMetrics extends OperatorMetrics {
  called(call: AwsCall): void;
}

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

/** Registers the metrics; the share items are counted when they are read. */
export function createShareMetrics(registry: Registry, memory: Memory): ShareMetrics {
  const requests = new Counter({
    name: 'sluice_aws_requests_total',
    help: 'AWS calls, by service, operation, account and error code (OK for none).',
    labelNames: ['service', 'operation', 'account', 'code'],
    registers: [registry],
  });
  const timeToGrant = new Histogram({
    name: 'sluice_time_to_grant_seconds',
    help: 'Seconds from consent to the read-back that showed the share in AWS.',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900],
    registers: [registry],
  });
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
  return {
    called: ({ service, operation, accountId, code }) => requests.inc({ service, operation, account: accountId, code }),
    granted: (seconds) => timeToGrant.observe(seconds),
  };
}
