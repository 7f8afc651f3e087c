/** What a process and the API server tell of their work: for the benchmarks. Reads only. */
import { readFileSync } from 'node:fs';
import { kubectl } from '../support/cluster.ts';

/** Resident memory in MiB (Linux: /proc/<pid>/status, VmRSS); 0 where that is not known. */
export function memoryOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

/** Seconds of CPU that a process has used (Linux: /proc/<pid>/stat, utime and stime in hundredths of a second); 0 where that is not known. */
export function cpuOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The command's name may hold anything, so counting starts behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Requests that changed something in the API server since it started, as "PATCH shareitems/status". */
export async function apiWrites(): Promise<Map<string, number>> {
  const writes = new Map<string, number>();
  for (const { labels, value } of samples(await kubectl(['get', '--raw', '/metrics']), 'apiserver_request_total')) {
    const { verb = '', resource = '', subresource = '' } = labels;
    if (!/^(POST|PUT|PATCH|APPLY|DELETE)$/.test(verb) || resource === 'leases' || !isWritten(labels)) continue;
    const name = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
    writes.set(name, (writes.get(name) ?? 0) + value);
  }
  return writes;
}

function isWritten({ code = '', dry_run: dryRun = '' }: Readonly<Record<string, string>>): boolean {
  return code.startsWith('2') && dryRun === '';
}

/** How much more there is of each. */
export function increase(after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): Map<string, number> {
  const grown = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return new Map(grown.filter(([, count]) => count > 0).sort(([, left], [, right]) => right - left));
}

/** All of them together. */
export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, each) => sum + each, 0);
}

/** The samples of one metric in the text format of Prometheus. */
export function samples(
  text: string,
  metric: string,
): { readonly labels: Readonly<Record<string, string>>; readonly value: number }[] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`));
  return lines.map((line) => {
    const end = line.lastIndexOf('}');
    const pairs = [...line.slice(metric.length + 1, end).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return {
      labels: Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value])),
      value: Number(line.slice(end + 1)),
    };
  });
}
