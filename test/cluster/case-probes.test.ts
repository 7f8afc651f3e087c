/**
 * What somebody can find out about a Dataset that is closed to his namespace, tried as an unprivileged user through the real API server: everything that he can ask, once
 * about a Dataset that exists and once about one that does not. Answers must be the same byte for byte.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { watcher } from '../support/workflow.ts';

let sluice: Sluice;
let world: World;
let user: { as: string };

/** Two names of one length: the first exists, and all that a Dataset can say against a request speaks against these. */
const [closed, absent] = ['closed', 'absent'] as const;

beforeAll(async () => {
  sluice = await startSluice();
  world = await sluice.world({ buckets: ['orders', 'parts'] });
  const sharing = {
    requesters: { from: 'Names', names: ['somebody-else'] },
    approval: 'Automatic',
    limits: { requestsPerNamespace: 1 },
    expiration: { required: true, max: '24h' },
  };
  await apply([world.dataset(closed, { sharing }), world.role('analysts')]);
  await watcher(sluice, world).shows(types.dataset, closed, { conditions: { Ready: 'Succeeded' } });
  user = { as: `editor-of-${world.consumer.namespace}` };
  const binding = ['--clusterrole=admin', `--user=${user.as}`, '-n', world.consumer.namespace];
  await kubectl(['create', 'rolebinding', 'curious', ...binding]);
});
afterAll(async () => {
  await sluice.stop();
});

/** What the user reads, or is told. */
async function answer(args: readonly string[], input?: object): Promise<string> {
  const run =
    input === undefined ? kubectl(args, user) : kubectl([...args, '-f', '-'], { ...user, input: JSON.stringify(input) });
  return run.catch((error: unknown) => `refused: ${error instanceof Error ? error.message : String(error)}`);
}

/** Without what differs between any two objects: names that the user gave, uids, versions, times, and hashes of names. */
function comparable(text: string, name: string): string {
  return text
    .replaceAll(name, '<name>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/"resourceVersion": "\d+"/g, '"resourceVersion": "<version>"')
    .replaceAll(/<name>[.-][0-9a-f]{8,}/g, '<name>.<hash>');
}

const there = (): string[] => ['-n', world.producer.namespace];
const here = (): string[] => ['-n', world.consumer.namespace];
const requestTo = (name: string, spec: object = {}) =>
  world.request(`to-${name}`, { dataset: name, items: ['orders', 'unlisted'], ...spec }) as { spec: object };

async function settled(name: string): Promise<void> {
  await watcher(sluice, world).request(`to-${name}`, { conditions: { Ready: 'DatasetNotAvailable' } });
}

type Probe = readonly [what: string, ask: (name: string) => Promise<string>];

const reading: readonly Probe[] = [
  ['reads it', (name) => answer(['get', 'dataset', name, ...there(), '-o', 'json'])],
  ['lists all there', (name) => answer(['get', 'datasets', ...there(), '--field-selector', `metadata.name=${name}`])],
  ['lists all everywhere', () => answer(['get', 'datasets,receivedshares,shareapprovals,shareitems', '-A'])],
  ['watches it', (name) => answer(['get', 'dataset', name, ...there(), '--watch-only', '--request-timeout=2s'])],
  ['asks whether he may', (name) => answer(['auth', 'can-i', 'get', `datasets.sluice.dev/${name}`, ...there()])],
  ['asks whether he may decide', (name) => answer(['auth', 'can-i', 'approve', `datasets.sluice.dev/${name}`, ...there()])],
  ['describes it', (name) => answer(['describe', 'dataset', name, ...there()])],
  ['deletes it', (name) => answer(['delete', 'dataset', name, ...there()])],
  ['changes it', (name) => answer(['annotate', 'dataset', name, 'sluice.dev/verify-requested-at=now', ...there()])],
  ['reads Environments', () => answer(['get', 'environments', '-o', 'json'])],
  ['reads Events there', () => answer(['get', 'events', ...there()])],
];

const asking: readonly Probe[] = [
  ['tries a request', (name) => answer(['create', '--dry-run=server', '-o', 'json'], requestTo(`${name}`))],
  ['sends a request', (name) => answer(['create', '-o', 'name'], requestTo(name))],
  [
    'reads what became of the request, its items and its Events',
    async (name) => {
      await settled(name);
      const found = await answer(['get', 'sharerequest', `to-${name}`, ...here(), '-o', 'json', '--show-managed-fields']);
      const items = await answer(['get', 'shareitems', ...here(), '-o', 'json']);
      const events = await answer(['get', 'events.events.k8s.io', ...here(), '-o', 'jsonpath={.items[*].note}']);
      return [found, items, events].join('\n');
    },
  ],
  [
    'asks for an end, for fewer items, for more permissions, by a draft and back',
    async (name) => {
      const tries = [
        { expiresAfter: '1h' },
        { expiresAfter: '9999h' },
        { items: ['orders'] },
        { permissions: ['Read', 'Write'] },
        { state: 'Draft' },
        { state: 'Submitted' },
      ];
      const found: string[] = [];
      for (const spec of tries) {
        const request = world.request(`to-${name}`, { dataset: name, items: ['orders'], ...spec });
        found.push(await answer(['apply', '--server-side', '--force-conflicts'], request));
        const generation = `jsonpath={.metadata.generation}`;
        const wanted = await kubectl(['get', 'sharerequest', `to-${name}`, ...here(), '-o', generation]);
        await until('it was looked at', async () => {
          const seen = ['get', 'sharerequest', `to-${name}`, ...here(), '-o', 'jsonpath={.status.observedGeneration}'];
          return (await kubectl(seen)) === wanted;
        });
        found.push(await answer(['get', 'sharerequest', `to-${name}`, ...here(), '-o', 'jsonpath={.status}']));
      }
      return found.join('\n');
    },
  ],
  [
    'sends a second request, over the limit',
    async (name) => {
      const second = world.request(`more-${name}`, { dataset: name, items: ['parts'] });
      await answer(['create'], second);
      await watcher(sluice, world).request(`more-${name}`, { conditions: { Ready: 'DatasetNotAvailable' } });
      return answer(['get', 'sharerequest', `more-${name}`, ...here(), '-o', 'jsonpath={.status}']);
    },
  ],
  [
    'asks for a verification and for a repair',
    async (name) => {
      const annotate = ['annotate', '--overwrite', 'sharerequest', `to-${name}`, ...here()];
      const verify = await answer([...annotate, 'sluice.dev/verify-requested-at=2026-01-01T00:00:00Z']);
      return `${verify}\n${await answer([...annotate, 'sluice.dev/reapply-requested-at=2026-01-01T00:00:00Z'])}`;
    },
  ],
  [
    'writes an approval, there and in his own namespace',
    async (name) => {
      const approval = world.approval(`by-${name}`, { dataset: name, request: `to-${name}`, items: ['orders'] }) as {
        metadata: object;
      };
      const own = { ...approval, metadata: { ...approval.metadata, namespace: world.consumer.namespace } };
      return `${await answer(['create', '-o', 'name'], approval)}\n${await answer(['create', '--dry-run=server', '-o', 'name'], own)}`;
    },
  ],
  [
    'makes the deletion wait, and deletes the request',
    async (name) => {
      const block = world.request(`to-${name}`, { dataset: name, items: ['orders'], deletionPolicy: 'Block' });
      const changed = await answer(['apply', '--server-side', '--force-conflicts'], block);
      return `${changed}\n${await answer(['delete', 'sharerequest', `to-${name}`, ...here(), '--timeout=30s'])}`;
    },
  ],
];

describe('somebody to whose namespace a Dataset is closed learns nothing when he', () => {
  it.each([...reading, ...asking])('%s', async (_what, ask) => {
    const [one, other] = [await ask(closed), await ask(absent)];
    expect(one).not.toBe('');
    expect(comparable(one, closed)).toBe(comparable(other, absent));
  });

  it('has made all these attempts, and the Dataset is as it was, nothing was written in AWS, and its owner was told nothing', async () => {
    await watcher(sluice, world).shows(types.dataset, closed, { conditions: { Ready: 'Succeeded' } });
    expect((await sluice.client.list(types.received, { namespace: world.producer.namespace })).items).toEqual([]);
    expect(watcher(sluice, world).writes()).toEqual([]);
  });
});
