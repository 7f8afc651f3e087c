/**
 * What was given and is no longer covered has to be taken back, whatever else holds the share as it is: drift that is only reported, a Dataset that is not ready, a
 * claim that is lost. So it goes as everything goes: as an entry of its own, beside the one that stays. Pure.
 */
import type { ResolvedShare } from '../api/index.ts';
import { nameHash } from '../policy/name-hash.ts';

/** The entries with this one in place of the one with its id, or added to them; and what that one had beyond it, to be taken back. */
export function replaceEntry(entries: readonly ResolvedShare[], entry: ResolvedShare): ResolvedShare[] {
  const before = entries.find(({ id }) => id === entry.id);
  const rest = entries.filter(({ id }) => id !== entry.id);
  const lost = before?.permissions.some((permission) => !entry.permissions.includes(permission)) === true;
  if (before === undefined || !lost)
    return before === undefined ? [...rest, entry] : entries.map((each) => (each === before ? entry : each));
  // What both have stays: an entry takes nothing that another one wants or holds.
  const beyond: ResolvedShare = { ...before, id: nameHash(16, before.id, ...before.permissions), state: 'Revoking' };
  return [...rest.filter(({ id }) => id !== beyond.id), beyond, entry];
}
