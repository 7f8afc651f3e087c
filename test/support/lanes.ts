/**
 * The API servers of the cluster tests. Vitest runs as many files side by side as it has workers; each of those lanes has a real API server of its own, which the
 * first file of the lane asks for and the later ones find. So what has no namespace (CRDs, admission policies, the operator's Lease) belongs to one file at a time.
 * This is the side of vitest's main process: its servers outlive the workers, which end with their file, and are gone with the run, however that ends.
 * SLUICE_TEST_KUBECONFIG names a cluster to use instead; then there is one lane.
 */
import { mkdtempSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestProject } from 'vitest/node';
import { ensureBinaries } from '../../sandbox/cluster/binaries.ts';
import { startCluster } from '../../sandbox/cluster/cluster.ts';

/** What a test needs to work with a cluster. */
export interface SharedCluster {
  readonly kubeconfig: string;
  /** Folder for caches and for kubeconfigs of ServiceAccounts. */
  readonly dir: string;
  readonly kubectl: string;
  readonly helm: string;
}

/** A cluster, and what ends it. */
interface Launched {
  readonly shared: SharedCluster;
  readonly stop: () => Promise<void>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where lanes get their clusters. */
    lanes: string;
  }
}

/** Starts a cluster in a temporary folder; with `given`, the kubeconfig of another one, it only finds the programs. */
export async function launchCluster(log: (line: string) => void, given?: string): Promise<Launched> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const { kubectl, helm } = await ensureBinaries(log);
  const own = given === undefined ? await startCluster({ dir, log }) : undefined;
  return {
    shared: { kubeconfig: given ?? join(dir, 'kubeconfig'), dir, kubectl, helm },
    stop: async () => own?.stop(),
  };
}

/** Vitest's globalSetup: answers lanes with their clusters. Nothing is started until one asks, so other tests pay nothing. */
export async function setup({ vitest, provide }: TestProject): Promise<() => Promise<void>> {
  const log = (line: string): void => vitest.logger.log(line);
  // Nothing of the developer's own cluster is ever touched by accident: KUBECONFIG alone isn't enough.
  const given = process.env['SLUICE_TEST_KUBECONFIG'];
  const lanes = new Map<string, Promise<Launched>>();
  const server = createServer((request, response) => {
    const lane = request.url ?? '';
    const launched = lanes.get(lane) ?? launchCluster(log, given);
    lanes.set(lane, launched);
    launched.then(
      ({ shared }) => response.end(JSON.stringify(shared)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  provide('lanes', `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  return async () => {
    server.close();
    const ends = await Promise.allSettled([...lanes.values()].map(async (launched) => (await launched).stop()));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  };
}

/**
 * The cluster of this worker's lane, from the address that `setup` provides. The first call takes about four seconds, or minutes where the programs have to be built.
 * @throws Error with the words of the cluster that doesn't start.
 */
export async function clusterOfLane(lanes: string): Promise<SharedCluster> {
  // Vitest numbers the workers that run at the same time, from 1 to maxWorkers. Not with fetch, which gives up after five minutes.
  const address = `${lanes}/${process.env['VITEST_POOL_ID'] ?? '1'}`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => get(address, resolve).once('error', reject));
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(body);
  return JSON.parse(body) as SharedCluster;
}
