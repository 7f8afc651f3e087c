/**
 * The hash that makes names injective: base32 of SHA-256. What the names look like is decided by who makes them.
 */
import { hash } from 'node:crypto';

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * `length` characters of base32 (5 bits each, at most 51) of SHA-256 over the parts. Parts are framed, so that («a», «bc») and («ab», «c») differ.
 */
export function nameHash(length: number, ...parts: readonly string[]): string {
  const digest = hash('sha256', JSON.stringify(parts), 'buffer');
  return Array.from({ length }, (_, index) => base32.charAt(fiveBits(digest, index * 5))).join('');
}

/** The five bits from `at` on, which may lie across two bytes. */
function fiveBits(bytes: Uint8Array, at: number): number {
  const first = Math.floor(at / 8);
  const both = ((bytes[first] ?? 0) << 8) | (bytes[first + 1] ?? 0);
  return (both >> (11 - (at % 8))) & 31;
}
