/** Taking a principal's last share away: few calls, and nothing of ours is left whatever somebody did to the policy. */
import {
  AttachRolePolicyCommand,
  CreatePolicyVersionCommand,
  DetachRolePolicyCommand,
  CreateRoleCommand,
} from '@aws-sdk/client-iam';
import { beforeEach, expect, it } from 'vitest';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { attached, firstPolicy, policies } from './iam.ts';
import { callsOf, createWorld, states, wantShare, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;
const statement = { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::elsewhere' };
const document = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });

beforeEach(async () => {
  world = createWorld();
  analyst = await world.role('analyst');
  await world.runShare(analyst.arn, [wantShare(analyst, 'acme')]);
  world.clock.advance(300_000);
  world.aws.calls.reset();
});

const drop = async (): Promise<string[]> =>
  states(await world.runShare(analyst.arn, [wantShare(analyst, 'acme', { mode: 'drop' })]));

it('costs four calls: what there is, detach, delete, whether it is gone', async () => {
  expect(await drop()).toEqual(['Removed']);
  expect(callsOf(world)).toEqual(['iam:ListPolicies', 'iam:DetachRolePolicy', 'iam:DeletePolicy', 'iam:ListPolicies']);
  expect(await policies(world)).toEqual([]);
});

it.each([
  ['a version that is not in force', false],
  ['a version that is in force', true],
])('removes a policy to which somebody added %s', async (_, SetAsDefault) => {
  const version = { PolicyArn: firstPolicy(analyst), PolicyDocument: document, SetAsDefault };
  await world.consumer.iam.send(new CreatePolicyVersionCommand(version));
  expect(await drop()).toEqual(['Removed']);
  expect(await policies(world)).toEqual([]);
});

it('removes a policy that somebody detached, without detaching it once more', async () => {
  await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: firstPolicy(analyst) }));
  world.aws.calls.reset();
  expect(await drop()).toEqual(['Removed']);
  expect(writesOf(world)).toEqual(['iam:DeletePolicy']);
});

it('says that a policy stays which somebody attached to another role too, and takes it away from ours', async () => {
  await world.consumer.iam.send(new CreateRoleCommand({ RoleName: 'friend', AssumeRolePolicyDocument: trust }));
  await world.consumer.iam.send(new AttachRolePolicyCommand({ RoleName: 'friend', PolicyArn: firstPolicy(analyst) }));
  expect(await drop()).not.toEqual(['Removed']);
  expect(await attached(world, 'analyst')).toEqual([]);
  await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'friend', PolicyArn: firstPolicy(analyst) }));
  expect(await drop()).toEqual(['Removed']);
});

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::444455556666:root' }, Action: 'sts:AssumeRole' }],
});
