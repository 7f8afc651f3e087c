// What statements say of requests, case by case: what the guide states, and what is certain, denied to some only, or unknown.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import { appliesAny, compilePolicy, type Question } from '../../../src/policy/evaluate.ts';
import { compilePattern, glob, literal, type Pattern } from '../../../src/policy/patterns.ts';
import type { Truth } from '../../../src/policy/truth.ts';
import { documentOf } from './evaluate-world.ts';

const role = { arn: 'arn:aws:iam::444455556666:role/team/analyst', uniqueId: 'AROAANALYSTANALYST11' };
const bucket = 'arn:aws:s3:::acme';

interface Asked {
  readonly principal?: Question['principal'];
  readonly action?: string;
  readonly resource?: string;
  readonly keys?: Readonly<Record<string, readonly (readonly Pattern[])[]>>;
}

/** What a Deny with these parts says of reading the objects of a bucket. */
function denies(parts: JsonObject, asked: Asked = {}, version?: string): Truth {
  const statement = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*', ...parts };
  const given = Object.fromEntries(Object.entries(statement).filter(([, value]) => value !== null));
  return appliesAny(compilePolicy(documentOf([given], version), 'resource'), 'Deny', {
    principal: 'principal' in asked ? asked.principal : role,
    action: asked.action ?? 's3:GetObject',
    resource: glob(asked.resource ?? `${bucket}/*`),
    keys: (key) => asked.keys?.[key],
  });
}

describe('who is meant', () => {
  it.each<[string, JsonObject, Truth]>([
    ['everybody', { Principal: '*' }, true],
    ['everybody, in the long form', { Principal: { AWS: ['*'] } }, true],
    ['the role', { Principal: { AWS: role.arn } }, true],
    ['its account by number', { Principal: { AWS: '444455556666' } }, true],
    ['its account by root', { Principal: { AWS: ['arn:aws:iam::444455556666:root'] } }, true],
    ['its unique id', { Principal: { AWS: role.uniqueId } }, true],
    ['a dead id of another', { Principal: { AWS: 'AROAOTHEROTHEROTHER11' } }, false],
    ['another role', { Principal: { AWS: 'arn:aws:iam::444455556666:role/analyst' } }, false],
    ['another account', { Principal: { AWS: '111122223333' } }, false],
    ['one of its sessions', { Principal: { AWS: 'arn:aws:sts::444455556666:assumed-role/analyst/me' } }, 'unknown'],
    ["another role's session", { Principal: { AWS: 'arn:aws:sts::444455556666:assumed-role/other/me' } }, false],
    ['a service', { Principal: { Service: 'logging.s3.amazonaws.com' } }, false],
    ['a canonical user, whoever that is', { Principal: { CanonicalUser: '79a59df900b949e5' } }, 'unknown'],
    ['sessions of an identity provider', { Principal: { Federated: 'cognito-identity.amazonaws.com' } }, 'unknown'],
    ['nobody', { Principal: null }, false],
  ])('%s', (_name, parts, expected) => {
    expect(denies(parts)).toBe(expected);
  });

  it.each<[string, JsonObject, Truth]>([
    ['everybody but another role', { AWS: 'arn:aws:iam::444455556666:role/other' }, true],
    [
      'everybody but the role: whether that spares its sessions, and those with a boundary, is not certain',
      { AWS: role.arn },
      'unknown',
    ],
    ['everybody but the account', { AWS: '444455556666' }, 'unknown'],
    ['everybody but everybody', { AWS: '*' }, false],
  ])('%s', (_name, NotPrincipal, expected) => {
    expect(denies({ Principal: null, NotPrincipal })).toBe(expected);
  });

  it('whoever it may be: everybody or not certain', () => {
    expect(denies({ Principal: '*' }, { principal: undefined })).toBe(true);
    expect(denies({ Principal: { AWS: role.arn } }, { principal: undefined })).toBe('unknown');
  });
});

describe('what is acted on', () => {
  it.each<[string, JsonObject, Truth]>([
    ['all of it', { Resource: [bucket, `${bucket}/*`] }, true],
    ['the bucket alone', { Resource: bucket }, false],
    ['some of its objects', { Resource: `${bucket}/secret/*` }, 'unknown'],
    ['all but some of its objects', { Resource: null, NotResource: `${bucket}/public/*` }, 'unknown'],
    ['all but another bucket', { Resource: null, NotResource: 'arn:aws:s3:::other/*' }, true],
    ['another bucket whose name begins alike', { Resource: 'arn:aws:s3:::acme-logs/*' }, false],
    ['a prefix of names that fits', { Resource: 'arn:aws:s3:::ac*' }, true],
    ['a part that depends on a tag', { Resource: `${bucket}/\${aws:PrincipalTag/team}/*` }, 'unknown'],
    ['an ARN that lacks parts', { Resource: 'arn:aws:s3' }, 'unknown'],
    ['nothing', { Resource: null }, false],
  ])('%s', (_name, parts, expected) => {
    expect(denies(parts)).toBe(expected);
  });

  it.each<[string, JsonObject, Truth]>([
    ['the action in other letters', { Action: 'S3:getobject' }, true],
    ['another action', { Action: ['s3:PutObject', 's3:DeleteObject*'] }, false],
    ['all actions but this', { Action: null, NotAction: 's3:Get*' }, false],
    ['all actions but others', { Action: null, NotAction: 's3:Put*' }, true],
    ['no action', { Action: null }, false],
  ])('%s', (_name, parts, expected) => {
    expect(denies(parts)).toBe(expected);
  });

  it('variables are text in documents of the older version', () => {
    const parts = { Resource: `${bucket}/\${aws:PrincipalAccount}/x` };
    const asked = { resource: `${bucket}/444455556666/x`, keys: { 'aws:principalaccount': [[literal('444455556666')]] } };
    expect(denies(parts, asked)).toBe(true);
    expect(denies(parts, asked, '2008-10-17')).toBe(false);
  });
});

describe('conditions', () => {
  const known = (value: string | undefined) => ({ 'aws:k': [value === undefined ? [] : [literal(value)]] });
  const condition = (operator: string, wanted: JsonObject[string], keys: Asked['keys'] = {}): Truth =>
    denies({ Condition: { [operator]: { 'aws:K': wanted } } }, { keys });

  it.each([
    'StringEquals',
    'StringNotLike',
    'Bool',
    'Null',
    'IpAddress',
    'NumericLessThan',
    'ForAllValues:StringLike',
    'ArnLikeIfExists',
  ])('of a key that nobody knows %s says nothing', (operator) => {
    expect(condition(operator, 'true')).toBe('unknown');
  });

  it.each<[string, JsonObject[string], string | undefined, Truth]>([
    ['Bool', false, 'true', false],
    ['Bool', 'FALSE', 'false', true],
    ['Bool', 'perhaps', 'false', 'unknown'],
    ['Null', 'true', undefined, true],
    ['Null', false, undefined, false],
    ['StringEquals', ['a', 'b'], 'b', true],
    ['StringNotEquals', ['a', 'b'], 'b', false],
    ['StringNotEquals', 'a', undefined, true],
    ['StringNotEqualsIfExists', 'a', undefined, true],
    ['StringEqualsIfExists', 'a', undefined, true],
    ['StringEqualsIgnoreCase', 'AbC', 'aBc', true],
    ['ForAllValues:StringEquals', 'a', undefined, true],
    ['ForAnyValue:StringNotEquals', 'a', undefined, false],
    ['ForAnyValue:StringEqualsIfExists', 'a', undefined, 'unknown'],
    ['NumericLessThan', '10', '9.5', true],
    ['NumericLessThan', 'ten', '9', 'unknown'],
    ['DateGreaterThan', '2026-01-01T00:00:00Z', '1798761600', true],
    ['DateGreaterThan', 'tomorrow', '2026-01-01T00:00:00Z', 'unknown'],
    ['IpAddress', '10.0.0.0/8', '10.1.2.3', true],
    ['NotIpAddress', ['10.0.0.0/8', '2001:db8::/32'], '2001:db8::1', false],
    ['IpAddress', 'here', '10.1.2.3', 'unknown'],
    ['ArnLike', 'arn:aws:iam::*:role/*', role.arn, true],
    ['ArnNotEquals', 'arn:aws:iam::444455556666:role/other', role.arn, true],
    ['ArnLike', 'arn:aws:s3:*', role.arn, false],
    ['BinaryEquals', 'QQ==', 'QQ==', true],
    ['StringWhatever', 'a', 'a', 'unknown'],
  ])('%s %j with %s', (operator, wanted, value, expected) => {
    expect(condition(operator, wanted, known(value))).toBe(expected);
  });

  it('of which one fails do not hold, whatever is unknown of the others', () => {
    const parts = { Condition: { StringEquals: { 'aws:K': 'a', 'aws:SourceVpce': 'vpce-1' } } };
    expect(denies(parts, { keys: known('b') })).toBe(false);
    expect(denies(parts, { keys: known('a') })).toBe('unknown');
  });

  it('on several values need a set operator', () => {
    const keys = { 'aws:k': [[literal('a'), literal('b')]] };
    expect(condition('ForAllValues:StringLike', 'a', keys)).toBe(false);
    expect(condition('ForAnyValue:StringLike', 'a', keys)).toBe(true);
    expect(condition('StringLike', 'a', keys)).toBe('unknown');
  });

  it('on one of several values hold where they hold for each', () => {
    const keys = { 'aws:k': [[literal('raw/')], [glob('raw/*')]] };
    expect(condition('StringLike', 'raw/*', keys)).toBe(true);
    expect(condition('StringLike', 'raw/2026/*', keys)).toBe('unknown');
    expect(condition('StringNotLike', 'other/*', keys)).toBe(true);
  });

  it('of another shape say nothing', () => {
    expect(denies({ Condition: 'x' })).toBe('unknown');
    expect(denies({ Condition: { Bool: 'x' } })).toBe('unknown');
  });
});

describe('patterns', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
  const member = (pattern: string, pick: readonly number[]): string =>
    [...pattern]
      .map((char, index) => {
        const chosen = pick[index % pick.length] ?? 0;
        if (char === '*') return ['', 'a', 'ab', 'bb'][chosen % 4] ?? '';
        return char === '?' ? (['a', 'b'][chosen % 2] ?? '') : char;
      })
      .join('');

  it('say of a pattern what holds of each of its texts', () => {
    const property = fc.property(text, text, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), (wide, narrow, pick) => {
      const read = compilePattern(wide, { wildcards: true, variables: false });
      const all = read(glob(narrow), () => undefined);
      const one = read(literal(member(narrow, pick)), () => undefined);
      expect(one).not.toBe('unknown');
      if (all !== 'unknown') expect(one).toBe(all);
    });
    fc.assert(property, { numRuns: 5000 });
  });

  it('are found to have nothing in common only where they have', () => {
    const property = fc.property(text, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), text, (narrow, pick, other) => {
      const shared = member(narrow, pick);
      const read = compilePattern(other, { wildcards: true, variables: false });
      if (read(literal(shared), () => undefined) === true) expect(read(glob(narrow), () => undefined)).not.toBe(false);
    });
    fc.assert(property, { numRuns: 5000 });
  });

  it('take the escapes for characters', () => {
    const read = compilePattern('a${*}${?}${$}', { wildcards: true, variables: true });
    expect([read(literal('a*?$'), () => undefined), read(literal('abc$'), () => undefined)]).toEqual([true, false]);
  });
});
