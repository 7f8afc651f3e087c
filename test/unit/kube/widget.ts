/** A kind that exists in these tests only, with everything needed to run an informer of it against the fake API server. */
import type { InformerMetrics, InformerOptions } from '../../../src/kube/informer.ts';
import { createInformer } from '../../../src/kube/informer.ts';
import type { Informer, InformerEvent } from '../../../src/kube/informer.ts';
import { plainClusterConfig } from '../../../src/kube/cluster-config.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import { keyOf } from '../../../src/kube/object.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import type { ResourceType } from '../../../src/kube/resource.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import { eventually } from '../../support/eventually.ts';
import { startFakeApiServer } from '../../support/fake-apiserver.ts';
import type { FakeApiServer, FakeRequest } from '../../support/fake-apiserver.ts';
import type { FakeObject } from '../../support/fake-collections.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';

export type Widget = KubeObject<{ readonly color: string }, { readonly seen?: boolean }>;

export const widgets: ResourceType<Widget> = {
  group: 'example.com',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

export const WIDGETS = '/apis/example.com/v1/widgets';

/** A widget as the server stores it. */
export function widget(name: string, color = 'red', more: Record<string, unknown> = {}): FakeObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace: 'default', ...more }, spec: { color } };
}

/** A cached widget, for tests without a server. */
export function cachedWidget(name: string, color: string, resourceVersion: string, uid = `uid-${name}`): Widget {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, namespace: 'default', resourceVersion, uid },
    spec: { color },
  };
}

/** An informer on a virtual clock, and what its handler heard. */
export interface InformerHarness extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly clock: VirtualClock;
  readonly informer: Informer<Widget>;
  /** "added default/a", in order. */
  readonly heard: string[];
  readonly events: InformerEvent<Widget>[];
  readonly counts: Record<'listed' | 'watched' | 'failed' | 'handlerFailed', number>;
  readonly stop: () => Promise<void>;
}

function countingMetrics(counts: InformerHarness['counts']): InformerMetrics {
  return {
    listed: () => void counts.listed++,
    watched: () => void counts.watched++,
    failed: () => void counts.failed++,
    handlerFailed: () => void counts.handlerFailed++,
    cached: () => undefined,
  };
}

/** Starts a server, lets `prepare` fill it, and runs an informer. */
export async function runInformer(
  prepare: (server: FakeApiServer) => void,
  options: Partial<InformerOptions<Widget>> = {},
): Promise<InformerHarness> {
  const server = await startFakeApiServer();
  prepare(server);
  const clock = createVirtualClock({ turns: 10 });
  const transport = createTransport({ config: plainClusterConfig(server.url), clock, random: () => 0 });
  const counts = { listed: 0, watched: 0, failed: 0, handlerFailed: 0 };
  const metrics = countingMetrics(counts);
  const informer = createInformer<Widget>({
    transport,
    type: widgets,
    logger: silentLogger,
    clock,
    random: () => 0,
    metrics,
    ...options,
  });
  const heard: string[] = [];
  const events: InformerEvent<Widget>[] = [];
  informer.onEvent((event) => {
    heard.push(`${event.type} ${keyOf(event.object)}`);
    events.push(event);
  });
  const controller = new AbortController();
  const running = informer.run(controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
    await transport.close();
    await server.close();
  };
  return { server, clock, informer, heard, events, counts, stop, [Symbol.asyncDispose]: stop };
}

export const isList = (request: FakeRequest): boolean => request.method === 'GET' && !request.isWatch;
export const isWatch = (request: FakeRequest): boolean => request.isWatch;

/** Names of the cached widgets. */
export function names(harness: InformerHarness): string[] {
  return harness.informer.store.list().map(({ metadata }) => metadata.name);
}

/** The informer has listed, and its watch is open. */
export async function synced(harness: InformerHarness): Promise<void> {
  await eventually(() => harness.informer.hasSynced() && harness.server.openWatches() > 0, 'the informer has synced and watches');
}
