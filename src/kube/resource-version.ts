/**
 * Order of resourceVersions. Since Kubernetes 1.35 (KEP-5504) they are integers that grow within one resource type; they exceed 2^53
 * in principle, so that they compare as bigint. Not for comparing versions of different types.
 */

/** Whether the version `seen` includes the write that produced `written`; 'unknown' if either isn't an integer and they differ. */
export function includesVersion(seen: string, written: string): boolean | 'unknown' {
  if (seen === written) return true;
  if (!isInteger(seen) || !isInteger(written)) return 'unknown';
  return BigInt(seen) >= BigInt(written);
}

function isInteger(version: string): boolean {
  return /^\d+$/.test(version);
}
