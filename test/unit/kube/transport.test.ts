import { describe, expect, it } from 'vitest';
import { plainClusterConfig } from '../../../src/kube/cluster-config.ts';
import { ApiError, ConnectionError } from '../../../src/kube/errors.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import type { MeasuredRequest } from '../../../src/kube/transport.ts';
import { eventually } from '../../support/eventually.ts';
import { startFakeApiServer, statusFault } from '../../support/fake-apiserver.ts';
import { get, outcomeOf, post, reset, setUp } from './transport-harness.ts';
import { WIDGETS, widget } from './widget.ts';

describe('the transport', () => {
  it('sends JSON and its name, and gives back JSON', async () => {
    await using h = await setUp({ userAgent: 'sluice/test' });
    const created = await h.transport.request<{ metadata: { uid: string } }>({
      ...post,
      query: { fieldManager: 'x y', dryRun: undefined },
    });
    expect(created.metadata.uid).toBe('uid-1');
    expect(h.server.requests[0]?.headers).toMatchObject({
      'user-agent': 'sluice/test',
      'content-type': 'application/json',
      accept: 'application/json',
    });
    expect(Object.fromEntries(h.server.requests[0]?.query ?? [])).toEqual({ fieldManager: 'x y' });
    expect(h.measured).toEqual(['POST 201']);
  });

  it('keeps the path of a server that has one', async () => {
    const server = await startFakeApiServer();
    const transport = createTransport({ config: plainClusterConfig(`${server.url}/clusters/c1/`) });
    await transport.request(get).catch(() => undefined);
    expect(server.requests[0]?.path).toBe(`/clusters/c1${WIDGETS}`);
    await transport.close();
    await server.close();
  });

  it('turns a Status into an ApiError, and any other page too', async () => {
    await using h = await setUp();
    await expect(
      h.transport.request({ ...get, path: `/apis/example.com/v1/namespaces/default/widgets/none` }),
    ).rejects.toMatchObject({
      status: 404,
      reason: 'NotFound',
    });
    h.server.fail({ match: () => true, act: (response) => response.writeHead(502).end('<html>bad gateway</html>') });
    await expect(h.transport.request(get)).rejects.toMatchObject({
      status: 502,
      reason: '',
      message: 'the API server answered with HTTP 502',
    });
  });

  it.each([
    ['429', 429, get],
    ['503', 503, post],
  ] as const)('comes back when the server said so by %s and Retry-After', async (_, code, request) => {
    await using h = await setUp();
    h.server.fail({ match: () => true, act: statusFault(code, 'Busy', { 'retry-after': '2' }) });
    const outcome = outcomeOf(h.transport.request(request));
    await eventually(() => h.retried.length === 1, 'it waits');
    await h.clock.advance(1_999);
    expect(h.server.requests).toHaveLength(1);
    await h.clock.advance(1);
    await eventually(() => outcome.value !== undefined, 'it is answered');
    expect(outcome.value).not.toBeInstanceOf(Error);
  });

  it('gives up after five attempts', async () => {
    await using h = await setUp();
    h.server.fail({ match: () => true, times: 10, act: statusFault(429, 'TooManyRequests', { 'retry-after': '1' }) });
    const outcome = outcomeOf(h.transport.request(get));
    for (let retry = 1; retry <= 4; retry++) {
      await eventually(() => h.retried.length === retry, `retry ${retry}`);
      await h.clock.advance(1_000);
    }
    await eventually(() => outcome.value !== undefined, 'it gives up');
    expect(outcome.value).toMatchObject({ status: 429, retryAfterMs: 1_000 });
    expect(h.server.requests).toHaveLength(5);
  });

  it('does not repeat a plain 500, nor anything of the lease pool', async () => {
    await using h = await setUp();
    h.server.fail({ match: () => true, act: statusFault(500, 'InternalError') });
    await expect(h.transport.request(get)).rejects.toBeInstanceOf(ApiError);
    h.server.fail({ match: () => true, act: statusFault(429, 'TooManyRequests', { 'retry-after': '1' }) });
    await expect(h.transport.request({ ...get, pool: 'lease' })).rejects.toBeInstanceOf(ApiError);
    expect(h.server.requests).toHaveLength(2);
  });

  it('repeats a read whose connection broke, and not a create', async () => {
    await using h = await setUp();
    h.server.fail({ match: () => true, act: reset });
    const read = outcomeOf(h.transport.request(get));
    await eventually(() => h.retried.length === 1, 'it waits');
    await h.clock.advance(100);
    await eventually(() => read.value !== undefined, 'it is answered');
    expect(read.value).toMatchObject({ kind: 'List' });

    h.server.fail({ match: () => true, act: reset });
    await expect(h.transport.request(post)).rejects.toMatchObject({ name: 'ConnectionError', code: 'closed' });
    expect(h.measured).toEqual(['GET <error>', 'GET 200', 'POST <error>']);
  });

  it('repeats even a create if there never was a connection', async () => {
    await using h = await setUp();
    const closed = await startFakeApiServer();
    await closed.close();
    const retried: string[] = [];
    const metrics = { requested: () => undefined, retried: ({ method }: MeasuredRequest) => void retried.push(method) };
    const transport = createTransport({ config: plainClusterConfig(closed.url), clock: h.clock, random: () => 0, metrics });
    const outcome = outcomeOf(transport.request(post));
    for (const [index, wait] of [100, 200].entries()) {
      await eventually(() => retried.length === index + 1, `retry ${index + 1}`);
      await h.clock.advance(wait);
    }
    await eventually(() => outcome.value !== undefined, 'it gives up');
    expect(outcome.value).toMatchObject({ code: 'unreachable', message: "the API server can't be reached (ECONNREFUSED)" });
    await transport.close();
  });

  it('ends a request that is never answered at its time limit', async () => {
    await using h = await setUp();
    h.server.fail({ match: () => true, act: () => undefined });
    const outcome = outcomeOf(h.transport.request({ ...get, timeoutMs: 1_000 }));
    await eventually(() => h.server.requests.length === 1, 'it has arrived');
    await h.clock.advance(1_000);
    await eventually(() => outcome.value !== undefined, 'it has ended');
    expect(outcome.value).toMatchObject({ code: 'timeout' });
    expect(h.clock.pending()).toBe(0);
  });

  it('ends a request whose body never ends at its time limit', async () => {
    await using h = await setUp();
    h.server.fail({ match: () => true, act: (response) => response.writeHead(200).write('{"items":') });
    const outcome = outcomeOf(h.transport.request({ ...get, timeoutMs: 1_000 }));
    await eventually(() => h.measured.length === 1, 'the headers have come');
    await h.clock.advance(1_000);
    await eventually(() => outcome.value !== undefined, 'it has ended');
    expect(outcome.value).toMatchObject({ code: 'timeout' });
  });

  it("rejects with the caller's own reason when the caller aborts, also while it waits for a retry", async () => {
    await using h = await setUp();
    h.server.fail({ match: () => true, act: () => undefined });
    const controller = new AbortController();
    const reason = new Error('enough');
    const outcome = outcomeOf(h.transport.request({ ...get, signal: controller.signal }));
    await eventually(() => h.server.requests.length === 1, 'it has arrived');
    controller.abort(reason);
    await eventually(() => outcome.value !== undefined, 'it has ended');
    expect(outcome.value).toBe(reason);

    h.server.fail({ match: () => true, act: statusFault(429, 'TooManyRequests', { 'retry-after': '9' }) });
    const second = new AbortController();
    const waiting = outcomeOf(h.transport.request({ ...get, signal: second.signal }));
    await eventually(() => h.retried.length === 1, 'it waits');
    await h.clock.settle();
    second.abort(reason);
    await eventually(() => waiting.value !== undefined, 'it has ended');
    expect(waiting.value).toBe(reason);
  });

  it('reuses its connections', async () => {
    await using h = await setUp();
    const ports = new Set<number | undefined>();
    h.server.fail({
      match: () => true,
      times: 20,
      act: (response) => {
        ports.add(response.socket?.remotePort);
        response.end('{}');
      },
    });
    for (let count = 0; count < 20; count++) await h.transport.request(get);
    // Two, if a request comes before the connection of the one before has come to rest.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('ends the connection of a watch whose reader has gone', async () => {
    await using h = await setUp();
    h.server.put(WIDGETS, widget('a'));
    for await (const event of h.transport.watch({
      path: WIDGETS,
      query: { resourceVersion: 0 },
      timeoutMs: 60_000,
      idleTimeoutMs: 60_000,
    })) {
      expect(event.type).toBe('ADDED');
      break;
    }
    await eventually(() => h.server.openWatches() === 0, 'the server sees the end');
    expect(h.clock.pending()).toBe(0);
  });

  it('ends a watch at its total limit, however much comes', async () => {
    await using h = await setUp();
    h.server.put(WIDGETS, widget('a'));
    const watch = (async () => {
      let events = 0;
      for await (const event of h.transport.watch({
        path: WIDGETS,
        query: { resourceVersion: 0 },
        timeoutMs: 10_000,
        idleTimeoutMs: 3_000,
      })) {
        events += event.type === 'ADDED' ? 1 : 0;
      }
      return events;
    })();
    const outcome = outcomeOf(watch);
    await eventually(() => h.server.openWatches() === 1, 'it is open');
    for (let count = 0; count < 5; count++) {
      h.server.bookmark();
      await h.clock.settle();
      await h.clock.advance(2_000);
    }
    await eventually(() => outcome.value !== undefined, 'it has ended');
    expect(outcome.value).toBeInstanceOf(ConnectionError);
    expect(outcome.value).toMatchObject({ code: 'timeout', message: 'the API server took longer than 10000 ms' });
  });
});
