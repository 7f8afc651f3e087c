/** What KMS's operations share: finding keys by id, ARN or alias, access in IAM's words, views. */
import type { KeyMetadata } from '@aws-sdk/client-kms';
import type { Access, Call } from '../service.ts';
import { seen } from '../stale.ts';
import { fail } from '../wire/error.ts';
import type { KmsKey } from './model.ts';

/** A key id, key ARN, alias name or alias ARN as the API takes it → the key's ARN, in the caller's account unless an ARN says otherwise. */
export function keyArnOf(call: Call, keyId: string): string {
  const { account } = call.caller;
  if (keyId.startsWith('arn:')) return keyId.includes(':alias/') ? aliasTarget(call, keyId) : keyId;
  if (keyId.startsWith('alias/')) return aliasTarget(call, `arn:aws:kms:${call.region}:${account}:${keyId}`);
  return `arn:aws:kms:${call.region}:${account}:key/${keyId}`;
}

function aliasTarget(call: Call, aliasArn: string): string {
  const alias = call.world.state.kms.aliases.get(aliasArn);
  if (!alias) throw fail('NotFoundException', `Alias ${aliasArn} is not found.`);
  return alias.keyArn;
}

/** A key. @throws NotFoundException; keys of other Regions are not found either */
export function findKey(call: Call, keyId: string | undefined): KmsKey {
  const arn = keyArnOf(call, keyId ?? '');
  const key = findKeyByArn(call, arn);
  if (!key || key.region !== call.region) throw fail('NotFoundException', `Key '${arn}' does not exist`);
  return key;
}

/** What a reader of the key policy sees (KMS Developer Guide, accessing-kms#programming-eventual-consistency). */
export const policyOf = (call: Call, key: KmsKey): string => seen(key.policy, call.now, call.world.settings.staleReadMs);

/** Access to a key, with KMS's own condition keys (KMS Developer Guide, conditions-kms). */
export const keyAccess = (call: Call, key: KmsKey, action = call.operation, context?: Access['context']): Access => ({
  action: `kms:${action}`,
  resource: key.arn,
  account: key.account,
  policy: policyOf(call, key),
  policyMode: 'required',
  context: {
    'kms:calleraccount': call.caller.account,
    'kms:keyorigin': 'AWS_KMS',
    'kms:keyspec': key.spec,
    'kms:keyusage': key.usage,
    ...context,
  },
});

/** A key by ARN, of any Region, or undefined. A key whose waiting period is over is gone (KMS Developer Guide, deleting-keys). */
export function findKeyByArn(call: Call, arn: string): KmsKey | undefined {
  const key = call.world.state.kms.keys.get(arn);
  if (key?.deletionAt === undefined || key.deletionAt > call.now) return key;
  call.world.state.kms.keys.delete(arn);
  return undefined;
}

/** Access to use a key on behalf of the caller, as other services do (KMS Developer Guide, conditions-kms#conditions-kms-via-service). */
export const kmsUse = (call: Call, key: KmsKey, action: string, context: NonNullable<Access['context']>): Access =>
  keyAccess(call, key, action, context);

/** A key in the API's form. */
export const keyView = (key: KmsKey): KeyMetadata => ({
  AWSAccountId: key.account,
  KeyId: key.id,
  Arn: key.arn,
  CreationDate: new Date(key.createdAt),
  Enabled: key.state === 'Enabled',
  Description: key.description,
  KeyUsage: key.usage as 'ENCRYPT_DECRYPT',
  KeyState: key.state,
  ...(key.deletionAt === undefined ? {} : { DeletionDate: new Date(key.deletionAt) }),
  Origin: 'AWS_KMS',
  KeyManager: key.manager,
  CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
  KeySpec: 'SYMMETRIC_DEFAULT',
  EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
  MultiRegion: false,
});
