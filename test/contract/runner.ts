/** Runs one case at one place: sets the stage, looks until the answer has settled, and removes what was made, whatever happened. */
import { isDeepStrictEqual } from 'node:util';
import type { ContractCase, Look, Observation } from './case.ts';
import { openLab } from './lab.ts';
import type { Place } from './place.ts';

/** How a case ended. */
export interface CaseResult {
  readonly observed: Observation;
  /** What couldn't be removed, one sentence each. */
  readonly left: readonly string[];
}

/** A case that failed before anything could be observed, although its clean-up ran. */
export class CaseFailed extends Error {
  readonly code = 'CaseFailed';
  readonly left: readonly string[];

  constructor(cause: unknown, left: readonly string[]) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause), { cause });
    this.left = left;
  }
}

/** Pause between two looks. */
const pauseMs = 2_000;

/**
 * Runs a case. `expected` is what this place is known to answer: looking ends as soon as it is seen.
 * @throws CaseFailed when the stage can't be set or a look ends without an answer; what was made is removed first.
 */
export async function runCase(one: ContractCase, place: Place, expected: Observation = one.aws): Promise<CaseResult> {
  const lab = openLab(place);
  const outcome = await attempt(async () => settled(await one.given(lab), place, expected));
  const left = await lab.close();
  if ('error' in outcome) throw new CaseFailed(outcome.error, left);
  return { observed: outcome.value, left };
}

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}

async function settled(look: Look, { clock, patienceMs, signal }: Place, expected: Observation): Promise<Observation> {
  const deadline = clock.now() + patienceMs;
  for (;;) {
    const observed = await look();
    if (isDeepStrictEqual(observed, expected) || clock.now() >= deadline) return observed;
    await clock.sleep(pauseMs, signal);
  }
}
