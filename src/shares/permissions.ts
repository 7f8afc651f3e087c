/**
 * Permission sets: what Read, Write and Modify mean in AWS actions. Three independent sets; no s3:* and no kms:*.
 * Which principal gets them, and where they are written, is grants.ts.
 */

import { PERMISSIONS, type Permission } from '../api/index.ts';

export type { Permission } from '../api/index.ts';

/** AWS actions of one permission set, split by the kind of resource that they apply to. */
export interface ActionSet {
  readonly object: readonly string[];
  readonly bucket: readonly string[];
  /** On the access point of a folder, and there for the folder's prefix only. */
  readonly listing: readonly string[];
  /** Use of the key, always through S3 (kms:ViaService). */
  readonly keyUse: readonly string[];
  /** kms:DescribeKey, which S3 does not call for the principal and so can't carry kms:ViaService. */
  readonly keyDescribe: readonly string[];
}

/**
 * Actions by permission. Multipart uploads need ListMultipartUploadParts and AbortMultipartUpload, and for encrypted objects Decrypt besides
 * GenerateDataKey, which Read brings (docs/AmazonS3/latest/userguide/mpuoverview.md, docs/AmazonS3/latest/userguide/UsingKMSEncryption.md).
 */
export const actionSets: Readonly<Record<Permission, ActionSet>> = {
  Read: {
    object: ['s3:GetObject', 's3:GetObjectAttributes', 's3:GetObjectVersion'],
    bucket: ['s3:GetBucketLocation', 's3:ListBucket'],
    listing: ['s3:ListBucket'],
    keyUse: ['kms:Decrypt'],
    keyDescribe: ['kms:DescribeKey'],
  },
  Write: {
    object: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:PutObject'],
    bucket: [],
    listing: [],
    keyUse: ['kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    keyDescribe: [],
  },
  Modify: { object: ['s3:DeleteObject'], bucket: [], listing: [], keyUse: [], keyDescribe: [] },
};

/** The permissions that all of the lists name, in the usual order. No list at all: none. */
export function intersectPermissions(...lists: readonly (readonly Permission[])[]): Permission[] {
  return lists.length === 0 ? [] : PERMISSIONS.filter((permission) => lists.every((list) => list.includes(permission)));
}

/** The permissions that any of the lists names, in the usual order. */
export function unitePermissions(...lists: readonly (readonly Permission[])[]): Permission[] {
  return PERMISSIONS.filter((permission) => lists.some((list) => list.includes(permission)));
}
