/** What an item means in AWS: who learns what when it means nothing, and when the same thing is the same. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Dataset, ShareRequest } from '../../../src/api/index.ts';
import { reviewDigest } from '../../../src/shares/digest.ts';
import { resolveItem, type ItemCase } from '../../../src/shares/resolve.ts';
import {
  aBucketCase,
  aConsumerEnvironment,
  aDataset,
  analystsArn,
  analystsId,
  anEnvironment,
  aPlatform,
  aRequest,
  aRole,
  aRoleCase,
  bucketName,
  deleting,
  keyArn,
  meta,
  sharing,
  spec,
} from '../../support/builders.ts';

const encrypted = aDataset(spec({ buckets: [{ name: bucketName, kmsKeyArn: keyArn }] }));
const ready = { kind: 'ready', attachmentQuota: 10 } as const;

function itemCase(patch: Partial<ItemCase> = {}): ItemCase {
  const dataset = patch.dataset ?? aDataset();
  return {
    request: aRequest(),
    type: 'Bucket',
    name: bucketName,
    dataset,
    bucketCase: aBucketCase({ dataset }),
    roleCase: aRoleCase(),
    recorded: [],
    targetKeys: () => ['one', 'two'],
    ...patch,
  };
}

const resolve = (patch: Partial<ItemCase> = {}) => resolveItem(itemCase(patch), aPlatform());

function resolved(patch: Partial<ItemCase> = {}) {
  const resolution = resolve(patch);
  if (resolution.kind !== 'resolved') throw new Error(`expected a place, got ${JSON.stringify(resolution)}`);
  return resolution;
}

describe('a Dataset that is not there for the requester', () => {
  test('is the same, byte for byte, whether it does not exist, is closed, or is going away', () => {
    const { lost: _lost, ...missing } = resolve({ dataset: undefined, bucketCase: undefined }) as { lost?: boolean };
    const { lost: _going, ...going } = resolve({ dataset: aDataset(deleting<Dataset>()) }) as { lost?: boolean };
    expect(JSON.stringify(going)).toBe(JSON.stringify(missing));
  });

  test('has no say in whether the requester’s own side is in order', () => {
    expect(resolve({ dataset: undefined, bucketCase: undefined, roleCase: undefined })).toMatchObject({
      reason: 'DatasetNotAvailable',
    });
  });
});

describe('an item that can not be resolved', () => {
  test.each([
    ['the Dataset does not list it', { bucketCase: undefined }, { kind: 'gone', reason: 'ItemNotFound', discard: true }],
    [
      'there is no ConsumptionRole',
      { roleCase: undefined },
      { kind: 'gone', reason: 'ConsumptionRoleNotFound', discard: false, lost: true },
    ],
    [
      'the ConsumptionRole is going away',
      { roleCase: aRoleCase({ role: aRole(deleting()) }) },
      { kind: 'gone', reason: 'ConsumptionRoleNotFound', lost: false },
    ],
    ['the role was not looked at yet', { roleCase: aRoleCase({ seen: undefined }) }, { kind: 'unknown' }],
    ['the bucket was not looked at yet', { bucketCase: aBucketCase({ seenBucket: undefined }) }, { kind: 'unknown' }],
    [
      'the role does not exist',
      { roleCase: aRoleCase({ seen: { kind: 'notFound' } }) },
      { kind: 'unavailable', reason: 'PrincipalNotFound' },
    ],
  ] as const)('because %s', (_why, patch, expected) => {
    expect(resolve(patch)).toMatchObject(expected);
  });

  test.each([
    ['it is not claimed', aBucketCase({ known: { environment: anEnvironment(spec({ claims: [] })), state: ready } })],
    [
      'the Environment is broken',
      aBucketCase({
        known: {
          environment: anEnvironment(),
          state: { kind: 'notReady', reason: 'AssumeRoleDenied', message: 'arn:aws:iam::111122223333:role/sluice' },
        },
      }),
    ],
    ['the bucket is gone', aBucketCase({ seenBucket: { kind: 'notFound' } })],
    ['the key is wrong', aBucketCase({ dataset: encrypted, seenKey: { kind: 'failed', code: 'AccessDenied', message: keyArn } })],
    ['another namespace holds it', aBucketCase({ heldBy: 'team-secret/theirs' })],
  ])('tells a requester nothing of the owner’s side: %s', (_why, bucketCase) => {
    const told = JSON.stringify(resolve({ bucketCase }));
    expect(told).not.toMatch(/arn:aws|111122223333|team-secret|team-sales|kms/);
  });

  test('a claim of the owner that is lost is told as that, with the owner’s word on how fast', () => {
    const immediately = anEnvironment(
      spec({ claims: [{ namespaces: { from: 'All' }, buckets: ['other'], onLoss: 'Immediately' }] }),
    );
    expect(resolve({ bucketCase: aBucketCase({ known: { environment: immediately, state: ready } }) })).toMatchObject({
      kind: 'claimLost',
      immediately: true,
    });
  });

  test('across accounts, what only another account can’t have is refused; within one it is not', () => {
    const seenBucket = {
      kind: 'found',
      value: {
        region: 'eu-west-1',
        encryption: { algorithm: 'aws:kms', key: undefined },
        ownership: 'BucketOwnerEnforced',
        tags: {},
      },
    } as const;
    expect(resolve({ bucketCase: aBucketCase({ seenBucket }) })).toMatchObject({ kind: 'unavailable', reason: 'AwsManagedKey' });
    const own = { environment: aConsumerEnvironment(spec({ accountId: '111122223333' })), state: ready };
    const role = aRole(spec({ principalArn: 'arn:aws:iam::111122223333:role/teams/analysts' }));
    expect(resolve({ bucketCase: aBucketCase({ seenBucket }), roleCase: aRoleCase({ role, known: own }) }).kind).toBe('resolved');
  });
});

describe('what is reviewed', () => {
  test('has a digest over exactly its fields in canonical JSON, which anybody can compute', () => {
    const canonical =
      `{"accessPolicies":null,"filters":[],"location":{"accountId":"111122223333","bucket":"acme-orders","kmsKeyArn":null,"partition":"aws","region":"eu-west-1"},` +
      `"name":"acme-orders","permissions":["Read"],"principalArn":"${analystsArn}","principalUniqueId":"${analystsId}","profile":null,"type":"Bucket"}`;
    expect(resolved().digest).toBe(`v1:sha256:${createHash('sha256').update(canonical).digest('hex')}`);
  });

  test('has the same digest whatever the order of its permissions', () => {
    const base = {
      principalArn: 'a',
      principalUniqueId: 'b',
      profile: null,
      type: 'Bucket',
      name: 'n',
      location: {},
      filters: [],
      accessPolicies: null,
    };
    expect(reviewDigest({ ...base, permissions: ['Write', 'Read'] })).toBe(
      reviewDigest({ ...base, permissions: ['Read', 'Write'] }),
    );
  });

  const otherRole = aRoleCase({ role: aRole(spec({ principalArn: 'arn:aws:iam::444455556666:role/teams/interns' })) });
  const recreated = aRoleCase({ seen: { kind: 'found', value: { uniqueId: 'AROAANOTHER0000000001', tags: {} } } });
  const external = aRoleCase({ role: aRole(spec({ policyManagement: 'External' })) });
  const keyed = { dataset: encrypted, bucketCase: aBucketCase({ dataset: encrypted }) };

  test.each<[string, Partial<ItemCase>, { readonly digest: boolean; readonly id: boolean }]>([
    ['nothing', {}, { digest: false, id: false }],
    ['its purpose', { request: aRequest(spec({ purpose: 'x' })) }, { digest: false, id: false }],
    [
      'its uid, as after a restored backup',
      { request: aRequest(meta<ShareRequest>({ uid: 'other', generation: 7 })) },
      { digest: false, id: false },
    ],
    ['its end', { request: aRequest(spec({ expiresAfter: '1h' })) }, { digest: false, id: false }],
    ['the Dataset’s title', { dataset: aDataset(spec({ title: 'x' })) }, { digest: false, id: false }],
    [
      'its permissions, which are granted one by one',
      { request: aRequest(spec({ permissions: ['Read', 'Write'] })) },
      { digest: true, id: false },
    ],
    ['the key', keyed, { digest: true, id: true }],
    ['the principal', { roleCase: otherRole }, { digest: true, id: true }],
    ['the principal’s unique id', { roleCase: recreated }, { digest: true, id: true }],
    ['who looks after the policies', { roleCase: external }, { digest: false, id: true }],
  ])('when %s changes: digest and place change as listed', (_what, patch, changes) => {
    const [before, after] = [resolved(), resolved(patch)];
    expect({ digest: before.digest !== after.digest, id: before.entry.id !== after.entry.id }).toEqual(changes);
  });

  test('is the same for a principal that was made again where the Dataset follows', () => {
    const dataset = aDataset(sharing({ onPrincipalRecreated: 'Follow' }));
    const patch = { dataset, bucketCase: aBucketCase({ dataset }) };
    const [before, after] = [resolved(patch), resolved({ ...patch, roleCase: recreated })];
    expect([after.digest, after.entry.id]).toEqual([before.digest, before.entry.id]);
    expect(after.entry.principal.uniqueId).toBe('AROAANOTHER0000000001');
  });

  test('is recorded with everything that taking it back needs', () => {
    const keyAccess = {
      environment: anEnvironment(
        spec({ assumeRole: { arn: 'arn:aws:iam::111122223333:role/sluice', externalIdSecretRef: { name: 's', key: 'k' } } }),
      ),
      state: ready,
    };
    const { entry } = resolved({
      dataset: encrypted,
      bucketCase: aBucketCase({ dataset: encrypted, known: keyAccess, keyKnown: keyAccess }),
    });
    const session = {
      name: 'sales',
      accountId: '111122223333',
      region: 'eu-west-1',
      roleArn: 'arn:aws:iam::111122223333:role/sluice',
      externalIdSecretRef: { name: 's', key: 'k' },
    };
    expect(entry).toMatchObject({
      type: 'Bucket',
      environment: session,
      keyEnvironment: session,
      consumer: { name: 'analytics' },
      partition: 'aws',
      bucket: bucketName,
      kmsKeyArn: keyArn,
      principal: { arn: analystsArn, uniqueId: analystsId },
      policyManagement: 'Managed',
      awsNamePrefix: 'sluice',
      targets: ['one', 'two'],
      state: 'Granting',
    });
  });
});
