/** The seed of a run of tests: another one each time, printed, and to be given again as WORLDS_SEED. */
import { randomInt } from 'node:crypto';

/** Chooses and prints the seed. */
export function seedOfRun(what: string): number {
  const seed = Number(process.env['WORLDS_SEED'] ?? randomInt(2 ** 30));
  console.log(`${what} worlds: WORLDS_SEED=${String(seed)}`);
  return seed;
}
