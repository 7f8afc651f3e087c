/**
 * What our statements in a resource policy give already, and to whom: the document as found, read in terms of the templates that contributions bring.
 * However statements were grouped, a template stands where one statement gives all of it.
 */
import type { JsonObject } from '../policy/document.ts';
import { awsPrincipals } from '../policy/principals.ts';
import { atomKey, statementAtoms } from '../policy/statement-atoms.ts';
import { everybody, templateAtoms, templateKey, type StatementTemplate } from '../policy/templates.ts';
import type { ResourceGrant } from './resource-policy.ts';

/** Our statements as found. */
export interface FoundStatements {
  /** Whether the principal is given the whole template. */
  has(template: StatementTemplate, principal: string): boolean;
  /** The statements that give anything beyond these templates: somebody changed them, or an older version of ours wrote them. */
  unexplained(templates: readonly StatementTemplate[]): readonly JsonObject[];
}

interface FoundStatement {
  readonly value: JsonObject;
  readonly principals: ReadonlySet<string>;
  /** Its permissions without their principal. */
  readonly atoms: ReadonlySet<string>;
}

/** Whom the statement of a grant names. */
export function granteeOf(grant: ResourceGrant): string {
  return grant.forEverybody === true ? everybody : grant.principal.arn;
}

/** Reads our statements. */
export function findStatements(own: readonly JsonObject[]): FoundStatements {
  const statements = own.map(read);
  const holders = new Map<string, ReadonlySet<string>>();
  const holdersOf = (template: StatementTemplate): ReadonlySet<string> => {
    const key = templateKey(template);
    const known = holders.get(key);
    if (known !== undefined) return known;
    const giving = statements.filter((statement) => coverOf(statement, template) !== undefined);
    const found = new Set(giving.flatMap(({ principals }) => [...principals]));
    holders.set(key, found);
    return found;
  };
  return {
    has: (template, principal) => holdersOf(template).has(principal),
    unexplained: (templates) => {
      const distinct = [...new Map(templates.map((template) => [templateKey(template), template])).values()];
      return statements.filter((statement) => !isExplained(statement, distinct)).map(({ value }) => value);
    },
  };
}

function read(value: JsonObject): FoundStatement {
  return {
    value,
    principals: new Set(awsPrincipals(value)),
    atoms: new Set(statementAtoms(value).map((atom) => atomKey({ ...atom, principal: '' }))),
  };
}

function isExplained(statement: FoundStatement, templates: readonly StatementTemplate[]): boolean {
  const left = new Set(statement.atoms);
  for (const template of templates) {
    for (const key of coverOf(statement, template) ?? []) left.delete(key);
  }
  return left.size === 0;
}

/** The template's permissions as the statement has them: exactly, or in the form that stands for a long list. */
function coverOf({ atoms }: FoundStatement, template: StatementTemplate): readonly string[] | undefined {
  return (['exact', 'wide'] as const)
    .map((form) => templateAtoms(template, '', form).map(atomKey))
    .find((keys) => keys.length > 0 && keys.every((key) => atoms.has(key)));
}
