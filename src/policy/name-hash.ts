/**
 * The hash that makes names injective: base32 of SHA-256. What the names look like is decided by who makes them.
 */
import { createHash } from 'node:crypto';

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * `length` characters of base32 (5 bits each, at most 51) of SHA-256 over the parts. Parts are framed, so that («a», «bc») and («ab», «c») differ.
 */
export function nameHash(length: number, ...parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  const bits = Array.from(digest, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from({ length }, (_, index) => base32.charAt(parseInt(bits.slice(index * 5, index * 5 + 5), 2))).join('');
}
