/**
 * The digest of what an owner reviews: RFC 8785 JSON (JCS) of exactly the fields of `Reviewed`, hashed. Nothing of Kubernetes' own is in it,
 * so that a typo in `purpose` changes nothing and a restored backup has the same digests. The fields of a digest version never change.
 */
import { createHash } from 'node:crypto';
import { canonicalize } from 'json-canonicalize';
import type { Permission } from './permissions.ts';

/** Everything that consent is given to. */
export interface Reviewed {
  readonly principalArn: string;
  readonly principalUniqueId: string;
  readonly permissions: readonly Permission[];
  readonly profile: string | null;
  readonly type: string;
  readonly name: string;
  /** Where the item is: for a bucket its partition, account, region, name and key. */
  readonly location: Readonly<Record<string, string | null>>;
  readonly filters: readonly { readonly name: string; readonly expression: string }[];
  readonly accessPolicies: string | null;
}

/** `v1:sha256:<hex>` of what is reviewed. */
export function reviewDigest(reviewed: Reviewed): string {
  const canonical = canonicalize({ ...reviewed, permissions: reviewed.permissions.toSorted() });
  return `v1:sha256:${createHash('sha256').update(canonical).digest('hex')}`;
}
