/**
 * What a node needs to run pods: kubelet and scheduler, built like the cluster's other programs; containerd, runc, the network plugins and the program of the pause
 * container as Debian packages them, unpacked into the cache. Nothing is installed on the machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureNodeBinaries, type NodeBinaryName } from '../../../sandbox/cluster/binaries.ts';
import { unpackDebian } from '../../../scripts/image/debian.ts';
import { whyNoNode } from '../node/machine.ts';
import { ensureTool, type Log, type Tool } from './tool.ts';

const packages = ['containerd', 'runc', 'libseccomp2', 'containernetworking-plugins', 'catatonit'];

/** Where the parts of a node lie. */
export interface NodeTools {
  readonly binaries: Readonly<Record<NodeBinaryName, string>>;
  /** Folder with usr/bin/containerd, usr/sbin/runc, usr/lib/cni and so on. */
  readonly runtime: string;
}

/** Finds the parts of a node or makes them. @throws Error where this machine can't have any; CommandError with Go's or apt's own words */
export async function ensureNodeTools(log: Log): Promise<NodeTools> {
  const why = whyNoNode();
  if (why !== undefined) throw new Error(why);
  return { binaries: await ensureNodeBinaries(log), runtime: await ensureTool(runtime(), log) };
}

/** The same for `make e2e`, which goes on without a node where there can't be one. */
export async function ensureNodeToolsIfPossible(log: Log): Promise<void> {
  const why = whyNoNode();
  if (why === undefined) await ensureNodeTools(log);
  else log(`The tests on a real node will be skipped: ${why}`);
}

function runtime(): Tool {
  const release = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'debian';
  return {
    name: `containerd and runc of ${release}`,
    path: join('container-runtime', release),
    seconds: 10,
    make: async (folder) => {
      await unpackDebian(packages, folder);
    },
  };
}
