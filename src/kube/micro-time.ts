/** Times as metav1.MicroTime wants them: RFC 3339 with exactly six digits. Leases and Events use them; everything else takes seconds. */

/** `ms` since the epoch as a MicroTime. The API server refuses three digits. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
