/**
 * Puts our statements into a document that others write too. Ours are those whose Sid starts with our prefix; everything else keeps its order
 * and its bytes. Nothing is looked up by Sid alone: foreign documents have duplicate and missing ones.
 */
import { renderPolicy, sidOf, statementOf, type JsonObject, type PolicyDocument, type PolicyStatement } from './document.ts';
import { sameStatement } from './compare.ts';

/** The mark of our statements. An installation id always has 8 characters, so that no prefix is the beginning of another's. */
export function ownedPrefix(installation: string): string {
  return `Sluice${installation}`;
}

/** True for a statement that is ours. */
export function isOwned(statement: PolicyStatement, prefix: string): boolean {
  return sidOf(statement)?.startsWith(prefix) ?? false;
}

/** The statements that are not ours, as one text: equal texts mean that nobody else changed anything. */
export function foreignText(document: PolicyDocument, prefix: string): string {
  return renderPolicy({ ...document, statements: document.statements.filter((statement) => !isOwned(statement, prefix)) });
}

/**
 * Replaces our statements by the desired ones. A statement of ours that is still wanted keeps its place, and its bytes where it already means
 * the same; new ones go to the end; every other one of ours goes away. `desired` Sids must start with the prefix and differ.
 */
export function mergeOwned(document: PolicyDocument, prefix: string, desired: readonly JsonObject[]): PolicyDocument {
  const open = new Map(desired.map((value) => [value.Sid, value] as const));
  const kept = document.statements.flatMap((statement): readonly PolicyStatement[] => {
    if (!isOwned(statement, prefix)) return [statement];
    const wanted = open.get(sidOf(statement));
    if (wanted === undefined) return [];
    open.delete(sidOf(statement));
    return [sameStatement(wanted, statement.value) ? statement : statementOf(wanted)];
  });
  return { ...document, statements: [...kept, ...[...open.values()].map(statementOf)] };
}
