import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../../src/kube/client.ts';
import type { Client } from '../../../src/kube/client.ts';
import { plainClusterConfig } from '../../../src/kube/cluster-config.ts';
import { isAlreadyExists, isConflict, isGone, isNotFound } from '../../../src/kube/errors.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { startFakeApiServer, statusFault } from '../../support/fake-apiserver.ts';
import type { FakeApiServer, FakeRequest } from '../../support/fake-apiserver.ts';
import { WIDGETS, widget, widgets } from './widget.ts';

let server: FakeApiServer;
let transport: Transport;
let client: Client;

beforeEach(async () => {
  server = await startFakeApiServer();
  transport = createTransport({ config: plainClusterConfig(server.url) });
  client = createClient(transport);
});

afterEach(async () => {
  await transport.close();
  await server.close();
});

const a = { namespace: 'default', name: 'a' };
const last = (): FakeRequest | undefined => server.requests.at(-1);
const query = (): Record<string, string> => Object.fromEntries(last()?.query ?? []);

describe('the client', () => {
  it('gets, creates, replaces and deletes objects', async () => {
    const created = await client.create(widgets, { metadata: a, spec: { color: 'red' } }, { fieldManager: 'sluice' });
    expect(last()).toMatchObject({
      method: 'POST',
      path: '/apis/example.com/v1/namespaces/default/widgets',
      body: { apiVersion: 'example.com/v1', kind: 'Widget' },
    });
    expect(query()).toEqual({ fieldManager: 'sluice' });
    expect((await client.get(widgets, a)).spec.color).toBe('red');
    const replaced = await client.replace(widgets, { ...created, spec: { color: 'blue' } });
    expect(replaced.spec.color).toBe('blue');
    await expect(client.replace(widgets, created)).rejects.toSatisfy(isConflict);
    await expect(client.create(widgets, { metadata: a, spec: { color: 'red' } })).rejects.toSatisfy(isAlreadyExists);
    await client.delete(widgets, a);
    await expect(client.get(widgets, a)).rejects.toSatisfy(isNotFound);
  });

  it('deletes only what was looked at, if told so', async () => {
    server.put(WIDGETS, widget('a'));
    await expect(client.delete(widgets, a, { preconditions: { uid: 'other' } })).rejects.toSatisfy(isConflict);
    await client.delete(widgets, a, { preconditions: { uid: 'uid-1' }, propagationPolicy: 'Foreground', dryRun: true });
    expect(last()?.body).toEqual({ preconditions: { uid: 'uid-1' }, propagationPolicy: 'Foreground', dryRun: ['All'] });
  });

  it('lists all pages, with the version of the list and kinds filled in', async () => {
    for (let index = 0; index < 501; index++)
      server.put(WIDGETS, { metadata: { name: `w${index}`, namespace: 'default' }, spec: {} });
    const { items, resourceVersion } = await client.list(widgets, { labelSelector: 'a=b' });
    expect(items).toHaveLength(501);
    expect(items[500]).toMatchObject({ apiVersion: 'example.com/v1', kind: 'Widget' });
    expect(Number(resourceVersion)).toBeGreaterThan(500);
    expect(server.requests.map((request) => request.query.get('labelSelector'))).toEqual(['a=b', 'a=b']);
    await client.list(widgets, { namespace: 'other' });
    expect(last()?.path).toBe('/apis/example.com/v1/namespaces/other/widgets');
  });

  it('leaves a list that expired to its caller', async () => {
    server.fail({ match: () => true, act: statusFault(410, 'Expired') });
    await expect(client.list(widgets)).rejects.toSatisfy(isGone);
  });

  it('applies metadata and spec, and status by its subresource', async () => {
    await client.apply(
      widgets,
      { metadata: { ...a, finalizers: ['x/y'] }, spec: { color: 'red' } },
      { fieldManager: 'sluice', force: true },
    );
    expect(last()).toMatchObject({
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      path: '/apis/example.com/v1/namespaces/default/widgets/a',
    });
    expect(query()).toEqual({ fieldManager: 'sluice', force: 'true' });
    const seen = await client.applyStatus(
      widgets,
      { metadata: a, status: { seen: true } },
      { fieldManager: 'sluice-status', force: false },
    );
    expect(seen).toMatchObject({ spec: { color: 'red' }, status: { seen: true } });
    expect(last()?.path).toBe('/apis/example.com/v1/namespaces/default/widgets/a/status');
    expect(query()).toEqual({ fieldManager: 'sluice-status', force: 'false' });
    await expect(
      client.applyStatus(
        widgets,
        { metadata: { ...a, name: 'gone' }, status: {} },
        { fieldManager: 'sluice-status', force: true },
      ),
    ).rejects.toSatisfy(isNotFound);
  });

  it('patches by merge and by steps', async () => {
    server.put(WIDGETS, widget('a'));
    await client.mergePatch(widgets, { ...a, body: { spec: { color: 'blue' } } }, { fieldManager: 'sluice' });
    expect(last()).toMatchObject({ contentType: 'application/merge-patch+json', body: { spec: { color: 'blue' } } });
    const operations = [
      { op: 'test', path: '/spec/color', value: 'blue' },
      { op: 'remove', path: '/spec' },
    ] as const;
    await client.jsonPatch(widgets, { ...a, operations }, { subresource: 'status', dryRun: true });
    expect(last()).toMatchObject({
      contentType: 'application/json-patch+json',
      body: operations,
      path: '/apis/example.com/v1/namespaces/default/widgets/a/status',
    });
    expect(query()).toEqual({ dryRun: 'All' });
  });

  it('refuses to address a namespaced object without its namespace', () => {
    expect(() => client.get(widgets, { name: 'a' })).toThrow(
      'Widget "a" is addressed without a namespace; widgets are namespaced',
    );
  });
});
