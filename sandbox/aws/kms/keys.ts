/** Keys and their policies. Aliases are in aliases.ts, use of keys in crypto.ts. */
import type * as Kms from '@aws-sdk/client-kms';
import { uuid } from '../ids.ts';
import { showPrincipals } from '../policy/principals.ts';
import { operation, type Operation } from '../service.ts';
import { change, steady } from '../stale.ts';
import { fail } from '../wire/error.ts';
import type { KmsKey } from './model.ts';
import { checkKeyPolicy } from './policy.ts';
import { findKey, keyAccess, keyView, policyOf } from './shared.ts';

// KMS Developer Guide, key-policy-default: what a key gets when CreateKey names no policy.
const defaultPolicy = (account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });

const createKey = operation<Kms.CreateKeyRequest, Kms.CreateKeyResponse>({
  readOnly: false,
  access: (call) => ({ action: 'kms:CreateKey', resource: '*', account: call.caller.account }),
  run: (call, input) => {
    const { account } = call.caller;
    const id = uuid(call.world.state);
    const arn = `arn:aws:kms:${call.region}:${account}:key/${id}`;
    const key: KmsKey = {
      id,
      arn,
      account,
      region: call.region,
      createdAt: call.now,
      description: input.Description ?? '',
      state: 'Enabled',
      manager: 'CUSTOMER',
      spec: input.KeySpec ?? 'SYMMETRIC_DEFAULT',
      usage: input.KeyUsage ?? 'ENCRYPT_DECRYPT',
      rotation: false,
      policy: steady(
        checkKeyPolicy(call, input.Policy ?? defaultPolicy(account), {
          keyArn: arn,
          account,
          bypassLockout: input.BypassPolicyLockoutSafetyCheck ?? false,
        }),
      ),
      tags: new Map((input.Tags ?? []).map((tag) => [tag.TagKey ?? '', tag.TagValue ?? ''])),
    };
    call.world.state.kms.keys.set(key.arn, key);
    return { KeyMetadata: keyView(key) };
  },
});

/** Operations on keys. */
export const keyOperations: Record<string, Operation> = {
  CreateKey: createKey,
  DescribeKey: operation<Kms.DescribeKeyRequest, Kms.DescribeKeyResponse>({
    readOnly: true,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    run: (call, input) => ({ KeyMetadata: keyView(findKey(call, input.KeyId)) }),
  }),
  GetKeyPolicy: operation<Kms.GetKeyPolicyRequest, Kms.GetKeyPolicyResponse>({
    readOnly: true,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    run: (call, input) => ({
      Policy: showPrincipals(call.world, policyOf(call, findKey(call, input.KeyId))),
      PolicyName: 'default',
    }),
  }),
  PutKeyPolicy: operation<Kms.PutKeyPolicyRequest, undefined>({
    readOnly: false,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    document: (call, input) => findKey(call, input.KeyId).arn,
    run: (call, input) => {
      const key = findKey(call, input.KeyId);
      if (key.account !== call.caller.account)
        throw fail('AccessDeniedException', 'A key policy is changed in the account of the key only.');
      const bypassLockout = input.BypassPolicyLockoutSafetyCheck ?? false;
      change(
        key.policy,
        checkKeyPolicy(call, input.Policy ?? '', { keyArn: key.arn, account: key.account, bypassLockout }),
        call.now,
      );
      return undefined;
    },
  }),
  ListKeys: operation<Kms.ListKeysRequest, Kms.ListKeysResponse>({
    readOnly: true,
    access: (call) => ({ action: 'kms:ListKeys', resource: '*', account: call.caller.account }),
    run: (call, input) => {
      const all = [...call.world.state.kms.keys.values()].filter(
        (key) => key.account === call.caller.account && key.region === call.region,
      );
      const start = Number(input.Marker ?? 0);
      const end = start + (input.Limit ?? 100);
      const Keys = all.slice(start, end).map((key) => ({ KeyId: key.id, KeyArn: key.arn }));
      return { Keys, Truncated: end < all.length, ...(end < all.length ? { NextMarker: String(end) } : {}) };
    },
  }),
  EnableKey: stateChange((key) => void (key.state = 'Enabled')),
  DisableKey: stateChange((key) => void (key.state = 'Disabled')),
  ScheduleKeyDeletion: operation<Kms.ScheduleKeyDeletionRequest, Kms.ScheduleKeyDeletionResponse>({
    readOnly: false,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    run: (call, input) => {
      const key = notPending(findKey(call, input.KeyId));
      // KMS Developer Guide, deleting-keys: 7 to 30 days, 30 by default.
      const days = input.PendingWindowInDays ?? 30;
      if (days < 7 || days > 30) throw fail('ValidationException', 'PendingWindowInDays must be between 7 and 30.', 400);
      key.state = 'PendingDeletion';
      key.deletionAt = call.now + days * 86_400_000;
      return { KeyId: key.arn, DeletionDate: new Date(key.deletionAt), KeyState: key.state, PendingWindowInDays: days };
    },
  }),
  CancelKeyDeletion: operation<Kms.CancelKeyDeletionRequest, Kms.CancelKeyDeletionResponse>({
    readOnly: false,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    run: (call, input) => {
      const key = findKey(call, input.KeyId);
      if (key.state !== 'PendingDeletion') throw fail('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
      // It comes back disabled (KMS API, CancelKeyDeletion).
      key.state = 'Disabled';
      delete key.deletionAt;
      return { KeyId: key.arn };
    },
  }),
  GetKeyRotationStatus: operation<Kms.GetKeyRotationStatusRequest, Kms.GetKeyRotationStatusResponse>({
    readOnly: true,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    run: (call, input) => ({ KeyRotationEnabled: findKey(call, input.KeyId).rotation }),
  }),
  ListResourceTags: operation<Kms.ListResourceTagsRequest, Kms.ListResourceTagsResponse>({
    readOnly: true,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    run: (call, input) => ({
      Tags: [...findKey(call, input.KeyId).tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
      Truncated: false,
    }),
  }),
};

function notPending(key: KmsKey): KmsKey {
  if (key.state === 'PendingDeletion') throw fail('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  return key;
}

function stateChange(act: (key: KmsKey) => void): Operation {
  return operation<Kms.EnableKeyRequest, undefined>({
    readOnly: false,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId)),
    run: (call, input) => {
      act(notPending(findKey(call, input.KeyId)));
      return undefined;
    },
  });
}
