/** redis-server, which Argo CD keeps its cache in: the machine's own, else out of the distribution's packages, unpacked beside the other tools and not installed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../../sandbox/cluster/executable.ts';
import { unpackDebian } from '../../../scripts/image/debian.ts';
import { ensureTool, type Log, type Tool } from './tool.ts';

/** The program is in redis-tools, under the name that redis-server gives it; the rest are libraries that a small system lacks. */
const packages = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'];

const tool: Tool = {
  name: 'redis',
  path: 'redis',
  seconds: 10,
  make: async (folder) => {
    await unpackDebian(packages, folder);
  },
};

/** The program, and the folders of libraries that it needs besides the system's. */
export interface Redis {
  readonly program: string;
  readonly libraries: readonly string[];
}

/** Finds redis-server. @throws Error with apt's own words where it isn't installed and can't be had. */
export async function ensureRedis(log: Log): Promise<Redis> {
  const installed = findOnPath('redis-server');
  if (installed !== undefined) return { program: installed, libraries: [] };
  const folder = await ensureTool(tool, log);
  const libraries = join(folder, 'usr/lib');
  return {
    program: join(folder, 'usr/bin/redis-server'),
    libraries: readdirSync(libraries).map((each) => join(libraries, each)),
  };
}
