/**
 * Names of objects, made of data.all's: readable, the same in every run, and never the same for two. A name that several would have gets a hash of what it stands for,
 * for each of them, so that none depends on the order in which they are met.
 */
import { nameHash } from '../../policy/name-hash.ts';
import { dnsSafe } from '../../shares/names.ts';

/** Shortest room for `-` and a hash in the 63 characters of a name. */
const longest = 54;

/** Lower case letters, digits and -; at most 54 characters. Different texts may become one. */
export function kubeName(text: string): string {
  // Letters with accents keep what is plain of them.
  return dnsSafe(text.normalize('NFKD'), longest, 'unnamed');
}

/** Something that gets a name within a scope. */
export interface Named {
  /** What it stands for: two with the same identity are one. */
  readonly identity: string;
  /** Where names must differ: a namespace, a Dataset. */
  readonly scope: string;
  /** Text that the name is made of. */
  readonly text: string;
}

/** Names by identity. */
export function nameAll(all: readonly Named[]): ReadonlyMap<string, string> {
  const takers = new Map<string, Set<string>>();
  const placeOf = ({ scope, text }: Named): string => `${scope}/${kubeName(text)}`;
  for (const each of all) takers.set(placeOf(each), (takers.get(placeOf(each)) ?? new Set()).add(each.identity));
  return new Map(
    all.map((each) => {
      const name = kubeName(each.text);
      const alone = takers.get(placeOf(each))?.size === 1;
      return [each.identity, alone ? name : `${name}-${nameHash(8, each.identity)}`];
    }),
  );
}
