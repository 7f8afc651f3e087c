/**
 * Which access point a folder is read through: one per Dataset, bucket and principal, and another one when its policy would grow too long. Pure, and the same whenever it is
 * asked, so that nothing has to be remembered but what a record says already.
 */
import type { Dataset, ResolvedShare } from '../api/index.ts';
import { accessPointArn, type Arn } from './arn.ts';
import { byText } from '../policy/compare.ts';
import { nameHash } from '../policy/name-hash.ts';
import { accessPointPolicyLimit, byteSize } from '../policy/size.ts';
import { accessPointTemplates, type SharedFolder } from './folder-grants.ts';

/** What an access point is named after, and the folder that it is wanted for. */
export interface AccessPointCase {
  readonly dataset: Dataset;
  readonly folder: Dataset['spec']['folders'][number];
  readonly principalArn: string;
  readonly account: Pick<Arn, 'partition' | 'region' | 'accountId'>;
  readonly installation: string;
  /** The Environment's `sharePolicyPrefix`. */
  readonly prefix: string;
  /** The item's record: a folder stays where it is. */
  readonly recorded: readonly ResolvedShare[];
}

/** The part of the longest policy that is planned for. The rest is for folders that stayed while the Dataset's list changed around them. */
const planned = 0.8;

/** Name of the access point: at most 48 characters (docs/AmazonS3/latest/userguide/access-points-restrictions-limitations.md allows 50). */
export function accessPointFor(input: AccessPointCase): string {
  const { folder, principalArn } = input;
  const recorded = input.recorded.findLast(
    (entry) => entry.bucket === folder.bucket && entry.prefix === folder.prefix && entry.principal.arn === principalArn,
  );
  return recorded?.accessPoint ?? pointName(input, numberOf(input));
}

/**
 * Folders of the Dataset are dealt out by name, each counted with all the permissions that may be asked for: whoever gets all of them finds room on each point. One that
 * comes to a point that is full all the same, since the list changed, is refused with PolicySizeLimit.
 */
function numberOf(input: AccessPointCase): number {
  const { dataset, folder } = input;
  const folders = dataset.spec.folders.filter(({ bucket }) => bucket === folder.bucket).toSorted(byText(({ name }) => name));
  const sample = pointName(input, 0);
  let number = 0;
  let used = 0;
  for (const each of folders) {
    const size = sizeOf(input, { prefix: each.prefix, pointName: sample, pointArn: accessPointArn(input.account, sample) });
    if (used > 0 && used + size > accessPointPolicyLimit * planned) {
      number++;
      used = 0;
    }
    used += size;
    if (each.name === folder.name) break;
  }
  return number;
}

/** Bytes that a folder takes in the point's policy: its objects a line in a statement that all folders share, its listing a statement of its own. */
function sizeOf({ dataset, principalArn }: AccessPointCase, folder: SharedFolder): number {
  const templates = dataset.spec.sharing.permissions.flatMap((permission) => accessPointTemplates(folder, permission));
  return templates.reduce(
    (size, { condition, ...template }) =>
      size +
      (condition === undefined
        ? byteSize(JSON.stringify(template.resources))
        : byteSize(JSON.stringify({ ...template, condition, Effect: 'Allow', Principal: { AWS: [principalArn] } }))),
    0,
  );
}

function pointName({ dataset, folder, ...input }: AccessPointCase, number: number): string {
  const { namespace = '', name } = dataset.metadata;
  const { accountId, region } = input.account;
  const identity = [accountId, region, namespace, name, folder.bucket, input.principalArn, String(number)];
  return `${input.prefix}-${input.installation}-${nameHash(26, input.installation, 'access-point', ...identity)}`;
}
