/** Folders, proven by use: the principal reads and lists its folder through the access point and nothing beside it, and nothing at all after the end. */
import {
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ListAccessPointsCommand, PutAccessPointPolicyCommand } from '@aws-sdk/client-s3-control';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePolicy } from '../../src/policy/document.ts';
import { awsClients } from '../support/aws.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { watcher } from '../support/workflow.ts';
import { ask, callsIn, itemsOf, namesOf, quiet, ready, receivedOf, share, verify, writesOf } from './aws-cases.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

const objects = [
  'raw/a.csv',
  'raw/deep/b.csv',
  'raw2/c.csv',
  'raw-secret/d.csv',
  'raw',
  'curated/e.csv',
  'odd*$?/f.csv',
  'oddX/f.csv',
];

/** A world whose bucket has folders that begin alike, and a Dataset that lists some. */
async function folderWorld(
  options: { readonly encrypted?: boolean } = {},
): Promise<World & { readonly datasetSpec: Readonly<Record<string, unknown>> }> {
  const world = await sluice.world(options.encrypted === true ? { buckets: [], encrypted: ['orders'] } : {});
  const bucket = world.buckets['orders'] ?? '';
  for (const key of objects) sluice.aws.seed.object(bucket, key, `content of ${key}`);
  const folders = [
    { name: 'raw', bucket, prefix: 'raw' },
    { name: 'curated', bucket, prefix: 'curated' },
    { name: 'odd', bucket, prefix: 'odd*$?' },
  ];
  return { ...world, datasetSpec: { folders, sharing: { permissions: ['Read', 'Write', 'Modify'] } } };
}

/** What a role can do through a place: an access point's ARN or alias, or the bucket. */
interface Uses {
  reads(role: string, key: string): Promise<boolean>;
  lists(role: string, prefix: string | undefined): Promise<boolean>;
  writes(role: string, key: string): Promise<boolean>;
}

function through(world: World, place: string): Uses {
  const as = (role: string): S3Client => awsClients(sluice.aws, sluice.aws.seed.session(world.roles[role] ?? { arn: role })).s3;
  const allowed = (attempt: Promise<unknown>): Promise<boolean> =>
    attempt.then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.name === 'AccessDenied') return false;
        throw error;
      },
    );
  return {
    reads: (role, key) => allowed(as(role).send(new GetObjectCommand({ Bucket: place, Key: key }))),
    lists: (role, prefix) =>
      allowed(as(role).send(new ListObjectsV2Command({ Bucket: place, ...(prefix === undefined ? {} : { Prefix: prefix }) }))),
    writes: (role, key) => allowed(as(role).send(new PutObjectCommand({ Bucket: place, Key: key, Body: 'new' }))),
  };
}

async function connectionOf(
  world: World,
  request: string,
): Promise<{ readonly arn: string; readonly alias: string; readonly s3Uri: string }> {
  return until('the connection is in the status', async () => {
    const [item] = await itemsOf(sluice, world, request);
    const connection = item?.status?.connection;
    if (connection?.accessPointArn === undefined || connection.accessPointAlias === undefined)
      throw new Error(JSON.stringify(item?.status ?? 'no status'));
    return { arn: connection.accessPointArn, alias: connection.accessPointAlias, s3Uri: connection.s3Uri ?? '' };
  });
}

async function pointsOf(world: World): Promise<readonly string[]> {
  const { AccessPointList } = await world.producer.admin.s3control.send(
    new ListAccessPointsCommand({ AccountId: world.producer.account }),
  );
  return (AccessPointList ?? []).map(({ Name }) => Name ?? '');
}

async function readable(uses: Uses, role: string): Promise<readonly string[]> {
  const answers = await Promise.all(objects.map(async (key) => ((await uses.reads(role, key)) ? [key] : [])));
  return answers.flat();
}

describe('a folder share', () => {
  it.each([{ encrypted: false }, { encrypted: true }])(
    'is read and listed through its access point, and nothing beside it is, through the point or the bucket (encrypted: $encrypted)',
    async (options) => {
      const world = await folderWorld(options);
      await share(sluice, world, 'weekly', { items: ['folder:raw'], dataset: world.datasetSpec });
      const { arn, alias, s3Uri } = await connectionOf(world, 'weekly');
      expect(s3Uri).toBe(`s3://${alias}/raw/`);
      for (const place of [arn, alias]) {
        const uses = through(world, place);
        expect(await readable(uses, 'analysts')).toEqual(['raw/a.csv', 'raw/deep/b.csv']);
        expect(await readable(uses, 'interns')).toEqual([]);
        for (const prefix of ['raw/', 'raw/deep/']) expect(await uses.lists('analysts', prefix), prefix).toBe(true);
        for (const prefix of ['raw', 'raw2/', 'raw-secret/', '', undefined, 'curated/'])
          expect(await uses.lists('analysts', prefix), String(prefix)).toBe(false);
        expect(await uses.writes('analysts', 'raw/new.csv')).toBe(false);
      }
      const bucket = through(world, world.buckets['orders'] ?? '');
      expect(await readable(bucket, 'analysts')).toEqual([]);
      expect(await bucket.lists('analysts', 'raw/')).toBe(false);

      await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
      await watcher(sluice, world).clean();
      expect(await pointsOf(world)).toEqual([]);
    },
  );

  it('takes the characters *, ? and $ of a prefix as themselves', async () => {
    const world = await folderWorld();
    await share(sluice, world, 'odd', { items: ['folder:odd'], dataset: world.datasetSpec });
    const { arn } = await connectionOf(world, 'odd');
    const uses = through(world, arn);
    expect(await readable(uses, 'analysts')).toEqual(['odd*$?/f.csv']);
    expect(await uses.lists('analysts', 'odd*$?/')).toBe(true);
    expect(await uses.lists('analysts', 'oddX/')).toBe(false);
  });

  it('writes where Write is given, in its folder only', async () => {
    const world = await folderWorld();
    const permissions = ['Read', 'Write'];
    await share(sluice, world, 'loader', {
      items: ['folder:raw'],
      permissions,
      dataset: world.datasetSpec,
    });
    const uses = through(world, (await connectionOf(world, 'loader')).arn);
    expect(await uses.writes('analysts', 'raw/new.csv')).toBe(true);
    expect(await uses.writes('analysts', 'raw-secret/new.csv')).toBe(false);
    expect(await uses.writes('analysts', 'raw')).toBe(false);
  });
});

describe('two folders of one principal', () => {
  it('share one access point; the point stays with the second when the first goes, and goes with the last', async () => {
    const world = await folderWorld();
    await share(sluice, world, 'weekly', {
      items: ['folder:raw', 'folder:curated'],
      dataset: world.datasetSpec,
    });
    const { arn } = await connectionOf(world, 'weekly');
    expect(await pointsOf(world)).toHaveLength(1);
    const uses = through(world, arn);
    expect(await readable(uses, 'analysts')).toEqual(['raw/a.csv', 'raw/deep/b.csv', 'curated/e.csv']);

    await apply([world.request('weekly', { items: ['folder:curated'] })]);
    await until('raw is taken back', async () => (await itemsOf(sluice, world, 'weekly')).length === 1);
    expect(await readable(uses, 'analysts')).toEqual(['curated/e.csv']);
    expect(await uses.lists('analysts', 'raw/')).toBe(false);
    const policy = parsePolicy(JSON.stringify(await world.bucketPolicy('orders')));
    expect(JSON.stringify(policy)).not.toContain('/raw/');

    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
    await watcher(sluice, world).clean();
    expect(await pointsOf(world)).toEqual([]);
  });
});

describe('a folder that changes while the operator is down', () => {
  it('to another prefix stays as consented, and the new place opens with a new consent, which closes the old', async () => {
    const world = await folderWorld();
    const dataset = (prefix: string): object =>
      world.dataset('orders', {
        ...world.datasetSpec,
        folders: [{ name: 'raw', bucket: world.buckets['orders'], prefix }],
      });
    await share(sluice, world, 'weekly', { items: ['folder:raw'], dataset: world.datasetSpec });
    const uses = through(world, (await connectionOf(world, 'weekly')).arn);
    await sluice.operator.kill();
    await apply([dataset('curated')]);
    await sluice.operator.start();
    await until('the owner sees the new place', async () =>
      ((await receivedOf(sluice, world, 'weekly')).spec.items[0]?.location ?? '').includes('/curated/'),
    );
    expect(await readable(uses, 'analysts')).toEqual(['raw/a.csv', 'raw/deep/b.csv']);

    await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
    await watcher(sluice, world).clean();
    await apply([world.approval('again', { request: 'weekly', items: ['folder:raw'] })]);
    await ready(sluice, world, 'weekly');
    const moved = through(world, (await connectionOf(world, 'weekly')).arn);
    expect(await readable(moved, 'analysts')).toEqual(['curated/e.csv']);
  });

  it('to none at all is taken back, and the other folder of the same access point stays', async () => {
    const world = await folderWorld();
    await share(sluice, world, 'weekly', { items: ['folder:raw', 'folder:curated'], dataset: world.datasetSpec });
    const uses = through(world, (await connectionOf(world, 'weekly')).arn);
    await sluice.operator.kill();
    const curated = { name: 'curated', bucket: world.buckets['orders'], prefix: 'curated' };
    await apply([world.dataset('orders', { ...world.datasetSpec, folders: [curated] })]);
    await sluice.operator.start();
    await until('raw is taken back', async () => !(await uses.reads('analysts', 'raw/a.csv')));
    expect(await readable(uses, 'analysts')).toEqual(['curated/e.csv']);
    await until('its item is gone', async () => (await itemsOf(sluice, world, 'weekly')).length === 1);
  });
});

describe('what it costs', () => {
  it('to grant, verify and take back a folder stays within the bounds of docs/benchmarks.md', { retry: 2 }, async () => {
    const world = await folderWorld();
    await share(sluice, world, 'first', {
      items: ['folder:curated'],
      role: 'interns',
      dataset: world.datasetSpec,
    });
    let from = await quiet(sluice);
    await share(sluice, world, 'weekly', { items: ['folder:raw'], dataset: world.datasetSpec });
    await quiet(sluice);
    const granted = callsIn(sluice, world, from);
    // The point itself, which the next folder finds in place, costs two of them.
    expect(namesOf(granted).length, namesOf(granted).join(' ')).toBeLessThanOrEqual(13);

    from = await quiet(sluice);
    await verify(sluice, world, 'weekly');
    await quiet(sluice);
    const verified = callsIn(sluice, world, from);
    expect(writesOf(verified)).toEqual([]);
    expect(namesOf(verified).length, namesOf(verified).join(' ')).toBeLessThanOrEqual(6);

    from = await quiet(sluice);
    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
    await quiet(sluice);
    const revoked = callsIn(sluice, world, from);
    expect(namesOf(revoked).length, namesOf(revoked).join(' ')).toBeLessThanOrEqual(15);
  });
});

describe('drift of a folder share', () => {
  it('is repaired: a policy of the point that was opened, and a delegation that was deleted', async () => {
    const world = await folderWorld();
    await share(sluice, world, 'weekly', { items: ['folder:raw'], dataset: world.datasetSpec });
    const { arn } = await connectionOf(world, 'weekly');
    const uses = through(world, arn);
    const [name = ''] = await pointsOf(world);
    const { AccountId, open } = openPolicy(world, arn);
    await world.producer.admin.s3control.send(new PutAccessPointPolicyCommand({ AccountId, Name: name, Policy: open }));
    expect(await uses.reads('analysts', 'raw-secret/d.csv')).toBe(false);
    await world.producer.admin.s3.send(new DeleteBucketPolicyCommand({ Bucket: world.buckets['orders'] }));
    expect(await uses.reads('analysts', 'raw/a.csv')).toBe(false);
    await until(
      'it is repaired',
      async () => {
        await verify(sluice, world, 'weekly');
        return uses.reads('analysts', 'raw/a.csv');
      },
      90,
    );
    await until(
      'the point has its policy again',
      async () => {
        const item = (await itemsOf(sluice, world, 'weekly'))[0];
        return item?.status?.healthStatus === 'Healthy';
      },
      60,
    );
    await ready(sluice, world, 'weekly');
  });
});

function openPolicy(world: World, arn: string): { readonly AccountId: string; readonly open: string } {
  const statement = {
    Sid: 'OpenedByHand',
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${world.consumer.account}:root` },
    Action: 's3:GetObject',
    Resource: `${arn}/object/*`,
  };
  return { AccountId: world.producer.account, open: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) };
}

describe('bad folders', () => {
  it.each([
    [{ name: 'raw', bucket: 'orders', prefix: '/raw' }, /prefix of the folder/],
    [{ name: 'raw', bucket: 'orders', prefix: 'raw/' }, /prefix of the folder/],
    [{ name: 'raw', bucket: 'orders', prefix: 'raw//x' }, /prefix of the folder/],
    [{ name: 'raw', bucket: 'orders', prefix: '' }, /prefix/],
    [{ name: 'raw', bucket: 'another-bucket', prefix: 'raw' }, /spec.buckets does not list/],
    [{ name: 'Raw', bucket: 'orders', prefix: 'raw' }, /lower case letters/],
  ])('%j is refused with a message', async (folder, message) => {
    const world = await sluice.world();
    const bucket = folder.bucket === 'orders' ? world.buckets['orders'] : folder.bucket;
    await expect(apply([world.dataset('orders', { folders: [{ ...folder, bucket }] })])).rejects.toThrow(message);
  });

  it('an item that names a folder which the Dataset does not list is invalid, and nothing is written', async () => {
    const world = await folderWorld();
    await ask(world, 'weekly', { items: ['folder:unknown'], dataset: world.datasetSpec });
    await watcher(sluice, world).request('weekly', { conditions: { Ready: 'ItemNotFound' }, message: 'lists no Folder unknown' });
    expect(await pointsOf(world)).toEqual([]);
  });
});
