/**
 * What becomes of an item of data.all: by its own state and that of its share (data.all 2.9, shares_base/services/shares_enums.py and share_object_state_machines.py). Pure.
 * docs/migration.md shows the same as a table, and a test holds the two together.
 */

/** approved: asked for and consented to; asked: asked for; left: not brought over. */
export type Fate = 'approved' | 'asked' | 'left';

/** What is done with an item, and why. */
export interface Verdict {
  readonly fate: Fate;
  /** Where it is left, or where something has to be known. */
  readonly why?: string;
  /** Somebody has to look at it: what data.all says of it is not how things are, or may not be. */
  readonly attention?: boolean;
}

/** All states of items. */
export const itemStates: Readonly<Record<string, Verdict>> = {
  PendingApproval: { fate: 'asked' },
  PendingExtension: { fate: 'approved' },
  Share_Approved: { fate: 'approved', why: 'data.all has consent and had not granted it yet' },
  Share_In_Progress: { fate: 'approved', why: 'data.all has consent and had not finished granting it' },
  Share_Succeeded: { fate: 'approved' },
  Share_Rejected: { fate: 'left', why: 'it was rejected' },
  Share_Failed: {
    fate: 'left',
    why: 'data.all failed to grant it, and may have left a part of it in AWS: ask for it again in Sluice if it is still wanted',
    attention: true,
  },
  Revoke_Approved: { fate: 'left', why: 'it is being revoked' },
  Revoke_In_Progress: { fate: 'left', why: 'it is being revoked' },
  Revoke_Failed: {
    fate: 'left',
    why: 'data.all failed to revoke it: access may still be there. Take it out of AWS by hand',
    attention: true,
  },
  Revoke_Succeeded: { fate: 'left', why: 'it was revoked' },
  Deleted: { fate: 'left', why: 'it was deleted' },
};

/** A share to which something was added that was not submitted yet. */
const draft = 'Draft';

/** What becomes of an item of a share. `live`: whether the share has items that are consented to. */
export function fateOf(share: string, item: string, live: boolean): Verdict {
  const verdict = itemStates[item];
  if (verdict === undefined) return { fate: 'left', why: `its state ${item} is not known`, attention: true };
  if (verdict.fate === 'asked' && live && share === draft)
    return {
      fate: 'left',
      why: 'it was added to the share and never submitted: add it to the ShareRequest if it is wanted',
      attention: true,
    };
  return verdict;
}

/** Whether nothing of a share was submitted. */
export function isDraft(share: string, live: boolean): boolean {
  return !live && share === draft;
}
