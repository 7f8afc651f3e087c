/** ShareRequest: a team asks for items of a Dataset on behalf of one principal. Written by the requester team. */
import { z } from 'zod';
import { ageColumn, conditionColumn, messageColumn } from './columns.ts';
import {
  conditions,
  duration,
  handledAt,
  itemName,
  itemType,
  namespacedRef,
  objectName,
  observedGeneration,
  permissions,
  somePermissions,
} from './fields.ts';
import type { ApiObject, SpecOf, StatusOf } from './kind.ts';
import { defineKind } from './kind.ts';
import { immutable, integer, list, oneOf, optional, text, time } from './schema.ts';

/** Phases of a ShareRequest and its ReceivedShare. For people; machines read conditions. */
export const REQUEST_PHASES = [
  'Draft',
  'Submitted',
  'Rejected',
  'Approved',
  'ShareInProgress',
  'Revoked',
  'RevokeInProgress',
  'SubmittedForExtension',
  'ExtensionRejected',
  'Processed',
] as const;
/** One phase. */
export type RequestPhase = (typeof REQUEST_PHASES)[number];

const specSchema = z.strictObject({
  datasetRef: namespacedRef('The Dataset, wherever it is.'),
  principal: z
    .strictObject({
      kind: oneOf(['ConsumptionRole'], 'Kind of the object that describes the principal.'),
      name: objectName("Its name, in the request's namespace."),
    })
    .describe('Who gets access.'),
  permissions: permissions('What is asked for.').default(['Read']),
  purpose: optional(text(1024, 'What the data is needed for; read by whoever decides.')),
  state: oneOf(['Submitted', 'Draft'], 'Draft: not asked yet; neither grants anything new nor takes anything away.').default(
    'Submitted',
  ),
  items: list(
    z.strictObject({ type: itemType(), name: itemName() }),
    { max: 100, type: ['type', 'name'] },
    'What is asked for. At least one, unless state is Draft.',
  ).default([]),
  expireTime: optional(time('When access ends. A later time than was approved is an extension and has to be approved.')),
  expiresAfter: optional(duration('When access ends, counted from the first consent.')),
  deletionPolicy: oneOf(
    ['Revoke', 'Block'],
    'What deleting the request does. Revoke: access is taken back first. Block: deletion is refused while anything is shared.',
  ).default('Revoke'),
});

const count = (description: string) => optional(integer({ min: 0, max: 1000 }, description));

const statusSchema = z.strictObject({
  observedGeneration: observedGeneration(),
  phase: optional(oneOf(REQUEST_PHASES, 'Where the request stands.')),
  conditions: optional(conditions()),
  items: optional(
    z
      .strictObject({
        total: count('Items asked for, and items that still have to be taken back.'),
        pending: count('Wait for consent.'),
        shared: count('From the first write until taken back.'),
        failed: count('Could not be granted or taken back.'),
        revoked: count('Taken back.'),
        unhealthy: count('AWS does not hold what it should.'),
      })
      .describe('The items, counted.'),
  ),
  sharedItems: optional(list(text(128, 'Type and name.'), { max: 20, type: 'atomic' }, 'The first 20 items that are shared.')),
  invalidItems: optional(
    list(
      z.strictObject({ type: itemType(), name: itemName(), reason: text(64, 'Reason.'), message: text(512, 'What to do.') }),
      { max: 100, type: ['type', 'name'] },
      'Items that cannot be shared as they are asked for.',
    ),
  ),
  exceeding: optional(
    list(
      z.strictObject({ type: itemType(), name: itemName(), permissions: somePermissions('Asked for and not consented to.') }),
      { max: 100, type: ['type', 'name'] },
      'What is asked for beyond consent. It is not granted.',
    ),
  ),
  expireTime: optional(time('When access ends: the earliest of request, approval and Dataset.')),
  plan: optional(
    list(text(256, 'One line.'), { max: 200, type: 'atomic' }, "What approval would change in AWS on the consumer's side."),
  ),
  lastHandledVerifyAt: optional(handledAt('sluice.dev/verify-requested-at')),
  lastHandledReapplyAt: optional(handledAt('sluice.dev/reapply-requested-at')),
  display: optional(
    z
      .strictObject({
        shared: optional(text(16, 'Shared of all, such as 3/4.')),
        dataset: optional(text(127, 'Namespace and name of the Dataset.')),
        principal: optional(text(160, 'Account and name of the principal.')),
      })
      .describe('Texts for columns.'),
  ),
});

/** Definition of ShareRequest. */
export const shareRequest = defineKind({
  kind: 'ShareRequest',
  plural: 'sharerequests',
  singular: 'sharerequest',
  scope: 'Namespaced',
  categories: ['sluice'],
  description: 'A request for items of a Dataset on behalf of one principal.',
  specSchema,
  statusSchema,
  columns: [
    { name: 'Dataset', type: 'string', jsonPath: '.status.display.dataset', description: 'The Dataset.' },
    { name: 'Principal', type: 'string', jsonPath: '.status.display.principal', description: 'Who gets access.' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where it stands.' },
    conditionColumn('Ready', 'status', { description: 'Whether everything asked for is in place.' }),
    { name: 'Shared', type: 'string', jsonPath: '.status.display.shared', description: 'Items shared of all.' },
    conditionColumn('Healthy', 'status', { description: 'Whether AWS holds what it should.' }),
    ageColumn,
    { name: 'Expires', type: 'string', jsonPath: '.status.expireTime', description: 'When access ends.', priority: 1 },
    messageColumn,
  ],
  validations: [
    immutable('datasetRef', 'create another ShareRequest'),
    immutable('principal', 'consent is given to one principal; create another ShareRequest'),
    {
      rule: "self.state == 'Draft' || size(self.items) > 0",
      message: 'a request needs at least one item: add it to items, or use state: Draft until you know',
      fieldPath: '.items',
    },
    {
      rule: '!(has(self.expireTime) && has(self.expiresAfter))',
      message: 'expireTime and expiresAfter exclude each other: keep one of them',
      fieldPath: '.expireTime',
    },
  ],
  conditions: ['Ready', 'Approved', 'Healthy', 'Reconciling', 'Stalled'],
});

/** Spec of a ShareRequest. */
export type ShareRequestSpec = SpecOf<typeof shareRequest>;
/** Status of a ShareRequest. */
export type ShareRequestStatus = StatusOf<typeof shareRequest>;
/** A request for items of a Dataset. */
export type ShareRequest = ApiObject<'ShareRequest', ShareRequestSpec, ShareRequestStatus>;
