/**
 * From what principals are given to the statements of a resource policy. Grants with equal templates share one statement with a list of
 * principals; principals and resources are never crossed beyond what was granted.
 */
import { actionKey, byText, conditionKey, statementKey } from './compare.ts';
import type { JsonObject } from './document.ts';
import { nameHash } from './name-hash.ts';

/** A statement without principals. */
export interface StatementTemplate {
  /** Suffix of the Sid: letters and digits only (docs/IAM/latest/UserGuide/reference_policies_elements_sid.md). */
  readonly name: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: JsonObject;
}

/** A template with everybody who is given it. */
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

/** Equal for templates and statements that give the same to their principals, whatever their name. */
export function templateBody(template: StatementTemplate): string {
  return bodyOf(template);
}

/** The body of a statement as {@link templateBody} has it: its meaning without its principals. */
export function statementBody(statement: JsonObject): string {
  return statementKey(Object.fromEntries(Object.entries(statement).filter(([name]) => name !== 'Principal')));
}

/**
 * The statements of the groups, sorted by Sid. `prefix` + name is the Sid; where different templates carry one name, each gets a
 * discriminator, which depends on the template alone. A group without principals gives no statement: AWS accepts no empty list.
 */
export function renderGroups(prefix: string, groups: readonly StatementGroup[]): OwnStatement[] {
  const used = groups.filter((group) => group.principals.size > 0);
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

function renderGroup(sid: string, { template, principals }: StatementGroup): OwnStatement {
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: [...principals].sort() },
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
