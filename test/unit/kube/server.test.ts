import { afterEach, describe, expect, it } from 'vitest';
import { createStatusServer } from '../../../src/kube/server.ts';
import type { Checks, StatusServer } from '../../../src/kube/server.ts';

const started: StatusServer[] = [];

async function start(ready: Checks = {}, metrics = (): Promise<string> => Promise.resolve('up 1\n')): Promise<string> {
  const server = createStatusServer({
    port: 0,
    host: '127.0.0.1',
    metrics: { contentType: 'text/plain; version=0.0.4', metrics },
    health: { loop: () => undefined },
    ready,
  });
  started.push(server);
  return `http://127.0.0.1:${await server.listen()}`;
}

async function get(url: string, method = 'GET'): Promise<{ status: number; body: string; type: string | null }> {
  const response = await fetch(url, { method });
  return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

describe('the status server', () => {
  it('serves metrics', async () => {
    const url = await start();
    expect(await get(`${url}/metrics`)).toEqual({ status: 200, body: 'up 1\n', type: 'text/plain; version=0.0.4' });
  });

  it('is well when all checks are', async () => {
    const url = await start();
    expect(await get(`${url}/healthz`)).toMatchObject({ status: 200, body: '[+]loop ok\nhealthz check passed\n' });
    expect(await get(`${url}/readyz`)).toMatchObject({ status: 200, body: 'readyz check passed\n' });
  });

  it('says which check failed and why, also if it threw', async () => {
    const url = await start({
      sync: async () => 'widgets are not listed yet',
      lease: () => {
        throw new Error('no lease');
      },
      fine: () => undefined,
    });
    const body = '[-]sync failed: widgets are not listed yet\n[-]lease failed: no lease\n[+]fine ok\nreadyz check failed\n';
    expect(await get(`${url}/readyz?verbose`)).toMatchObject({ status: 503, body });
    expect(await get(`${url}/readyz/fine`)).toMatchObject({ status: 200 });
    expect(await get(`${url}/readyz/none`)).toMatchObject({ status: 404 });
  });

  it('serves nothing else, and does not tell strangers of its errors', async () => {
    const url = await start({}, () => Promise.reject(new Error('private')));
    expect(await get(`${url}/`)).toMatchObject({ status: 404 });
    expect(await get(`${url}/metrics`, 'POST')).toMatchObject({ status: 405 });
    expect(await get(`${url}/metrics`)).toMatchObject({ status: 500, body: 'internal error\n' });
  });

  it('rejects when its port is taken', async () => {
    const port = Number(new URL(await start()).port);
    const second = createStatusServer({
      port,
      host: '127.0.0.1',
      metrics: { contentType: '', metrics: async () => '' },
      health: {},
      ready: {},
    });
    await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
