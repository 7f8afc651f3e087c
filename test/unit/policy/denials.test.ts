// Other people's Denies against what a share gives: told where it is certain, by name, for one principal or a thousand.
import { describe, expect, it } from 'vitest';
import { createDenials, notAllowed } from '../../../src/policy/denials.ts';
import type { JsonObject } from '../../../src/policy/document.ts';
import { compilePolicy } from '../../../src/policy/evaluate.ts';
import type { Given } from '../../../src/policy/requests.ts';
import { documentOf } from './evaluate-world.ts';

const role = { arn: 'arn:aws:iam::444455556666:role/team/analyst', uniqueId: 'AROAANALYSTANALYST11' };
const bucket = 'arn:aws:s3:::acme';
const point = 'arn:aws:s3:eu-west-1:111122223333:accesspoint/sluice-x';
const key = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const place = { account: '111122223333', region: 'eu-west-1' };
const read: Given = { actions: ['s3:GetBucketLocation', 's3:GetObject', 's3:ListBucket'], resources: [bucket, `${bucket}/*`] };
const everything = { Principal: '*', Action: 's3:*', Resource: [bucket, `${bucket}/*`] };

function denied(statement: JsonObject, given: Given = read, principal = role): readonly string[] {
  const statements = compilePolicy(documentOf([{ Sid: 'Theirs', Effect: 'Deny', ...everything, ...statement }]), 'resource');
  const self = given.resources.includes('*') ? { self: key } : {};
  return [...createDenials(statements, { ...place, ...self })(principal, [given]).values()].flat().sort();
}

describe('a Deny of somebody else', () => {
  it.each<[string, JsonObject, readonly string[]]>([
    ['of everything', {}, ['s3:GetBucketLocation', 's3:GetObject', 's3:ListBucket']],
    ['of requests without TLS', { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, []],
    ['of one action', { Action: 's3:ListBucket' }, ['s3:ListBucket']],
    ['of the objects', { Resource: `${bucket}/*` }, ['s3:GetObject']],
    ['of the bucket', { Resource: bucket }, ['s3:GetBucketLocation', 's3:ListBucket']],
    ['of some objects', { Resource: `${bucket}/secret/*` }, []],
    ['of other accounts', { Condition: { StringNotEquals: { 'aws:PrincipalAccount': '111122223333' } } }, read.actions],
    ['of other organizations, which are not known', { Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } } }, []],
    [
      'of everybody but some roles',
      { Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/admin' } } },
      read.actions,
    ],
    [
      'of everybody but some unique ids',
      { Condition: { StringNotLike: { 'aws:userId': ['AROAADMINADMINADMIN1:*', '111122223333'] } } },
      read.actions,
    ],
    ['of everybody but this unique id', { Condition: { StringNotLike: { 'aws:userId': ['AROAANALYSTANALYST11:*'] } } }, []],
    ['of one session name', { Condition: { StringLike: { 'aws:userId': '*:nightly' } } }, []],
    ['of all but a network', { Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, []],
    ['of all but a VPC endpoint', { Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } }, []],
    [
      'of all that comes through no access point',
      { Condition: { StringNotEquals: { 's3:DataAccessPointAccount': '111122223333' } } },
      read.actions,
    ],
    ['of a role that is another', { Principal: { AWS: 'arn:aws:iam::444455556666:role/intern' } }, []],
    ['of the role', { Principal: { AWS: [role.arn, 'arn:aws:iam::444455556666:role/intern'] } }, read.actions],
    ['of other regions', { Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-west-1', 'eu-west-2'] } } }, []],
    ["of another account's bucket", { Condition: { StringNotEquals: { 'aws:ResourceAccount': '111122223333' } } }, []],
    [
      'that also is conditional on a prefix',
      { Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': 'secret/*' } } },
      [],
    ],
  ])('%s', (_name, statement, expected) => {
    expect(denied(statement)).toEqual([...expected].sort());
  });

  it('is named for the owner by Sid and number', () => {
    const statements = compilePolicy(
      documentOf([
        { Effect: 'Allow', ...everything },
        { Effect: 'Deny', ...everything },
        { Sid: 'Closed', Effect: 'Deny', ...everything },
      ]),
      'resource',
    );
    expect([...createDenials(statements, place)(role, [read]).keys()]).toEqual(['number 2', '"Closed" (number 3)']);
  });
});

describe('a folder', () => {
  const list: Given = {
    actions: ['s3:ListBucket'],
    resources: [point],
    condition: { StringLike: { 's3:prefix': ['raw/', 'raw/*'] } },
  };
  const objects: Given = { actions: ['s3:GetObject'], resources: [`${point}/object/raw/*`] };

  it('is denied by what is said of its point, its objects and its prefix', () => {
    expect(denied({ Resource: [point, `${point}/object/*`] }, objects)).toEqual(['s3:GetObject']);
    expect(denied({ Resource: `${point}/object/other/*` }, objects)).toEqual([]);
    expect(denied({ Resource: point, Condition: { StringLike: { 's3:prefix': 'raw/*' } } }, list)).toEqual(['s3:ListBucket']);
    expect(denied({ Resource: point, Condition: { StringNotLike: { 's3:prefix': 'raw/*' } } }, list)).toEqual([]);
  });

  it('comes to its bucket through the point', () => {
    const delegated: Given = {
      actions: ['s3:GetObject'],
      resources: [`${bucket}/raw/*`],
      condition: {
        StringEquals: { 's3:DataAccessPointAccount': ['111122223333'] },
        ArnLike: { 's3:DataAccessPointArn': ['arn:aws:s3:eu-west-1:111122223333:accesspoint/sluice-*'] },
      },
    };
    expect(denied({ Condition: { StringNotEquals: { 's3:DataAccessPointAccount': '111122223333' } } }, delegated)).toEqual([]);
    expect(denied({ Condition: { ArnLike: { 's3:DataAccessPointArn': 'arn:aws:s3:*:*:accesspoint/*' } } }, delegated)).toEqual([
      's3:GetObject',
    ]);
    expect(denied({ Resource: `${bucket}/raw*` }, delegated)).toEqual(['s3:GetObject']);
  });
});

describe('a key', () => {
  const use: Given = {
    actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
    resources: ['*'],
    condition: { StringEquals: { 'kms:ViaService': ['s3.eu-west-1.amazonaws.com'] } },
  };

  it.each<[string, JsonObject, readonly string[]]>([
    ['by itself', { Action: 'kms:*', Resource: '*' }, ['kms:Decrypt', 'kms:GenerateDataKey']],
    ['by its ARN', { Action: 'kms:GenerateDataKey', Resource: key }, ['kms:GenerateDataKey']],
    [
      'around S3 only',
      { Action: 'kms:*', Resource: '*', Condition: { StringNotLike: { 'kms:ViaService': 's3.*.amazonaws.com' } } },
      [],
    ],
    [
      'to other accounts',
      { Action: 'kms:Decrypt', Resource: '*', Condition: { StringNotEquals: { 'kms:CallerAccount': '111122223333' } } },
      ['kms:Decrypt'],
    ],
    ['of another kind of data key', { Action: 'kms:GenerateDataKeyPair', Resource: '*' }, []],
  ])('that is denied %s', (_name, statement, expected) => {
    expect(denied(statement, use)).toEqual(expected);
  });
});

describe('a user', () => {
  const user = { arn: 'arn:aws:iam::444455556666:user/team/anna', uniqueId: 'AIDAANNAANNAANNAAN11' };

  it('has a name and an id of its own', () => {
    expect(denied({ Condition: { StringEquals: { 'aws:username': 'anna' } } }, read, user)).toHaveLength(3);
    expect(denied({ Condition: { StringNotEquals: { 'aws:userid': user.uniqueId } } }, read, user)).toEqual([]);
    expect(denied({ Condition: { StringEquals: { 'aws:PrincipalType': 'AssumedRole' } } }, read, user)).toEqual([]);
  });
});

describe('a permissions boundary', () => {
  const beyond = (statement: JsonObject): readonly string[] =>
    notAllowed(compilePolicy(documentOf([statement]), 'identity'), { ...place, principal: role }, [read]);

  it.each<[string, JsonObject, readonly string[]]>([
    ['that allows everything', { Effect: 'Allow', Action: '*', Resource: '*' }, []],
    ['that allows to read', { Effect: 'Allow', Action: ['s3:Get*', 's3:List*'], Resource: '*' }, []],
    [
      'that allows objects only',
      { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
      ['s3:GetBucketLocation', 's3:ListBucket'],
    ],
    ['that allows other buckets', { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::mine*' }, read.actions],
    ['that allows some objects', { Effect: 'Allow', Action: 's3:*', Resource: [bucket, `${bucket}/raw/*`] }, []],
    [
      'that allows within its account',
      { Effect: 'Allow', Action: '*', Resource: '*', Condition: { StringEquals: { 'aws:ResourceAccount': '444455556666' } } },
      read.actions,
    ],
    [
      'that allows from a network',
      { Effect: 'Allow', Action: '*', Resource: '*', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
      [],
    ],
    ['that allows nothing', { Effect: 'Deny', Action: 'ec2:*', Resource: '*' }, read.actions],
  ])('%s', (_name, statement, expected) => {
    expect([...beyond(statement)].sort()).toEqual([...expected].sort());
  });
});

it('given a thousand principals and a document of Denies, then each costs little more than a look', () => {
  const statements = compilePolicy(
    documentOf([
      { Effect: 'Deny', ...everything, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      { Effect: 'Deny', ...everything, Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } } },
      {
        Effect: 'Deny',
        ...everything,
        Condition: { StringNotLike: { 'aws:userId': Array.from({ length: 50 }, (_, index) => `AROAADMIN${String(index)}:*`) } },
      },
      { Sid: 'One', Effect: 'Deny', ...everything, Principal: { AWS: 'arn:aws:iam::444455556666:role/reader-500' } },
    ]),
    'resource',
  );
  let asked = 0;
  const counted = statements.map((statement) => ({
    ...statement,
    means: (question: Parameters<typeof statement.means>[0]) => (asked++, statement.means(question)),
  }));
  const find = createDenials(counted, place);
  const names = Array.from({ length: 1000 }, (_, index) => `reader-${String(index)}`);
  const hit = names.filter((name) =>
    find({ arn: `arn:aws:iam::444455556666:role/${name}`, uniqueId: `AROA${name}` }, [read]).has('"One" (number 4)'),
  );
  expect(hit).toEqual(['reader-500']);
  // Four statements and two resources once for everybody; then only what depends on whose request it is.
  expect(asked).toBeLessThanOrEqual(8 + 1000 * 6);
});
