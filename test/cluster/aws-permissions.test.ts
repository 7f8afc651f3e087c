/**
 * Read, Write and Modify, proven by use: of buckets and of folders, encrypted or not, by a role of another account and of the same one. What each may do it can
 * do, what it may not it cannot, and after the end nothing of it.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeededRole } from '../../sandbox/aws/seed.ts';
import { awsClients } from '../support/aws.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, type Sluice, type World } from '../support/sluice.ts';
import { itemsOf, ready } from './aws-cases.ts';

const sets = { Read: ['Read'], Write: ['Read', 'Write'], Modify: ['Read', 'Write', 'Modify'] } as const;
type Level = keyof typeof sets;
const levels = Object.keys(sets) as readonly Level[];
const folder = 'in/box';

interface Case {
  readonly level: Level;
  readonly bucket: 'plain' | 'vault';
  readonly what: 'bucket' | 'folder';
  readonly account: 'another' | 'the same';
}

const cases = levels.flatMap((level) =>
  (['plain', 'vault'] as const).flatMap((bucket) =>
    (['bucket', 'folder'] as const).flatMap((what) =>
      (['another', 'the same'] as const).map((account): Case => ({ level, bucket, what, account })),
    ),
  ),
);
const nameOf = ({ level, bucket, what, account }: Case): string =>
  [level, bucket, what, account === 'another' ? 'far' : 'near'].join('-').toLowerCase();

let sluice: Sluice;
let world: World;
let near: ReadonlyMap<string, SeededRole>;

beforeAll(async () => {
  sluice = await startSluice();
  world = await sluice.world({ buckets: ['plain'], encrypted: ['vault'], roles: cases.map(nameOf) });
  near = new Map(
    cases
      .filter(({ account }) => account === 'the same')
      .map((each) => [nameOf(each), sluice.aws.seed.role(world.producer.account, nameOf(each))]),
  );
  // The requester may bring roles of the producer's account too.
  const open = {
    spec: {
      allowedNamespaces: { from: 'Names', names: [world.producer.namespace, world.consumer.namespace] },
      claims: [
        { namespaces: { from: 'Names', names: [world.producer.namespace] }, buckets: ['*'], kmsKeys: ['*'] },
        { namespaces: { from: 'Names', names: [world.consumer.namespace] }, roles: ['role/*'] },
      ],
    },
  };
  await kubectl(['patch', 'environment', world.producer.environment, '--type=merge', '-p', JSON.stringify(open)]);
  const folders = (['plain', 'vault'] as const).map((bucket) => ({
    name: bucket,
    bucket: world.buckets[bucket],
    prefix: folder,
  }));
  await apply([world.dataset('orders', { folders, sharing: { permissions: sets.Modify } }), ...cases.flatMap(objectsOf)]);
  for (const each of cases) await ready(sluice, world, nameOf(each), 120);
}, 240_000);

afterAll(async () => {
  await sluice.stop();
});

function objectsOf(each: Case): readonly object[] {
  const name = nameOf(each);
  const same = near.get(name);
  const role = same === undefined ? {} : { environmentRef: { name: world.producer.environment }, principalArn: same.arn };
  const items = [each.what === 'bucket' ? each.bucket : `folder:${each.bucket}`];
  const permissions = sets[each.level];
  return [
    world.role(name, role),
    world.request(name, { items, role: name, permissions }),
    world.approval(name, { request: name, items, permissions, role: same?.arn ?? name }),
  ];
}

/** Everything that somebody might try on one place, each attempt by itself. */
const attempts = {
  get: (s3: S3Client, at: Place) => s3.send(new GetObjectCommand({ Bucket: at.bucket, Key: `${at.prefix}kept` })),
  attributes: (s3: S3Client, at: Place) =>
    s3.send(new GetObjectAttributesCommand({ Bucket: at.bucket, Key: `${at.prefix}kept`, ObjectAttributes: ['ETag'] })),
  list: (s3: S3Client, at: Place) => s3.send(new ListObjectsV2Command({ Bucket: at.bucket, Prefix: at.prefix })),
  put: (s3: S3Client, at: Place) => s3.send(new PutObjectCommand({ Bucket: at.bucket, Key: `${at.prefix}new`, Body: 'new' })),
  overwrite: (s3: S3Client, at: Place) =>
    s3.send(new PutObjectCommand({ Bucket: at.bucket, Key: `${at.prefix}old`, Body: 'over' })),
  upload: async (s3: S3Client, at: Place) => {
    const key = { Bucket: at.bucket, Key: `${at.prefix}parts` };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(key));
    const { ETag } = await s3.send(new UploadPartCommand({ ...key, UploadId, PartNumber: 1, Body: 'part' }));
    await s3.send(new ListPartsCommand({ ...key, UploadId }));
    await s3.send(
      new CompleteMultipartUploadCommand({ ...key, UploadId, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } }),
    );
  },
  abort: async (s3: S3Client, at: Place) => {
    const key = { Bucket: at.bucket, Key: `${at.prefix}never` };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(key));
    await s3.send(new AbortMultipartUploadCommand({ ...key, UploadId }));
  },
  remove: (s3: S3Client, at: Place) => s3.send(new DeleteObjectCommand({ Bucket: at.bucket, Key: `${at.prefix}doomed` })),
} as const;
type Attempt = keyof typeof attempts;
const names = Object.keys(attempts) as readonly Attempt[];

interface Place {
  readonly bucket: string;
  readonly prefix: string;
}

const reading = ['get', 'attributes', 'list'] as const;
const allowed: Readonly<Record<Level, readonly Attempt[]>> = {
  Read: reading,
  Write: [...reading, 'put', 'overwrite', 'upload', 'abort'],
  Modify: names,
};

async function whatWorks(name: string, at: Place): Promise<readonly Attempt[]> {
  const identity = near.get(name) ?? world.roles[name];
  if (identity === undefined) throw new Error(`there is no role ${name}`);
  const { s3 } = awsClients(sluice.aws, sluice.aws.seed.session(identity));
  for (const key of ['kept', 'old', 'doomed']) sluice.aws.seed.object(realBucketOf(name), `${at.prefix}${key}`, key);
  const answers: Attempt[] = [];
  for (const attempt of names) {
    try {
      await attempts[attempt](s3, at);
      answers.push(attempt);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'AccessDenied')) throw error;
    }
  }
  return answers;
}

function realBucketOf(name: string): string {
  return world.buckets[name.includes('vault') ? 'vault' : 'plain'] ?? '';
}

async function placesOf(each: Case): Promise<{ readonly own: Place; readonly besides: readonly Place[] }> {
  const bucket = realBucketOf(nameOf(each));
  if (each.what === 'bucket') return { own: { bucket, prefix: 'any/' }, besides: [] };
  const connection = (await itemsOf(sluice, world, nameOf(each)))[0]?.status?.connection;
  const alias = connection?.accessPointAlias ?? '';
  return {
    own: { bucket: alias, prefix: `${folder}/` },
    besides: [
      { bucket: alias, prefix: `${folder}-beside/` },
      { bucket: alias, prefix: 'in/' },
      { bucket, prefix: `${folder}/` },
    ],
  };
}

describe('while it is shared', () => {
  it.each(cases)('$level on a $what ($bucket) by a role of $account account does what it says and no more', async (each) => {
    const { own, besides } = await placesOf(each);
    expect(await whatWorks(nameOf(each), own)).toEqual(allowed[each.level]);
    for (const place of besides) expect(await whatWorks(nameOf(each), place), JSON.stringify(place)).toEqual([]);
  });
});

describe('afterwards', () => {
  it('nobody can do any of it', async () => {
    const places = new Map(await Promise.all(cases.map(async (each) => [nameOf(each), await placesOf(each)] as const)));
    await kubectl(['delete', 'sharerequest', '--all', '-n', world.consumer.namespace, '--timeout=150s']);
    for (const each of cases) {
      const { own, besides } = places.get(nameOf(each)) ?? { own: { bucket: '', prefix: '' }, besides: [] };
      for (const place of [own, ...besides]) expect(await gone(nameOf(each), place), JSON.stringify([each, place])).toEqual([]);
    }
  }, 240_000);
});

/** An access point that does not exist any more answers so, whoever asks. */
async function gone(name: string, at: Place): Promise<readonly Attempt[]> {
  try {
    return await whatWorks(name, at);
  } catch (error) {
    if (error instanceof Error && ['NoSuchAccessPoint', 'NoSuchBucket'].includes(error.name)) return [];
    throw error;
  }
}
