/** Conditions from a verdict, alike for Datasets and ConsumptionRoles. Pure. */
import type { Verdict } from '../shares/judge.ts';
import type { ConditionValue } from '../shares/report.ts';

/** How soon AWS is asked again (ms): where it did not answer, and where people or AWS have to mend something that no event tells of. */
export const retryMs = { passing: 5000, problem: 30_000 } as const;

/** How soon a verdict is looked at again, where it isn't good. */
export function retryAfter(verdict: Verdict): number {
  return verdict.kind === 'problem' && verdict.reason === 'ProgressingWithRetry' ? retryMs.passing : retryMs.problem;
}

/** Ready, with Stalled beside it where somebody has to act. */
export function verdictConditions(verdict: Verdict, readyMessage: string): ConditionValue[] {
  if (verdict.kind === 'ok') return [{ type: 'Ready', status: 'True', reason: 'Succeeded', message: readyMessage }];
  if (verdict.kind === 'unknown')
    return [{ type: 'Ready', status: 'Unknown', reason: 'Progressing', message: 'AWS is being asked' }];
  const { reason, message } = verdict.kind === 'notClaimed' ? { reason: 'NotClaimed', message: verdict.message } : verdict;
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: reason === 'ProgressingWithRetry' ? 'Reconciling' : 'Stalled', status: 'True', reason, message },
  ];
}

/** Present only while something that was let go by force is still in AWS. */
export function leftoverConditions(leftovers: readonly { readonly target: string }[]): ConditionValue[] {
  if (leftovers.length === 0) return [];
  const message = `${String(leftovers.length)} grants were let go by force and may still be in AWS: remove by hand what status.leftovers lists`;
  return [{ type: 'Leftovers', status: 'True', reason: 'LeftoversFound', message }];
}
