import { describe, expect, it } from 'vitest';
import { plainClusterConfig } from '../../../src/kube/cluster-config.ts';
import { createEventRecorder, regardingOf } from '../../../src/kube/events.ts';
import type { EventRecord, EventRecorder } from '../../../src/kube/events.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import { eventually } from '../../support/eventually.ts';
import { startFakeApiServer, statusFault } from '../../support/fake-apiserver.ts';
import type { FakeApiServer } from '../../support/fake-apiserver.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';
import { cachedWidget } from './widget.ts';

interface Harness extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly clock: VirtualClock;
  readonly recorder: EventRecorder;
  readonly dropped: string[];
  /** Bodies of the requests so far, once there are `count`. */
  readonly written: (count: number) => Promise<readonly Record<string, unknown>[]>;
}

async function setUp(options: { readonly queueSize?: number; readonly running?: boolean } = {}): Promise<Harness> {
  const server = await startFakeApiServer();
  const clock = createVirtualClock({ turns: 10 });
  const transport = createTransport({ config: plainClusterConfig(server.url), clock });
  const dropped: string[] = [];
  const recorder = createEventRecorder({
    transport,
    controller: 'example.com/operator',
    instance: 'pod-1',
    clock,
    logger: silentLogger,
    metrics: { dropped: (cause) => void dropped.push(cause) },
    queueSize: options.queueSize ?? 1000,
  });
  const stop = new AbortController();
  const ended = options.running === false ? Promise.resolve() : recorder.run(stop.signal);
  const written: Harness['written'] = async (count) => {
    await eventually(() => server.requests.length >= count && recorder.length === 0, `${count} requests`);
    await clock.settle();
    return server.requests.map(({ body }) => body as Record<string, unknown>);
  };
  const dispose = async (): Promise<void> => {
    stop.abort();
    await ended;
    await transport.close();
    await server.close();
  };
  return { server, clock, recorder, dropped, written, [Symbol.asyncDispose]: dispose };
}

const granted: EventRecord = {
  regarding: cachedWidget('a', 'red', '7'),
  type: 'Normal',
  reason: 'Granted',
  action: 'Grant',
  note: 'access was granted',
};

describe('the event recorder', () => {
  it('writes an Event of events.k8s.io/v1 beside the object', async () => {
    await using h = await setUp();
    h.recorder.record({ ...granted, related: cachedWidget('b', 'blue', '8') });
    const [body] = await h.written(1);
    expect(h.server.requests[0]).toMatchObject({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/default/events' });
    expect(body).toMatchObject({
      metadata: { namespace: 'default', name: expect.stringMatching(/^a\.[0-9a-f]+$/) as string },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/operator',
      reportingInstance: 'pod-1',
      type: 'Normal',
      reason: 'Granted',
      action: 'Grant',
      note: 'access was granted',
      regarding: { kind: 'Widget', name: 'a', namespace: 'default', uid: 'uid-a', resourceVersion: '7' },
      related: { name: 'b' },
    });
  });

  it('names the kind of an object that comes from a list, which says nothing of it', () => {
    const { metadata } = cachedWidget('a', 'red', '7');
    const place = { plural: 'things', kind: 'Thing', namespaced: true };
    const grouped = regardingOf({ group: 'example.com', version: 'v1', ...place }, { metadata });
    expect(grouped).toEqual({ apiVersion: 'example.com/v1', kind: 'Thing', metadata });
    expect(regardingOf({ group: '', version: 'v1', ...place }, { metadata }).apiVersion).toBe('v1');
  });

  it('puts Events about cluster-scoped objects into namespace default', async () => {
    await using h = await setUp();
    h.recorder.record({ ...granted, regarding: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } } });
    await h.written(1);
    expect(h.server.requests[0]?.path).toContain('/namespaces/default/');
  });

  it('counts repetitions in one Event: shows the second, then one in half an hour', async () => {
    await using h = await setUp();
    h.recorder.record(granted);
    await h.written(1);
    for (let minute = 0; minute < 31; minute++) {
      await h.clock.advance(60_000);
      h.recorder.record({ ...granted, note: `again ${minute}` });
      await eventually(() => h.recorder.length === 0, 'it is taken');
      await h.clock.settle();
    }
    const bodies = await h.written(3);
    expect(h.server.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH']);
    expect(bodies[1]).toEqual({ series: { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' } });
    expect(bodies[2]).toEqual({ series: { count: 32, lastObservedTime: '2026-01-01T00:31:00.000000Z' } });
  });

  it('begins a new Event after six quiet minutes, for another reason, and when the old one is gone', async () => {
    await using h = await setUp();
    h.recorder.record(granted);
    await h.written(1);
    await h.clock.advance(6 * 60_000 + 1);
    h.recorder.record(granted);
    h.recorder.record({ ...granted, reason: 'Revoked' });
    await h.written(3);
    h.server.fail({ match: ({ method }) => method === 'PATCH', act: statusFault(404, 'NotFound') });
    h.recorder.record(granted);
    await h.written(5);
    expect(h.server.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST', 'PATCH', 'POST']);
  });

  it('cuts notes at 1,024 bytes, between characters', async () => {
    await using h = await setUp();
    h.recorder.record({ ...granted, note: 'ü'.repeat(2_000) });
    const [body] = await h.written(1);
    const note = body?.['note'] as string;
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    expect(note).toMatch(/^ü+…$/);
  });

  it('drops what does not fit into its queue, and never waits', async () => {
    await using h = await setUp({ queueSize: 2, running: false });
    for (let index = 0; index < 5; index++) h.recorder.record(granted);
    expect(h.recorder.length).toBe(2);
    expect(h.dropped).toEqual(['queue-full', 'queue-full', 'queue-full']);
  });

  it('writes what happens once under one name, so that the next process can not write it again', async () => {
    const names: string[] = [];
    for (const process of [1, 2]) {
      await using h = await setUp();
      if (process === 2) h.server.fail({ match: () => true, act: statusFault(409, 'AlreadyExists') });
      h.recorder.record({ ...granted, once: 'in 30 days' });
      h.recorder.record({ ...granted, once: 'in 14 days' });
      for (const body of await h.written(2)) names.push((body['metadata'] as { readonly name: string }).name);
      expect(h.dropped).toEqual([]);
    }
    expect(new Set(names).size).toBe(2);
    expect(names.slice(0, 2)).toEqual(names.slice(2));
  });

  it('drops an Event that the API server refuses, and goes on', async () => {
    await using h = await setUp();
    h.server.fail({ match: () => true, act: statusFault(403, 'Forbidden') });
    h.recorder.record(granted);
    h.recorder.record({ ...granted, reason: 'Revoked' });
    await h.written(2);
    expect(h.dropped).toEqual(['failed']);
  });
});
