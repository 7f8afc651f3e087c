/** Prometheus' own promtool, built from the Go module that tools/go/prometheus pins. Without service discovery, which is most of what it would be made of. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../sandbox/cluster/run.ts';
import { goEnvironment } from './argocd.ts';
import { ensureTool, type Log } from './tool.ts';

const folder = join(import.meta.dirname, '../../../tools/go/prometheus');
const tool = { name: 'promtool 3.11.3', path: 'prometheus-v0.311.3', seconds: 160, make };

/** Finds promtool in the cache or builds it; returns its path. @throws CommandError with Go's own words */
export async function ensurePromtool(log: Log): Promise<string> {
  return join(await ensureTool(tool, log), 'promtool');
}

async function make(target: string): Promise<void> {
  mkdirSync(target);
  const what = ['-o', join(target, 'promtool'), 'github.com/prometheus/prometheus/cmd/promtool'];
  const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-tags', 'remove_all_sd', '-ldflags', '-s -w'];
  await run('go', ['build', ...flags, ...what], { cwd: folder, env: goEnvironment() });
}
