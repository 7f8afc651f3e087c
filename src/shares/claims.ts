/**
 * Claims: which of an account's data and roles a namespace may speak for. Without them a team could declare a Dataset on another team's bucket in the
 * same account, approve its own request and read it; so what no claim covers is refused.
 */
import { parseArn, principalName } from './arn.ts';
import { choosesNamespace, type NamespaceChoice, type NamespaceLabels } from './selectors.ts';

/** Resources that a claim can cover in this version. */
export type ClaimedKind = 'buckets' | 'kmsKeys' | 'roles';

/** One entry of `Environment.spec.claims`. */
export interface Claim {
  readonly namespaces: NamespaceChoice;
  readonly buckets?: readonly string[] | undefined;
  readonly kmsKeys?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly byTag?: string | undefined;
  readonly onLoss?: 'AfterGracePeriod' | 'Immediately' | undefined;
}

/** An AWS resource that somebody wants to speak for. */
export interface ClaimedResource {
  readonly kind: ClaimedKind;
  /** A bucket's name; a key's ARN; what follows the account in a principal's ARN (`role/team/analysts`). */
  readonly qualified: string;
  /** The name alone, for globs without a qualifier: a key's id, a role's name. Users have to be claimed in full. */
  readonly short: string | undefined;
  /** The resource's tags; undefined while they were not read: then no tag claim holds. */
  readonly tags: Tags | undefined;
}

type Tags = Readonly<Record<string, string>>;

/** A bucket, as claims see it. */
export function claimedBucket(name: string, tags: Tags | undefined): ClaimedResource {
  return { kind: 'buckets', qualified: name, short: name, tags };
}

/** A KMS key, as claims see it. */
export function claimedKey(arn: string, tags: Tags | undefined): ClaimedResource {
  return { kind: 'kmsKeys', qualified: arn, short: parseArn(arn)?.resource.replace(/^key\//, ''), tags };
}

/** An IAM role or user, as claims see it. */
export function claimedPrincipal(arn: string, tags: Tags | undefined): ClaimedResource {
  const name = principalName(arn);
  return { kind: 'roles', qualified: parseArn(arn)?.resource ?? arn, short: name?.kind === 'role' ? name.name : undefined, tags };
}

/** True where a claim of the Environment covers the resource for the namespace. */
export function isClaimed(
  claims: readonly Claim[],
  resource: ClaimedResource,
  namespace: NamespaceLabels,
  trustedLabels: readonly string[],
): boolean {
  return claims.some(
    (claim) =>
      choosesNamespace(claim.namespaces, namespace, { own: undefined, trustedLabels }) && covers(claim, resource, namespace.name),
  );
}

/** True where only a tag could decide: whoever asks has to read the resource's tags first. */
export function needsTags(claims: readonly Claim[]): boolean {
  return claims.some((claim) => claim.byTag !== undefined);
}

/** True where some claim for the namespace ends shares at once when it is lost; otherwise they end after the grace period. */
export function endsImmediately(claims: readonly Claim[], namespace: NamespaceLabels, trustedLabels: readonly string[]): boolean {
  return claims.some(
    (claim) => claim.onLoss === 'Immediately' && choosesNamespace(claim.namespaces, namespace, { own: undefined, trustedLabels }),
  );
}

/** How long shares outlive a lost claim: a typo in a glob must not be a mass revoke. */
export const claimGracePeriodMs = 24 * 3600_000;

function covers(claim: Claim, resource: ClaimedResource, namespace: string): boolean {
  const globs = claim[resource.kind] ?? [];
  if (globs.some((glob) => globCovers(glob, resource))) return true;
  return claim.byTag !== undefined && resource.tags?.[claim.byTag] === namespace;
}

/** A glob says by its form what it means: one with a colon or a slash is compared with the qualified name, one without with the name alone. */
function globCovers(glob: string, resource: ClaimedResource): boolean {
  const name = /[:/]/.test(glob) ? resource.qualified : resource.short;
  return name !== undefined && matchesGlob(glob, name);
}

/** `*` stands for any characters, `?` for one; everything else is itself, letter case included. */
export function matchesGlob(glob: string, text: string): boolean {
  // Iterative with one backtrack point: a pattern from a manifest must not be able to cost more than glob × text steps.
  let globIndex = 0;
  let textIndex = 0;
  let star = -1;
  let starText = 0;
  while (textIndex < text.length) {
    if (glob[globIndex] === '*') {
      star = globIndex++;
      starText = textIndex;
    } else if (globIndex < glob.length && (glob[globIndex] === '?' || glob[globIndex] === text[textIndex])) {
      globIndex++;
      textIndex++;
    } else if (star >= 0) {
      globIndex = star + 1;
      textIndex = ++starText;
    } else {
      return false;
    }
  }
  while (glob[globIndex] === '*') globIndex++;
  return globIndex === glob.length;
}
