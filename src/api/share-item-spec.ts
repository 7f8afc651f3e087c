/**
 * Spec of a ShareItem: the only facts that the operator stores. `consent` says who agreed to what and how it ended; `resolved` says where
 * the share lives in AWS and is written before the first AWS call, so that everything can be taken back after any crash.
 */
import { z } from 'zod';
import {
  accessPointName,
  accountId,
  bucketName,
  digest,
  folderPrefix,
  itemName,
  itemType,
  kmsKeyArn,
  namespacedRef,
  objectName,
  permissions,
  principalArn,
  region,
  roleArn,
  secretKeyRef,
  uid,
  uniqueId,
} from './fields.ts';
import { integer, list, matching, oneOf, optional, text, time } from './schema.ts';

/** How a consent ended. */
export const CONSENT_ENDS = ['Withdrawn', 'Expired', 'Removed', 'Rejected', 'PrincipalRecreated', 'ClaimLost'] as const;
/** One of them. */
export type ConsentEnd = (typeof CONSENT_ENDS)[number];

const generation = (description: string) => optional(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }, description));

const consent = z
  .strictObject({
    source: oneOf(['Approval', 'Automatic'], "Whether a ShareApproval or the Dataset's automatic approval granted it."),
    approvalRef: optional(
      z
        .strictObject({
          name: objectName('Its name.'),
          uid: uid('Its UID.'),
          generation: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }, 'Its generation when it was read.'),
        })
        .describe("The ShareApproval, in the Dataset's namespace."),
    ),
    digest: digest('Hash of what was consented to.'),
    permissions: permissions('What was consented to.'),
    grantedTime: time('When it was granted first.'),
    requestGeneration: generation('Generation of the ShareRequest when it was granted.'),
    expireTime: optional(time('When it ends.')),
    claimLostTime: optional(time('Since when no claim covers the data or the principal; the share ends 24 hours later.')),
    ended: optional(
      z
        .strictObject({
          time: time('When.'),
          reason: oneOf(CONSENT_ENDS, 'How.'),
          principalUniqueId: optional(
            uniqueId('Unique id of the principal that had it: one that was made again needs a newer consent.'),
          ),
        })
        .describe('How it ended. Only a newer consent, or a newer generation of the request, asks again.'),
    ),
  })
  .describe('By whom and when the item was granted, and how that ended.');

const session = (description: string) =>
  z
    .strictObject({
      name: objectName('Name of the Environment.'),
      accountId: accountId('The AWS account.'),
      region: region('The region.'),
      roleArn: optional(roleArn("Role to assume; absent: the operator's own identity.")),
      externalIdSecretRef: optional(secretKeyRef("Secret that holds the external id, in the operator's namespace.")),
    })
    .describe(description);

const resolution = z.strictObject({
  id: text(64, 'Identity of this entry within the item.').min(1),
  type: itemType(),
  environment: session('How to get into the account that the data is in.'),
  consumer: session('How to get into the account that the principal is in.'),
  keyEnvironment: optional(session('How to get into the account that the key is in.')),
  partition: oneOf(['aws', 'aws-cn', 'aws-us-gov'], 'AWS partition.'),
  bucket: bucketName('The bucket.'),
  prefix: optional(folderPrefix('Type Folder: what the keys of its objects begin with, without the slash at the end.')),
  accessPoint: optional(accessPointName('Type Folder: the access point that it is read through.')),
  kmsKeyArn: optional(kmsKeyArn('The key that the bucket is encrypted with.')),
  principal: z
    .strictObject({ arn: principalArn('ARN of the role or user.'), uniqueId: uniqueId('Unique id that AWS gave it.') })
    .describe('Who gets access.'),
  permissions: permissions('What is granted.'),
  policyManagement: oneOf(['Managed', 'Detached', 'External'], "Who looks after the principal's side."),
  awsNamePrefix: matching(
    { pattern: /^[a-z][a-z0-9]{0,11}$/, max: 12, message: 'must be 1 to 12 lower case letters and digits' },
    'Beginning of the names of what is created in AWS.',
  ),
  targets: list(
    text(256, 'Key of a target.').min(1),
    { max: 20, type: 'set' },
    'Every AWS document that this entry writes into.',
  ),
  state: oneOf(
    ['Granting', 'Live', 'Revoking'],
    'Granting: being put in place. Live: a read-back has shown all of it, so what is missing from now on is drift. Revoking: has to go; the entry goes when a read-back finds nothing left.',
  ),
  digest: digest('Hash of what was consented to.'),
});

/** Spec of a ShareItem. */
export const shareItemSpec = z.strictObject({
  requestRef: z
    .strictObject({
      name: objectName('Its name, in this namespace.'),
      uid: uid('Its UID: a request made again under the same name is another one.'),
    })
    .describe('The ShareRequest that asked for it.'),
  datasetRef: namespacedRef('The Dataset.'),
  type: itemType(),
  name: itemName(),
  permissions: permissions('What is asked for.'),
  consent: optional(consent),
  resolved: list(
    resolution,
    { max: 10, type: ['id'] },
    'Where the share lives in AWS. A new place is added beside the old one.',
  ).default([]),
});
