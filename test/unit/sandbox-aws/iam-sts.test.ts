// The control planes of the stand-in's IAM and STS: quotas, conflicts, trust and expiry, as AWS has them.
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  GetAccountSummaryCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  PutRolePolicyCommand,
  TagPolicyCommand,
} from '@aws-sdk/client-iam';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAws, type Aws } from '../../../sandbox/aws/index.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const account = '111111111111';
const other = '222222222222';
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const anything = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };

let aws: Aws;
let admin: AwsClients;

beforeEach(() => {
  aws = createAws({ clock: createVirtualClock() });
  admin = awsClients(aws, account);
});

describe('managed policies', () => {
  const create = (PolicyName = 'p', PolicyDocument = document(anything), Path = '/') =>
    admin.iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument, Path }));
  const arnOf = (name = 'p') => `arn:aws:iam::${account}:policy/${name}`;

  test('given 6,144 characters, when white space comes on top, then it is not counted, but one more character is', async () => {
    const filled = (length: number): string => {
      const empty = document({ ...anything, Resource: 'arn:aws:s3:::' });
      return document({ ...anything, Resource: `arn:aws:s3:::${'x'.repeat(length - empty.length)}` });
    };
    await expect(create('fits', filled(6144).replaceAll(',', ' ,\n '))).resolves.toBeDefined();
    await expect(create('over', filled(6145))).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for PolicySize: 6144',
    });
  });

  test('given five versions, when a sixth comes, then it is refused until an old one is deleted, and the default stays', async () => {
    await create();
    for (let i = 0; i < 4; i++)
      await admin.iam.send(
        new CreatePolicyVersionCommand({ PolicyArn: arnOf(), PolicyDocument: document(anything), SetAsDefault: true }),
      );
    const sixth = () =>
      admin.iam.send(
        new CreatePolicyVersionCommand({ PolicyArn: arnOf(), PolicyDocument: document(anything), SetAsDefault: true }),
      );
    await expect(sixth()).rejects.toMatchObject({ name: 'LimitExceededException' });
    await expect(admin.iam.send(new DeletePolicyVersionCommand({ PolicyArn: arnOf(), VersionId: 'v5' }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
    });
    await admin.iam.send(new DeletePolicyVersionCommand({ PolicyArn: arnOf(), VersionId: 'v1' }));
    expect((await sixth()).PolicyVersion?.VersionId).toBe('v6');
    const { Versions } = await admin.iam.send(new ListPolicyVersionsCommand({ PolicyArn: arnOf() }));
    expect(Versions?.map((version) => version.VersionId)).toEqual(['v6', 'v5', 'v4', 'v3', 'v2']);
  });

  test('given an attached policy, when it is deleted, then it conflicts until it is detached', async () => {
    await create();
    aws.seed.role(account, 'r');
    await admin.iam.send(new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn: arnOf() }));
    const entities = await admin.iam.send(new ListEntitiesForPolicyCommand({ PolicyArn: arnOf() }));
    expect(entities.PolicyRoles?.map((role) => role.RoleName)).toEqual(['r']);
    expect((await admin.iam.send(new GetPolicyCommand({ PolicyArn: arnOf() }))).Policy?.AttachmentCount).toBe(1);
    await expect(admin.iam.send(new DeletePolicyCommand({ PolicyArn: arnOf() }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
    });
    await expect(admin.iam.send(new DeleteRoleCommand({ RoleName: 'r' }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
    });
    await admin.iam.send(new DetachRolePolicyCommand({ RoleName: 'r', PolicyArn: arnOf() }));
    await admin.iam.send(new DeletePolicyCommand({ PolicyArn: arnOf() }));
    await expect(admin.iam.send(new GetPolicyCommand({ PolicyArn: arnOf() }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });

  test('given a quota, when one policy more is attached, then it is refused, and the summary shows the quota', async () => {
    aws.configure({ attachedPoliciesPerPrincipal: 2 });
    aws.seed.role(account, 'r');
    const attach = (name: string) =>
      admin.iam.send(
        new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn: aws.seed.policy(account, name, document(anything)) }),
      );
    await attach('a');
    await attach('b');
    await expect(attach('c')).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for PoliciesPerRole: 2',
    });
    const { SummaryMap } = await admin.iam.send(new GetAccountSummaryCommand({}));
    expect(SummaryMap).toMatchObject({ AttachedPoliciesPerRoleQuota: 2, Policies: 3 });
  });

  test('given policies under paths, when they are listed by pages, then each comes once', async () => {
    for (let i = 0; i < 5; i++) await create(`p${i}`, document(anything), i < 3 ? '/sluice/x/' : '/');
    await expect(create('P1')).rejects.toMatchObject({ name: 'EntityAlreadyExistsException' });
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await admin.iam.send(new ListPoliciesCommand({ Scope: 'Local', PathPrefix: '/sluice/', MaxItems: 2, Marker }));
      names.push(...(page.Policies ?? []).map((policy) => policy.PolicyName ?? ''));
      Marker = page.Marker;
    } while (Marker !== undefined);
    expect(names).toEqual(['p0', 'p1', 'p2']);
    await admin.iam.send(
      new TagPolicyCommand({ PolicyArn: `arn:aws:iam::${account}:policy/sluice/x/p0`, Tags: [{ Key: 'k', Value: 'ü' }] }),
    );
    const { Policy } = await admin.iam.send(new GetPolicyCommand({ PolicyArn: `arn:aws:iam::${account}:policy/sluice/x/p0` }));
    expect(Policy?.Tags).toEqual([{ Key: 'k', Value: 'ü' }]);
  });

  test('given a stale-read window, when a version becomes the default, then readers and decisions lag behind', async () => {
    const role = aws.seed.role(account, 'r');
    await create('p', document({ ...anything, Action: 's3:ListAllMyBuckets' }));
    await admin.iam.send(new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn: arnOf() }));
    const { s3 } = awsClients(aws, aws.seed.session(role));
    aws.configure({ staleReadMs: 5_000 });
    aws.clock.advance(5_000);
    await admin.iam.send(
      new CreatePolicyVersionCommand({ PolicyArn: arnOf(), PolicyDocument: document(anything), SetAsDefault: true }),
    );
    expect((await admin.iam.send(new GetPolicyCommand({ PolicyArn: arnOf() }))).Policy?.DefaultVersionId).toBe('v1');
    await expect(admin.iam.send(new GetPolicyVersionCommand({ PolicyArn: arnOf(), VersionId: 'v2' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
    await expect(s3.send(new ListBucketsCommand({}))).resolves.toBeDefined();
    aws.clock.advance(5_000);
    await expect(s3.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test.each([
    ['no JSON', 'hello', 'This policy contains invalid Json'],
    ['a principal', document({ ...anything, Principal: '*' }), 'Policy document should not specify a principal.'],
    ['an action without a service', document({ ...anything, Action: 'GetObject' }), 'must be prefaced by a vendor'],
    ['a resource that is no ARN', document({ ...anything, Resource: 'bucket' }), 'must be in ARN format'],
    ['a Sid with a hyphen', document({ ...anything, Sid: 'a-b' }), 'alpha-numeric'],
  ])('given %s, when it is put, then the document is malformed', async (_what, text, message) => {
    await expect(create('p', text)).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
      message: expect.stringContaining(message) as string,
    });
    aws.seed.role(account, 'r');
    await expect(
      admin.iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'i', PolicyDocument: text })),
    ).rejects.toThrow(message);
  });

  test('given a role with narrow permissions, when it calls IAM, then the resource decides', async () => {
    const own = { Effect: 'Allow', Action: 'iam:CreatePolicy', Resource: `arn:aws:iam::${account}:policy/sluice/*` };
    const { iam } = awsClients(aws, aws.seed.session(aws.seed.role(account, 'operator', { policies: { p: document(own) } })));
    const make = (Path: string) =>
      iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: document(anything), Path }));
    await expect(make('/sluice/a/')).resolves.toBeDefined();
    await expect(make('/else/')).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: arn:aws:sts::${account}:assumed-role/operator/test is not authorized to perform: iam:CreatePolicy on resource: arn:aws:iam::${account}:policy/else/p because no identity-based policy allows the iam:CreatePolicy action`,
    });
  });
});

describe('assuming roles', () => {
  const trusting = (principal: string, Condition?: object) =>
    document({ Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole', ...(Condition ? { Condition } : {}) });
  const assume = (clients: AwsClients, ExternalId?: string) =>
    clients.sts.send(
      new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/target`, RoleSessionName: 'me', ExternalId }),
    );

  test('given an external id in the trust policy, when it is missing or wrong, then assuming is refused', async () => {
    aws.seed.role(account, 'target', { trust: trusting(other, { StringEquals: { 'sts:ExternalId': 'secret' } }) });
    const caller = awsClients(aws, other);
    await expect(assume(caller)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: arn:aws:iam::${other}:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${account}:role/target`,
    });
    await expect(assume(caller, 'guess')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(assume(caller, 'secret')).resolves.toBeDefined();
  });

  test('given trust in an account, when a role without sts:AssumeRole asks, then it is refused', async () => {
    aws.seed.role(account, 'target', { trust: trusting(other) });
    const may = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' };
    await expect(assume(awsClients(aws, aws.seed.session(aws.seed.role(other, 'poor'))))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(
      assume(awsClients(aws, aws.seed.session(aws.seed.role(other, 'rich', { policies: { p: document(may) } })))),
    ).resolves.toBeDefined();
    await expect(assume(awsClients(aws, '333333333333'))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('given a session, when its time is over, then its keys are expired', async () => {
    aws.seed.role(account, 'target');
    const { Credentials } = await assume(admin);
    const session = awsClients(aws, {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    });
    await expect(session.sts.send(new GetCallerIdentityCommand({}))).resolves.toBeDefined();
    aws.clock.advance(3_600_000);
    await expect(session.sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
    await expect(session.s3.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
  });

  test('given a role that was deleted and made again, when its trust policy names another deleted role, then the id shows there', async () => {
    const caller = aws.seed.role(other, 'caller');
    aws.seed.role(account, 'target', { trust: trusting(caller.arn) });
    await awsClients(aws, other).iam.send(new DeleteRoleCommand({ RoleName: 'caller' }));
    const { Role } = await admin.iam.send(new GetRoleCommand({ RoleName: 'target' }));
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toContain(`"${caller.id}"`);
    const dead = new CreateRoleCommand({ RoleName: 'x', AssumeRolePolicyDocument: trusting(caller.arn) });
    await expect(admin.iam.send(dead)).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
  });

  test('given keys that nobody has, when they call, then they are unknown', async () => {
    await expect(awsClients(aws, 'AKIAUNKNOWN').sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });
  });
});
