// Other policies of a principal against what its shares give: found at a verification, remembered, told by name, and no reason to write.
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import { withPrincipalDenials } from '../../../src/targets/principal-denials.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { coordinatesOf } from './iam.ts';
import { callsOf, consumer, createWorld, states, wantShare, writesOf, type RunOptions, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;
let wants: ReturnType<typeof wantShare>[];

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst', '/team/');
  wants = [wantShare(analyst, 'acme'), wantShare(analyst, 'beta')];
  expect(await run()).toEqual(['Applied', 'Applied']);
});

type Over = RunOptions & { readonly boundaryArn?: string };
const report = (over: Over = {}) => world.runShare(analyst.arn, wants, over);
const run = async (over: Over = {}): Promise<string[]> => states(await report(over));
const verify = (over: Over = {}): Promise<string[]> => run({ verify: true, ...over });

const documentOf = (...Statement: JsonObject[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const noAcme: JsonObject = { Effect: 'Deny', Action: 's3:*', Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*'] };

async function inline(name: string, ...statements: JsonObject[]): Promise<void> {
  const PolicyDocument = documentOf(...statements);
  await world.consumer.iam.send(new PutRolePolicyCommand({ RoleName: 'analyst', PolicyName: name, PolicyDocument }));
}

async function managed(name: string, ...statements: JsonObject[]): Promise<string> {
  await world.consumer.iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: documentOf(...statements) }));
  return `arn:aws:iam::${consumer}:policy/${name}`;
}

describe('a plain role', () => {
  it('costs one call more to verify than to look at', async () => {
    world.aws.calls.reset();
    await run();
    const plain = callsOf(world);
    world.aws.calls.reset();
    await verify();
    const verified = callsOf(world);
    expect(verified.filter((call) => call === 'iam:ListRolePolicies')).toHaveLength(1);
    expect(verified.filter((call) => /RolePolicy$|GetRole$|GetPolicyVersion$/.test(call))).toEqual([]);
    expect(verified).toHaveLength(plain.length + 1);
  });
});

describe('an inline policy that denies', () => {
  it('stalls the shares that it means, by name, without a write, and is forgotten when it is gone', async () => {
    await inline('Team', noAcme);
    expect(await run()).toEqual(['Applied', 'Applied']);
    world.aws.calls.reset();
    const found = await report({ verify: true });
    expect(states(found)).toEqual(['Failed/DeniedByPrincipalPolicy', 'Applied']);
    expect([...found.items.values()][0]?.message).toBe(
      `Access is granted, but ${analyst.arn} can't use it: statement number 1 of its inline policy Team denies s3:GetObject, s3:ListBucket. Whoever is in charge of the principal has to change that.`,
    );
    expect(writesOf(world)).toEqual([]);
    await world.consumer.iam.send(new DeleteRolePolicyCommand({ RoleName: 'analyst', PolicyName: 'Team' }));
    expect(await verify()).toEqual(['Applied', 'Applied']);
  });

  it('is remembered by runs that do not look, and found again by a process that starts', async () => {
    await inline('Team', noAcme);
    await verify();
    expect(await run()).toEqual(['Failed/DeniedByPrincipalPolicy', 'Applied']);
    world.restart();
    expect(await run()).toEqual(['Failed/DeniedByPrincipalPolicy', 'Applied']);
  });

  it('keeps neither a new share from being written nor an old one from being taken back', async () => {
    await inline('Team', noAcme);
    await verify();
    wants = [{ ...wantShare(analyst, 'acme'), mode: 'drop' }, wantShare(analyst, 'beta'), wantShare(analyst, 'gamma')];
    expect(await run()).toEqual(['Removed', 'Applied', 'Applied']);
  });

  it('for requests that nobody knows beforehand, or elsewhere, stops nothing', async () => {
    await inline('Network', { ...noAcme, Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } });
    await inline('Accounts', { ...noAcme, Resource: '*', Condition: { StringEquals: { 'aws:ResourceAccount': consumer } } });
    expect(await verify()).toEqual(['Applied', 'Applied']);
  });

  it('for what is not in its own account stops all of it', async () => {
    await inline('Own', {
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringNotEquals: { 'aws:ResourceAccount': consumer } },
    });
    expect(await verify()).toEqual(['Failed/DeniedByPrincipalPolicy', 'Failed/DeniedByPrincipalPolicy']);
  });
});

describe('a managed policy that denies', () => {
  it('is read once for each version', async () => {
    const PolicyArn = await managed('Team', { Effect: 'Allow', Action: 's3:Get*', Resource: '*' });
    await world.consumer.iam.send(new AttachRolePolicyCommand({ RoleName: 'analyst', PolicyArn }));
    expect(await verify()).toEqual(['Applied', 'Applied']);
    world.aws.calls.reset();
    expect(await verify()).toEqual(['Applied', 'Applied']);
    expect(callsOf(world).filter((call) => call === 'iam:GetPolicyVersion')).toEqual([]);
    await world.consumer.iam.send(
      new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: documentOf(noAcme), SetAsDefault: true }),
    );
    const found = await report({ verify: true });
    expect(states(found)).toEqual(['Failed/DeniedByPrincipalPolicy', 'Applied']);
    expect([...found.items.values()][0]?.message).toContain(`its policy ${PolicyArn} denies`);
    await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn }));
    expect(await verify()).toEqual(['Applied', 'Applied']);
  });
});

describe('a permissions boundary', () => {
  const bound = async (...statements: JsonObject[]): Promise<string> => {
    const boundaryArn = await managed('Boundary', ...statements);
    await world.consumer.iam.send(
      new PutRolePermissionsBoundaryCommand({ RoleName: 'analyst', PermissionsBoundary: boundaryArn }),
    );
    return boundaryArn;
  };

  it('that does not allow what is given stalls it; one that does, or was taken away, does not', async () => {
    const boundaryArn = await bound({ Effect: 'Allow', Action: 's3:*', Resource: ['arn:aws:s3:::beta', 'arn:aws:s3:::beta/*'] });
    const found = await report({ verify: true, boundaryArn });
    expect(states(found)).toEqual(['Failed/DeniedByPrincipalPolicy', 'Applied']);
    expect([...found.items.values()][0]?.message).toContain(
      `its permissions boundary ${boundaryArn} does not allow s3:GetObject, s3:ListBucket.`,
    );
    await world.consumer.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'analyst' }));
    expect(await verify({ boundaryArn })).toEqual(['Applied', 'Applied']);
  });

  it('that denies is told like any other policy', async () => {
    const boundaryArn = await bound({ Effect: 'Allow', Action: '*', Resource: '*' }, noAcme);
    expect(await verify({ boundaryArn })).toEqual(['Failed/DeniedByPrincipalPolicy', 'Applied']);
  });
});

describe('policies that the operator may not read', () => {
  it('are taken for none', async () => {
    await inline('Team', noAcme);
    const PolicyArn = await managed('Other', noAcme);
    await world.consumer.iam.send(new AttachRolePolicyCommand({ RoleName: 'analyst', PolicyArn }));
    for (const operation of ['ListRolePolicies', 'GetPolicyVersion']) {
      const match = { service: 'iam', operation } as const;
      world.aws.faults.add({ kind: 'error', match, code: 'AccessDenied', status: 403, message: 'no' });
    }
    expect(await verify()).toEqual(['Applied', 'Applied']);
  });
});

describe('a user', () => {
  const account = { StringEquals: { 'aws:ResourceAccount': [consumer] } };

  beforeEach(() => {
    world.restart({ checkPrincipal: () => Promise.resolve({ kind: 'ok' }) });
  });

  it('is judged by its own inline policies and boundary', async () => {
    const boundaryArn = await managed('Boundary', {
      Effect: 'Allow',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*'],
    });
    const seeded = world.aws.seed.user(consumer, 'anna', { boundary: boundaryArn, policies: { guard: documentOf(noAcme) } });
    const anna = { arn: seeded.arn, uniqueId: seeded.id };
    const shares = [wantShare(anna, 'acme'), wantShare(anna, 'beta')];
    const runAnna = (verified: boolean) => world.runShare(anna.arn, shares, { verify: verified, boundaryArn });
    expect(states(await runAnna(false))).toEqual(['Applied', 'Applied']);
    const found = [...(await runAnna(true)).items.values()];
    expect(found.map(({ reason }) => reason)).toEqual(['DeniedByPrincipalPolicy', 'DeniedByPrincipalPolicy']);
    expect(found[0]?.message).toContain('statement number 1 of its inline policy guard denies');
    expect(found[1]?.message).toContain(`its permissions boundary ${boundaryArn} does not allow`);
  });

  it('is not limited by a boundary in what a document of its own account gives to it', () => {
    const text = documentOf({ Effect: 'Allow', Action: 'ec2:*', Resource: '*' });
    const judge = (arn: string): readonly unknown[] => {
      const principal = { arn, uniqueId: 'AIDAANNAANNAANNAAN11' };
      const statements = [{ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::own/*'], condition: account }];
      const one = { item: 'one', order: '', mode: 'want', repair: true, grant: { principal, statements } } as const;
      const others = { policies: [], boundary: { name: 'permissions boundary', text } };
      const observed = {
        installation: 'abcd1234',
        principalExists: true,
        complete: true,
        otherAttachments: 0,
        shards: [],
        others,
      };
      const input = { installation: 'abcd1234', coordinates: coordinatesOf(arn), contributions: [one], observed };
      return withPrincipalDenials({ items: new Map(), unowned: [] }, input).items.get('one') ?? [];
    };
    expect(judge(`arn:aws:iam::${consumer}:user/anna`)).toEqual([]);
    expect(judge(`arn:aws:iam::${consumer}:role/anna`)).toHaveLength(1);
  });
});
