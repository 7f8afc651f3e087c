/** Identifiers in AWS's forms from one seeded generator, so that runs can be repeated. Not for secrets. */
import type { AwsState } from './state.ts';

/** Next number in [0, 1): mulberry32, whose whole state is one 32-bit number. */
export function random(state: Pick<AwsState, 'random'>): number {
  state.random = (state.random + 0x6d2b79f5) >>> 0;
  let t = state.random;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

/** A text of `length` characters drawn from `alphabet`. */
export function randomText(state: Pick<AwsState, 'random'>, alphabet: string, length: number): string {
  let out = '';
  for (let i = 0; i < length; i++) out += alphabet.charAt(Math.floor(random(state) * alphabet.length));
  return out;
}

/** An IAM unique id: AROA…, AIDA…, ANPA…, or an access key id AKIA…, ASIA… (IAM User Guide, reference_identifiers). */
export const iamId = (state: Pick<AwsState, 'random'>, prefix: string): string =>
  prefix + randomText(state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 17);

/** Lower-case hexadecimal digits. */
export const hex = (state: Pick<AwsState, 'random'>, length: number): string => randomText(state, '0123456789abcdef', length);

/** A UUID in form (not in version bits). */
export const uuid = (state: Pick<AwsState, 'random'>): string => [8, 4, 4, 4, 12].map((length) => hex(state, length)).join('-');
