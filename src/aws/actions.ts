/**
 * Which permissions an AWS call needs: what has to be said when AWS denies it. For the calls of this operator only; the Service Authorization Reference
 * has them all.
 */

const prefixes: Readonly<Record<string, string>> = { S3: 's3', 'S3 Control': 's3', IAM: 'iam', KMS: 'kms', STS: 'sts' };

/** Operations whose permission has another name, or that need more than one (Service Authorization Reference, the services' pages). */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  'S3.GetBucketEncryption': ['s3:GetEncryptionConfiguration'],
  'S3.GetPublicAccessBlock': ['s3:GetBucketPublicAccessBlock'],
  'S3.ListBuckets': ['s3:ListAllMyBuckets'],
  'S3 Control.GetPublicAccessBlock': ['s3:GetAccountPublicAccessBlock'],
  // With tags (IAM user guide, "Tag customer managed policies"); AWS does not say by a code which of the two it misses.
  'IAM.CreatePolicy': ['iam:CreatePolicy', 'iam:TagPolicy'],
};

/** The permissions of a call, as a policy names them: "s3:PutBucketPolicy". `service` is as the clients call it: "S3 Control". */
export function actionsOf({ service, operation }: { readonly service: string; readonly operation: string }): readonly string[] {
  return exceptions[`${service}.${operation}`] ?? [`${prefixes[service] ?? service.toLowerCase()}:${operation}`];
}
