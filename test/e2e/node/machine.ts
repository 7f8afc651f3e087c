/** Whether this machine can be a Kubernetes node for a while, and where the node's traffic goes. Nothing here changes anything. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../../sandbox/cluster/executable.ts';

/** The wire between the machine and the node, and what is behind it. Nothing else is reachable from a pod. */
export const network = {
  /** The machine's end: tests listen here for pods. */
  machine: '10.89.0.1',
  /** The node's end. */
  node: '10.89.0.2',
  wire: 'sluice0',
  pods: '10.88.0.0/24',
  services: '10.96.0.0/16',
  /** The Service `kubernetes`: the first address of the range, by which pods know the API server. */
  apiServer: '10.96.0.1',
} as const;

/** CAP_NET_ADMIN and CAP_SYS_ADMIN (capabilities(7)). */
const capabilities = [12n, 21n];
const programs = ['unshare', 'nsenter', 'ip', 'mount', 'apt-get', 'dpkg-deb'];
/** Where programs of administrators are, on a PATH of root's or not. */
const administration = ['/usr/sbin', '/sbin'];

/** Why no node can run here, as a sentence; undefined: it can. */
export function whyNoNode(): string | undefined {
  if (process.platform !== 'linux') return 'a node needs Linux.';
  const missing = programs.filter((name) => findOnPath(name, administration) === undefined);
  if (missing.length > 0)
    return `a node needs ${missing.join(', ')}, and they are not on the PATH (Debian or Ubuntu, with iproute2).`;
  if (!hasCapabilities()) return 'a node needs root with CAP_SYS_ADMIN and CAP_NET_ADMIN, for namespaces of its own.';
  if (existsSync(join('/sys/class/net', network.wire))) return `a node runs already: the interface ${network.wire} is there.`;
  return undefined;
}

function hasCapabilities(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return capabilities.every((bit) => ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n);
}
