/** `kubectl-share` as a process with a kubeconfig: what the shell sees, and what goes over the wire to an API server of this process. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shareApprovalName } from '../../../src/shares/names.ts';
import { startFakeApiServer, statusFault, type FakeApiServer } from '../../support/fake-apiserver.ts';
import { receivedShare, requestRef, sharedItem, sharedRequest } from './objects.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
const kubeconfig = join(folder, 'kubeconfig');
const collection = (plural: string): string => `/apis/sluice.dev/v1alpha1/${plural}`;
let server: FakeApiServer;

beforeAll(async () => {
  server = await startFakeApiServer();
  const context = (namespace: string): object => ({ name: namespace, context: { cluster: 'one', user: 'me', namespace } });
  const config = {
    clusters: [{ name: 'one', cluster: { server: server.url } }],
    users: [{ name: 'me', user: {} }],
    contexts: [context('team-analytics'), context('team-sales')],
    'current-context': 'team-analytics',
  };
  writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  server.put(collection('sharerequests'), sharedRequest() as never);
  server.put(collection('shareitems'), sharedItem() as never);
  server.put(collection('receivedshares'), receivedShare() as never);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program. `reads`: how many bytes of its output are read before the reader goes. */
function share(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly reads?: number } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig, ...options.env };
    const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const seen = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen.out += text;
      if (options.reads !== undefined && seen.out.length >= options.reads) child.stdout.destroy();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (seen.err += text));
    child.once('error', reject).once('close', (code) => resolve({ code: code ?? -1, ...seen }));
  });
}

describe('the process', () => {
  test('talks to the cluster of KUBECONFIG in the namespace of its context, as the user that --as says', async () => {
    const before = server.requests.length;
    const { code, out, err } = await share(['status', '--as', 'rick']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('team-analytics/orders-for-analysts  Processed  1/1 shared\n');
    const requests = server.requests.slice(before);
    expect(requests.map(({ path }) => path).toSorted()).toEqual([
      '/apis/sluice.dev/v1alpha1/namespaces/team-analytics/shareitems',
      '/apis/sluice.dev/v1alpha1/namespaces/team-analytics/sharerequests',
    ]);
    for (const { headers } of requests)
      expect(headers).toMatchObject({ 'impersonate-user': 'rick', 'user-agent': 'kubectl-share' });
  });

  test('applies an approval on the server’s side, as kubectl-share, and takes nothing by force', async () => {
    const { code, out } = await share(['approve', 'team-analytics/orders-for-analysts', '--context', 'team-sales', '--yes']);
    const name = shareApprovalName('Approved', requestRef);
    expect({ code, out }).toEqual({ code: 0, out: `shareapproval/${name} created\n` });
    const request = server.requests.at(-1);
    expect(request).toMatchObject({ method: 'PATCH', contentType: 'application/apply-patch+yaml' });
    expect(request?.path).toBe(`/apis/sluice.dev/v1alpha1/namespaces/team-sales/shareapprovals/${name}`);
    expect(Object.fromEntries(request?.query ?? [])).toEqual({ fieldManager: 'kubectl-share', force: 'false' });
  });

  test('tells errors of the cluster on standard error, and by its exit code', async () => {
    server.fail({ match: ({ path }) => path.endsWith('/sharerequests'), act: statusFault(403, 'Forbidden') });
    expect(await share(['outbox'])).toMatchObject({ code: 5, out: '', err: expect.stringMatching(/^Error: /) as string });
    expect(await share(['why', 'nothing'])).toMatchObject({ code: 4 });
    expect(await share(['outbox', '--context', 'nowhere'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('its contexts are: team-analytics, team-sales') as string,
    });
    const none = join(folder, 'none');
    expect(await share(['outbox', '--kubeconfig', none])).toMatchObject({
      code: 1,
      err: expect.stringContaining(none) as string,
    });
    expect(await share(['nonsense'])).toMatchObject({ code: 2 });
  });

  test('needs no kubeconfig for what is in files', async () => {
    const { code, err } = await share(['plan', '-f', join(root, 'examples'), '--offline'], {
      env: { KUBECONFIG: join(folder, 'none') },
    });
    expect(code).toBe(0);
    expect(err).not.toContain('Error');
  });

  test('a reader that has seen enough is no failure', async () => {
    const { code, err } = await share(['plan', '-f', join(root, 'examples'), '--offline', '-o', 'json'], { reads: 1 });
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});
