/**
 * ShareItem: one item of one request, granted to one principal. The operator creates and owns it, beside its ShareRequest; nobody writes
 * it by hand. What its spec records is in share-item-spec.ts.
 */
import { z } from 'zod';
import { ageColumn, conditionColumn, messageColumn } from './columns.ts';
import { conditions, handledAt, observedGeneration } from './fields.ts';
import type { ApiObject, SpecOf, StatusOf } from './kind.ts';
import { defineKind } from './kind.ts';
import { immutable, list, oneOf, optional, text, time } from './schema.ts';
import { shareItemSpec } from './share-item-spec.ts';

/** Phases of a ShareItem. For people; machines read conditions. */
export const ITEM_PHASES = [
  'PendingApproval',
  'ShareRejected',
  'ShareApproved',
  'ShareInProgress',
  'ShareSucceeded',
  'ShareFailed',
  'PendingExtension',
  'RevokeApproved',
  'RevokeInProgress',
  'RevokeSucceeded',
  'RevokeFailed',
] as const;
/** One phase. */
export type ItemPhase = (typeof ITEM_PHASES)[number];

/** What a comparison with AWS can say. */
export const HEALTH_STATUSES = ['Healthy', 'Unhealthy', 'PendingVerify', 'PendingReapply'] as const;
/** One of them. */
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

const statusSchema = z.strictObject({
  observedGeneration: observedGeneration(),
  phase: optional(oneOf(ITEM_PHASES, 'Where the item stands.')),
  healthStatus: optional(oneOf(HEALTH_STATUSES, 'What the last comparison with AWS found.')),
  healthMessage: optional(text(4096, 'All findings, joined by " | ".')),
  lastVerificationTime: optional(time('When it was compared with AWS last.')),
  expireTime: optional(time('When access ends.')),
  conditions: optional(conditions()),
  grants: optional(
    list(
      z.strictObject({
        target: text(256, 'Key of the target.').min(1),
        state: oneOf(['Applied', 'Pending', 'Failed', 'Removed'], 'What has become of it.'),
        message: optional(text(1024, 'Details.')),
      }),
      { max: 40, type: ['target'] },
      'Which AWS documents carry this share.',
    ),
  ),
  connection: optional(
    z
      .strictObject({
        s3Uri: optional(text(1200, 'Where to read from.')),
        accessPointArn: optional(text(256, 'ARN of the access point to read a folder through.')),
        accessPointAlias: optional(text(64, 'Its alias, which can stand in place of a bucket name.')),
        region: optional(text(32, 'The region of the bucket.')),
        example: optional(text(1400, 'A command that reads it.')),
      })
      .describe('How to read it.'),
  ),
  history: optional(
    list(
      z.strictObject({
        time: time('When.'),
        action: text(64, 'The AWS operation.'),
        target: text(256, 'Key of the target.'),
        result: text(256, 'What came of it: Succeeded, Repaired, or the AWS error code.'),
        requestId: optional(text(128, "AWS's request id.")),
      }),
      { max: 20, type: 'atomic' },
      'The last 20 changes made in AWS for this item, newest first.',
    ),
  ),
  lastHandledVerifyAt: optional(handledAt('sluice.dev/verify-requested-at')),
  lastHandledReapplyAt: optional(handledAt('sluice.dev/reapply-requested-at')),
  display: optional(
    z
      .strictObject({
        dataset: optional(text(127, 'Namespace and name of the Dataset.')),
        principal: optional(text(160, 'Account and name of the principal.')),
        principalArn: optional(text(640, 'ARN of the principal.')),
      })
      .describe('Texts for columns.'),
  ),
});

/** Definition of ShareItem. */
export const shareItem = defineKind({
  kind: 'ShareItem',
  plural: 'shareitems',
  singular: 'shareitem',
  scope: 'Namespaced',
  categories: ['sluice'],
  description: 'One item of one ShareRequest, granted to one principal. Written by the operator only.',
  specSchema: shareItemSpec,
  statusSchema,
  columns: [
    { name: 'Dataset', type: 'string', jsonPath: '.status.display.dataset', description: 'The Dataset.' },
    { name: 'Principal', type: 'string', jsonPath: '.status.display.principal', description: 'Who gets access.' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where it stands.' },
    { name: 'Health', type: 'string', jsonPath: '.status.healthStatus', description: 'What the last comparison with AWS found.' },
    conditionColumn('Ready', 'status', { description: 'Whether access is in place.' }),
    ageColumn,
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'Kind of the item.', priority: 1 },
    { name: 'Item', type: 'string', jsonPath: '.spec.name', description: 'Name of the item.', priority: 1 },
    { name: 'ARN', type: 'string', jsonPath: '.status.display.principalArn', description: 'ARN of the principal.', priority: 1 },
    {
      name: 'Verified',
      type: 'date',
      jsonPath: '.status.lastVerificationTime',
      description: 'When it was compared with AWS last.',
      priority: 1,
    },
    { name: 'Expires', type: 'string', jsonPath: '.status.expireTime', description: 'When access ends.', priority: 1 },
    messageColumn,
  ],
  validations: [
    immutable('requestRef', 'the operator makes a new ShareItem'),
    immutable('datasetRef', 'the operator makes a new ShareItem'),
    immutable('type', 'the operator makes a new ShareItem'),
    immutable('name', 'the operator makes a new ShareItem'),
  ],
  conditions: ['Ready', 'Granted', 'Healthy', 'Reconciling', 'Stalled'],
});

/** Spec of a ShareItem. */
export type ShareItemSpec = SpecOf<typeof shareItem>;
/** Status of a ShareItem. */
export type ShareItemStatus = StatusOf<typeof shareItem>;
/** One item of one request, granted to one principal. */
export type ShareItem = ApiObject<'ShareItem', ShareItemSpec, ShareItemStatus>;
/** Where a share lives in AWS: one entry of `spec.resolved`. */
export type ResolvedShare = ShareItemSpec['resolved'][number];
/** Who agreed, and how that ended: `spec.consent`. */
export type Consent = NonNullable<ShareItemSpec['consent']>;
