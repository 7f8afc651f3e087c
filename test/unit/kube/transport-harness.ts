/** What tests of the transport need: requests against the fake API server whose time can be moved while they run. */
import { plainClusterConfig } from '../../../src/kube/cluster-config.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import type { MeasuredRequest, Transport, TransportOptions } from '../../../src/kube/transport.ts';
import { startFakeApiServer } from '../../support/fake-apiserver.ts';
import type { FakeApiServer } from '../../support/fake-apiserver.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';
import { WIDGETS, widget } from './widget.ts';

/** A transport on a virtual clock, a server, and what the metrics were told ("GET 200"). */
export interface TransportHarness extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly clock: VirtualClock;
  readonly transport: Transport;
  readonly measured: string[];
  readonly retried: string[];
}

/** Starts both. */
export async function setUp(options: Partial<TransportOptions> = {}): Promise<TransportHarness> {
  const server = await startFakeApiServer();
  const clock = createVirtualClock({ turns: 10 });
  const measured: string[] = [];
  const retried: string[] = [];
  const say = ({ method, code }: MeasuredRequest): string => `${method} ${code}`;
  const metrics = {
    requested: (one: MeasuredRequest) => void measured.push(say(one)),
    retried: (one: MeasuredRequest) => void retried.push(say(one)),
  };
  const transport = createTransport({ config: plainClusterConfig(server.url), clock, random: () => 0, metrics, ...options });
  const dispose = async (): Promise<void> => {
    await transport.close();
    await server.close();
  };
  return { server, clock, transport, measured, retried, [Symbol.asyncDispose]: dispose };
}

export const get = { method: 'GET', path: `${WIDGETS}` } as const;
export const post = { method: 'POST', path: '/apis/example.com/v1/namespaces/default/widgets', body: widget('new') } as const;
/** Breaks the connection instead of answering. */
export const reset: Parameters<FakeApiServer['fail']>[0]['act'] = (response) => response.socket?.resetAndDestroy();

/** The outcome of a request as a value, so that time can be moved while it runs. */
export function outcomeOf(request: Promise<unknown>): { value: unknown } {
  const outcome: { value: unknown } = { value: undefined };
  request.then(
    (value) => (outcome.value = value ?? 'nothing'),
    (error: unknown) => (outcome.value = error),
  );
  return outcome;
}
