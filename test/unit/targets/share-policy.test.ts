import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  SetDefaultPolicyVersionCommand,
  UntagPolicyCommand,
} from '@aws-sdk/client-iam';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import { characterSize } from '../../../src/policy/size.ts';
import {
  policyArn,
  policyIndex,
  policyName,
  policyPath,
  type SharePolicyCoordinates,
} from '../../../src/targets/share-policy-names.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { callsOf, consumer, createWorld, installation, states, wantShare, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst', '/team/');
});

const key = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const coordinatesOf = (principalArn: string): SharePolicyCoordinates => ({
  session: { environment: 'e', accountId: consumer, region: 'eu-west-1' },
  principalArn,
  prefix: 'sluice',
  management: 'Managed',
});
const first = (principal: PrincipalRef): string => policyArn(installation, coordinatesOf(principal.arn), 0);

async function policies(): Promise<string[]> {
  const { Policies } = await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
  return (Policies ?? []).map(({ Arn }) => Arn ?? '').sort();
}

async function attached(role: string): Promise<string[]> {
  const { AttachedPolicies } = await world.consumer.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: role }));
  return (AttachedPolicies ?? []).map(({ PolicyArn }) => PolicyArn ?? '').sort();
}

async function contentOf(arn: string): Promise<JsonObject[]> {
  const { Policy } = await world.consumer.iam.send(new GetPolicyCommand({ PolicyArn: arn }));
  const { PolicyVersion } = await world.consumer.iam.send(
    new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: Policy?.DefaultVersionId }),
  );
  return (JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? '')) as { readonly Statement: JsonObject[] }).Statement;
}

/** Everything that a role may do by attached policies of ours, as texts. */
async function granted(role: string): Promise<Set<string>> {
  const all = await Promise.all((await attached(role)).map(contentOf));
  return new Set(
    all
      .flat()
      .flatMap((one) =>
        (one.Resource as string[]).flatMap((resource) => (one.Action as string[]).map((action) => `${action} ${resource}`)),
      ),
  );
}

async function write(arn: string, statements: readonly JsonObject[]): Promise<void> {
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await world.consumer.iam.send(new CreatePolicyVersionCommand({ PolicyArn: arn, PolicyDocument, SetAsDefault: true }));
}

describe('the first share of a role', () => {
  it('costs one list, two writes, two reads and a look-up', async () => {
    world.aws.calls.reset();
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme', { key })]))).toEqual(['Applied']);
    expect(callsOf(world)).toEqual([
      'iam:ListAttachedRolePolicies',
      'iam:GetRole',
      'iam:CreatePolicy',
      'iam:AttachRolePolicy',
      'iam:GetPolicyVersion',
      'iam:ListAttachedRolePolicies',
    ]);
    const [arn] = await attached('analyst');
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
    expect(await attached('analyst')).toEqual([]);
    world.restart();
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Applied']);
    expect(await policies()).toEqual(await attached('analyst'));
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
    expect(await policies()).toEqual([]);
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
    const [statement, ...others] = await contentOf(first(analyst));
    expect(others).toEqual([]);
    expect(statement?.Resource).toEqual(['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*', 'arn:aws:s3:::beta', 'arn:aws:s3:::beta/*']);
  });

  it('drop the oldest version when a sixth is needed', async () => {
    for (let count = 1; count <= 7; count++) {
      const wants = Array.from({ length: count }, (_, number) => wantShare(analyst, `bucket-${String(number)}`));
      expect(new Set(states(await world.runShare(analyst.arn, wants)))).toEqual(new Set(['Applied']));
    }
    const { Versions } = await world.consumer.iam.send(new ListPolicyVersionsCommand({ PolicyArn: first(analyst) }));
    expect((Versions ?? []).map(({ VersionId }) => VersionId).sort()).toEqual(['v3', 'v4', 'v5', 'v6', 'v7']);
  });

  it('revoke one share without the other, and with the last one leave nothing behind', async () => {
    const [one, other] = two() as [ReturnType<typeof wantShare>, ReturnType<typeof wantShare>];
    await world.runShare(analyst.arn, [one, other]);
    expect(states(await world.runShare(analyst.arn, [{ ...one, mode: 'drop' }, other]))).toEqual(['Removed', 'Applied']);
    expect([...(await granted('analyst'))].every((text) => text.includes('beta'))).toBe(true);
    expect(states(await world.runShare(analyst.arn, [{ ...other, mode: 'drop' }]))).toEqual(['Removed']);
    expect([await policies(), await attached('analyst')]).toEqual([[], []]);
  });

  it('clean up after a role that was deleted', async () => {
    await world.runShare(analyst.arn, two());
    await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: first(analyst) }));
    await world.deleteRole('analyst');
    const drops = two().map((one) => ({ ...one, mode: 'drop' as const }));
    expect(states(await world.runShare(analyst.arn, drops))).toEqual(['Removed', 'Removed']);
    expect(await policies()).toEqual([]);
  });
});

describe('drift', () => {
  beforeEach(async () => void (await world.runShare(analyst.arn, [wantShare(analyst, 'acme')])));
  const run = (repair: boolean) => world.runShare(analyst.arn, [wantShare(analyst, 'acme', { repair })], { verify: true });

  it('a policy that somebody detached is named, and attached again', async () => {
    await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: first(analyst) }));
    const report = await run(false);
    expect(states(report)).toEqual(['Failed/Drifted']);
    const [result] = report.items.values();
    expect(result?.findings[0]?.message).toBe(
      `IAM Policy attached Target Resource does not exist: ${policyName(installation, coordinatesOf(analyst.arn), 0)}`,
    );
    expect(states(await run(true))).toEqual(['Applied']);
    expect(await attached('analyst')).toEqual([first(analyst)]);
  });

  it('a narrowed and a widened content is found and put right', async () => {
    const [statement] = await contentOf(first(analyst));
    await write(first(analyst), [{ ...statement, Action: ['s3:GetObject', 's3:DeleteObject'] }]);
    const [result] = (await run(false)).items.values();
    expect(result?.findings.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      expect.stringContaining('missing: ' + `Requestor ${analyst.arn} missing IAM Policy permissions: s3:ListBucket`),
      expect.stringContaining('excess: ' + `Requestor ${analyst.arn} has not allowed IAM Policy permissions: s3:DeleteObject`),
    ]);
    expect(states(await run(true))).toEqual(['Applied']);
    expect(await contentOf(first(analyst))).toEqual([statement]);
  });

  it('a Deny that somebody wrote into it goes', async () => {
    const [statement] = await contentOf(first(analyst));
    await write(first(analyst), [statement as JsonObject, { Effect: 'Deny', Action: 's3:*', Resource: '*' }]);
    expect((await run(false)).unowned).toHaveLength(1);
    await run(true);
    expect(await contentOf(first(analyst))).toEqual([statement]);
  });

  it('a policy that lost our tags is not ours any more', async () => {
    world.restart();
    await world.consumer.iam.send(new UntagPolicyCommand({ PolicyArn: first(analyst), TagKeys: ['sluice.dev/installation'] }));
    expect(states(await run(true))).toEqual(['Failed/NotOwned']);
  });
});

describe('a version that is not the default any more when it is read back', () => {
  it('is not reported as applied', async () => {
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]);
    let writes = 0;
    const off = world.aws.onCall(async ({ phase, operation }) => {
      if (phase !== 'before' || operation !== 'GetPolicyVersion' || ++writes !== 1) return;
      await world.consumer.iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn: first(analyst), VersionId: 'v1' }));
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
    expect(await attached('analyst')).toEqual([]);
    world.aws.calls.reset();
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme')], over);
    expect(writesOf(world)).toEqual([]);
    await world.consumer.iam.send(new AttachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: first(analyst) }));
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')], over))).toEqual(['Applied']);
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme', { mode: 'drop' })], over))).toEqual(['Removed']);
    expect(await policies()).toEqual([]);
  });
});

describe('shards', () => {
  const forty = (role = analyst): ReturnType<typeof wantShare>[] =>
    Array.from({ length: 40 }, (_, number) => {
      const name = `acme-data-lake-production-orders-${String(number).padStart(2, '0')}`;
      const own = `arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-12345678${String(number).padStart(4, '0')}`;
      return wantShare(role, name, { key: own, order: String(number).padStart(4, '0') });
    });

  it('hold 40 buckets with keys, none larger than AWS allows, and stay as they are', async () => {
    expect(new Set(states(await world.runShare(analyst.arn, forty())))).toEqual(new Set(['Applied']));
    const arns = await attached('analyst');
    expect(arns.length).toBeGreaterThan(1);
    const contents = await Promise.all(arns.map(contentOf));
    for (const Statement of contents)
      expect(characterSize(JSON.stringify({ Version: '2012-10-17', Statement }))).toBeLessThanOrEqual(6144);
    world.aws.calls.reset();
    expect(new Set(states(await world.runShare(analyst.arn, forty().reverse())))).toEqual(new Set(['Applied']));
    expect(writesOf(world)).toEqual([]);
    expect(callsOf(world)).toEqual(['iam:ListAttachedRolePolicies', 'iam:ListPolicies']);
  });

  it('are not reshuffled by one more share', async () => {
    await world.runShare(analyst.arn, forty());
    const before = await Promise.all((await attached('analyst')).map(contentOf));
    world.aws.calls.reset();
    await world.runShare(analyst.arn, [...forty(), wantShare(analyst, 'one-more')]);
    expect(writesOf(world)).toEqual(['iam:CreatePolicyVersion']);
    const after = await Promise.all((await attached('analyst')).map(contentOf));
    expect(after.filter((content, index) => JSON.stringify(content) !== JSON.stringify(before[index]))).toHaveLength(1);
  });

  it('that can’t be written do not cost the others, and what is missing is said', async () => {
    const off = world.aws.faults.add({
      kind: 'error',
      code: 'AccessDenied',
      status: 403,
      times: 1,
      match: { operation: 'CreatePolicy' },
    });
    const report = await world.runShare(analyst.arn, forty());
    off();
    const all = states(report);
    expect(new Set(all)).toEqual(new Set(['Applied', 'Failed/AccessDenied']));
    expect(all.filter((state) => state === 'Applied').length).toBeGreaterThan(5);
    expect(new Set(states(await world.runShare(analyst.arn, forty())))).toEqual(new Set(['Applied']));
  });

  it('over the quota are refused before anything is written for them, the others stay', async () => {
    const over = { attachmentQuota: 2 };
    const report = await world.runShare(analyst.arn, forty(), over);
    const served = states(report).filter((state) => state === 'Applied').length;
    expect(states(report)).toEqual(forty().map((_, index) => (index < served ? 'Applied' : 'Failed/QuotaExceeded')));
    expect(served).toBeGreaterThan(5);
    expect(await attached('analyst')).toHaveLength(1);
    world.aws.calls.reset();
    await world.runShare(analyst.arn, forty(), over);
    expect(writesOf(world)).toEqual([]);
  });

  it('leave the role’s other policies alone and count them', async () => {
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
    });
    for (let number = 0; number < 10; number++) {
      const { Policy } = await world.consumer.iam.send(
        new CreatePolicyCommand({ PolicyName: `own-${String(number)}`, PolicyDocument: document }),
      );
      await world.consumer.iam.send(new AttachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: Policy?.Arn }));
    }
    world.aws.calls.reset();
    expect(states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]))).toEqual(['Failed/QuotaExceeded']);
    expect(writesOf(world)).toEqual([]);
  });

  it('never lose anybody’s access while all permissions change', async () => {
    const [narrow, wide] = [
      forty(),
      forty().map(({ grant, ...one }, index) => ({
        ...one,
        grant: wantShare(analyst, `acme-data-lake-production-orders-${String(index).padStart(2, '0')}`, {
          actions: ['s3:GetObject', 's3:ListBucket', 's3:PutObject'],
        }).grant,
      })),
    ];
    await world.runShare(analyst.arn, narrow);
    const needed = forty().map(
      (_, index) => `s3:GetObject arn:aws:s3:::acme-data-lake-production-orders-${String(index).padStart(2, '0')}/*`,
    );
    const lost: string[] = [];
    const off = world.aws.onCall(async ({ phase, readOnly }) => {
      if (phase !== 'after' || readOnly) return;
      const now = await granted('analyst');
      lost.push(...needed.filter((text) => !now.has(text)));
    });
    expect(new Set(states(await world.runShare(analyst.arn, wide)))).toEqual(new Set(['Applied']));
    off();
    expect(lost).toEqual([]);
  });
});

describe('names', () => {
  const arns = [
    'analyst',
    'analyst-2',
    'team/analyst',
    'team/analyst-2',
    'teamanalyst',
    'ANALYST',
    'a'.repeat(64),
    `${'a'.repeat(63)}b`,
  ].map((name) => `arn:aws:iam::${consumer}:role/${name}`);

  it('of roles that look alike are disjoint, at most 128 characters, and found again', () => {
    const named = arns.map((arn) => policyArn(installation, coordinatesOf(arn), 0));
    expect(new Set(named).size).toBe(arns.length);
    expect(new Set(arns.map((arn) => policyPath(installation, coordinatesOf(arn)))).size).toBe(arns.length);
    for (const [index, arn] of arns.entries()) {
      expect(policyName(installation, { ...coordinatesOf(arn), prefix: 'a-prefix-of-twenty-c' }, 99).length).toBeLessThanOrEqual(
        128,
      );
      for (const [other, name] of named.entries()) {
        expect(policyIndex(installation, coordinatesOf(arn), name)).toBe(other === index ? 0 : undefined);
      }
    }
  });

  it('keep two look-alike roles apart in AWS', async () => {
    const other = await world.role('analyst-2');
    await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]);
    await world.runShare(other.arn, [wantShare(other, 'beta')]);
    await world.runShare(other.arn, [wantShare(other, 'beta', { mode: 'drop' })]);
    expect(await policies()).toEqual([first(analyst)]);
  });
});

function allow(count: number): () => boolean {
  let left = count;
  return () => left-- > 0;
}
