/**
 * From a decision to intents: what each entry wants of each of its targets now, given how far its other targets have got. Grants go forward through the
 * targets, revokes backward; a revoke step is attempted whatever became of the others. Pure.
 */
import type { ResolvedShare, ShareItem } from '../api/index.ts';
import { modeOf, type Decision } from '../shares/decide.ts';
import type { TargetState } from '../shares/report.ts';
import { contributionId, type Intent } from './ledger.ts';

/** An intent with the fingerprint of what it asks: results carry it, so that an answer to an older question is not taken for one to this. */
export type StampedIntent = Intent & { readonly fingerprint: string };

/** The last result for a contribution on a target, if it answers the question with this fingerprint; undefined: nothing known. */
export type StateLookup = (question: {
  readonly contribution: string;
  readonly target: string;
  readonly fingerprint: string;
}) => TargetState | undefined;

/** What the Dataset's drift setting and a re-apply request say. */
export interface RepairRule {
  readonly reportOnly: boolean;
  /** The newest request by annotation to write missing parts again; empty: none was ever made. */
  readonly token: string;
  /** That request has not been answered yet. */
  readonly reapply: boolean;
}

/** The intents of all entries of an item, by contribution id and target key. */
export function intentsOf(
  item: ShareItem,
  decision: Decision,
  lookup: StateLookup,
  rule: RepairRule,
): Map<string, Map<string, StampedIntent>> {
  return new Map(
    decision.resolved.map((entry) => {
      const mode = modeOf(entry, decision.situation);
      const repair = mode === 'want' && (entry.state === 'Granting' || !rule.reportOnly || rule.reapply);
      const contribution = contributionId(item, entry);
      const fingerprint = fingerprintOf(entry, mode, rule);
      const stateOf = (target: string): TargetState | undefined => lookup({ contribution, target, fingerprint });
      const intents = entry.targets.map((target, index): readonly [string, StampedIntent] => {
        const open = mode === 'hold' || isDue(entry, { mode, index }, stateOf);
        return [target, open ? { mode, repair, fingerprint } : { mode: 'hold', repair: false, fingerprint: 'hold' }];
      });
      return [contribution, new Map(intents)] as const;
    }),
  );
}

/** Forward: everything before it is applied. Backward: everything after it was tried, whatever came of it: any one of them ends access. */
function isDue(
  entry: ResolvedShare,
  place: { readonly mode: 'want' | 'drop'; readonly index: number },
  stateOf: (target: string) => TargetState | undefined,
): boolean {
  // Once all of it has been in place, documents are repaired independently of each other.
  if (place.mode === 'want')
    return entry.state === 'Live' || entry.targets.slice(0, place.index).every((target) => stateOf(target)?.state === 'Applied');
  return entry.targets.slice(place.index + 1).every((target) => stateOf(target) !== undefined);
}

/** Equal for intents that one run answers alike. */
export function questionOf(intent: StampedIntent | undefined): string {
  return intent === undefined ? 'hold' : `${intent.fingerprint}|${String(intent.repair)}`;
}

/** Whether a difference may be repaired is not part of the question: what AWS holds is the same answer to both. */
export function fingerprintOf(entry: ResolvedShare, mode: Intent['mode'], rule: RepairRule): string {
  return mode === 'want' ? `want|${entry.permissions.join('+')}@${entry.principal.uniqueId}|${rule.token}` : mode;
}

/** What of a fingerprint is asked of AWS: a request to write again asks nothing else than before. */
export function wantedBy(fingerprint: string): string {
  return fingerprint.split('|', 2).join('|');
}
