/** The seed of a run of tests: another one each time, printed, and to be given again as WORLDS_SEED. */
import { randomInt } from 'node:crypto';

/** The seeds of two files differ by this. */
const step = 1_000_003;

/** Chooses the seed of file `number` (1, 2 …), and prints what to give as WORLDS_SEED to have it again. */
export function seedOfRun(what: string, number: number): number {
  const given = process.env['WORLDS_SEED'];
  const base = given === undefined ? randomInt(2 ** 30) : Number(given);
  console.log(`${what} worlds: WORLDS_SEED=${String(base)}`);
  return base + (number - 1) * step;
}
