import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionKey, sameStatement } from '../../../src/policy/compare.ts';
import type { Json, JsonObject } from '../../../src/policy/document.ts';
import { deadIds, isDeadId, withoutDeadIds } from '../../../src/policy/principals.ts';
import { atomKey, statementAtoms } from '../../../src/policy/statement-atoms.ts';
import { nameHash } from '../../../src/policy/name-hash.ts';
import { foreignStatement } from './arbitraries.ts';

const base: JsonObject = {
  Sid: 'A',
  Effect: 'Allow',
  Principal: { AWS: ['arn:aws:iam::444455556666:role/a', '111122223333'] },
  Action: ['s3:GetObject', 's3:ListBucket'],
  Resource: ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'],
  Condition: { StringEquals: { 'aws:ResourceAccount': ['1', '2'] } },
};

describe('two statements mean the same', () => {
  it.each<[string, JsonObject]>([
    ['the Sid differs', { ...base, Sid: 'B' }],
    [
      'lists are in another order',
      { ...base, Action: ['s3:ListBucket', 's3:GetObject'], Resource: ['arn:aws:s3:::b/*', 'arn:aws:s3:::b'] },
    ],
    ['actions differ in case', { ...base, Action: ['s3:getobject', 'S3:LISTBUCKET'] }],
    ['a value stands twice', { ...base, Action: ['s3:GetObject', 's3:ListBucket', 's3:GetObject'] }],
    [
      'an account is written as its root',
      { ...base, Principal: { AWS: ['arn:aws:iam::111122223333:root', 'arn:aws:iam::444455556666:role/a'] } },
    ],
    [
      'the condition operator and key differ in case',
      { ...base, Condition: { stringequals: { 'AWS:resourceaccount': ['2', '1'] } } },
    ],
  ])('when %s', (_name, other) => {
    expect(sameStatement(base, other)).toBe(true);
  });

  it('when one value stands alone or in a list, and booleans are texts', () => {
    const alone = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    };
    const listed = {
      Effect: 'Deny',
      Principal: { AWS: ['*'] },
      Action: ['s3:*'],
      Resource: ['*'],
      Condition: { Bool: { 'aws:SecureTransport': ['false'] } },
    };
    expect(sameStatement(alone, listed)).toBe(true);
  });
});

describe('two statements differ', () => {
  it.each<[string, JsonObject]>([
    ['the effect', { ...base, Effect: 'Deny' }],
    ['an action', { ...base, Action: ['s3:GetObject'] }],
    ['a wildcard, which is compared as text', { ...base, Action: ['s3:Get*', 's3:ListBucket'] }],
    ['the case of a resource', { ...base, Resource: ['arn:aws:s3:::B', 'arn:aws:s3:::b/*'] }],
    ['a principal', { ...base, Principal: { AWS: ['arn:aws:iam::444455556666:role/b', '111122223333'] } }],
    ['a condition value', { ...base, Condition: { StringEquals: { 'aws:ResourceAccount': ['1'] } } }],
    ['no condition', Object.fromEntries(Object.entries(base).filter(([name]) => name !== 'Condition'))],
    [
      'NotAction for Action',
      { ...Object.fromEntries(Object.entries(base).filter(([name]) => name !== 'Action')), NotAction: base.Action ?? '' },
    ],
    ['an unknown element', { ...base, Extra: 1 }],
  ])('by %s', (_name, other) => {
    expect(sameStatement(base, other)).toBe(false);
  });
});

describe('the atoms of a statement', () => {
  it('are equal for statements that mean the same', () => {
    fc.assert(
      fc.property(foreignStatement, (statement) => {
        const turned = Object.fromEntries<Json>(Object.entries(statement).reverse());
        expect(statementAtoms(turned).map(atomKey)).toEqual(statementAtoms(statement).map(atomKey));
      }),
    );
  });

  it('never equal a permission of ours when the statement is of another shape', () => {
    const plain = { Effect: 'Allow', Principal: { AWS: 'p' }, Action: 's3:GetObject', Resource: 'r' };
    const [atom] = statementAtoms(plain).map(atomKey);
    for (const odd of [
      { ...plain, Effect: 'Deny' },
      { ...plain, NotResource: 'x' },
      { ...plain, Principal: { Service: 'a', AWS: 'p' } },
    ]) {
      expect(statementAtoms(odd).map(atomKey)).not.toContain(atom);
    }
  });

  it('tell an empty condition from none at all only by its absence', () => {
    expect(conditionKey({})).toBe(conditionKey(undefined));
  });
});

describe('dead ids', () => {
  it('are those of deleted roles and users, not ARNs, accounts or other ids', () => {
    expect(['AROAEXAMPLE1234567890', 'AIDAEXAMPLE1234567890'].every(isDeadId)).toBe(true);
    expect(['*', '111122223333', 'arn:aws:iam::1:role/AROAX', 'ANPAEXAMPLE1234567890', 'AROA'].some(isDeadId)).toBe(false);
  });

  it('are taken out of Principal alone; a statement that names nobody else goes', () => {
    const dead = 'AROAEXAMPLE1234567890';
    expect(withoutDeadIds({ Principal: { AWS: [dead, 'arn'] } })).toEqual({ Principal: { AWS: ['arn'] } });
    expect(withoutDeadIds({ Principal: { AWS: dead, Service: 's' } })).toEqual({ Principal: { Service: 's' } });
    expect(withoutDeadIds({ Principal: { AWS: [dead] } })).toBeUndefined();
    expect(withoutDeadIds({ NotPrincipal: { AWS: [dead] } })).toEqual({ NotPrincipal: { AWS: [dead] } });
    expect(deadIds({ NotPrincipal: { AWS: [dead] } })).toEqual([dead]);
  });
});

describe('name hashes', () => {
  it('frame their parts, so that no two identities are one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
        fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
        (left, right) => {
          expect(nameHash(26, ...left) === nameHash(26, ...right)).toBe(JSON.stringify(left) === JSON.stringify(right));
        },
      ),
    );
    expect(nameHash(26, 'ab', 'c')).not.toBe(nameHash(26, 'a', 'bc'));
    expect(nameHash(26, 'x')).toMatch(/^[a-z2-7]{26}$/);
  });
});
