/** redis-server, which Argo CD keeps its cache in: the machine's own, else out of the distribution's packages, unpacked beside the other tools and not installed. */
import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { run } from '../../../sandbox/cluster/run.ts';
import { ensureTool, type Log, type Tool } from './tool.ts';

/** The program is in redis-tools, under the name that redis-server gives it; the rest are libraries that a small system lacks. */
const packages = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'];

const tool: Tool = { name: 'redis', path: 'redis', seconds: 10, make };

/** The program, and the folders of libraries that it needs besides the system's. */
export interface Redis {
  readonly program: string;
  readonly libraries: readonly string[];
}

/** Finds redis-server. @throws CommandError with apt's own words where it isn't installed and can't be had. */
export async function ensureRedis(log: Log): Promise<Redis> {
  const installed = onPath('redis-server');
  if (installed !== undefined) return { program: installed, libraries: [] };
  const folder = await ensureTool(tool, log);
  const libraries = join(folder, 'usr/lib');
  return {
    program: join(folder, 'usr/bin/redis-server'),
    libraries: readdirSync(libraries).map((each) => join(libraries, each)),
  };
}

async function make(folder: string): Promise<void> {
  const downloads = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
  const download = (): Promise<string> => run('apt-get', ['download', ...packages], { cwd: downloads });
  try {
    // A fresh machine has no lists of packages yet; an old one may have lists of packages that are gone.
    await download().catch(() => run('apt-get', ['update']).then(download));
    for (const file of readdirSync(downloads)) await run('dpkg', ['-x', join(downloads, file), folder]);
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
}

function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
