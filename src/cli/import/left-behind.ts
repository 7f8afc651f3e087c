/**
 * What data.all has in AWS for a share: the names that it makes and the Sids that it writes (data.all 2.9: s3_datasets_shares/services/share_managers and aws/, base/utils/
 * naming_convention.py and slugify.py). For the list of what to remove after the cut-over; nothing here looks at AWS.
 */
import type { KnownShare } from './items.ts';

/** Statements of a bucket policy that name principals of bucket shares, by permission. */
export const bucketSids: Readonly<Record<string, string>> = {
  Read: 'DataAll-Bucket-ReadOnly',
  Write: 'DataAll-Bucket-WriteOnly',
  Modify: 'DataAll-Bucket-ModifyOnly',
};
/** Statement of a bucket policy that lets access points through. data.all never removes it. */
export const delegateSid = 'DelegateAccessToAccessPoint';

/** Statements of a key policy, for shares of buckets or of folders. */
export function keySids(kind: 'Bucket' | 'Access-Point', permissions: readonly string[]): string[] {
  const writes = permissions.some((each) => each !== 'Read');
  return [
    ...(permissions.includes('Read') ? [`DataAll-${kind}-KMS-Decrypt`] : []),
    ...(writes ? [`DataAll-${kind}-KMS-Encrypt`] : []),
  ];
}

/** Name of the access point of a dataset and a principal (build_access_point_name: at most 50 characters). */
export function accessPointName(datasetUri: string, principalId: string): string {
  return slug(`${datasetUri}-${principalId}`, /[^a-zA-Z0-9-]/g)
    .slice(0, 50)
    .replaceAll(/^-+|-+$/g, '');
}

const maxPolicyName = 128;
/** Characters that data.all keeps for `-<n>`. */
const indexLength = 2;

/** Name of the share policies of a principal without the `-<n>` at the end; undefined where the export has no environment. */
export function sharePolicyName({ environment, principal }: KnownShare): string | undefined {
  const name = principal.principalRoleName;
  if (environment === undefined || name === undefined) return undefined;
  const { environmentUri, resourcePrefix } = environment;
  const label = `env-${environmentUri}-share-policy`.slice(0, maxPolicyName - resourcePrefix.length - name.length - indexLength);
  return slug(`${resourcePrefix}-${label}-${name}`, /[^a-zA-Z0-9-_]/g);
}

function slug(text: string, unwanted: RegExp): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll("'", '-')
    .replaceAll(unwanted, '-')
    .replaceAll(/-{2,}/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}
