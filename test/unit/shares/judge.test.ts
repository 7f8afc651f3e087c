/** May the namespace speak for it, is it there, can it be shared: the order of the checks, and what each of them says. */
import { describe, expect, test } from 'vitest';
import { identityKey } from '../../../src/shares/arn.ts';
import { judgeBucket, judgeRole, type BucketCase, type RoleCase } from '../../../src/shares/judge.ts';
import { bucketProblem, bucketWarning, crossAccountProblem, type BucketFacts } from '../../../src/shares/preconditions.ts';
import {
  aBucketCase,
  aConsumerEnvironment,
  aDataset,
  aPlatform,
  aRole,
  aRoleCase,
  analystsArn,
  anEnvironment,
  bucketName,
  keyArn,
  spec,
} from '../../support/builders.ts';

const ready = { kind: 'ready', attachmentQuota: 10 } as const;
const encrypted = aDataset(spec({ buckets: [{ name: bucketName, kmsKeyArn: keyArn }] }));
const elsewhere = aDataset(spec({ buckets: [{ name: bucketName, kmsKeyArn: keyArn.replace('eu-west-1', 'us-east-1') }] }));
const failed = { kind: 'failed', code: 'AccessDenied', message: 'no' } as const;
const found = (tags: Record<string, string> | undefined) => ({
  kind: 'found' as const,
  value: { region: 'eu-west-1', encryption: { algorithm: 'AES256', key: undefined }, ownership: 'BucketOwnerEnforced', tags },
});
const byTag = anEnvironment(spec({ claims: [{ namespaces: { from: 'All' }, byTag: 'owner', onLoss: 'AfterGracePeriod' }] }));
const unclaimed = anEnvironment(spec({ claims: [] }));

const bucketVerdict = (patch: Partial<BucketCase>): string => {
  const verdict = judgeBucket(aBucketCase(patch), aPlatform());
  return verdict.kind === 'problem' ? verdict.reason : verdict.kind;
};
const roleVerdict = (patch: Partial<RoleCase>, platform = aPlatform()): string => {
  const verdict = judgeRole(aRoleCase(patch), platform);
  return verdict.kind === 'problem' ? verdict.reason : verdict.kind;
};

describe('a bucket', () => {
  test.each<[string, Partial<BucketCase>, string]>([
    ['is fine', {}, 'ok'],
    ['is fine with its key', { dataset: encrypted }, 'ok'],
    ['has no Environment', { known: undefined }, 'EnvironmentNotFound'],
    [
      'may not be placed there',
      { known: { environment: anEnvironment(spec({ allowedNamespaces: { from: 'Names', names: [] } })), state: ready } },
      'NamespaceNotAllowed',
    ],
    ['has an Environment that was not tried yet', { known: { environment: anEnvironment(), state: undefined } }, 'unknown'],
    [
      'has an Environment that is not ready',
      { known: { environment: anEnvironment(), state: { kind: 'notReady', reason: 'AssumeRoleDenied', message: 'x' } } },
      'EnvironmentNotReady',
    ],
    ['is not claimed', { known: { environment: unclaimed, state: ready } }, 'notClaimed'],
    [
      'is not claimed, and that is said though it does not exist',
      { known: { environment: unclaimed, state: ready }, seenBucket: { kind: 'notFound' } },
      'notClaimed',
    ],
    [
      'could be claimed by a tag that was not read yet',
      { known: { environment: byTag, state: ready }, seenBucket: undefined },
      'unknown',
    ],
    [
      'could be claimed by a tag that can not be read',
      { known: { environment: byTag, state: ready }, seenBucket: failed },
      'PermissionsMissing',
    ],
    ['carries the tag', { known: { environment: byTag, state: ready }, seenBucket: found({ owner: 'team-sales' }) }, 'ok'],
    [
      'carries another tag',
      { known: { environment: byTag, state: ready }, seenBucket: found({ owner: 'team-other' }) },
      'notClaimed',
    ],
    ['is held by another namespace', { heldBy: 'team-other/theirs' }, 'AlreadyClaimed'],
    ['was not looked at yet', { seenBucket: undefined }, 'unknown'],
    ['does not exist', { seenBucket: { kind: 'notFound' } }, 'BucketNotFound'],
    ['may not be read', { seenBucket: failed }, 'PermissionsMissing'],
    ['is not answered for just now', { seenBucket: { ...failed, code: 'SlowDown', passing: true } }, 'ProgressingWithRetry'],
    ['has a key in an account without Environment', { dataset: encrypted, keyKnown: undefined }, 'KeyNotFound'],
    ['has a key that is not claimed', { dataset: encrypted, keyKnown: { environment: unclaimed, state: ready } }, 'notClaimed'],
    ['has a key in another region', { dataset: elsewhere }, 'RegionMismatch'],
    ['has a key that was not looked at yet', { dataset: encrypted, seenKey: undefined }, 'unknown'],
    ['has a key that does not exist', { dataset: encrypted, seenKey: { kind: 'notFound' } }, 'KeyNotFound'],
  ])('%s', (_what, patch, expected) => {
    expect(bucketVerdict(patch)).toBe(expected);
  });

  test('that another namespace holds is refused without a word on who that is', () => {
    expect(JSON.stringify(judgeBucket(aBucketCase({ heldBy: 'team-secret/theirs' }), aPlatform()))).not.toContain('team-secret');
  });
});

describe('a role', () => {
  const consumer = (claims: ReturnType<typeof aConsumerEnvironment>['spec']['claims']) => ({
    environment: aConsumerEnvironment(spec({ claims })),
    state: ready,
  });

  test.each<[string, Partial<RoleCase>, string]>([
    ['is fine', {}, 'ok'],
    ['has no Environment', { known: undefined }, 'EnvironmentNotFound'],
    [
      'is of another account',
      { role: aRole(spec({ principalArn: 'arn:aws:iam::999988887777:role/teams/analysts' })) },
      'AccountMismatch',
    ],
    ['is not claimed', { known: consumer([]) }, 'notClaimed'],
    [
      'is not claimed, and that is said though it does not exist',
      { known: consumer([]), seen: { kind: 'notFound' } },
      'notClaimed',
    ],
    ['is described otherwise by somebody else', { conflictingWith: 'team-x/other' }, 'ConflictingPolicyManagement'],
    ['was not looked at yet', { seen: undefined }, 'unknown'],
    ['does not exist', { seen: { kind: 'notFound' } }, 'PrincipalNotFound'],
    [
      'is one of ours by name',
      { role: aRole(spec({ principalArn: 'arn:aws:iam::444455556666:role/teams/sluice-abcd1234-x' })) },
      'ProtectedRole',
    ],
  ])('%s', (_what, patch, expected) => {
    expect(roleVerdict(patch)).toBe(expected);
  });

  test('of the operator itself never receives shares, claimed or not', () => {
    expect(roleVerdict({}, aPlatform({ protectedPrincipals: new Set([identityKey(analystsArn)]) }))).toBe('ProtectedRole');
  });

  test('that is not claimed learns nothing of another namespace’s ConsumptionRole on it', () => {
    const verdict = judgeRole(aRoleCase({ conflictingWith: 'team-secret/theirs', known: consumer([]) }), aPlatform());
    expect(JSON.stringify(verdict)).not.toContain('team-secret');
  });
});

describe('preconditions', () => {
  const declared = { name: bucketName, kmsKeyArn: undefined, region: 'eu-west-1' };
  const withKey = { ...declared, kmsKeyArn: keyArn };
  const bucket = (algorithm: string, key?: string): BucketFacts => ({
    region: 'eu-west-1',
    encryption: { algorithm, key },
    ownership: 'BucketOwnerEnforced',
  });
  const key = { arn: keyArn, state: 'Enabled', manager: 'CUSTOMER' };
  const other = keyArn.replace('1234abcd', 'ffff0000');
  const multiRegion = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';

  test.each([
    ['SSE-S3 without a key', declared, bucket('AES256'), undefined, undefined],
    ['SSE-S3 with a key for older objects', withKey, bucket('AES256'), key, undefined],
    ['the declared key by ARN', withKey, bucket('aws:kms', keyArn), key, undefined],
    ['the declared key by id', withKey, bucket('aws:kms', '1234abcd-12ab-34cd-56ef-1234567890ab'), key, undefined],
    ['the AWS managed key, not named', declared, bucket('aws:kms'), undefined, undefined],
    [
      'the AWS managed key by alias',
      declared,
      bucket('aws:kms', 'arn:aws:kms:eu-west-1:111122223333:alias/aws/s3'),
      undefined,
      undefined,
    ],
    ['a key that is not declared', declared, bucket('aws:kms', keyArn), undefined, 'KeyMismatch'],
    ['another key than declared', withKey, bucket('aws:kms', other), key, 'KeyMismatch'],
    ['another key than declared, with two layers', withKey, bucket('aws:kms:dsse', other), key, 'KeyMismatch'],
    ['a disabled key', withKey, bucket('aws:kms', keyArn), { ...key, state: 'Disabled' }, 'KeyNotUsable'],
    ['a key to be deleted', withKey, bucket('AES256'), { ...key, state: 'PendingDeletion' }, 'KeyNotUsable'],
    ['a key that AWS manages, named', withKey, bucket('aws:kms', keyArn), { ...key, manager: 'AWS' }, 'AwsManagedKey'],
    ['an asymmetric key', withKey, bucket('AES256'), { ...key, spec: 'RSA_2048' }, 'KeyNotUsable'],
    ['a symmetric key', withKey, bucket('aws:kms', keyArn), { ...key, spec: 'SYMMETRIC_DEFAULT' }, undefined],
    [
      'a public policy that S3 refuses to take again',
      declared,
      { ...bucket('AES256'), publicPolicy: { refused: true, restricted: false } },
      undefined,
      'BlockedByPublicPolicy',
    ],
    [
      'a public policy that nothing blocks',
      declared,
      { ...bucket('AES256'), publicPolicy: { refused: false, restricted: false } },
      undefined,
      undefined,
    ],
    [
      'a multi-Region key by ARN',
      { ...declared, kmsKeyArn: multiRegion },
      bucket('aws:kms', multiRegion),
      { ...key, arn: multiRegion },
      undefined,
    ],
    [
      'a multi-Region key by id',
      { ...declared, kmsKeyArn: multiRegion },
      bucket('aws:kms', 'mrk-1234abcd12ab34cd56ef1234567890ab'),
      { ...key, arn: multiRegion },
      undefined,
    ],
    ['another region', declared, { ...bucket('AES256'), region: 'us-east-1' }, undefined, 'RegionMismatch'],
  ])('%s', (...[, given, facts, seen, reason]) => {
    expect(bucketProblem(given, facts, seen)?.reason).toBe(reason);
  });

  test.each([
    ['Read with SSE-S3', declared, bucket('AES256'), ['Read'], undefined],
    ['Read with a customer managed key', withKey, bucket('aws:kms', keyArn), ['Read'], undefined],
    ['the AWS managed key', declared, bucket('aws:kms'), ['Read'], 'AwsManagedKey'],
    ['Read of objects that may be of others', declared, { ...bucket('AES256'), ownership: 'ObjectWriter' }, ['Read'], undefined],
    [
      'Write where objects would not be the owner’s',
      declared,
      { ...bucket('AES256'), ownership: 'ObjectWriter' },
      ['Read', 'Write'],
      'ObjectsOfOthers',
    ],
    [
      'a public policy that S3 restricts to the account',
      declared,
      { ...bucket('AES256'), publicPolicy: { refused: false, restricted: true } },
      ['Read'],
      'BlockedByPublicPolicy',
    ],
    ['Write where they would', declared, bucket('AES256'), ['Read', 'Write'], undefined],
  ] as const)('across accounts: %s', (...[, given, facts, permissions, reason]) => {
    expect(crossAccountProblem(given, facts, permissions)?.reason).toBe(reason);
  });

  test('objects that may be of others are no obstacle to Read, and are told', () => {
    expect(bucketWarning(declared, { ...bucket('AES256'), ownership: 'BucketOwnerPreferred' })).toContain('BucketOwnerPreferred');
    expect(bucketWarning(declared, bucket('AES256'))).toBeUndefined();
  });
});
