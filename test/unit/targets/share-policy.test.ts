import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  ListPolicyVersionsCommand,
  SetDefaultPolicyVersionCommand,
  UntagPolicyCommand,
} from '@aws-sdk/client-iam';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import { policyName, policyPath } from '../../../src/targets/share-policy-names.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { attached, contentOf, coordinatesOf, firstPolicy, granted, policies } from './iam.ts';
import { callsOf, createWorld, installation, states, wantShare, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst', '/team/');
});

const key = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
async function write(arn: string, statements: readonly JsonObject[]): Promise<void> {
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await world.consumer.iam.send(new CreatePolicyVersionCommand({ PolicyArn: arn, PolicyDocument, SetAsDefault: true }));
}

describe('the first share of a role', () => {
  it('costs one list, two writes, one read and a look-up', async () => {
    world.aws.calls.reset();
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme', { key })]))).toEqual(['Applied']);
    expect(callsOf(world)).toEqual([
      'iam:ListAttachedRolePolicies',
      'iam:GetRole',
      'iam:CreatePolicy',
      'iam:AttachRolePolicy',
      'iam:ListAttachedRolePolicies',
    ]);
    const [arn] = await attached(world, 'analyst');
    expect(arn).toMatch(
      /^arn:aws:iam::444455556666:policy\/sluice\/abcd1234\/[a-z2-7]{26}\/sluice-abcd1234-analyst-[a-z2-7]{26}-0$/,
    );
    const { Policy } = await world.consumer.iam.send(new GetPolicyCommand({ PolicyArn: arn }));
    expect(Object.fromEntries((Policy?.Tags ?? []).map(({ Key, Value }) => [Key, Value]))).toEqual({
      'sluice.dev/managed-by': 'sluice',
      'sluice.dev/principal': analyst.arn,
      'sluice.dev/installation': installation,
    });
  });

  it('adopts what an earlier run left unattached', async () => {
    world.restart({ mayWrite: allow(1) });
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]);
    expect(await attached(world, 'analyst')).toEqual([]);
    world.restart();
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Applied']);
    expect(await policies(world)).toEqual(await attached(world, 'analyst'));
  });

  it.each([
    ['without our tags', { Path: undefined as string | undefined }],
    ['at another path', { Path: '/' }],
  ])('does not take over a policy of that name %s', async (_name, { Path }) => {
    const coordinates = coordinatesOf(analyst.arn);
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
    });
    const name = policyName(installation, coordinates, 0);
    await world.consumer.iam.send(
      new CreatePolicyCommand({
        PolicyName: name,
        Path: Path ?? policyPath(installation, coordinates),
        PolicyDocument: document,
      }),
    );
    world.aws.calls.reset();
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Failed/NotOwned']);
    expect(writesOf(world)).toEqual([]);
  });

  it('is refused for a role that does not exist, and for one that was made again', async () => {
    await world.deleteRole('analyst');
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Failed/PrincipalNotFound']);
    await world.role('analyst', '/team/');
    world.clock.advance(10_000);
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Failed/PrincipalRecreated']);
    expect(await policies(world)).toEqual([]);
  });
});

describe('later changes', () => {
  const two = (): ReturnType<typeof wantShare>[] => [wantShare(analyst, 'acme'), wantShare(analyst, 'beta')];

  it('cost nothing when there are none, also after a restart', async () => {
    await world.runShare(analyst.arn, two());
    world.aws.calls.reset();
    expect(states(await world.runShare(analyst.arn, two()))).toEqual(['Applied', 'Applied']);
    world.restart();
    expect(states(await world.runShare(analyst.arn, two().reverse()))).toEqual(['Applied', 'Applied']);
    expect(writesOf(world)).toEqual([]);
  });

  it('write one version into the policy that is there, in four calls', async () => {
    await world.runShare(analyst.arn, two().slice(0, 1));
    world.aws.calls.reset();
    expect(states(await world.runShare(analyst.arn, two()))).toEqual(['Applied', 'Applied']);
    expect(callsOf(world)).toEqual([
      'iam:ListAttachedRolePolicies',
      'iam:GetPolicy',
      'iam:CreatePolicyVersion',
      'iam:GetPolicyVersion',
    ]);
    const [statement, ...others] = await contentOf(world, firstPolicy(analyst));
    expect(others).toEqual([]);
    expect(statement?.Resource).toEqual(['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*', 'arn:aws:s3:::beta', 'arn:aws:s3:::beta/*']);
  });

  it('drop the oldest version when a sixth is needed', async () => {
    for (let count = 1; count <= 7; count++) {
      const wants = Array.from({ length: count }, (_, number) => wantShare(analyst, `bucket-${String(number)}`));
      expect(new Set(states(await world.runShare(analyst.arn, wants)))).toEqual(new Set(['Applied']));
    }
    const { Versions } = await world.consumer.iam.send(new ListPolicyVersionsCommand({ PolicyArn: firstPolicy(analyst) }));
    expect((Versions ?? []).map(({ VersionId }) => VersionId).sort()).toEqual(['v3', 'v4', 'v5', 'v6', 'v7']);
  });

  it('revoke one share without the other, and with the last one leave nothing behind', async () => {
    const [one, other] = two() as [ReturnType<typeof wantShare>, ReturnType<typeof wantShare>];
    await world.runShare(analyst.arn, [one, other]);
    expect(states(await world.runShare(analyst.arn, [{ ...one, mode: 'drop' }, other]))).toEqual(['Removed', 'Applied']);
    expect([...(await granted(world, 'analyst'))].every((text) => text.includes('beta'))).toBe(true);
    expect(states(await world.runShare(analyst.arn, [{ ...other, mode: 'drop' }]))).toEqual(['Removed']);
    expect([await policies(world), await attached(world, 'analyst')]).toEqual([[], []]);
  });

  it('clean up after a role that was deleted', async () => {
    await world.runShare(analyst.arn, two());
    await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: firstPolicy(analyst) }));
    await world.deleteRole('analyst');
    const drops = two().map((one) => ({ ...one, mode: 'drop' as const }));
    expect(states(await world.runShare(analyst.arn, drops))).toEqual(['Removed', 'Removed']);
    expect(await policies(world)).toEqual([]);
  });
});

describe('drift', () => {
  beforeEach(async () => void (await world.runShare(analyst.arn, [wantShare(analyst, 'acme')])));
  const run = (repair: boolean) => world.runShare(analyst.arn, [wantShare(analyst, 'acme', { repair })], { verify: true });

  it('a policy that somebody detached is named, and attached again', async () => {
    await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: firstPolicy(analyst) }));
    const report = await run(false);
    expect(states(report)).toEqual(['Failed/Drifted']);
    const [result] = report.items.values();
    expect(result?.findings[0]?.message).toBe(
      `IAM Policy attached Target Resource does not exist: ${policyName(installation, coordinatesOf(analyst.arn), 0)}`,
    );
    expect(states(await run(true))).toEqual(['Applied']);
    expect(await attached(world, 'analyst')).toEqual([firstPolicy(analyst)]);
  });

  it('a narrowed and a widened content is found and put right', async () => {
    const [statement] = await contentOf(world, firstPolicy(analyst));
    await write(firstPolicy(analyst), [{ ...statement, Action: ['s3:GetObject', 's3:DeleteObject'] }]);
    const [result] = (await run(false)).items.values();
    expect(result?.findings.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      expect.stringContaining('missing: ' + `Requestor ${analyst.arn} missing IAM Policy permissions: s3:ListBucket`),
      expect.stringContaining('excess: ' + `Requestor ${analyst.arn} has not allowed IAM Policy permissions: s3:DeleteObject`),
    ]);
    expect(states(await run(true))).toEqual(['Applied']);
    expect(await contentOf(world, firstPolicy(analyst))).toEqual([statement]);
  });

  it('a Deny that somebody wrote into it goes', async () => {
    const [statement] = await contentOf(world, firstPolicy(analyst));
    await write(firstPolicy(analyst), [statement as JsonObject, { Effect: 'Deny', Action: 's3:*', Resource: '*' }]);
    expect((await run(false)).unowned).toHaveLength(1);
    await run(true);
    expect(await contentOf(world, firstPolicy(analyst))).toEqual([statement]);
  });

  it('a policy that lost our tags is not ours any more', async () => {
    world.restart();
    await world.consumer.iam.send(
      new UntagPolicyCommand({ PolicyArn: firstPolicy(analyst), TagKeys: ['sluice.dev/installation'] }),
    );
    expect(states(await run(true))).toEqual(['Failed/NotOwned']);
  });
});

describe('a version that is not the default any more when it is read back', () => {
  it('is not reported as applied', async () => {
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]);
    let writes = 0;
    const off = world.aws.onCall(async ({ phase, operation }) => {
      if (phase !== 'before' || operation !== 'GetPolicyVersion' || ++writes !== 1) return;
      await world.consumer.iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn: firstPolicy(analyst), VersionId: 'v1' }));
    });
    const both = [wantShare(analyst, 'acme'), wantShare(analyst, 'beta')];
    const report = await world.runShare(analyst.arn, both);
    off();
    expect(states(report)).toEqual(['Pending/ProgressingWithRetry', 'Pending/ProgressingWithRetry']);
    expect(states(await world.runShare(analyst.arn, both))).toEqual(['Applied', 'Applied']);
  });
});

describe('a detached policy', () => {
  const over = { management: 'Detached' } as const;

  it('is made, waits for its attachment, and is in place once somebody attached it', async () => {
    const report = await world.runShare(analyst.arn, [wantShare(analyst, 'acme')], over);
    expect(states(report)).toEqual(['Pending/WaitingForAttachment']);
    expect([...report.items.values()][0]?.message).toContain(policyName(installation, coordinatesOf(analyst.arn), 0));
    expect(await attached(world, 'analyst')).toEqual([]);
    world.aws.calls.reset();
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme')], over);
    expect(writesOf(world)).toEqual([]);
    await world.consumer.iam.send(new AttachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: firstPolicy(analyst) }));
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')], over))).toEqual(['Applied']);
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme', { mode: 'drop' })], over))).toEqual(['Removed']);
    expect(await policies(world)).toEqual([]);
  });
});

function allow(count: number): () => boolean {
  let left = count;
  return () => left-- > 0;
}
