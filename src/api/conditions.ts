/**
 * Condition types: what each says of an object, and how to read its values. Who computes them is the business of src/shares and
 * src/controllers.
 */

/** Meaning of a condition type, for the reference. */
export interface ConditionDoc {
  readonly meaning: string;
  /** Reconciling and Stalled are there only while they are True (kstatus). */
  readonly presence: 'always' | 'while True';
}

/** All condition types. */
export const conditionTypes = {
  Ready: {
    meaning: 'The summary: everything that the spec asks for is in place, and the last comparison with AWS showed it.',
    presence: 'always',
  },
  Approved: {
    meaning:
      'Consent covers everything that is asked for. Unknown: not decided yet. False: rejected, ended, or more is asked for than was consented to.',
    presence: 'always',
  },
  Granted: {
    meaning: 'Something is written in AWS for this item. True from the first write until everything is taken back.',
    presence: 'always',
  },
  Healthy: {
    meaning: 'The last comparison with AWS found exactly what should be there: nothing missing, nothing in excess.',
    presence: 'always',
  },
  Reconciling: { meaning: 'The operator is at work, or tries again by itself. Nobody has to act.', presence: 'while True' },
  Stalled: { meaning: 'The operator cannot go on by itself. Somebody has to act; the reason says who.', presence: 'while True' },
  Effective: {
    meaning: 'The approval decides about the request that it names. False: it has no effect; the reason says why.',
    presence: 'always',
  },
  RemovalHeld: {
    meaning:
      'The operator would have to take away unusually many shares at once without anybody having deleted, withdrawn or let expire one, and waits for the platform team.',
    presence: 'while True',
  },
  Orphans: {
    meaning:
      "Something in AWS carries this installation's mark and no ShareItem explains it; status.orphans lists it. Unknown: AWS did not let the operator look everywhere. Absent until the operator has looked for the first time.",
    presence: 'always',
  },
  PermissionsMissing: {
    meaning:
      'AWS denied the operator what the message lists, and has not allowed it since. What needs other permissions goes on: Ready does not depend on it.',
    presence: 'while True',
  },
  Leftovers: {
    meaning: 'Something was let go of by force and is still in AWS; status.leftovers lists it.',
    presence: 'while True',
  },
} as const satisfies Record<string, ConditionDoc>;

/** A condition type. */
export type ConditionType = keyof typeof conditionTypes;
