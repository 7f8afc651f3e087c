// A Deny of the owner's in a document that we write into too: told where it surely stops a share, written never, gone when it is gone.
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { openWorld, pointArn, runPoint, putStatements, policyStatements, wantFolder } from './access-points.ts';
import { createWorld, producer, states, wantBucket, wantKey, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;
let intern: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  [analyst, intern] = [await world.role('analyst'), await world.role('intern')];
});

const resources = ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*'];
const closed = (parts: JsonObject = {}): JsonObject => ({
  Sid: 'Closed',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: resources,
  ...parts,
});
const onlyAnalystDenied = (): JsonObject =>
  closed({ Principal: { AWS: analyst.arn }, Action: 's3:GetObject', Resource: resources[1] ?? '' });

async function own(statements: readonly JsonObject[]): Promise<void> {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: 'acme', Policy }));
}

const run = () => world.runBucket('acme', [wantBucket(analyst, 'acme'), wantBucket(intern, 'acme')]);

describe('a Deny in the bucket policy', () => {
  it('stalls those whom it means; the others are served, and nothing is written on its account', async () => {
    await world.bucket('acme', JSON.stringify({ Version: '2012-10-17', Statement: [onlyAnalystDenied()] }));
    const report = await run();
    expect(states(report)).toEqual(['Failed/DeniedByOwnerPolicy', 'Applied']);
    const result = report.items.get(analyst.arn);
    expect(result?.message).toBe(
      `Access is granted, but another statement of the bucket policy of acme denies s3:GetObject to ${analyst.arn}. Its owner has to change it.`,
    );
    expect(result?.message).not.toContain('Closed');
    expect(result?.ownerMessage).toContain('Statement "Closed" (number 1) denies s3:GetObject.');
    world.aws.calls.reset();
    expect(states(await run())).toEqual(['Failed/DeniedByOwnerPolicy', 'Applied']);
    expect(writesOf(world)).toEqual([]);
  });

  it('is forgotten when it is gone', async () => {
    await world.bucket('acme', JSON.stringify({ Version: '2012-10-17', Statement: [closed()] }));
    expect(states(await run())).toEqual(['Failed/DeniedByOwnerPolicy', 'Failed/DeniedByOwnerPolicy']);
    const statements = (JSON.parse((await world.policyOf('acme')) ?? '') as { Statement: JsonObject[] }).Statement;
    await own(statements.filter(({ Sid }) => Sid !== 'Closed'));
    expect(states(await run())).toEqual(['Applied', 'Applied']);
  });

  it.each<[string, JsonObject]>([
    ['of requests without TLS', { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    ['of all but a VPC endpoint, which may be the one', { Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } }],
    ['of some objects', { Resource: 'arn:aws:s3:::acme/secret/*' }],
    ['of an action that nobody is given', { Action: 's3:DeleteObject', Resource: resources[1] ?? '' }],
  ])('%s stops nobody', async (_name, parts) => {
    await world.bucket('acme', JSON.stringify({ Version: '2012-10-17', Statement: [closed(parts)] }));
    expect(states(await run())).toEqual(['Applied', 'Applied']);
  });

  it('keeps nobody from being taken out', async () => {
    await world.bucket('acme');
    await run();
    const statements = (JSON.parse((await world.policyOf('acme')) ?? '') as { Statement: JsonObject[] }).Statement;
    await own([...statements, closed()]);
    const drop = { ...wantBucket(analyst, 'acme'), mode: 'drop' as const };
    expect(states(await world.runBucket('acme', [drop, wantBucket(intern, 'acme')]))).toEqual([
      'Removed',
      'Failed/DeniedByOwnerPolicy',
    ]);
  });

  it('that is a part of drift does not hide what is missing', async () => {
    await world.bucket('acme');
    await run();
    await own([closed()]);
    const report = await world.runBucket('acme', [wantBucket(analyst, 'acme', { repair: false })]);
    expect(states(report)).toEqual(['Failed/Drifted']);
  });
});

describe('a Deny in the key policy', () => {
  it('is told with the statement, by the key or by everything', async () => {
    const root = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${producer}:root` }, Action: 'kms:*', Resource: '*' };
    const others = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:Decrypt',
      Resource: '*',
      Condition: { StringNotEquals: { 'kms:CallerAccount': producer } },
    };
    const key = await world.key(JSON.stringify({ Version: '2012-10-17', Statement: [root, others] }));
    const report = await world.runKey(key, [wantKey(analyst)]);
    expect(states(report)).toEqual(['Failed/DeniedByOwnerPolicy']);
    expect(report.items.get(analyst.arn)?.ownerMessage).toContain('Statement number 2 denies kms:Decrypt.');
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [root] });
    await world.producer.kms.send(new PutKeyPolicyCommand({ KeyId: key, PolicyName: 'default', Policy }));
    expect(states(await world.runKey(key, [wantKey(analyst)]))).toEqual(['Applied']);
  });
});

describe('folders', () => {
  it('are denied by statements of the point that mean their prefix, and by no others', async () => {
    const reader = await openWorld(world, 'reader');
    const folders = () => runPoint(world, [wantFolder(reader, 'raw'), wantFolder(reader, 'cooked')]);
    await folders();
    const ours = await policyStatements(world);
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: `${pointArn}/object/raw*` };
    await putStatements(world, [...ours, deny]);
    const report = await folders();
    expect(states(report)).toEqual(['Failed/DeniedByOwnerPolicy', 'Applied']);
    expect(report.items.get('raw')?.message).toContain('another statement of the policy of the access point');
  });

  it('are denied by statements of their bucket that mean requests through their point', async () => {
    await world.bucket(
      'acme',
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [closed({ Resource: 'arn:aws:s3:::acme/raw/*', Action: 's3:GetObject' })],
      }),
    );
    const template = (folder: string) => ({
      name: 'Folders',
      actions: ['s3:GetObject'],
      resources: [`arn:aws:s3:::acme/${folder}/*`],
      condition: { StringEquals: { 's3:DataAccessPointAccount': [producer] } },
    });
    const want = (folder: string) => ({
      ...wantBucket(analyst, 'acme'),
      item: folder,
      grant: { principal: analyst, templates: [template(folder)], forEverybody: true as const },
    });
    expect(states(await world.runBucket('acme', [want('raw'), want('cooked')]))).toEqual([
      'Failed/DeniedByOwnerPolicy',
      'Applied',
    ]);
  });
});

it('given a policy that is public while block public access is on, then the refusal of a write says that this may be why', async () => {
  await world.bucket('acme');
  const open = { ...closed(), Sid: 'Open', Effect: 'Allow', Action: 's3:GetObject', Resource: resources[1] ?? '' };
  world.plantPolicy('acme', JSON.stringify({ Version: '2012-10-17', Statement: [open] }));
  const report = await run();
  expect(states(report)).toEqual(['Failed/AccessDenied', 'Failed/AccessDenied']);
  expect(report.items.get(analyst.arn)?.message).toMatch(/s3:PutBucketPolicy.*while block public access is on\.$/);
});
