/** The node's own control group, below which the kubelet makes those of the pods: one in each hierarchy (version 1), or the one (version 2). */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlGroup } from './configuration.ts';

const root = '/sys/fs/cgroup';

/** Makes the group. One that a node left which was killed is taken as it is. */
export function makeControlGroups(): void {
  if (isVersion2()) handDownControllers();
  for (const folder of groups()) {
    mkdirSync(folder, { recursive: true });
    // A new group of version 1 may use no processor and no memory until it is told which (cpuset(7)).
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const inherited = join(folder, '..', file);
      if (existsSync(inherited)) writeFileSync(join(folder, file), readFileSync(inherited));
    }
    // All pods together would get as much of a busy machine as one process of it, which no node does to its pods. Version 1 says shares of 1024, version 2 weights of 100.
    for (const file of ['cpu.shares', 'cpu.weight']) {
      if (existsSync(join(folder, file))) writeFileSync(join(folder, file), '10000');
    }
  }
}

/** Removes the group with all below it. Its processes have to be gone. */
export function removeControlGroups(): void {
  for (const folder of groups()) removeTree(folder);
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(folder, entry.name));
  rmdirSync(folder);
}

// In version 2 a group has only the controllers that its parent hands down, and the kubelet wants all that it knows (cgroups(7)).
function handDownControllers(): void {
  const controllers = readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(' ');
  for (const controller of controllers) writeFileSync(join(root, 'cgroup.subtree_control'), `+${controller}`);
}

function isVersion2(): boolean {
  return existsSync(join(root, 'cgroup.controllers'));
}

function groups(): readonly string[] {
  if (isVersion2()) return [join(root, controlGroup)];
  const hierarchies = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return hierarchies.map(({ name }) => join(root, name, controlGroup));
}
