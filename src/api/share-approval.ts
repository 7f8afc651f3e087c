/**
 * ShareApproval: the owner's decision on a ShareRequest. It lies in the Dataset's namespace, and its place is its authority. Written by
 * the owner team.
 */
import { z } from 'zod';
import { ageColumn, conditionColumn } from './columns.ts';
import {
  arnPrincipal,
  conditions,
  digest,
  itemName,
  itemType,
  localRef,
  namespacedRef,
  observedGeneration,
  permissions,
} from './fields.ts';
import type { ApiObject, SpecOf, StatusOf } from './kind.ts';
import { defineKind } from './kind.ts';
import { immutable, list, oneOf, optional, text, time } from './schema.ts';

const specSchema = z.strictObject({
  datasetRef: localRef('The Dataset, in this namespace. Whoever writes the approval needs the verb approve on it.'),
  requestRef: namespacedRef('The ShareRequest that is decided on.'),
  decision: oneOf(
    ['Approved', 'Rejected'],
    'The decision. Rejected wins over Approved for its items until it is edited or deleted.',
  ),
  reason: optional(text(1024, 'Why; the requester reads it.')),
  principal: optional(
    arnPrincipal('Who gets access: consent is given to somebody, not to a name. Required when decision is Approved.'),
  ),
  items: list(
    z.strictObject({
      type: itemType(),
      name: itemName(),
      permissions: permissions('What is allowed. Omitted: Read.').default(['Read']),
      digest: optional(digest('From ReceivedShare.spec.items: only exactly what was reviewed is approved.')),
    }),
    { max: 100, type: ['type', 'name'] },
    'What is decided on. At least one when decision is Approved; for Rejected none means all.',
  ).default([]),
  expireTime: optional(time('Access ends then at the latest.')),
  extension: optional(
    z
      .strictObject({
        rejectedExpireTime: time('Requests for this time or later are rejected.'),
        reason: optional(text(1024, 'Why; the requester reads it.')),
      })
      .describe('Rejects an extension. To approve one, raise expireTime.'),
  ),
});

const statusSchema = z.strictObject({
  observedGeneration: observedGeneration(),
  conditions: optional(conditions()),
});

/** Definition of ShareApproval. */
export const shareApproval = defineKind({
  kind: 'ShareApproval',
  plural: 'shareapprovals',
  singular: 'shareapproval',
  scope: 'Namespaced',
  categories: ['sluice'],
  description: "The owner's decision on a ShareRequest, in the Dataset's namespace.",
  specSchema,
  statusSchema,
  columns: [
    { name: 'Dataset', type: 'string', jsonPath: '.spec.datasetRef.name', description: 'The Dataset.' },
    { name: 'Requester', type: 'string', jsonPath: '.spec.requestRef.namespace', description: 'Namespace of the ShareRequest.' },
    { name: 'Request', type: 'string', jsonPath: '.spec.requestRef.name', description: 'The ShareRequest.' },
    { name: 'Decision', type: 'string', jsonPath: '.spec.decision', description: 'The decision.' },
    conditionColumn('Effective', 'status', { description: 'Whether it has an effect.' }),
    conditionColumn('Effective', 'reason', { description: 'Why, or why not.' }),
    ageColumn,
    { name: 'Principal', type: 'string', jsonPath: '.spec.principal.arn', description: 'Who gets access.', priority: 1 },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expireTime', description: 'The latest end.', priority: 1 },
    conditionColumn('Effective', 'message', { description: 'Details.', priority: 1 }),
  ],
  validations: [
    immutable('datasetRef', 'create another ShareApproval'),
    immutable('requestRef', 'create another ShareApproval'),
    {
      rule: "self.decision != 'Approved' || has(self.principal)",
      message: 'an approval names who gets access: add principal.arn as ReceivedShare.spec.principal shows it',
      fieldPath: '.principal',
    },
    {
      rule: "self.decision != 'Approved' || size(self.items) > 0",
      message: 'an approval names what is shared: add at least one item, as ReceivedShare.spec.items shows them',
      fieldPath: '.items',
    },
  ],
  conditions: ['Effective'],
});

/** Spec of a ShareApproval. */
export type ShareApprovalSpec = SpecOf<typeof shareApproval>;
/** Status of a ShareApproval. */
export type ShareApprovalStatus = StatusOf<typeof shareApproval>;
/** The owner's decision on a ShareRequest. */
export type ShareApproval = ApiObject<'ShareApproval', ShareApprovalSpec, ShareApprovalStatus>;
