/** The node's own control group, below which the kubelet makes those of the pods: one in each hierarchy (version 1), or the one (version 2). */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlGroup } from './configuration.ts';

const root = '/sys/fs/cgroup';

/** Makes the group. One that a node left which was killed is taken as it is. */
export function makeControlGroups(): void {
  for (const folder of groups()) {
    mkdirSync(folder, { recursive: true });
    // A new group of version 1 may use no processor and no memory until it is told which (cpuset(7)).
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const inherited = join(folder, '..', file);
      if (existsSync(inherited)) writeFileSync(join(folder, file), readFileSync(inherited));
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

function groups(): readonly string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [join(root, controlGroup)];
  const hierarchies = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return hierarchies.map(({ name }) => join(root, name, controlGroup));
}
