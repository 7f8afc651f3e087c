/** The operator's pods on a node, and their processes as the machine sees them. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ClusterAccess } from '../../../sandbox/cluster/access.ts';
import { operatorNamespace } from '../../../sandbox/cluster/chart.ts';

/** What the tests look at of a pod. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly serviceAccountName: string; readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly restartCount: number; readonly image: string }[];
  };
}

/** The operator's pods that are not on their way out. */
export async function operatorPods({ kubectl }: ClusterAccess): Promise<readonly Pod[]> {
  const selector = 'app.kubernetes.io/name=sluice';
  const list = await kubectl(['get', 'pods', '--namespace', operatorNamespace, '--selector', selector, '--output', 'json']);
  const { items } = JSON.parse(list) as { readonly items: readonly Pod[] };
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Name of the pod that leads, as the Lease says; empty: nobody. */
export async function leadingPod({ kubectl }: ClusterAccess): Promise<string> {
  const holder = await kubectl([
    'get',
    'lease',
    'sluice-leader',
    '--namespace',
    operatorNamespace,
    '--output=jsonpath={.spec.holderIdentity}',
  ]);
  return holder.split('_')[0] ?? '';
}

/** Process id, on the machine, of the operator in a pod. @throws when there is none */
export function processOf({ metadata }: Pod): number {
  const uid = metadata.uid;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => read(pid, 'cgroup').includes(uid) && read(pid, 'cmdline').includes('dist/main.js'));
  if (found === undefined) throw new Error(`the operator does not run in the pod ${metadata.name}`);
  return Number(found);
}

/** A line of /proc/<pid>/status, without its name (proc_pid_status(5)). */
export function statusLine(pid: number, name: string): string {
  const line = read(String(pid), 'status')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  return (
    line
      ?.slice(name.length + 1)
      .trim()
      .replace(/\s+/g, ' ') ?? ''
  );
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended since.
    return '';
  }
}
