/** ConsumptionRole: an IAM role or user that may receive shares. Written by the requester's or the platform team. */
import { z } from 'zod';
import { ageColumn, conditionColumn, messageColumn } from './columns.ts';
import { conditions, localRef, observedGeneration, principalArn, uniqueId } from './fields.ts';
import type { ApiObject, SpecOf, StatusOf } from './kind.ts';
import { defineKind } from './kind.ts';
import { notify } from './notify.ts';
import { immutable, integer, list, oneOf, optional, text } from './schema.ts';

const specSchema = z.strictObject({
  environmentRef: localRef('The Environment of the account that the principal belongs to.'),
  principalArn: principalArn('The IAM role or user.'),
  policyManagement: oneOf(
    ['Managed', 'Detached', 'External'],
    "Who looks after the principal's side. Managed: Sluice creates its policies and attaches them. Detached: Sluice creates them, the role's owner attaches them. External: Sluice writes nothing there.",
  ).default('Managed'),
  notify: optional(notify('Who hears of what becomes of the shares that this principal receives or asks for.')),
});

const statusSchema = z.strictObject({
  observedGeneration: observedGeneration(),
  conditions: optional(conditions()),
  uniqueId: optional(
    uniqueId('Unique id that AWS gave the principal. A principal that was deleted and made again has another one.'),
  ),
  policies: optional(
    list(
      z.strictObject({
        arn: text(640, 'ARN of the policy.').min(1),
        attached: z.boolean().describe('Whether it is attached to the principal.'),
        size: integer({ min: 0, max: 1_000_000 }, 'Characters, white space not counted; AWS allows 6,144.'),
      }),
      { max: 20, type: ['arn'] },
      'The policies through which the principal gets its shares.',
    ),
  ),
  display: optional(
    z.strictObject({ principal: optional(text(160, 'Account and name of the principal.')) }).describe('Texts for columns.'),
  ),
});

/** Definition of ConsumptionRole. */
export const consumptionRole = defineKind({
  kind: 'ConsumptionRole',
  plural: 'consumptionroles',
  singular: 'consumptionrole',
  scope: 'Namespaced',
  categories: ['sluice'],
  description: 'An IAM role or user that may receive shares.',
  specSchema,
  statusSchema,
  columns: [
    { name: 'Environment', type: 'string', jsonPath: '.spec.environmentRef.name', description: 'Its Environment.' },
    { name: 'Principal', type: 'string', jsonPath: '.spec.principalArn', description: 'The IAM role or user.' },
    {
      name: 'Policies',
      type: 'string',
      jsonPath: '.spec.policyManagement',
      description: "Who looks after the principal's side.",
    },
    conditionColumn('Ready', 'status', { description: 'Whether it can receive shares.' }),
    ageColumn,
    conditionColumn('Ready', 'reason', { description: 'Why, or why not.', priority: 1 }),
    messageColumn,
  ],
  validations: [
    immutable('environmentRef', 'create another ConsumptionRole'),
    immutable('principalArn', 'consent is given to a principal, not to a name; create another ConsumptionRole'),
    {
      rule: "self.policyManagement != 'Managed' || !(self.principalArn.contains(':role/aws-reserved/') || self.principalArn.contains(':role/aws-service-role/'))",
      message:
        'AWS lets nobody attach policies to roles under /aws-reserved/ (IAM Identity Center) and /aws-service-role/: use policyManagement: Detached or External',
      fieldPath: '.policyManagement',
    },
  ],
  conditions: ['Ready'],
});

/** Spec of a ConsumptionRole. */
export type ConsumptionRoleSpec = SpecOf<typeof consumptionRole>;
/** Status of a ConsumptionRole. */
export type ConsumptionRoleStatus = StatusOf<typeof consumptionRole>;
/** An IAM principal that may receive shares. */
export type ConsumptionRole = ApiObject<'ConsumptionRole', ConsumptionRoleSpec, ConsumptionRoleStatus>;
/** Who looks after the principal's side of a share. */
export type PolicyManagement = ConsumptionRoleSpec['policyManagement'];
