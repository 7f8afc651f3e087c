/** Dataset: data that a team owns and the terms on which others get it. Written by the owner team. */
import { z } from 'zod';
import { ageColumn, conditionColumn, messageColumn } from './columns.ts';
import {
  bucketName,
  conditions,
  duration,
  folderName,
  folderPrefix,
  handledAt,
  itemName,
  itemType,
  kmsKeyArn,
  labelSelector,
  leftovers,
  localRef,
  namespaceName,
  namespaceSet,
  observedGeneration,
  permissions,
  whereDurations,
} from './fields.ts';
import type { ApiObject, SpecOf, StatusOf } from './kind.ts';
import { defineKind } from './kind.ts';
import { notify } from './notify.ts';
import { immutable, integer, list, oneOf, optional, text, withRules } from './schema.ts';

const bucket = z.strictObject({
  name: bucketName('Name of the bucket.'),
  kmsKeyArn: optional(
    kmsKeyArn(
      'The customer managed KMS key that the bucket is encrypted with. Without it: SSE-S3, or the AWS managed key for principals of the same account.',
    ),
  ),
  pruneDeadPrincipals: optional(
    z
      .boolean()
      .describe(
        'AWS refuses every write of a bucket policy that names a deleted principal by its dead id (AROA…, AIDA…), also in statements of others. True: Sluice may remove exactly such ids when it writes the policy.',
      ),
  ),
});

const folder = z.strictObject({
  name: folderName(),
  bucket: bucketName('The bucket that it is in, one of spec.buckets.'),
  prefix: folderPrefix(
    'What the keys of its objects begin with, without the slash at the end: raw/2026 shares raw/2026/… and neither raw/2026-secret/… nor an object raw/2026.',
  ),
});

const autoApproval = withRules(
  z.strictObject({
    namespaces: optional(
      list(namespaceName('A namespace.'), { max: 50, type: 'set' }, 'Namespaces by name. An empty list matches nothing.'),
    ),
    selector: optional(labelSelector('Namespaces by label.')),
    items: list(
      z.strictObject({ type: itemType(), name: itemName() }),
      { max: 50, type: ['type', 'name'] },
      'The items that are approved automatically. Omitted: none.',
    ).default([]),
    permissions: permissions('What is approved automatically. Omitted: Read.').default(['Read']),
  }),
  { rule: 'has(self.namespaces) != has(self.selector)', message: 'say for whom: give either namespaces or selector' },
);

const expiration = withRules(
  z
    .strictObject({
      min: optional(duration('Shortest time that may be asked for.')),
      max: optional(duration('Longest time that a share may live, counted from its first consent.')),
      required: z.boolean().describe('Whether a request must say when it ends.').default(false),
    })
    .describe('How long a share may live.'),
  {
    rule: `!has(self.min) || !has(self.max) || ${whereDurations(['self.min', 'self.max'], 'duration(self.min) <= duration(self.max)')}`,
    message: 'min must not be longer than max',
  },
);

const atLeastAMinute = {
  rule: whereDurations(['self'], "duration(self) >= duration('1m')"),
  message: 'must be at least 1m: every verification reads AWS',
};

const sharing = z
  .strictObject({
    requesters: namespaceSet(
      ['All', 'Same', 'Names', 'Selector'],
      'Which namespaces may ask for shares. For all others the Dataset does not exist.',
    ).prefault({ from: 'All' }),
    approval: oneOf(
      ['Manual', 'Automatic'],
      'Manual: a ShareApproval in this namespace is needed. Automatic: what may be asked for is approved at once; refused when confidentiality is Secret. Turning it off lets what was granted go on.',
    ).default('Manual'),
    autoApprove: list(
      autoApproval,
      { max: 20, type: 'atomic' },
      'What is approved automatically for some namespaces though approval is Manual.',
    ).default([]),
    permissions: permissions('The most that may be asked for.').default(['Read']),
    expiration: expiration.prefault({}),
    drift: oneOf(
      ['Reapply', 'Report'],
      'What happens when AWS no longer holds what was granted. Reapply: it is written again. Report: it is reported, and written again when somebody asks for it.',
    ).default('Reapply'),
    verifyInterval: optional(
      withRules(
        duration("How often every share is compared with AWS. Default: the operator's --verify-interval."),
        atLeastAMinute,
      ),
    ),
    onPrincipalRecreated: oneOf(
      ['Reapprove', 'Follow'],
      'What happens when a principal was deleted and made again under the same name. Reapprove: its grants are withdrawn and wait for a new consent. Follow: consent passes to the new one.',
    ).default('Reapprove'),
    limits: z
      .strictObject({
        requestsPerNamespace: optional(integer({ min: 0, max: 1000 }, 'Requests that one namespace may have here.')),
        principalsPerNamespace: optional(integer({ min: 0, max: 1000 }, 'Principals that one namespace may bring here.')),
      })
      .describe('How much one namespace may ask for.')
      .prefault({}),
  })
  .describe('The terms on which others get the data.');

const specSchema = z.strictObject({
  environmentRef: localRef('The Environment of the account that the data is in.'),
  title: optional(text(256, 'Title for people.')),
  description: optional(text(4096, 'What the data is.')),
  confidentiality: oneOf(['Unclassified', 'Official', 'Secret'], 'How confidential the data is.').default('Unclassified'),
  stewards: list(
    text(256, 'A person or group.').min(1),
    { max: 20, type: 'set' },
    'Who looks after the data; shown to requesters.',
  ).default([]),
  buckets: list(bucket, { min: 1, max: 50, type: ['name'] }, 'The buckets that the data is in.'),
  folders: list(
    folder,
    { max: 500, type: ['name'] },
    'Folders of these buckets that can be shared by themselves. Each is shared through an access point; the bucket is not opened.',
  ).default([]),
  sharing: sharing.prefault({}),
  notify: optional(notify('Who hears of requests for this Dataset and of what becomes of them.')),
});

const count = (description: string) => optional(integer({ min: 0, max: 1_000_000 }, description));

const statusSchema = z.strictObject({
  observedGeneration: observedGeneration(),
  conditions: optional(conditions()),
  shares: optional(
    z
      .strictObject({
        pendingRequests: count('Requests that wait for a decision.'),
        granted: count('Items that are shared.'),
        failed: count('Items that could not be granted or taken back.'),
        unhealthy: count('Shared items of which AWS does not hold what it should.'),
      })
      .describe('What has become of the requests for this Dataset.'),
  ),
  leftovers: optional(leftovers()),
  lastHandledVerifyAt: optional(handledAt('sluice.dev/verify-requested-at')),
  lastHandledReapplyAt: optional(handledAt('sluice.dev/reapply-requested-at')),
  display: optional(
    z.strictObject({ items: optional(text(64, 'Number and kind of the items.')) }).describe('Texts for columns.'),
  ),
});

/** Definition of Dataset. */
export const dataset = defineKind({
  kind: 'Dataset',
  plural: 'datasets',
  singular: 'dataset',
  scope: 'Namespaced',
  categories: ['sluice'],
  description: 'Data that a team owns, and the terms on which others get it.',
  specSchema,
  statusSchema,
  columns: [
    { name: 'Environment', type: 'string', jsonPath: '.spec.environmentRef.name', description: 'Its Environment.' },
    conditionColumn('Ready', 'status', { description: 'Whether it can be shared.' }),
    conditionColumn('Ready', 'reason', { description: 'Why, or why not.' }),
    {
      name: 'Pending',
      type: 'integer',
      jsonPath: '.status.shares.pendingRequests',
      description: 'Requests that wait for a decision.',
    },
    { name: 'Granted', type: 'integer', jsonPath: '.status.shares.granted', description: 'Items that are shared.' },
    { name: 'Unhealthy', type: 'integer', jsonPath: '.status.shares.unhealthy', description: 'Shared items with findings.' },
    ageColumn,
    { name: 'Title', type: 'string', jsonPath: '.spec.title', description: 'Title for people.', priority: 1 },
    {
      name: 'Confidentiality',
      type: 'string',
      jsonPath: '.spec.confidentiality',
      description: 'How confidential it is.',
      priority: 1,
    },
    messageColumn,
  ],
  validations: [
    immutable('environmentRef', 'create another Dataset'),
    {
      rule: 'self.folders.all(f, self.buckets.exists(b, b.name == f.bucket))',
      message: 'a folder names a bucket that spec.buckets does not list: list the bucket too',
      fieldPath: '.folders',
    },
    {
      rule: "self.confidentiality != 'Secret' || self.sharing.approval != 'Automatic'",
      message: 'secret data is never shared automatically: use approval: Manual, or another confidentiality',
      fieldPath: '.sharing.approval',
    },
    {
      rule: "self.confidentiality != 'Secret' || size(self.sharing.autoApprove) == 0",
      message: 'secret data is never shared automatically: remove autoApprove, or use another confidentiality',
      fieldPath: '.sharing.autoApprove',
    },
    {
      rule: 'self.sharing.autoApprove.all(a, a.permissions.all(p, p in self.sharing.permissions))',
      message: 'autoApprove can give no more than sharing.permissions allows: add the permission there, or take it away here',
      fieldPath: '.sharing.autoApprove',
    },
  ],
  conditions: ['Ready', 'Leftovers'],
});

/** Spec of a Dataset. */
export type DatasetSpec = SpecOf<typeof dataset>;
/** Status of a Dataset. */
export type DatasetStatus = StatusOf<typeof dataset>;
/** Data that a team owns. */
export type Dataset = ApiObject<'Dataset', DatasetSpec, DatasetStatus>;
