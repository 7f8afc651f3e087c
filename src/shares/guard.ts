/**
 * The guard against mass removal: when objects are lost (a partial restore, a cluster rebuilt from the wrong backup), shares would end without anybody having
 * ended them. A few such endings are life; many at once wait for the platform team. Pure.
 */
import { timeOf } from './approval.ts';

/** Up to this many unexplained endings are carried out, whatever their share. */
const fewEndings = 20;
const largeShare = 0.25;

/** Annotation on an Environment by which the platform team lets the removal go on, until the time that is its value. */
export const allowRemovalAnnotation = 'sluice.dev/allow-removal-until';

/** The live shares of an Environment, counted. */
export interface RemovalCount {
  readonly live: number;
  /** Of these, how many would end now although nobody deleted, withdrew or let expire anything. */
  readonly unexplained: number;
}

/** True where the endings have to wait. `allowedUntil` is the value of the annotation. */
export function isRemovalHeld({ live, unexplained }: RemovalCount, allowedUntil: string | undefined, now: number): boolean {
  const until = timeOf(allowedUntil);
  if (until !== undefined && until > now) return false;
  return unexplained > Math.max(fewEndings, largeShare * live);
}

/** What the platform team reads. */
export function removalHeldMessage({ live, unexplained }: RemovalCount, environment: string): string {
  return (
    `${String(unexplained)} of ${String(live)} shares would be taken away because requests, approvals, Datasets or ConsumptionRoles are missing that nobody was seen to delete; ` +
    `restore them, or, if it is meant: kubectl annotate environment ${environment} ${allowRemovalAnnotation}="$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"`
  );
}
