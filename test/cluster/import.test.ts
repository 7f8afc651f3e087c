/**
 * The move from data.all, on real parts: its grants are in AWS, its export is imported, the manifests pass the API server's schemas and policies, the shares become Ready beside its
 * grants without a byte of them changed, and when it revokes nobody loses access at any AWS call.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../sandbox/cluster/run.ts';
import type { ShareItem } from '../../src/api/index.ts';
import { arrayElements, objectMembers } from '../../src/policy/json-spans.ts';
import { kubectl } from '../support/cluster.ts';
import { grantAsDataAll, type DataAllGrants, type DataAllPlace } from '../support/data-all.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { aBucketItem, aDataset, aFolderItem, aShare, pageOf } from '../unit/import/answers.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sluice-import-'));
let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
  rmSync(folder, { recursive: true });
});

const requests = ['orders-for-analysts'];

/** The export of this world, and the mapping to its namespaces and Environments, as files. */
function writeExport({ producer, consumer, buckets, keys }: World, { role, datasetUri, principalId }: DataAllPlace): string[] {
  const bucket = buckets['orders'] ?? '';
  const share = aShare(
    {
      principal: { ...aShare().principal, principalName: `analysts [${role.arn}]`, principalId },
      dataset: {
        ...aShare().dataset,
        datasetUri,
        AwsAccountId: producer.account,
      },
    },
    aBucketItem('Share_Succeeded', bucket),
    aFolderItem(),
  );
  const waiting = aShare({
    ...share,
    shareUri: 'b5c6d7e8',
    principal: {
      ...share.principal,
      principalName: `interns [${role.arn.replace('analysts', 'interns')}]`,
      principalRoleName: 'interns',
    },
  });
  const asked = { ...waiting, items: pageOf(aBucketItem('PendingApproval', bucket)) };
  const dataset = aDataset({ restricted: { S3BucketName: bucket, KmsAlias: bucket, importedKmsKey: true } });
  const place = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const map = {
    namespaces: { Sales: producer.namespace, Analytics: consumer.namespace },
    environments: {
      [`${producer.account}/eu-west-1`]: producer.environment,
      [`${consumer.account}/eu-west-1`]: consumer.environment,
    },
    keys: { [bucket]: keys['orders'] },
  };
  return [
    ...['--from', place('shares.json', { data: { getShareRequestsToMe: pageOf(share, asked) } })],
    ...['--datasets', place('datasets.json', { data: { getDataset: dataset } })],
    ...['--map', place('map.yaml', map)],
    ...['--to', join(folder, 'out')],
  ];
}

/** Whether the role reads the object of the bucket, and that of the folder through an access point. */
function readsOf({ bucket, role }: DataAllPlace): { bucket(): boolean; through(point: string): boolean } {
  const may = (Bucket: string, Key: string): boolean =>
    sluice.aws.direct.allows(role.arn, { service: 's3', operation: 'GetObject', input: { Bucket, Key } });
  return { bucket: () => may(bucket, 'data/hello.txt'), through: (point) => may(point, 'raw/2026/orders.csv') };
}

async function newPoint(namespace: string): Promise<string> {
  const { items } = JSON.parse(await kubectl(['get', 'shareitems', '-n', namespace, '-o', 'json'])) as { items: ShareItem[] };
  return items.flatMap(({ status }) => status?.connection?.accessPointArn ?? [])[0] ?? '';
}

/** The texts of the statements, as the document has them. */
function statementsIn(text = '{}'): string[] {
  const list = objectMembers(text).find(({ name }) => name === 'Statement');
  return list === undefined ? [] : arrayElements(text, list.value.start).map(({ start, end }) => text.slice(start, end));
}

/** Every statement of before is still in the text, byte for byte. */
function expectKept(before: ReturnType<DataAllGrants['documents']>, after: ReturnType<DataAllGrants['documents']>): void {
  expect(Object.values(before).map((text) => statementsIn(text).length)).toEqual([3, 3, 2, 4]);
  for (const [name, text] of Object.entries(before))
    for (const statement of statementsIn(text)) expect(after[name], `${name} policy`).toContain(statement);
  expect([after['point'], after['share']]).toEqual([before['point'], before['share']]);
}

describe('the move from data.all', () => {
  it('keeps its grants byte for byte until it revokes, and everybody’s access at every AWS call', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['orders'] });
    const { producer, consumer, buckets, keys, roles } = world;
    const analysts = roles['analysts'];
    if (analysts === undefined) throw new Error('the world has a role analysts');
    const place: DataAllPlace = {
      producer: producer.account,
      consumer: consumer.account,
      bucket: buckets['orders'] ?? '',
      keyArn: keys['orders'] ?? '',
      role: { arn: analysts.arn, id: analysts.id, name: 'analysts' },
      datasetUri: '5lkw2p4x',
      principalId: 'q2w3e4r5',
      prefix: 'raw/2026',
    };
    sluice.aws.seed.object(place.bucket, 'raw/2026/orders.csv', 'order');
    const grants = grantAsDataAll(sluice.aws, place);
    const before = grants.documents();
    const reads = readsOf(place);
    expect([reads.bucket(), reads.through(grants.accessPoint)]).toEqual([true, true]);

    await run(process.execPath, [join(root, 'src/cli/main.ts'), 'import', ...writeExport(world, place)], { env: process.env });
    const out = join(folder, 'out');
    const lost: string[] = [];
    const calls = { count: 0 };
    const unhook = sluice.aws.onCall(({ phase, operation }) => {
      calls.count += 1;
      if (!reads.bucket()) lost.push(`bucket ${phase} ${operation}`);
      if (!reads.through(grants.accessPoint)) lost.push(`folder ${phase} ${operation}`);
    });
    await kubectl(['apply', '--dry-run=server', '-R', '-f', out]);
    await kubectl(['apply', '-R', '-f', out]);
    for (const request of requests)
      await kubectl(['wait', '--for=condition=Ready', `sharerequest/${request}`, '-n', consumer.namespace, '--timeout=60s']);
    expectKept(before, grants.documents());
    await until('what nobody has consented to waits', async () =>
      (await kubectl(['get', 'sharerequest', 'orders-for-interns', '-n', consumer.namespace])).includes('Submitted'),
    );
    expect(await world.reads('interns', 'orders')).toBe(false);
    unhook();

    const point = await newPoint(consumer.namespace);
    expect(point).not.toBe(grants.accessPoint);
    expect(reads.through(point)).toBe(true);
    const unhookLater = sluice.aws.onCall(({ phase, operation }) => {
      if (!reads.bucket() || !reads.through(point)) lost.push(`after revoke: ${phase} ${operation}`);
    });
    grants.revoke();
    expect([reads.bucket(), reads.through(point)]).toEqual([true, true]);
    await kubectl([
      'annotate',
      `sharerequest/${requests[0] ?? ''}`,
      '-n',
      consumer.namespace,
      'sluice.dev/verify-requested-at=after-revoke',
    ]);
    await until('the share is verified once more and healthy', async () => {
      const text = await kubectl(['get', `sharerequest/${requests[0] ?? ''}`, '-n', consumer.namespace, '-o', 'json']);
      const { status } = JSON.parse(text) as {
        status: { lastHandledVerifyAt?: string; conditions: { type: string; status: string }[] };
      };
      const holds = (type: string): boolean => status.conditions.some((each) => each.type === type && each.status === 'True');
      return status.lastHandledVerifyAt === 'after-revoke' && holds('Ready') && holds('Healthy');
    });
    unhookLater();
    expect(lost).toEqual([]);
    expect(calls.count).toBeGreaterThan(20);
  });
});
