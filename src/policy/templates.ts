/**
 * From what principals are given to the statements of a resource policy. Grants with equal templates share one statement with a list of
 * principals, and what the same principals get under one name on several resources shares one with a list of resources; principals and
 * resources are never crossed beyond what was granted.
 */
import { actionKey, byText, conditionKey, statementKey } from './compare.ts';
import type { JsonObject } from './document.ts';
import { nameHash } from './name-hash.ts';
import { byteSize } from './size.ts';
import type { Atom } from './statement-atoms.ts';

/** Stands among principals for everybody: `"Principal": "*"`. Only with a condition that says who that is. */
export const everybody = '*';

/** A list of resources that is longer than this is written as the template's `widened` (bytes of JSON). */
const widenAt = 2048;

/** A statement without principals. */
export interface StatementTemplate {
  /** Suffix of the Sid: letters and digits only (docs/IAM/latest/UserGuide/reference_policies_elements_sid.md). */
  readonly name: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: JsonObject;
  /** What is written for all the resources of the statement when their list grows long. It must cover them. */
  readonly widened?: readonly string[];
}

/** A template with everyone who is given it. */
export interface StatementGroup {
  readonly template: StatementTemplate;
  readonly principals: ReadonlySet<string>;
}

/** A statement of ours: its Sid says so. */
export type OwnStatement = JsonObject & { readonly Sid: string };

/** Equal for templates that may share a statement. */
export function templateKey(template: StatementTemplate): string {
  return JSON.stringify([template.name, bodyOf(template)]);
}

/** The permissions that the template gives the principal; `wide`: as it reads where the list of resources is cut short, none where it never is. */
export function templateAtoms(template: StatementTemplate, principal: string, form: 'exact' | 'wide' = 'exact'): Atom[] {
  const condition = conditionKey(template.condition);
  const resources = form === 'exact' ? template.resources : (template.widened ?? []);
  return resources.flatMap((resource) => template.actions.map((action) => ({ principal, action, resource, condition })));
}

/** The templates that a list of resources made so long that their statement is written with `widened`. */
export function widenedTemplates(templates: readonly StatementTemplate[]): ReadonlySet<StatementTemplate> {
  const groups = Map.groupBy(
    templates.filter(({ widened }) => widened !== undefined),
    (template) => mergeKey({ template, principals: new Set() }),
  );
  const long = [...groups.values()].filter((group) => isLong(group.flatMap(({ resources }) => resources)));
  return new Set(long.flat());
}

/**
 * The statements of the groups, sorted by Sid. `prefix` + name is the Sid; where different templates carry one name, each gets a
 * discriminator, which depends on the template alone. A group without principals gives no statement: AWS accepts no empty list.
 */
export function renderGroups(prefix: string, groups: readonly StatementGroup[]): OwnStatement[] {
  const used = merged(groups.filter((group) => group.principals.size > 0));
  const count = new Map<string, number>();
  for (const { template } of used) count.set(template.name, (count.get(template.name) ?? 0) + 1);
  return used
    .map((group) => {
      const { template } = group;
      const unique = count.get(template.name) === 1;
      return renderGroup(`${prefix}${template.name}${unique ? '' : nameHash(8, templateKey(template))}`, group);
    })
    .sort(byText((statement) => statement.Sid));
}

/** One group for all that differ in their resources only. */
function merged(groups: readonly StatementGroup[]): StatementGroup[] {
  return [...Map.groupBy(groups, mergeKey).values()].map((same) => {
    const [first] = same as [StatementGroup];
    const resources = [...new Set(same.flatMap(({ template }) => template.resources))];
    const { widened } = first.template;
    return {
      ...first,
      template: { ...first.template, resources: widened !== undefined && isLong(resources) ? widened : resources },
    };
  });
}

function mergeKey({ template, principals }: StatementGroup): string {
  const { name, widened } = template;
  return JSON.stringify([name, bodyOf({ ...template, resources: [] }), widened ?? [], [...principals].sort()]);
}

function isLong(resources: readonly string[]): boolean {
  return byteSize(JSON.stringify([...new Set(resources)])) > widenAt;
}

function renderGroup(sid: string, { template, principals }: StatementGroup): OwnStatement {
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: principals.has(everybody) ? everybody : { AWS: [...principals].sort() },
    Action: [...new Set(template.actions)].sort(),
    Resource: [...new Set(template.resources)].sort(),
    ...(hasCondition(template.condition) ? { Condition: template.condition } : {}),
  };
}

function bodyOf(template: StatementTemplate): string {
  return statementKey({
    Effect: 'Allow',
    Action: template.actions.map(actionKey),
    Resource: template.resources,
    ...(hasCondition(template.condition) ? { Condition: template.condition } : {}),
  });
}

function hasCondition(condition: JsonObject | undefined): condition is JsonObject {
  return condition !== undefined && conditionKey(condition) !== '[]';
}
