/** Environment: an AWS account in a region, and which namespaces may speak for what in it. Written by the platform team. */
import { z } from 'zod';
import { ageColumn, conditionColumn, messageColumn } from './columns.ts';
import {
  accountId,
  conditions,
  handledAt,
  leftovers,
  namespaceName,
  namespaceSet,
  objectName,
  observedGeneration,
  region,
  roleArn,
  secretKeyRef,
} from './fields.ts';
import type { ApiObject, SpecOf, StatusOf } from './kind.ts';
import { defineKind } from './kind.ts';
import { immutable, integer, list, matching, oneOf, optional, text, time, withRules } from './schema.ts';

const allOrSome = ['All', 'Names', 'Selector'] as const;

const globs = (form: { pattern: RegExp; message: string; max: number; entries: number }, description: string) =>
  optional(
    list(matching(form, 'A glob: * stands for any characters, ? for one.'), { max: form.entries, type: 'set' }, description),
  );

const claim = withRules(
  z.strictObject({
    namespaces: namespaceSet(allOrSome, 'The namespaces that this claim is for.'),
    buckets: globs(
      {
        pattern: /^[a-z0-9.*?-]+$/,
        max: 63,
        entries: 20,
        message: 'must be a glob of bucket names, such as acme-orders or acme-orders-*, without s3:// and not an ARN',
      },
      'Buckets, as globs of their names.',
    ),
    kmsKeys: globs(
      { pattern: /^[A-Za-z0-9:/*?-]+$/, max: 128, entries: 10, message: 'must be a glob of KMS key ids or key ARNs' },
      'KMS keys. A glob with a colon is compared with the whole key ARN, one without with the key id.',
    ),
    roles: globs(
      {
        pattern: /^[!-~]+$/,
        max: 128,
        entries: 10,
        message: 'must be a glob of role names, or of what follows the account in the ARN, such as role/teams/analytics/*',
      },
      'IAM roles and users that ConsumptionRoles may name. A glob with a slash is compared with what follows the account in the ARN (role/path/name, user/name), one without with the name of a role.',
    ),
    byTag: optional(
      matching(
        { pattern: /^[A-Za-z0-9 +\-=._:/@]+$/, max: 128, message: 'must be the key of an AWS tag, such as sluice.dev/namespace' },
        "Key of a tag: the claim covers every bucket, key and role of the account that carries this tag with the namespace's name as value.",
      ),
    ),
    onLoss: oneOf(
      ['AfterGracePeriod', 'Immediately'],
      'What happens to live shares of these namespaces when no claim covers their resource any longer. AfterGracePeriod: they end after 24 hours as Stalled/NotClaimed, so that a typo in a glob is no mass revoke. Immediately: they end at once.',
    ).default('AfterGracePeriod'),
  }),
  {
    rule: 'has(self.buckets) || has(self.kmsKeys) || has(self.roles) || has(self.byTag)',
    message: 'a claim must say what it covers: give buckets, kmsKeys, roles or byTag',
  },
);

const specSchema = z.strictObject({
  accountId: accountId('The AWS account.'),
  region: region('The region. One account in two regions is two Environments.'),
  assumeRole: optional(
    z
      .strictObject({
        arn: roleArn('ARN of the role.'),
        externalIdSecretRef: optional(secretKeyRef("Where the external id is kept: a Secret in the operator's namespace.")),
      })
      .describe("Role that the operator assumes to work in the account. Without it the operator's own identity is used."),
  ),
  allowedNamespaces: namespaceSet(allOrSome, 'Which namespaces may place Datasets and ConsumptionRoles here.'),
  claims: list(
    claim,
    { max: 50, type: 'atomic' },
    "Which of the account's data and roles a namespace may speak for. What no claim covers is refused (NotClaimed).",
  ).default([]),
  sharePolicyPrefix: matching(
    {
      pattern: /^[a-z][a-z0-9]{0,11}$/,
      max: 12,
      message: 'must be 1 to 12 lower case letters and digits, beginning with a letter',
    },
    'Beginning of the name of everything that Sluice creates in the account.',
  ).default('sluice'),
  limits: optional(
    z
      .strictObject({
        documentShare: optional(
          integer(
            { min: 1, max: 100 },
            "Percent of the size that AWS allows a document which others write too (bucket policy, key policy) that Sluice's statements may take. New shares beyond it are refused (PolicySizeLimit); those in place stay, and what is to be taken back always is. Without it AWS's limit is the only one.",
          ),
        ),
      })
      .describe('How much of what is shared with others Sluice may use.'),
  ),
  orphans: oneOf(
    ['Report', 'Delete'],
    "What happens to documents in AWS that carry this installation's mark and that no ShareItem explains. Report: they are listed in status.orphans. Delete: what is certainly ours is removed once two sweeps in a row have seen it unchanged, unless so much would go that objects were probably lost.",
  ).default('Report'),
});

const statusSchema = z.strictObject({
  observedGeneration: observedGeneration(),
  conditions: optional(conditions()),
  installation: optional(text(8, 'The operator that serves this Environment; any other one writes nothing here.')),
  callerArn: optional(text(640, "Who the operator is in the account, as AWS's GetCallerIdentity says.")),
  quotas: optional(
    z
      .strictObject({
        attachedPoliciesPerRole: optional(integer({ min: 0, max: 1000 }, 'Managed policies that a role may have attached.')),
        managedPolicySize: optional(
          integer({ min: 0, max: 1_000_000 }, 'Characters of a managed policy, white space not counted.'),
        ),
      })
      .describe('Quotas of the account that limit what can be shared.'),
  ),
  owners: optional(
    list(
      z.strictObject({
        resource: text(128, 'The AWS resource: partition, account, region and name.').min(1),
        dataset: z
          .strictObject({ namespace: namespaceName('Its namespace.'), name: objectName('Its name.') })
          .describe('The Dataset that holds it.'),
      }),
      { max: 400, type: 'atomic' },
      'Who holds a resource that Datasets of several namespaces name: the first with a live share, then the oldest.',
    ),
  ),
  leftovers: optional(leftovers()),
  orphans: optional(
    list(
      z.strictObject({
        kind: oneOf(['SharePolicy', 'BucketPolicy', 'KeyPolicy', 'AccessPoint'], 'What it is.'),
        target: text(256, 'The AWS document or resource.').min(1),
        principals: list(
          text(128, 'Account and name of a role or user, such as 444455556666:analysts; of a deleted one the unique id.'),
          { max: 2, type: 'atomic' },
          'Whom it gives something; the first two.',
        ),
        since: time('When the running operator saw it first.'),
        message: optional(text(256, 'Why it was not removed.')),
      }),
      { max: 20, type: 'atomic' },
      "What carries this installation's mark in AWS and no ShareItem explains; the first twenty.",
    ),
  ),
  lastHandledVerifyAt: optional(handledAt('sluice.dev/verify-requested-at')),
  display: optional(
    z.strictObject({ message: optional(text(256, 'Message of Ready, shortened.')) }).describe('Texts for columns.'),
  ),
});

/** Definition of Environment. */
export const environment = defineKind({
  kind: 'Environment',
  plural: 'environments',
  singular: 'environment',
  scope: 'Cluster',
  categories: ['sluice-platform'],
  description: 'An AWS account in a region, and which namespaces may speak for what in it.',
  specSchema,
  statusSchema,
  columns: [
    { name: 'Account', type: 'string', jsonPath: '.spec.accountId', description: 'The AWS account.' },
    { name: 'Region', type: 'string', jsonPath: '.spec.region', description: 'The region.' },
    conditionColumn('Ready', 'status', { description: 'Whether the operator can work in it.' }),
    conditionColumn('Ready', 'reason', { description: 'Why, or why not.' }),
    ageColumn,
    {
      name: 'Role',
      type: 'string',
      jsonPath: '.spec.assumeRole.arn',
      description: 'Role that the operator assumes.',
      priority: 1,
    },
    messageColumn,
  ],
  validations: [
    immutable('accountId', 'create another Environment'),
    immutable('region', 'create another Environment'),
    immutable(
      'sharePolicyPrefix',
      'the names of what exists in the account begin with it; create another Environment',
      'optional',
    ),
  ],
  conditions: ['Ready', 'Orphans', 'RemovalHeld', 'Leftovers', 'PermissionsMissing'],
});

/** Spec of an Environment. */
export type EnvironmentSpec = SpecOf<typeof environment>;
/** Status of an Environment. */
export type EnvironmentStatus = StatusOf<typeof environment>;
/** An AWS account in a region. */
export type Environment = ApiObject<'Environment', EnvironmentSpec, EnvironmentStatus>;
