/** Makes every program that `make e2e` needs besides those of `make tools`. */
import { ensureArgocd } from './argocd.ts';
import { ensureRedis } from './redis.ts';
import { ensurePromtool } from './promtool.ts';
import { ensureNodeToolsIfPossible } from './node.ts';
import type { Log } from './tool.ts';

const tools: readonly ((log: Log) => Promise<unknown>)[] = [ensureNodeToolsIfPossible, ensureArgocd, ensureRedis, ensurePromtool];

for (const ensure of tools) await ensure((line) => console.log(line));
