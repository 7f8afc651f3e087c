/**
 * How large a policy document is, as the service that keeps it counts, and how large it may be. Not adjustable in AWS.
 */

/** Bucket policies: 20 KB, in bytes (docs/AmazonS3/latest/userguide/bucket-policies.md: "limited to 20 KB in size"). */
export const bucketPolicyLimit = 20_480;
/** Access point policies: 20 KB, in bytes (docs/AmazonS3/latest/userguide/access-points-restrictions-limitations-naming-rules.md). */
export const accessPointPolicyLimit = 20_480;
/** Key policies: 32 KB, in bytes (docs/kms/latest/developerguide/key-policy-overview.md: "cannot exceed 32 kilobytes"). */
export const keyPolicyLimit = 32_768;
/** Managed policies: 6,144 characters without white space (docs/IAM/latest/UserGuide/reference_iam-quotas.md). */
export const managedPolicyLimit = 6_144;

/** Bytes of the text in UTF-8: how S3 and KMS count. */
export function byteSize(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Characters that are not white space: how IAM counts managed policies. */
export function characterSize(text: string): number {
  return text.replace(/\s/g, '').length;
}
