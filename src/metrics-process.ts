/**
 * Metrics of the process, in every replica whether it leads or waits: that it is there and for whom, and what it costs, under the names that Prometheus' own
 * client libraries use.
 */
import { Counter, Gauge, type Registry } from 'prom-client';

/** Registers `sluice_info`, by which alerts and dashboards tell this operator from others, and the costs of the process. */
export function registerProcess(registry: Registry, { installation }: { readonly installation: string }): void {
  new Gauge({
    name: 'sluice_info',
    help: 'Always 1: an operator runs here, for this installation.',
    labelNames: ['installation'],
    registers: [registry],
  }).set({ installation }, 1);
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
    registers: [registry],
  }).set(Math.round(performance.timeOrigin) / 1000);
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1_000_000);
    },
  });
}
