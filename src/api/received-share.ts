/**
 * ReceivedShare: what the owner of a Dataset sees of a ShareRequest, in his own namespace. The operator writes it; it decides
 * nothing.
 */
import { z } from 'zod';
import { ageColumn, conditionColumn, messageColumn } from './columns.ts';
import {
  conditions,
  digest,
  itemName,
  itemType,
  localRef,
  namespacedRef,
  observedGeneration,
  permissions,
  principalArn,
  uid,
  uniqueId,
} from './fields.ts';
import type { ApiObject, SpecOf, StatusOf } from './kind.ts';
import { defineKind } from './kind.ts';
import { list, oneOf, optional, text, time } from './schema.ts';
import { HEALTH_STATUSES, ITEM_PHASES } from './share-item.ts';
import { REQUEST_PHASES } from './share-request.ts';

const specSchema = z.strictObject({
  datasetRef: localRef('The Dataset, in this namespace.'),
  requestRef: namespacedRef('The ShareRequest.'),
  principal: optional(
    z
      .strictObject({
        arn: principalArn('ARN of the role or user.'),
        uniqueId: optional(uniqueId('Unique id that AWS gave it.')),
      })
      .describe('Who would get access. Absent while it is not known.'),
  ),
  purpose: optional(text(1024, 'What the data is needed for.')),
  permissions: permissions('What is asked for.'),
  expireTime: optional(time('When the request wants access to end.')),
  items: list(
    z.strictObject({
      type: itemType(),
      name: itemName(),
      location: optional(text(1200, 'Where the item is in AWS.')),
      digest: optional(
        digest('Hash of what would be consented to: a ShareApproval that repeats it approves exactly this and nothing else.'),
      ),
    }),
    { max: 100, type: ['type', 'name'] },
    'What is asked for.',
  ),
  told: optional(
    z
      .strictObject({
        requestUid: uid('UID of the ShareRequest: one that is made again under the same name has a story of its own.'),
        channels: list(
          z.strictObject({
            channel: text(64, 'Whom: owner or requester (by mail), or webhook: and its name.').min(1),
            marks: list(text(128, 'What.').min(1), { max: 32, type: 'set' }, 'What was told, or given up, oldest first.'),
          }),
          { max: 10, type: ['channel'] },
          'One entry for each way out.',
        ),
      })
      .describe(
        'What people have been told by mail and webhooks, so that nothing is told twice. Absent where the installation sends nothing.',
      ),
  ),
});

const statusSchema = z.strictObject({
  observedGeneration: observedGeneration(),
  phase: optional(oneOf(REQUEST_PHASES, 'Where the request stands.')),
  conditions: optional(conditions()),
  plan: optional(list(text(256, 'One line.'), { max: 200, type: 'atomic' }, 'What approval would change in AWS.')),
  healthStatus: optional(oneOf(HEALTH_STATUSES, 'What the last comparison with AWS found, over all items.')),
  findings: optional(
    list(
      text(1024, 'One finding.'),
      { max: 20, type: 'atomic' },
      "Findings that concern the owner's documents, those of other principals included.",
    ),
  ),
  expireTime: optional(time('When access ends.')),
  decidedBy: optional(
    list(
      text(128, 'A ShareApproval, or Automatic.'),
      { max: 20, type: 'atomic' },
      'What decided: names of ShareApprovals, or Automatic.',
    ),
  ),
  items: optional(
    list(
      z.strictObject({
        type: itemType(),
        name: itemName(),
        phase: optional(oneOf(ITEM_PHASES, 'Where the item stands.')),
        healthStatus: optional(oneOf(HEALTH_STATUSES, 'What the last comparison with AWS found.')),
        message: optional(text(1024, 'Details.')),
      }),
      { max: 100, type: ['type', 'name'] },
      'What has become of the items.',
    ),
  ),
  display: optional(
    z
      .strictObject({
        requester: optional(text(127, 'Namespace and name of the ShareRequest.')),
        principal: optional(text(160, 'Account and name of the principal.')),
        items: optional(text(16, 'Shared of all, such as 3/4.')),
        expires: optional(text(10, 'Day on which access ends, such as 2027-06-30.')),
      })
      .describe('Texts for columns.'),
  ),
});

/** Definition of ReceivedShare. */
export const receivedShare = defineKind({
  kind: 'ReceivedShare',
  plural: 'receivedshares',
  singular: 'receivedshare',
  scope: 'Namespaced',
  categories: ['sluice'],
  description: "What the owner of a Dataset sees of a ShareRequest. Written by the operator, in the Dataset's namespace.",
  specSchema,
  statusSchema,
  columns: [
    { name: 'Dataset', type: 'string', jsonPath: '.spec.datasetRef.name', description: 'The Dataset.' },
    { name: 'Principal', type: 'string', jsonPath: '.status.display.principal', description: 'Who gets access.' },
    { name: 'Items', type: 'string', jsonPath: '.status.display.items', description: 'Items shared of all.' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where it stands.' },
    conditionColumn('Healthy', 'status', { description: 'Whether AWS holds what it should.' }),
    { name: 'Expires', type: 'string', jsonPath: '.status.display.expires', description: 'Day on which access ends.' },
    ageColumn,
    {
      name: 'Requester',
      type: 'string',
      jsonPath: '.status.display.requester',
      description: 'The ShareRequest; the name of the ReceivedShare begins with it.',
      priority: 1,
    },
    { name: 'Purpose', type: 'string', jsonPath: '.spec.purpose', description: 'What the data is needed for.', priority: 1 },
    messageColumn,
  ],
  validations: [],
  conditions: ['Ready', 'Approved', 'Healthy', 'Reconciling', 'Stalled'],
});

/** Spec of a ReceivedShare. */
export type ReceivedShareSpec = SpecOf<typeof receivedShare>;
/** Status of a ReceivedShare. */
export type ReceivedShareStatus = StatusOf<typeof receivedShare>;
/** What the owner sees of a ShareRequest. */
export type ReceivedShare = ApiObject<'ReceivedShare', ReceivedShareSpec, ReceivedShareStatus>;
