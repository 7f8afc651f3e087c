/**
 * Encryption of objects: what a put asks for or the bucket's default says, and whether the caller may use the key. S3 calls KMS as the
 * caller, so both the key policy and, across accounts, the caller's identity policies must allow it (S3 User Guide, UsingKMSEncryption).
 */
import { findKeyByArn, kmsUse } from '../kms/shared.ts';
import type { Call } from '../service.ts';
import type { Bucket, Encryption } from './model.ts';
import { s3Error, view } from './shared.ts';

/** What a put may say about encryption. */
export interface EncryptionInput {
  ServerSideEncryption?: string | undefined;
  SSEKMSKeyId?: string | undefined;
  BucketKeyEnabled?: boolean | undefined;
}

/** The encryption that an object gets: the request's own, else the bucket's default. */
export function encryptionFor(call: Call, bucket: Bucket, input: EncryptionInput): Encryption {
  const { ServerSideEncryption: algorithm, SSEKMSKeyId: keyId } = input;
  if (algorithm === undefined) return view(call, bucket.encryption);
  if (algorithm === 'AES256') return { algorithm };
  if (algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') {
    throw s3Error('InvalidArgument', 'The encryption method specified is not supported', 400);
  }
  const fallback = view(call, bucket.encryption).keyArn;
  const arn =
    keyId === undefined
      ? fallback
      : keyId.startsWith('arn:')
        ? keyId
        : `arn:aws:kms:${bucket.region}:${bucket.account}:key/${keyId}`;
  return { algorithm, ...(arn === undefined ? {} : { keyArn: arn }), ...(input.BucketKeyEnabled ? { bucketKey: true } : {}) };
}

/** Asks KMS for the caller. Reading needs Decrypt, writing GenerateDataKey, multipart both. @throws AccessDenied, KMS.* */
export function useKey(
  call: Call,
  bucket: Bucket,
  encryption: Encryption,
  use: { action: 'Decrypt' | 'GenerateDataKey'; arn: string },
): void {
  if (encryption.algorithm === 'AES256') return;
  if (encryption.keyArn === undefined) {
    // The AWS managed key aws/s3 serves its own account only, and its policy cannot be changed.
    if (call.caller.account !== bucket.account) throw s3Error('AccessDenied', 'Access Denied', 403);
    return;
  }
  const key = findKeyByArn(call, encryption.keyArn);
  if (!key || key.region !== bucket.region) {
    throw s3Error('KMS.NotFoundException', `Key '${encryption.keyArn}' does not exist`, 400);
  }
  call.authorize(
    kmsUse(call, key, use.action, {
      'kms:viaservice': `s3.${bucket.region}.amazonaws.com`,
      // With a bucket key the context is the bucket's ARN (S3 User Guide, bucket-key).
      'kms:encryptioncontext:aws:s3:arn': encryption.bucketKey ? (use.arn.split('/')[0] ?? use.arn) : use.arn,
      'kms:encryptioncontextkeys': ['aws:s3:arn'],
    }),
  );
  if (key.state === 'Disabled') throw s3Error('KMS.DisabledException', `${key.arn} is disabled.`, 400);
  if (key.state === 'PendingDeletion') throw s3Error('KMS.KMSInvalidStateException', `${key.arn} is pending deletion.`, 400);
}

/** Members of outputs that say how an object is encrypted. */
export const encryptionMembers = (
  encryption: Encryption,
): { ServerSideEncryption: 'AES256' | 'aws:kms' | 'aws:kms:dsse'; SSEKMSKeyId?: string; BucketKeyEnabled?: boolean } => ({
  ServerSideEncryption: encryption.algorithm,
  ...(encryption.keyArn === undefined ? {} : { SSEKMSKeyId: encryption.keyArn }),
  ...(encryption.bucketKey ? { BucketKeyEnabled: true } : {}),
});
