/** What somebody else does to an access point of ours, and what becomes of it. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import {
  CreateAccessPointCommand,
  DeleteAccessPointCommand,
  DeleteAccessPointPolicyCommand,
  type CreateAccessPointRequest,
} from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import type { TargetReport } from '../../../src/targets/writer-types.ts';
import {
  bucket,
  foreignStatement,
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
import { consumer, createWorld, states, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;

const want = () => wantFolder(analyst, 'raw');
const watchOnly = () => wantFolder(analyst, 'raw', { repair: false });
const drop = () => wantFolder(analyst, 'raw', { mode: 'drop' });
const words = (report: TargetReport<unknown>): string =>
  (report.items.get('raw')?.findings ?? []).map(({ message }) => message).join(' | ');
const later = (): void => world.clock.advance(120_000);

beforeEach(async () => {
  world = createWorld();
  analyst = await openWorld(world, 'analyst');
  world.aws.seed.object(bucket, 'raw/1', 'raw/1');
});

describe('drift of an access point', () => {
  const edit = async (change: (statement: JsonObject) => JsonObject): Promise<void> =>
    putStatements(world, (await policyStatements(world)).map(change));
  const onObjects = (one: JsonObject): boolean => one.Sid === 'Sluiceabcd1234Read';
  let whole: unknown;

  beforeEach(async () => {
    await runPoint(world, [want()]);
    whole = await pointStatements(world);
    later();
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'a folder narrowed',
      () => edit((one) => (onObjects(one) ? { ...one, Resource: `${pointArn}/object/raw/1` } : one)),
      'missing Access Point Policy permissions: s3:GetObject for Access Point Target',
    ],
    [
      'a folder widened',
      () => edit((one) => (onObjects(one) ? { ...one, Resource: [`${pointArn}/object/raw/*`, `${pointArn}/object/*`] } : one)),
      'has not allowed Access Point Policy permissions: s3:GetObject for Access Point Target',
    ],
    [
      'listing without a prefix',
      () => edit(({ Condition: _condition, ...one }) => one),
      'missing Access Point Policy permissions: s3:ListBucket for Access Point Target',
    ],
    [
      'another action',
      () => edit((one) => (onObjects(one) ? { ...one, Action: ['s3:GetObject', 's3:PutObject'] } : one)),
      'has not allowed Access Point Policy permissions: s3:PutObject for Access Point Target',
    ],
    [
      'the policy deleted',
      () => world.producer.s3control.send(new DeleteAccessPointPolicyCommand(place)),
      `Access Point Policy Target Resource does not exist: ${pointName}`,
    ],
    [
      'the point deleted',
      () => world.producer.s3control.send(new DeleteAccessPointCommand(place)),
      `Access Point Target Resource does not exist: ${pointName}`,
    ],
  ])(
    'given %s, then it is reported where that is all that is asked, and mended where it is not',
    async (_what, happen, message) => {
      await happen();
      world.aws.calls.reset();
      const reported = await runPoint(world, [watchOnly()]);
      expect(writesOf(world)).toEqual([]);
      expect(words(reported)).toContain(message);
      const mended = await runPoint(world, [want()]);
      expect(states(mended)).toEqual(['Applied']);
      expect(mended.items.get('raw')?.findings).toEqual([]);
      expect(await pointStatements(world)).toEqual(whole);
      expect(await read(world, analyst, 'raw/1')).toBe('raw/1');
    },
  );

  it('given a principal of somebody’s choice under our mark, then only the owner is told, and it goes', async () => {
    const other = world.aws.seed.role(consumer, 'other');
    await edit((one) => ({ ...one, Principal: { AWS: [analyst.arn, other.arn] } }));
    const reported = await runPoint(world, [watchOnly()]);
    expect(reported.items.get('raw')?.findings).toEqual([]);
    expect(reported.unowned.map(({ message }) => message).join()).toContain(other.arn);
    await runPoint(world, [want()]);
    expect(await pointStatements(world)).toEqual(whole);
  });
});

describe('a point of our name that is not of our making', () => {
  const others: readonly [string, Partial<CreateAccessPointRequest>, string][] = [
    ['belongs to another bucket', { Bucket: 'other' }, 'belongs to bucket other'],
    ['is for one VPC only', { VpcConfiguration: { VpcId: 'vpc-1' } }, 'network origin is VPC'],
    ...(['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const).map(
      (name) =>
        [
          `has ${name} off`,
          { PublicAccessBlockConfiguration: { [name]: false } },
          'does not block public access',
        ] as const satisfies [string, Partial<CreateAccessPointRequest>, string],
    ),
  ];
  const make = (over: Partial<CreateAccessPointRequest>) =>
    world.producer.s3control.send(new CreateAccessPointCommand({ ...place, Bucket: bucket, ...over }));
  beforeEach(async () => void (await world.producer.s3.send(new CreateBucketCommand({ Bucket: 'other' }))));

  it.each(others)('and %s is never taken over; its owner learns what shows it', async (_what, over, difference) => {
    await make(over);
    const report = await runPoint(world, [want()]);
    expect(states(report)).toEqual(['Failed/NotOwned']);
    expect(report.items.get('raw')?.message).toContain(pointName);
    expect(report.items.get('raw')?.ownerMessage).toContain(difference);
    expect(report.items.get('raw')?.message).not.toContain(difference);
    expect(report.writes).toEqual([]);
    expect(await pointStatements(world)).toBe('none');
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toBe('none');
  });

  it('took the place of ours: then the share is not served, and what stands there under our mark goes with it, the point stays', async () => {
    await runPoint(world, [want()]);
    const ours = await policyStatements(world);
    await world.producer.s3control.send(new DeleteAccessPointCommand(place));
    await make({ Bucket: 'other' });
    await putStatements(world, [...ours, foreignStatement]);
    later();
    const report = await runPoint(world, [want()]);
    expect(states(report)).toEqual(['Failed/NotOwned']);
    expect(report.writes).toEqual([]);
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toEqual([foreignStatement]);
    await putStatements(world, ours);
    later();
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toBe('none');
  });

  it('took the place of ours a moment ago: that is seen at once, and not taken for an old copy of ours', async () => {
    await runPoint(world, [want()]);
    await world.producer.s3control.send(new DeleteAccessPointCommand(place));
    await make({ Bucket: 'other' });
    const start = world.clock.now();
    expect(states(await runPoint(world, [want()]))).toEqual(['Failed/NotOwned']);
    expect(world.clock.now()).toBe(start);
  });

  it('is given nothing when a share of it is taken back', async () => {
    await make({ Bucket: 'other' });
    await putStatements(world, [{ ...foreignStatement, Sid: 'Sluiceabcd1234Old' }]);
    later();
    const report = await runPoint(world, [wantFolder(analyst, 'clean'), drop()]);
    expect(states(report)).toEqual(['Failed/NotOwned', 'Removed']);
    expect(await pointStatements(world)).toBe('none');
  });

  it('belongs to a bucket of the same name in another account: then it is not used', async () => {
    await make({});
    const state = world.aws.snapshot();
    const point = state.accessPoints.points.get(pointArn);
    if (point !== undefined) state.accessPoints.points.set(pointArn, { ...point, bucketAccount: consumer });
    world.aws.restore(state);
    const report = await runPoint(world, [want()]);
    expect(states(report)).toEqual(['Failed/NotOwned']);
    expect(report.items.get('raw')?.ownerMessage).toContain(`of account ${consumer}`);
  });

  it('is deleted by its owner: then ours is made', async () => {
    await make({ Bucket: 'other' });
    await runPoint(world, [want()]);
    await world.producer.s3control.send(new DeleteAccessPointCommand(place));
    expect(states(await runPoint(world, [want()]))).toEqual(['Applied']);
    expect(await read(world, analyst, 'raw/1')).toBe('raw/1');
  });

  it('and has the settings of ours can’t be told from it, and is used', async () => {
    await make({});
    world.aws.calls.reset();
    expect(states(await runPoint(world, [want()]))).toEqual(['Applied']);
    expect(writesOf(world)).toEqual(['s3control:PutAccessPointPolicy']);
  });
});

describe('the principal of a point', () => {
  let ghost: PrincipalRef;
  beforeEach(async () => void (ghost = await world.role('ghost')));

  it('that does not exist is refused, and nothing is made for it', async () => {
    await world.deleteRole('ghost');
    expect(states(await runPoint(world, [wantFolder(ghost, 'raw')]))).toEqual(['Failed/PrincipalNotFound']);
    expect(await pointStatements(world)).toBe('gone');
  });

  it('that was deleted can be revoked: its id goes, and the point with it', async () => {
    await runPoint(world, [wantFolder(ghost, 'raw')]);
    await world.deleteRole('ghost');
    later();
    expect(states(await runPoint(world, [wantFolder(ghost, 'raw', { mode: 'drop' })]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toBe('gone');
  });

  it('that was deleted and made again waits for consent, and can be revoked', async () => {
    await runPoint(world, [wantFolder(ghost, 'raw')]);
    await world.deleteRole('ghost');
    await world.role('ghost');
    later();
    expect(states(await runPoint(world, [wantFolder(ghost, 'raw')]))).toEqual(['Failed/PrincipalRecreated']);
    expect(states(await runPoint(world, [wantFolder(ghost, 'raw', { mode: 'drop' })]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toBe('gone');
  });

  it('that S3 does not know yet is tried again, and the point that was made meanwhile is used', async () => {
    world.aws.configure({ principalVisibilityMs: 30_000 });
    const young = await world.role('young');
    expect(states(await runPoint(world, [wantFolder(young, 'raw')]))).toEqual(['Pending/ProgressingWithRetry']);
    expect(await pointStatements(world)).toBe('none');
    world.clock.advance(31_000);
    world.aws.calls.reset();
    expect(states(await runPoint(world, [wantFolder(young, 'raw')]))).toEqual(['Applied']);
    expect(writesOf(world)).toEqual(['s3control:PutAccessPointPolicy']);
  });

  it('is not at fault when a foreign statement names a deleted one: the owner learns which', async () => {
    await runPoint(world, [want()]);
    const theirs = { ...foreignStatement, Principal: { AWS: [ghost.arn] } };
    await putStatements(world, [...(await policyStatements(world)), theirs]);
    await world.deleteRole('ghost');
    later();
    const report = await runPoint(world, [want(), wantFolder(analyst, 'clean')]);
    expect(states(report)).toEqual(['Applied', 'Failed/ForeignPrincipalInvalid']);
    expect(report.items.get('clean')?.ownerMessage).toContain(`names ${ghost.uniqueId}`);
    expect(report.items.get('clean')?.message).not.toContain(ghost.uniqueId);
  });
});
