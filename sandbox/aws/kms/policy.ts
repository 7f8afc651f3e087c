/** What KMS refuses about a key policy (KMS Developer Guide, key-policy-overview, key-policy-default#prevent-unmanageable-key). */
import { decide } from '../authorize.ts';
import { parseDocument, storeDocument } from '../policy/documents.ts';
import type { Call } from '../service.ts';
import { fail } from '../wire/error.ts';

// KMS Developer Guide, resource-limits: key policy document size, 32 KB.
const LIMIT_BYTES = 32_768;

/** Options of {@link checkKeyPolicy}. */
export interface KeyPolicyOptions {
  readonly keyArn: string;
  readonly account: string;
  /** BypassPolicyLockoutSafetyCheck. */
  readonly bypassLockout: boolean;
}

/**
 * Checks a key policy and returns its stored form. Statements without Action or Resource are accepted and do nothing, as in AWS.
 * @throws LimitExceededException, MalformedPolicyDocumentException
 */
export function checkKeyPolicy(call: Call, text: string, options: KeyPolicyOptions): string {
  if (Buffer.byteLength(text) > LIMIT_BYTES)
    throw fail('LimitExceededException', `The key policy exceeds the limit of ${LIMIT_BYTES} bytes.`);
  const parsed = parseDocument(text);
  if (!parsed) throw malformed('The policy document is not valid JSON.');
  if (parsed.statements.length === 0) throw malformed('Policy contains no statements.');
  for (const { Effect, Principal, NotPrincipal } of parsed.statements) {
    if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed('Policy contains a statement without a valid Effect.');
    if ((Principal ?? NotPrincipal) === undefined) throw malformed('Policy contains a statement with no principal.');
  }
  const stored = storeDocument(call.world, parsed, () =>
    malformed('Policy contains a statement with one or more invalid principals.'),
  );
  if (!options.bypassLockout) checkLockout(call, stored, options);
  return stored;
}

const malformed = (message: string): ReturnType<typeof fail> => fail('MalformedPolicyDocumentException', message);

// The caller must be able to put the policy again. An administrator counts as the account's root, not as almighty.
function checkLockout(call: Call, stored: string, { keyArn, account }: KeyPolicyOptions): void {
  const verdict = decide(call, { action: 'kms:PutKeyPolicy', resource: keyArn, account, policy: stored, policyMode: 'trust' });
  if (!verdict.allowed) throw malformed('The new key policy will not allow you to update the key policy in the future.');
}
