/** What an Environment's status says of orphans: from the last sweep since start-up, and until there is one what it said before. */
import type { Environment, EnvironmentStatus } from '../api/index.ts';
import { parseArn, shortPrincipal } from '../shares/arn.ts';
import { orphanCondition, type SeenOrphan } from '../shares/orphans.ts';
import type { ConditionValue } from '../shares/report.ts';
import type { Operator } from './operator.ts';
import { cut, timestamp } from './status.ts';

/** The list in the CRD holds no more, and no more principals of each. */
const shown = 20;
const principalsShown = 2;
const principalLength = 128;
const targetLength = 256;

/** The part of an Environment's status that is about orphans, with its condition aside. */
export function orphanStatus(
  { memory }: Operator,
  { metadata, spec, status }: Environment,
): Pick<EnvironmentStatus, 'orphans' | 'lastHandledVerifyAt'> & { readonly condition: readonly ConditionValue[] } {
  const sweep = memory.sweeps.get(metadata.name);
  if (sweep === undefined) {
    const { orphans, lastHandledVerifyAt } = status ?? {};
    const before = status?.conditions?.filter(({ type }) => type === 'Orphans') ?? [];
    return { condition: before, ...given({ orphans, lastHandledVerifyAt }) };
  }
  const { orphans, gaps, held, handled = status?.lastHandledVerifyAt } = sweep;
  const condition = orphanCondition({ environment: metadata.name, orphans, gaps, held, deletes: spec.orphans === 'Delete' });
  const lines = orphans.length === 0 ? undefined : orphans.slice(0, shown).map(lineOf);
  return { condition: [condition], ...given({ orphans: lines, lastHandledVerifyAt: handled }) };
}

function lineOf({ kind, target, principals, since, message }: SeenOrphan): NonNullable<EnvironmentStatus['orphans']>[number] {
  return {
    kind,
    target: cut(target, targetLength),
    principals: principals.slice(0, principalsShown).map((each) => cut(nameOf(each), principalLength)),
    since: timestamp(since),
    ...given({ message }),
  };
}

/** A deleted principal is shown by its id, and everybody as `*`. */
function nameOf(principal: string): string {
  return parseArn(principal) === undefined ? principal : shortPrincipal(principal);
}

/** The members that are known. */
function given<T extends object>(members: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  const known = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [Name in keyof T]?: NonNullable<T[Name]> };
}
