import { describe, expect, it } from 'vitest';
import type { ClusterConfig } from '../../../src/kube/cluster-config.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import { eventually } from '../../support/eventually.ts';
import { statusFault } from '../../support/fake-apiserver.ts';
import { get, outcomeOf, post, setUp } from './transport-harness.ts';

describe('credentials', () => {
  function rotating(server: string): ClusterConfig & { reads: number } {
    const config = {
      server,
      reads: 0,
      credentials: () =>
        Promise.resolve({ headers: { authorization: `Bearer token-${++config.reads}` }, tls: { insecure: false } }),
    };
    return config;
  }

  it('are read once a minute, and at once after a 401', async () => {
    await using h = await setUp();
    const config = rotating(h.server.url);
    const transport = createTransport({ config, clock: h.clock, random: () => 0 });
    await transport.request(get);
    await transport.request(get);
    expect(config.reads).toBe(1);
    await h.clock.advance(60_001);
    await transport.request(get);
    expect(config.reads).toBe(2);

    h.server.fail({ match: () => true, act: statusFault(401, 'Unauthorized') });
    const outcome = outcomeOf(transport.request(get));
    await eventually(() => h.server.requests.length === 4, 'it was refused');
    await h.clock.settle();
    await h.clock.advance(0);
    await eventually(() => outcome.value !== undefined, 'it is answered');
    expect(h.server.requests.at(-1)?.headers.authorization).toBe('Bearer token-3');

    h.server.fail({ match: () => true, times: 2, act: statusFault(401, 'Unauthorized') });
    const refused = outcomeOf(transport.request(get));
    await eventually(() => h.server.requests.length === 6, 'it was refused');
    await h.clock.settle();
    await h.clock.advance(0);
    await eventually(() => refused.value !== undefined, 'it gives up');
    expect(refused.value).toMatchObject({ status: 401 });
    await transport.close();
  });

  it('that cannot be read are an error that says so, and are tried again', async () => {
    await using h = await setUp();
    let broken = true;
    const config: ClusterConfig = {
      server: h.server.url,
      credentials: () =>
        broken ? Promise.reject(new Error('no such file')) : Promise.resolve({ headers: {}, tls: { insecure: false } }),
    };
    const transport = createTransport({ config, clock: h.clock, random: () => 0 });
    await expect(transport.request(post)).rejects.toMatchObject({ code: 'credentials', cause: { message: 'no such file' } });
    broken = false;
    await expect(transport.request(post)).resolves.toBeDefined();
    await transport.close();
  });

  it('that never come end the request at its time limit', async () => {
    await using h = await setUp();
    const config: ClusterConfig = { server: h.server.url, credentials: () => new Promise(() => undefined) };
    const transport = createTransport({ config, clock: h.clock, random: () => 0 });
    const outcome = outcomeOf(transport.request({ ...get, timeoutMs: 5_000 }));
    await h.clock.advance(5_000);
    expect(outcome.value).toMatchObject({ code: 'timeout' });
    await transport.close();
  });

  it('with another certificate open other connections', async () => {
    await using h = await setUp();
    const ports: (number | undefined)[] = [];
    let servername = 'one';
    const servers: string[] = [];
    const config: ClusterConfig = {
      server: h.server.url,
      credentials: () => {
        servers.push(servername);
        return Promise.resolve({ headers: {}, tls: { insecure: false, servername } });
      },
    };
    const transport = createTransport({ config, clock: h.clock, random: () => 0 });
    h.server.fail({
      match: () => true,
      times: 3,
      act: (response) => {
        ports.push(response.socket?.remotePort);
        response.end('{}');
      },
    });
    await transport.request(get);
    servername = 'two';
    await transport.request(get);
    await h.clock.advance(60_001);
    await transport.request(get);
    expect(ports.slice(0, 2)).not.toContain(ports[2]);
    expect(servers).toEqual(['one', 'two']);
    await transport.close();
  });
});
