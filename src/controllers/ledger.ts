/**
 * The ledger: which ShareItems want what of which AWS document. It is no data structure of its own but an index of the ShareItem cache by target key:
 * `ShareItem.spec.resolved` was written before the first AWS call, so what has to be taken back is known after any crash.
 */
import type { ResolvedShare, ShareItem } from '../api/index.ts';
import { grantsOf, type ShareGrant } from '../shares/grants.ts';
import type { AccessPointCoordinates } from '../targets/access-point-plan.ts';
import { accessPoint } from '../targets/access-point.ts';
import { bucketPolicy, type BucketPolicyCoordinates } from '../targets/bucket-policy.ts';
import { keyPolicy, type KeyPolicyCoordinates } from '../targets/key-policy.ts';
import type { ResourceGrant } from '../targets/resource-policy.ts';
import { sharePolicy } from '../targets/share-policy.ts';
import type { SharePolicyCoordinates } from '../targets/share-policy-names.ts';
import type { IdentityGrant } from '../targets/share-policy-plan.ts';
import type { Contribution, ContributionMode, SessionRef } from '../targets/target.ts';

/** A target with the contributions to it: one variant per target kind. */
export type TargetWork =
  | {
      readonly kind: 'BucketPolicy';
      readonly coordinates: BucketPolicyCoordinates;
      readonly contributions: readonly Contribution<ResourceGrant>[];
    }
  | {
      readonly kind: 'AccessPoint';
      readonly coordinates: AccessPointCoordinates;
      readonly contributions: readonly Contribution<ResourceGrant>[];
    }
  | {
      readonly kind: 'KeyPolicy';
      readonly coordinates: KeyPolicyCoordinates;
      readonly contributions: readonly Contribution<ResourceGrant>[];
    }
  | {
      readonly kind: 'SharePolicy';
      readonly coordinates: SharePolicyCoordinates;
      readonly contributions: readonly Contribution<IdentityGrant>[];
    };

/** What an item's decision says about one of its entries on one target. */
export interface Intent {
  readonly mode: ContributionMode;
  readonly repair: boolean;
  /** What is asked, as text. @default '' */
  readonly fingerprint?: string;
}

/** Undecided since start-up: left as found. */
const held: Intent = { mode: 'hold', repair: false };

/** Target keys of a resolved entry, in the order in which they are granted. */
export function targetKeysOf(entry: ResolvedShare): string[] {
  return grantsOf(entry).map((grant) => keyOfGrant(entry, grant));
}

/** The id under which an entry of an item contributes to targets. */
export function contributionId(item: ShareItem, entry: Pick<ResolvedShare, 'id'>): string {
  return `${item.metadata.uid ?? ''}/${entry.id}`;
}

/** What the ledger asks of its surroundings. */
export interface LedgerContext {
  /** An item's record as last written: the cache may still be a step behind it. */
  readonly entries: (item: ShareItem) => readonly ResolvedShare[];
  /** Undefined: not decided since start-up, so what is there is held. */
  readonly intent: (contribution: string, target: string) => Intent | undefined;
  /** Whether another process recorded the entry. Absent: none did. */
  readonly isInherited?: (item: ShareItem, entry: ResolvedShare) => boolean;
  /** Whether the item's Dataset lets dead ids be removed from other people's statements of the bucket policy. */
  readonly prunesDeadPrincipals: (item: ShareItem, bucket: string) => boolean;
  /** Percent of a shared document that Sluice may fill in the Environment; undefined: no limit but AWS's. */
  readonly documentShare: (environment: string) => number | undefined;
  /** Managed policies that a principal of the Environment may have attached; undefined: AWS's default. */
  readonly attachmentQuota: (environment: string) => number | undefined;
  /** The permissions boundary of a principal when it was last looked at; undefined: none, or not looked at. */
  readonly boundaryArn: (principalArn: string) => string | undefined;
}

/** All contributions to one target, from every item whose record names it. Undefined where no item does. */
export function workOf(key: string, items: readonly ShareItem[], context: LedgerContext): TargetWork | undefined {
  const shares = items.flatMap((item) =>
    context.entries(item).flatMap((entry) =>
      grantsOf(entry)
        .filter((grant) => keyOfGrant(entry, grant) === key)
        .map((grant) => ({ item, entry, grant })),
    ),
  );
  // Environments may change how an account is entered: the entry that was refreshed last, which is a live one, knows best.
  const first = shares.find(({ entry }) => entry.state !== 'Revoking') ?? shares[0];
  if (first === undefined) return undefined;
  return assemble(first, shares, (share) => contributionOf(share, key, context), context);
}

interface Share {
  readonly item: ShareItem;
  readonly entry: ResolvedShare;
  readonly grant: ShareGrant;
}

function assemble(
  first: Share,
  shares: readonly Share[],
  base: (share: Share) => Omit<Contribution<unknown>, 'grant'>,
  context: LedgerContext,
): TargetWork {
  const { entry, grant } = first;
  switch (grant.target) {
    case 'BucketPolicy':
      return {
        kind: 'BucketPolicy',
        coordinates: {
          ...bucketCoordinates(entry),
          pruneDeadPrincipals: context.prunesDeadPrincipals(first.item, entry.bucket),
          ...shareOf(context, entry.environment),
        },
        contributions: shares.map((share) => ({ ...base(share), grant: resourceGrant(share) })),
      };
    case 'AccessPoint':
      return {
        kind: 'AccessPoint',
        coordinates: accessPointCoordinates(entry),
        contributions: shares.map((share) => ({ ...base(share), grant: resourceGrant(share) })),
      };
    case 'KeyPolicy':
      return {
        kind: 'KeyPolicy',
        coordinates: { ...keyCoordinates(entry), ...shareOf(context, entry.keyEnvironment ?? entry.environment) },
        contributions: shares.map((share) => ({ ...base(share), grant: resourceGrant(share) })),
      };
    case 'SharePolicy': {
      const quota = context.attachmentQuota(entry.consumer.name);
      const boundaryArn = context.boundaryArn(entry.principal.arn);
      return {
        kind: 'SharePolicy',
        coordinates: {
          ...sharePolicyCoordinates(entry),
          ...(quota === undefined ? {} : { attachmentQuota: quota }),
          ...(boundaryArn === undefined ? {} : { boundaryArn }),
        },
        contributions: shares.map((share) => ({ ...base(share), grant: identityGrant(share) })),
      };
    }
  }
}

function contributionOf({ item, entry }: Share, key: string, context: LedgerContext): Omit<Contribution<unknown>, 'grant'> {
  const id = contributionId(item, entry);
  const { mode, repair, fingerprint = '' } = context.intent(id, key) ?? held;
  const order = `${item.spec.consent?.grantedTime ?? ''}/${item.metadata.uid ?? ''}`;
  const inherited = context.isInherited?.(item, entry) ?? false;
  return { item: id, order, mode, repair, live: entry.state === 'Live', question: fingerprint, inherited };
}

function shareOf(context: LedgerContext, { name }: ResolvedShare['environment']): { readonly documentShare?: number } {
  const documentShare = context.documentShare(name);
  return documentShare === undefined ? {} : { documentShare };
}

function resourceGrant({ entry, grant }: Share): ResourceGrant {
  if (grant.target === 'SharePolicy') return { principal: entry.principal, templates: [] };
  const everybody = grant.target === 'BucketPolicy' && grant.forEverybody === true;
  return { principal: entry.principal, templates: grant.templates, ...(everybody ? { forEverybody: true } : {}) };
}

function identityGrant({ entry, grant }: Share): IdentityGrant {
  return { principal: entry.principal, statements: grant.target === 'SharePolicy' ? grant.statements : [] };
}

function keyOfGrant(entry: ResolvedShare, grant: ShareGrant): string {
  switch (grant.target) {
    case 'BucketPolicy':
      return bucketPolicy.key(bucketCoordinates(entry));
    case 'AccessPoint':
      return accessPoint.key(accessPointCoordinates(entry));
    case 'KeyPolicy':
      return keyPolicy.key(keyCoordinates(entry));
    case 'SharePolicy':
      return sharePolicy.key(sharePolicyCoordinates(entry));
  }
}

function bucketCoordinates(entry: ResolvedShare): BucketPolicyCoordinates {
  return { session: sessionRef(entry.environment), bucket: entry.bucket, pruneDeadPrincipals: false };
}

function accessPointCoordinates(entry: ResolvedShare): AccessPointCoordinates {
  return { session: sessionRef(entry.environment), name: entry.accessPoint ?? '', bucket: entry.bucket };
}

function keyCoordinates(entry: ResolvedShare): KeyPolicyCoordinates {
  return { session: sessionRef(entry.keyEnvironment ?? entry.environment), keyArn: entry.kmsKeyArn ?? '' };
}

function sharePolicyCoordinates(entry: ResolvedShare): SharePolicyCoordinates {
  return {
    session: sessionRef(entry.consumer),
    principalArn: entry.principal.arn,
    prefix: entry.awsNamePrefix,
    management: entry.policyManagement === 'Detached' ? 'Detached' : 'Managed',
  };
}

/** How to get into the account, as it was recorded. */
export function sessionRef({ name, ...place }: ResolvedShare['environment']): SessionRef {
  return { environment: name, ...place };
}
