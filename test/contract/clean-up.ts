/**
 * Removes what a case has made, in an order in which AWS lets go: access points before their buckets, roles before their policies. A thing
 * that is gone already counts as removed; one that can't be removed doesn't keep the others.
 */
import {
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { DeleteAliasCommand, ScheduleKeyDeletionCommand, type KMSClient } from '@aws-sdk/client-kms';
import { DeleteBucketCommand, DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { DeleteAccessPointCommand, type S3ControlClient } from '@aws-sdk/client-s3-control';

/** Something that a case has made or was about to make, with the client that removes it. A policy's name is its ARN. */
export type Made = { readonly name: string } & (
  | { readonly kind: 'access point'; readonly s3control: S3ControlClient; readonly accountId: string }
  | { readonly kind: 'role' | 'user' | 'policy'; readonly iam: IAMClient }
  | { readonly kind: 'bucket'; readonly s3: S3Client }
  | { readonly kind: 'key' | 'alias'; readonly kms: KMSClient }
);

const order: readonly Made['kind'][] = ['access point', 'role', 'user', 'policy', 'bucket', 'alias', 'key'];

// What AWS says of something that isn't there; a key that waits for its deletion is in an invalid state for another one.
const gone = /^(NoSuch\w+|NotFound\w*|KMSInvalidStateException)$/;

/** Removes everything; returns a sentence for each thing that is left. `again` repeats what AWS may refuse for a moment. */
export async function removeAll(
  made: readonly Made[],
  again: (remove: () => Promise<unknown>) => Promise<unknown>,
): Promise<string[]> {
  const left: string[] = [];
  for (const one of order.flatMap((kind) => made.filter((candidate) => candidate.kind === kind))) {
    try {
      await again(() => removeIfThere(one));
    } catch (error) {
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      left.push(`The ${one.kind} ${one.name} couldn't be removed (${why}): remove it by hand.`);
    }
  }
  return left;
}

async function removeIfThere(one: Made): Promise<void> {
  try {
    await remove(one);
  } catch (error) {
    if (!(error instanceof Error && gone.test(error.name))) throw error;
  }
}

async function remove(one: Made): Promise<void> {
  switch (one.kind) {
    case 'access point':
      await one.s3control.send(new DeleteAccessPointCommand({ AccountId: one.accountId, Name: one.name }));
      return;
    case 'role':
      return removeRole(one.iam, one.name);
    case 'user':
      return removeUser(one.iam, one.name);
    case 'policy':
      return removePolicy(one.iam, one.name);
    case 'bucket':
      return removeBucket(one.s3, one.name);
    case 'alias':
      await one.kms.send(new DeleteAliasCommand({ AliasName: one.name }));
      return;
    case 'key':
      // The shortest waiting period that KMS knows, in days.
      await one.kms.send(new ScheduleKeyDeletionCommand({ KeyId: one.name, PendingWindowInDays: 7 }));
  }
}

async function removeRole(iam: IAMClient, RoleName: string): Promise<void> {
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName, MaxItems: 1000 }));
  for (const { PolicyArn } of AttachedPolicies ?? []) await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  for (const PolicyName of PolicyNames ?? []) await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
  await iam.send(new DeleteRoleCommand({ RoleName }));
}

async function removeUser(iam: IAMClient, UserName: string): Promise<void> {
  const { AttachedPolicies } = await iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
  for (const { PolicyArn } of AttachedPolicies ?? []) await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn }));
  await iam.send(new DeleteUserCommand({ UserName }));
}

async function removePolicy(iam: IAMClient, PolicyArn: string): Promise<void> {
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  for (const { VersionId, IsDefaultVersion } of Versions ?? [])
    if (!IsDefaultVersion) await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
  await iam.send(new DeletePolicyCommand({ PolicyArn }));
}

async function removeBucket(s3: S3Client, Bucket: string): Promise<void> {
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
  for (const { Key } of Contents ?? []) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
}
