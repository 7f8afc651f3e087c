/** The statements by which a bucket leaves it to access points of ours who may read what: one for all folders, as narrow as they are few. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Contribution, PrincipalRef } from '../../../src/targets/target.ts';
import type { ResourceGrant } from '../../../src/targets/resource-policy.ts';
import { deny, documentOf, ownStatements, statements } from './documents.ts';
import { callsOf, createWorld, producer, states, wantBucket, writesOf, type TestWorld } from './world.ts';

const bucketArn = 'arn:aws:s3:::acme';
const condition = {
  StringEquals: { 's3:DataAccessPointAccount': [producer] },
  ArnLike: { 's3:DataAccessPointArn': [`arn:aws:s3:eu-west-1:${producer}:accesspoint/sluice-abcd1234-*`] },
};
let world: TestWorld;
let analyst: PrincipalRef;
let auditor: PrincipalRef;

/** A folder share's contribution to the bucket's policy. */
function folder(
  principal: PrincipalRef,
  prefix: string,
  over: Partial<Contribution<ResourceGrant>> = {},
): Contribution<ResourceGrant> {
  const template = {
    name: 'DelegateRead',
    actions: ['s3:GetObject', 's3:ListBucket'],
    resources: [bucketArn, `${bucketArn}/${prefix}/*`],
    widened: [bucketArn, `${bucketArn}/*`],
    condition,
  };
  const grant = { principal, templates: [template], forEverybody: true } as const;
  return { item: `${principal.arn} ${prefix}`, order: '2026-01-01', mode: 'want', repair: true, grant, ...over };
}

const resourcesOf = async (): Promise<unknown> => (await ownStatements(world))[0]?.['Resource'];
const many = (count: number, over: Partial<Contribution<ResourceGrant>> = {}) =>
  Array.from({ length: count }, (_, index) => folder(analyst, `area/with/a/long/name/number/${String(index)}`, over));

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst');
  auditor = await world.role('auditor');
  await world.bucket('acme', documentOf(deny));
});

describe('folder shares on one bucket', () => {
  it('share one statement that names everybody under a condition, and no principal is looked up for it', async () => {
    world.aws.calls.reset();
    const report = await world.runBucket('acme', [folder(analyst, 'raw'), folder(auditor, 'clean')]);
    expect(states(report)).toEqual(['Applied', 'Applied']);
    expect(callsOf(world)).toEqual(['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:GetBucketPolicy']);
    expect(await ownStatements(world)).toEqual([
      {
        Sid: 'Sluiceabcd1234DelegateRead',
        Effect: 'Allow',
        Principal: '*',
        Action: ['s3:GetObject', 's3:ListBucket'],
        Resource: [bucketArn, `${bucketArn}/clean/*`, `${bucketArn}/raw/*`],
        Condition: condition,
      },
    ]);
  });

  it('of two principals on one folder need it once, and it stays until the second one goes', async () => {
    const both = [folder(analyst, 'raw'), folder(auditor, 'raw')];
    await world.runBucket('acme', both);
    expect(await resourcesOf()).toEqual([bucketArn, `${bucketArn}/raw/*`]);
    const one = await world.runBucket('acme', [folder(analyst, 'raw', { mode: 'drop' }), folder(auditor, 'raw')]);
    expect(states(one)).toEqual(['Removed', 'Applied']);
    expect(writesOf(world).filter((call) => call === 's3:PutBucketPolicy')).toHaveLength(2);
    await world.runBucket('acme', [folder(auditor, 'raw', { mode: 'drop' })]);
    expect(await statements(world)).toEqual([deny]);
  });

  it('stand beside a share of the whole bucket without touching it', async () => {
    const report = await world.runBucket('acme', [wantBucket(auditor, 'acme'), folder(analyst, 'raw')]);
    expect(states(report)).toEqual(['Applied', 'Applied']);
    await world.runBucket('acme', [wantBucket(auditor, 'acme'), folder(analyst, 'raw', { mode: 'drop' })]);
    expect((await ownStatements(world)).map(({ Principal }) => Principal)).toEqual([{ AWS: [auditor.arn] }]);
  });

  it('are written once, and not again', async () => {
    await world.runBucket('acme', many(10));
    world.aws.calls.reset();
    await world.runBucket('acme', many(10));
    expect(writesOf(world)).toEqual([]);
  });
});

describe('a list of folders that grows long', () => {
  it('gives way to the whole bucket, still through access points of ours only, and nobody’s share is called drifted for it', async () => {
    const few = many(20, { repair: false });
    await world.runBucket('acme', many(20));
    expect(await resourcesOf()).toHaveLength(21);
    const report = await world.runBucket('acme', [...few, ...many(60).slice(20)]);
    expect(new Set(states(report))).toEqual(new Set(['Applied']));
    expect(
      [...report.found.entries()].filter(([item]) => few.some((each) => each.item === item)).flatMap(([, each]) => each),
    ).toEqual([]);
    expect(await resourcesOf()).toEqual([bucketArn, `${bucketArn}/*`]);
    expect((await ownStatements(world))[0]?.['Condition']).toEqual(condition);
  });

  it('comes back when the list is short again, with the write that the shorter list needs', async () => {
    await world.runBucket('acme', many(60));
    const left = many(60, { repair: false }).map((one, index) => (index < 10 ? one : { ...one, mode: 'drop' as const }));
    const report = await world.runBucket('acme', left);
    expect(states(report).slice(0, 10)).toEqual(Array<string>(10).fill('Applied'));
    expect(new Set(states(report).slice(10))).toEqual(new Set(['Removed']));
    expect(await resourcesOf()).toHaveLength(11);
    expect([...report.found.values()].slice(0, 10).flat()).toEqual([]);
  });
});

describe('edits by hand of the delegation', () => {
  it('that widen it are found and taken back', async () => {
    await world.runBucket('acme', [folder(analyst, 'raw')]);
    const [own] = await ownStatements(world);
    world.plantPolicy('acme', documentOf(deny, { ...own, Resource: [bucketArn, `${bucketArn}/*`] }));
    world.clock.advance(120_000);
    const report = await world.runBucket('acme', [folder(analyst, 'raw')]);
    expect(report.found.get(`${analyst.arn} raw`)).toEqual([expect.objectContaining({ kind: 'excess' })]);
    expect(await resourcesOf()).toEqual([bucketArn, `${bucketArn}/raw/*`]);
  });

  it('that take the condition away are found as what they are: everything is missing and everybody too much', async () => {
    await world.runBucket('acme', [folder(analyst, 'raw')]);
    const [own] = await ownStatements(world);
    const { Condition: _gone, ...open } = own ?? {};
    world.plantPolicy('acme', documentOf(deny, open));
    world.clock.advance(120_000);
    const report = await world.runBucket('acme', [folder(analyst, 'raw')]);
    const kinds = report.found.get(`${analyst.arn} raw`)?.map(({ kind }) => kind);
    expect(kinds).toEqual(['missing', 'excess']);
    expect((await ownStatements(world))[0]?.['Condition']).toEqual(condition);
  });

  it('stay while a share is undecided, and nothing of it is lost', async () => {
    await world.runBucket('acme', [folder(analyst, 'raw'), folder(auditor, 'clean')]);
    const held = await world.runBucket('acme', [
      folder(analyst, 'raw', { mode: 'hold' }),
      folder(auditor, 'clean', { mode: 'drop' }),
    ]);
    expect(states(held)).toContain('Removed');
    expect(await resourcesOf()).toEqual([bucketArn, `${bucketArn}/raw/*`]);
  });
});
