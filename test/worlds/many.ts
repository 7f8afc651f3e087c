/** Plays many worlds, and tells of the smallest that fails: what happened in it, what did not hold, and how to play it again. */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { worlds, type Size, type WorldPlan } from './operations.ts';
import { play } from './play.ts';

/** Which worlds. */
export interface Many {
  readonly size: Size;
  readonly count: number;
  readonly seed: number;
  /** fast-check's path to one world: plays it again instead of all. */
  readonly path?: string | undefined;
  /** Called after each world. */
  readonly onPlayed?: () => void;
}

/** What came of it: `failure` is for people, undefined where everything held. */
export interface Outcome {
  readonly played: number;
  readonly calls: number;
  readonly failure: string | undefined;
}

/** Plays them one after the other, until one fails; that one is made smaller as long as it fails. */
export async function playMany({ size, count, seed, path, onPlayed }: Many): Promise<Outcome> {
  let [played, calls] = [0, 0];
  const property = fc.asyncProperty(worlds(size), async (plan) => {
    calls += (await play(plan)).calls;
    played++;
    onPlayed?.();
  });
  const result = await fc.check(property, { numRuns: count, seed, ...(path === undefined ? {} : { path }) });
  if (!result.failed) return { played, calls, failure: undefined };
  const again = { size, seed: result.seed, path: result.counterexamplePath ?? '' };
  return { played, calls, failure: tell(result.counterexample?.[0], result.errorInstance, again) };
}

/** A world in words, one operation a line. */
function tell(
  plan: WorldPlan | undefined,
  error: unknown,
  { size, seed, path }: { readonly size: Size; readonly seed: number; readonly path: string },
): string {
  const lines = (plan?.story ?? []).map((operation) => `  ${JSON.stringify(operation)}`);
  return [
    `A ${size} world fails ${error instanceof Error ? error.message : inspect(error)}`,
    'It is set up as',
    `  ${JSON.stringify(plan?.setup)}`,
    `and in it happens (seed ${String(plan?.seed)})`,
    ...lines,
    'Play it again with',
    `  node test/worlds/fuzz.ts --size ${size} --worlds 1 --seed ${String(seed)} --path ${path}`,
  ].join('\n');
}
