/**
 * Every reason that a condition of ours can carry, with its meaning, who has to act and the next step. The reference page and
 * explanations for people are made from this table, so a reason that is not here can't be used.
 */
import { awsReasons } from './reasons/aws.ts';
import { platformReasons } from './reasons/platform.ts';
import type { ReasonDoc } from './reasons/reason.ts';
import { workflowReasons } from './reasons/workflow.ts';

/** All reasons by name. */
export const reasons = { ...workflowReasons, ...platformReasons, ...awsReasons } as const;

/** Name of a reason. */
export type Reason = keyof typeof reasons;

/** Whether a text is one of our reasons: what targets and AWS say is checked before it gets into a condition. */
export function isReason(value: string): value is Reason {
  return Object.hasOwn(reasons, value);
}

/** What a reason means, who has to act, and the next step. */
export function explainReason(reason: Reason): ReasonDoc {
  return reasons[reason];
}
