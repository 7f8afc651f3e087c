import { GetAccessPointCommand } from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, it } from 'vitest';
import { accessPoint } from '../../../src/targets/access-point.ts';
import { accessPointAlias, type ObservedAccessPoint } from '../../../src/targets/access-point-plan.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import {
  aliasOf,
  bucket,
  coordinates,
  foreignStatement,
  list,
  openWorld,
  place,
  pointArn,
  pointName,
  pointStatements,
  policyStatements,
  putStatements,
  read,
  runPoint,
  wantFolder,
} from './access-points.ts';
import { callsOf, createWorld, producer, states, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await openWorld(world, 'analyst');
  for (const key of ['raw/1', 'raw2/1', 'raw-secret/1', 'clean/1', 'raw']) world.aws.seed.object(bucket, key, key);
});

describe('the first folder of a principal', () => {
  it('makes a point and its policy, and reads back, in four calls and a look-up', async () => {
    world.aws.calls.reset();
    const report = await runPoint(world, [wantFolder(analyst, 'raw')]);
    expect(states(report)).toEqual(['Applied']);
    expect(callsOf(world)).toEqual([
      's3control:GetAccessPoint',
      'iam:GetRole',
      's3control:CreateAccessPoint',
      's3control:PutAccessPointPolicy',
      's3control:GetAccessPointPolicy',
    ]);
    expect(report.writes.map(({ action }) => action)).toEqual(['s3:CreateAccessPoint', 's3:PutAccessPointPolicy']);
    expect(await pointStatements(world)).toEqual([
      {
        Sid: 'Sluiceabcd1234Read',
        Effect: 'Allow',
        Principal: { AWS: [analyst.arn] },
        Action: ['s3:GetObject'],
        Resource: [`${pointArn}/object/raw/*`],
      },
      {
        Sid: 'Sluiceabcd1234ReadList',
        Effect: 'Allow',
        Principal: { AWS: [analyst.arn] },
        Action: ['s3:ListBucket'],
        Resource: [pointArn],
        Condition: { StringLike: { 's3:prefix': ['raw/', 'raw/*'] } },
      },
    ]);
  });

  it('makes a point of this bucket that blocks all public access', async () => {
    await runPoint(world, [wantFolder(analyst, 'raw')]);
    expect(await world.producer.s3control.send(new GetAccessPointCommand(place))).toMatchObject({
      Bucket: bucket,
      BucketAccountId: producer,
      NetworkOrigin: 'Internet',
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  it('can be read and listed by the principal, by ARN and by alias, and nothing beside it can', async () => {
    expect(await read(world, analyst, 'raw/1')).toBe('NoSuchAccessPoint');
    await runPoint(world, [wantFolder(analyst, 'raw')]);
    expect(await read(world, analyst, 'raw/1')).toBe('raw/1');
    expect(await read(world, analyst, 'raw/1', await aliasOf(world))).toBe('raw/1');
    expect(await list(world, analyst, 'raw/')).toEqual(['raw/1']);
    for (const key of ['raw2/1', 'raw-secret/1', 'clean/1', 'raw']) expect(await read(world, analyst, key)).toBe('AccessDenied');
    for (const prefix of ['raw', 'raw2/', 'raw-secret/', 'raw-', 'clean/', '', 'r'])
      expect(await list(world, analyst, prefix)).toBe('AccessDenied');
  });

  it('is for the principal alone', async () => {
    await runPoint(world, [wantFolder(analyst, 'raw')]);
    const other = world.aws.seed.role('444455556666', 'other', {
      policies: { all: { Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] } },
    });
    expect(await read(world, { arn: other.arn, uniqueId: other.id }, 'raw/1')).toBe('AccessDenied');
  });

  it('shows its alias as soon as it is made, and whenever it is read', async () => {
    const aliasIn = (report: { readonly observed: unknown }) => accessPointAlias(report.observed as ObservedAccessPoint);
    const made = await runPoint(world, [wantFolder(analyst, 'raw')]);
    expect(aliasIn(made)).toBe(await aliasOf(world));
    world.restart();
    expect(aliasIn(await runPoint(world, [wantFolder(analyst, 'raw')]))).toBe(await aliasOf(world));
    expect(accessPointAlias({ kind: 'absent' })).toBeUndefined();
  });

  it.each(['a*b', 'a?b', 'a$b'])('called %s is that folder and no other', async (folder) => {
    const others = ['a*b', 'a?b', 'a$b', 'axb', 'a${*}b'];
    for (const name of others) world.aws.seed.object(bucket, `${name}/1`, name);
    await runPoint(world, [wantFolder(analyst, folder)]);
    expect(await read(world, analyst, `${folder}/1`)).toBe(folder);
    expect(await list(world, analyst, `${folder}/`)).toEqual([`${folder}/1`]);
    for (const name of others.filter((one) => one !== folder)) {
      expect(await read(world, analyst, `${name}/1`)).toBe('AccessDenied');
      expect(await list(world, analyst, `${name}/`)).toBe('AccessDenied');
    }
  });
});

describe('a point in place', () => {
  beforeEach(async () => void (await runPoint(world, [wantFolder(analyst, 'raw'), wantFolder(analyst, 'clean')])));

  it('costs two reads and no write to look at, after a restart too', async () => {
    world.clock.advance(120_000);
    for (const restart of [false, true]) {
      if (restart) world.restart();
      world.aws.calls.reset();
      const report = await runPoint(world, [wantFolder(analyst, 'raw'), wantFolder(analyst, 'clean')], { verify: true });
      expect(states(report)).toEqual(['Applied', 'Applied']);
      expect(callsOf(world)).toEqual(['s3control:GetAccessPoint', 's3control:GetAccessPointPolicy']);
    }
  });

  it('loses one folder by one write, and the other stays', async () => {
    world.aws.calls.reset();
    const report = await runPoint(world, [wantFolder(analyst, 'raw', { mode: 'drop' }), wantFolder(analyst, 'clean')]);
    expect(states(report)).toEqual(['Removed', 'Applied']);
    expect(callsOf(world)).toHaveLength(4);
    expect(writesOf(world)).toEqual(['s3control:PutAccessPointPolicy']);
    expect(await read(world, analyst, 'raw/1')).toBe('AccessDenied');
    expect(await list(world, analyst, 'raw/')).toBe('AccessDenied');
    expect(await read(world, analyst, 'clean/1')).toBe('clean/1');
  });

  it('goes with the last folder, by one write after a second read', async () => {
    world.aws.calls.reset();
    const drops = ['raw', 'clean'].map((folder) => wantFolder(analyst, folder, { mode: 'drop' }));
    expect(states(await runPoint(world, drops))).toEqual(['Removed', 'Removed']);
    expect(callsOf(world)).toEqual([
      's3control:GetAccessPoint',
      's3control:GetAccessPointPolicy',
      's3control:GetAccessPointPolicy',
      's3control:DeleteAccessPoint',
      's3control:GetAccessPoint',
    ]);
    expect(await pointStatements(world)).toBe('gone');
    world.aws.calls.reset();
    world.restart();
    expect(states(await runPoint(world, drops))).toEqual(['Removed', 'Removed']);
    expect(callsOf(world)).toEqual(['s3control:GetAccessPoint']);
  });

  it('stays without a policy while a share is undecided that has nothing in it, so that its alias does not change', async () => {
    const report = await runPoint(world, [
      wantFolder(analyst, 'raw', { mode: 'drop' }),
      wantFolder(analyst, 'clean', { mode: 'drop' }),
      wantFolder(analyst, 'new', { mode: 'hold' }),
    ]);
    expect(states(report)).toEqual(['Removed', 'Removed', 'Pending/Progressing']);
    expect(await pointStatements(world)).toBe('none');
    const dropped = await runPoint(world, [wantFolder(analyst, 'new', { mode: 'drop' })]);
    expect(states(dropped)).toEqual(['Removed']);
    expect(await pointStatements(world)).toBe('gone');
  });

  it('keeps what is on hold as it is', async () => {
    const before = await pointStatements(world);
    world.restart();
    world.aws.calls.reset();
    const held = ['raw', 'clean'].map((folder) => wantFolder(analyst, folder, { mode: 'hold' }));
    await runPoint(world, held);
    expect(writesOf(world)).toEqual([]);
    expect(await pointStatements(world)).toEqual(before);
  });
});

describe('statements that somebody else adds to the policy', () => {
  const drop = () => wantFolder(analyst, 'raw', { mode: 'drop' });
  beforeEach(async () => {
    await runPoint(world, [wantFolder(analyst, 'raw')]);
    const ours = await policyStatements(world);
    await putStatements(world, [...ours, foreignStatement]);
    world.clock.advance(120_000);
  });

  it('stay when ours change', async () => {
    expect(states(await runPoint(world, [wantFolder(analyst, 'raw'), wantFolder(analyst, 'clean')]))).toEqual([
      'Applied',
      'Applied',
    ]);
    expect(await pointStatements(world)).toContainEqual(foreignStatement);
  });

  it('keep the point when the last folder goes, and its owner is told', async () => {
    const report = await runPoint(world, [drop()]);
    expect(states(report)).toEqual(['Removed']);
    expect(await pointStatements(world)).toEqual([foreignStatement]);
    expect(report.unowned.map(({ message }) => message).join()).toContain('It stays');
    expect(await read(world, analyst, 'raw/1')).toBe('AccessDenied');
    world.restart();
    world.aws.calls.reset();
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
    expect(writesOf(world)).toEqual([]);
  });

  it('are missed when somebody takes them out while we write, and that is said', async () => {
    const ours = (await policyStatements(world)).filter(({ Sid }) => Sid !== 'Theirs');
    const off = world.aws.onCall(async ({ phase, operation }) => {
      if (phase !== 'after' || operation !== 'PutAccessPointPolicy') return;
      off();
      await putStatements(world, ours);
    });
    const report = await runPoint(world, [wantFolder(analyst, 'raw'), wantFolder(analyst, 'clean')]);
    expect(report.concurrentForeignChange).toBe(true);
    expect(states(report)).toEqual(['Applied', 'Applied']);
  });

  it('come in time when they are added between the two reads before the point is deleted', async () => {
    const ours = await policyStatements(world);
    await putStatements(
      world,
      ours.filter(({ Sid }) => Sid !== 'Theirs'),
    );
    world.clock.advance(120_000);
    let reads = 0;
    const off = world.aws.onCall(async ({ phase, operation }) => {
      if (phase !== 'after' || operation !== 'GetAccessPointPolicy' || ++reads !== 1) return;
      off();
      await putStatements(world, ours);
    });
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toEqual([foreignStatement]);
  });
});

describe('the key of an access point', () => {
  it('tells account, Region and name apart', () => {
    const { session } = coordinates;
    const keys = [
      coordinates,
      { ...coordinates, name: 'other-point' },
      { ...coordinates, session: { ...session, accountId: '999999999999' } },
      { ...coordinates, session: { ...session, region: 'eu-central-1' } },
    ].map((one) => accessPoint.key(one));
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toBe(`s3:access-point/${producer}/eu-west-1/${pointName}`);
  });
});
