/** Keys and their policies. Aliases are in aliases.ts, use of keys in crypto.ts. */
import type * as Kms from '@aws-sdk/client-kms';
import { uuid } from '../ids.ts';
import { parseDocument, storeDocument } from '../policy/documents.ts';
import { showPrincipals } from '../policy/principals.ts';
import { operation, type Call, type Operation } from '../service.ts';
import { change, steady } from '../stale.ts';
import { fail } from '../wire/error.ts';
import type { KmsKey } from './model.ts';
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

function storePolicy(call: Call, text: string): string {
  const parsed = parseDocument(text);
  if (!parsed) throw fail('MalformedPolicyDocumentException', 'The policy document is not valid JSON.');
  return storeDocument(call.world, parsed, () =>
    fail('MalformedPolicyDocumentException', 'Policy contains a statement with one or more invalid principals.'),
  );
}

const createKey = operation<Kms.CreateKeyRequest, Kms.CreateKeyResponse>({
  readOnly: false,
  access: (call) => ({ action: 'kms:CreateKey', resource: '*', account: call.caller.account }),
  run: (call, input) => {
    const { account } = call.caller;
    const id = uuid(call.world.state);
    const key: KmsKey = {
      id,
      arn: `arn:aws:kms:${call.region}:${account}:key/${id}`,
      account,
      region: call.region,
      createdAt: call.now,
      description: input.Description ?? '',
      state: 'Enabled',
      manager: 'CUSTOMER',
      spec: input.KeySpec ?? 'SYMMETRIC_DEFAULT',
      usage: input.KeyUsage ?? 'ENCRYPT_DECRYPT',
      rotation: false,
      policy: steady(storePolicy(call, input.Policy ?? defaultPolicy(account))),
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
      change(findKey(call, input.KeyId).policy, storePolicy(call, input.Policy ?? ''), call.now);
      return undefined;
    },
  }),
};
