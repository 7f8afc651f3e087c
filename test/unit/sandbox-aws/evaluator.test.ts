// The stand-in's evaluator against an independent one, over random policies and requests of one and of two accounts.
import { runSimulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate, type Question } from '../../../sandbox/aws/policy/evaluate.ts';

const own = '111111111111';
const foreign = '222222222222';
const bucket = 'prod-b';
const arn = (suffix: string): string => `arn:aws:s3:::${bucket}${suffix}`;
const roleOf = (account: string): string => `arn:aws:iam::${account}:role/analyst`;
const ids: Record<string, string> = { [roleOf(own)]: 'AROAOWNOWNOWNOWNOWN11', [roleOf(foreign)]: 'AROAFOREIGNFOREIGN222' };

const action = fc.constantFrom('s3:GetObject', 's3:Get*', 's3:*', 's3:PutObject', 's3:getobject', '*');
const resource = fc.constantFrom(
  arn('/*'),
  arn('/f/*'),
  arn('/f/x'),
  arn('/?/x'),
  '*',
  arn(''),
  'arn:aws:s3:::*/f/x',
  'arn:aws:s3:::${aws:PrincipalAccount}/*',
);
const condition = fc.option(
  fc.constantFrom(
    { StringEquals: { 'aws:PrincipalAccount': own } },
    { StringNotEquals: { 'aws:PrincipalAccount': own } },
    { StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/analyst' } },
    { ArnEquals: { 'aws:PrincipalArn': roleOf(foreign) } },
    { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:role/*' } },
    { Bool: { 'aws:SecureTransport': 'false' } },
    { StringEquals: { 'aws:ResourceAccount': [foreign, own] } },
    { Null: { 'aws:PrincipalOrgID': 'true' } },
    { StringEqualsIfExists: { 'aws:PrincipalOrgID': 'o-1' } },
    { StringNotLike: { 'aws:PrincipalOrgID': 'o-*' } },
    { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
    { NotIpAddress: { 'aws:SourceIp': ['203.0.113.10/32', '10.0.0.0/8'] } },
    { DateLessThan: { 'aws:CurrentTime': '2027-01-01T00:00:00Z' } },
  ),
  { nil: undefined },
);
const base = fc.record({
  Effect: fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny'),
  Action: action,
  Resource: resource,
  Condition: condition,
});
const principal = fc.constantFrom(
  '*',
  { AWS: '*' },
  { AWS: roleOf(own) },
  { AWS: roleOf(foreign) },
  { AWS: [roleOf(own), roleOf(foreign)] },
  { AWS: `arn:aws:iam::${own}:root` },
  { AWS: `arn:aws:iam::${foreign}:root` },
  { AWS: 'arn:aws:iam::111111111111:role/other' },
);
const policyOf = (statement: fc.Arbitrary<object>, most: number) =>
  fc
    .array(statement, { minLength: 1, maxLength: most })
    .map((list) => ({ Version: '2012-10-17', Statement: list.map((one) => JSON.parse(JSON.stringify(one)) as object) }));
const identityPolicy = fc.option(policyOf(base, 2), { nil: undefined });
const resourcePolicy = fc.option(
  policyOf(
    fc.tuple(base, principal).map(([one, who]) => ({ ...one, Principal: who })),
    3,
  ),
  { nil: undefined },
);

const context = (account: string): Record<string, string> => ({
  'aws:PrincipalAccount': account,
  'aws:PrincipalArn': roleOf(account),
  'aws:ResourceAccount': own,
  'aws:SecureTransport': 'true',
  'aws:SourceIp': '203.0.113.10',
  'aws:CurrentTime': '2026-01-01T00:00:00Z',
});

// The stand-in stores principals as unique ids; the oracle reads ARNs.
const stored = (policy: object): string =>
  Object.entries(ids).reduce((text, [name, id]) => text.replaceAll(`"${name}"`, `"${id}"`), JSON.stringify(policy));
const storedPrincipals = (policy: { Statement: object[] }): string =>
  JSON.stringify({
    ...policy,
    Statement: policy.Statement.map((one) => ({
      ...one,
      Principal: JSON.parse(stored((one as { Principal: object }).Principal)) as unknown,
    })),
  });

test('given random policies, when both evaluators decide, then they agree', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(own, foreign),
    fc.constantFrom('s3:GetObject', 's3:PutObject'),
    fc.constantFrom(arn('/f/x'), arn('/g')),
    fc.record({ identity: identityPolicy, resource: resourcePolicy, boundary: fc.option(policyOf(base, 2), { nil: undefined }) }),
    async (account, what, where, policies) => {
      const keys = Object.fromEntries(Object.entries(context(account)).map(([key, value]) => [key.toLowerCase(), [value]]));
      const session = `arn:aws:sts::${account}:assumed-role/analyst/me`;
      const question: Question = {
        who: { kind: 'session', account, arn: session, principalId: ids[roleOf(account)] ?? '' },
        action: what,
        resource: where,
        account: own,
        keys: (key) => keys[key],
      };
      const mine = evaluate(question, {
        identity: policies.identity ? [JSON.stringify(policies.identity)] : [],
        session: [],
        mode: 'optional',
        ...(policies.resource ? { resource: storedPrincipals(policies.resource) } : {}),
        ...(policies.boundary ? { boundary: JSON.stringify(policies.boundary) } : {}),
      });
      const theirs = await runSimulation(
        {
          request: {
            principal: session,
            action: what,
            resource: { resource: where, accountId: own },
            contextVariables: context(account),
          },
          identityPolicies: policies.identity ? [{ name: 'i', policy: policies.identity }] : [],
          serviceControlPolicies: [],
          resourceControlPolicies: [],
          ...(policies.boundary ? { permissionBoundaryPolicies: [{ name: 'b', policy: policies.boundary }] } : {}),
          resourcePolicy: policies.resource,
        },
        {},
      );
      if (theirs.resultType === 'error') throw new Error(JSON.stringify(theirs.errors));
      expect({ allowed: mine.allowed }).toEqual({ allowed: theirs.overallResult === 'Allowed' });
    },
  );
  await fc.assert(property, { numRuns: 600 });
});

test('given random key policies, when both evaluators decide about a key, then they agree', async () => {
  const keyArn = `arn:aws:kms:eu-west-1:${own}:key/12345678-1234-1234-1234-123456789012`;
  const kmsBase = fc.record({
    Effect: fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny'),
    Action: fc.constantFrom('kms:Decrypt', 'kms:*', 'kms:De*', 'kms:Encrypt'),
    Resource: fc.constantFrom('*', keyArn),
    Condition: fc.option(
      fc.constantFrom(
        { StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' } },
        { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
        { StringEquals: { 'aws:PrincipalAccount': own } },
      ),
      { nil: undefined },
    ),
  });
  const keyPolicy = policyOf(
    fc.tuple(kmsBase, principal).map(([one, who]) => ({ ...one, Principal: who })),
    3,
  );
  const property = fc.asyncProperty(
    fc.constantFrom(own, foreign),
    fc.option(policyOf(kmsBase, 2), { nil: undefined }),
    keyPolicy,
    async (account, identity, resource) => {
      const variables = { ...context(account), 'kms:ViaService': 's3.eu-west-1.amazonaws.com' };
      const keys = Object.fromEntries(Object.entries(variables).map(([key, value]) => [key.toLowerCase(), [value]]));
      const session = `arn:aws:sts::${account}:assumed-role/analyst/me`;
      const mine = evaluate(
        {
          who: { kind: 'session', account, arn: session, principalId: ids[roleOf(account)] ?? '' },
          action: 'kms:Decrypt',
          resource: keyArn,
          account: own,
          keys: (key) => keys[key],
        },
        {
          identity: identity ? [JSON.stringify(identity)] : [],
          session: [],
          mode: 'required',
          resource: storedPrincipals(resource),
        },
      );
      const theirs = await runSimulation(
        {
          request: {
            principal: session,
            action: 'kms:Decrypt',
            resource: { resource: keyArn, accountId: own },
            contextVariables: variables,
          },
          identityPolicies: identity ? [{ name: 'i', policy: identity }] : [],
          serviceControlPolicies: [],
          resourceControlPolicies: [],
          resourcePolicy: resource,
        },
        {},
      );
      if (theirs.resultType === 'error') throw new Error(JSON.stringify(theirs.errors));
      expect({ allowed: mine.allowed }).toEqual({ allowed: theirs.overallResult === 'Allowed' });
    },
  );
  await fc.assert(property, { numRuns: 400 });
});
