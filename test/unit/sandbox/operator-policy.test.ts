/** The operator's permissions in AWS are exactly what its code calls: a call without permission fails there, a permission without a call is a risk. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operatorRolePolicy, trust } from '../../../sandbox/operator-policy.ts';

const root = join(import.meta.dirname, '../../..');

/** Operations whose permission has another name (Service Authorization Reference). */
const renamed: Readonly<Record<string, string>> = {
  's3:GetBucketEncryption': 's3:GetEncryptionConfiguration',
  's3:ListBuckets': 's3:ListAllMyBuckets',
  's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
};

/** Asked for by CreatePolicy when it is given tags. */
const implied = ['iam:TagPolicy'];

function callsOfTheOperator(): string[] {
  const imports = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    return [...source.matchAll(/import\s*\{([^}]*)\}\s*from '@aws-sdk\/client-(s3|s3-control|iam|kms)'/g)];
  });
  const calls = imports.flatMap(([, names = '', service = '']) =>
    [...names.matchAll(/\b([A-Z]\w+)Command\b/g)].map(
      ([, operation = '']) => `${service === 's3-control' ? 's3' : service}:${operation}`,
    ),
  );
  return [...new Set(calls.map((call) => renamed[call] ?? call))].sort();
}

const statements = operatorRolePolicy('111122223333').Statement;

test('given the calls in the source of the operator, then its role may make them, and nothing else', () => {
  const allowed = statements.flatMap(({ Action }) => Action).sort();
  expect(callsOfTheOperator().length).toBeGreaterThan(20);
  expect(allowed).toEqual([...callsOfTheOperator(), ...implied].sort());
});

test("given the operator's role, then it reads no object and attaches no policy but its own", () => {
  expect(statements.flatMap(({ Action }) => Action).filter((action) => /Object|\*|PassRole|AssumeRole/.test(action))).toEqual([]);
  const attaching = statements.filter(({ Action }) => Action.includes('iam:AttachRolePolicy'));
  expect(attaching.map(({ Condition }) => Condition)).toEqual([
    { ArnLike: { 'iam:PolicyARN': 'arn:aws:iam::111122223333:policy/sluice/*' } },
  ]);
});

test('given an external id, then the trust policy asks for it', () => {
  expect(JSON.parse(trust('arn:aws:iam::999988887777:user/sluice-operator', 'x'))).toMatchObject({
    Statement: [{ Condition: { StringEquals: { 'sts:ExternalId': 'x' } } }],
  });
});
