/**
 * Judges buckets of Datasets and ConsumptionRoles: may the namespace speak for it, is it there, can it be shared? Ordered chains of small checks, the first that
 * is not ok decides. Pure. The owner's status and resolution of items (resolve.ts) use the same verdicts, so that they say the same.
 */
import type { ConsumptionRole, Dataset, Environment } from '../api/index.ts';
import { identityKey, parseArn, principalName } from './arn.ts';
import {
  claimedBucket,
  claimedKey,
  claimedPrincipal,
  endsImmediately,
  isClaimed,
  needsTags,
  type ClaimedResource,
} from './claims.ts';
import { bucketProblem, type BucketFacts, type KeyFacts, type Problem } from './preconditions.ts';
import { choosesNamespace, type NamespaceLabels } from './selectors.ts';

/** What was seen of an AWS resource; undefined where it was not looked at since start-up. */
export type Seen<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'notFound' }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      /** Nothing was learned of the thing: AWS throttled, failed or could not be reached. */
      readonly passing?: true;
    }
  | undefined;

/** A principal as IAM knows it. */
export interface PrincipalFacts {
  readonly uniqueId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** ARN of its permissions boundary. */
  readonly boundaryArn?: string;
}

/** Whether the operator can work in an Environment; undefined while it has not tried. */
export type EnvironmentState =
  { readonly kind: 'ready'; readonly attachmentQuota: number } | ({ readonly kind: 'notReady' } & Problem) | undefined;

/** What the platform fixes for all. */
export interface PlatformContext {
  readonly trustedLabels: readonly string[];
  /** Identities (identityKey) that are never principals: the operator's own and every Environment's role. */
  readonly protectedPrincipals: ReadonlySet<string>;
  readonly installation: string;
}

/** An Environment with what is known of it. */
export interface KnownEnvironment {
  readonly environment: Environment;
  readonly state: EnvironmentState;
}

/** A bucket of a Dataset with everything that its judgement needs. */
export interface BucketCase {
  readonly dataset: Dataset;
  readonly namespace: NamespaceLabels;
  readonly bucket: Dataset['spec']['buckets'][number];
  readonly known: KnownEnvironment | undefined;
  /** The Environment of the key's account: the Dataset's own, or another one. */
  readonly keyKnown: KnownEnvironment | undefined;
  readonly seenBucket: Seen<BucketFacts & { readonly tags: Readonly<Record<string, string>> | undefined }>;
  readonly seenKey: Seen<KeyFacts & { readonly tags: Readonly<Record<string, string>> | undefined }>;
  /** The Dataset of another namespace that holds the bucket. */
  readonly heldBy: string | undefined;
}

/** ok, not known yet, a problem, or a claim that is missing. */
export type Verdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'unknown' }
  | ({ readonly kind: 'problem' } & Problem)
  | { readonly kind: 'notClaimed'; readonly message: string; readonly immediately: boolean };

type Check<Case> = (input: Case, platform: PlatformContext) => Verdict;

const ok: Verdict = { kind: 'ok' };
const unknown: Verdict = { kind: 'unknown' };
const problem = (reason: string, message: string): Verdict => ({ kind: 'problem', reason, message });

/** Judges one bucket of a Dataset: the first check that is not ok decides. */
export function judgeBucket(input: BucketCase, platform: PlatformContext): Verdict {
  return firstFailing(bucketChecks, input, platform);
}

/** S3's answers of one region's endpoint to a request for a bucket in another (S3 API reference, "Error responses"). */
const otherRegionCodes: ReadonlySet<string> = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed']);

const bucketChecks: readonly Check<BucketCase>[] = [
  ({ dataset, known, namespace }, platform) => environmentVerdict(dataset.spec.environmentRef.name, known, namespace, platform),
  (input, platform) =>
    claimVerdict(
      { resource: claimedBucket(input.bucket.name, tagsOf(input.seenBucket)), seen: input.seenBucket },
      input.known,
      input.namespace,
      platform,
    ),
  ({ heldBy, bucket }) =>
    heldBy === undefined
      ? ok
      : problem(
          'AlreadyClaimed',
          `bucket ${bucket.name} is held by the Dataset of another namespace; the platform team sees which one in the Environment's status.owners`,
        ),
  ({ seenBucket, bucket, known }) =>
    seenBucket?.kind === 'failed' && otherRegionCodes.has(seenBucket.code)
      ? problem(
          'RegionMismatch',
          `bucket ${bucket.name} is not in ${known?.environment.spec.region ?? '?'}, the region of the Dataset's Environment: use an Environment of the bucket's region`,
        )
      : ok,
  ({ seenBucket, bucket, known }) =>
    seenVerdict(seenBucket, `bucket ${bucket.name} in account ${known?.environment.spec.accountId ?? '?'}`, 'BucketNotFound'),
  keyEnvironmentVerdict,
  ({ bucket, seenKey }) =>
    bucket.kmsKeyArn === undefined ? ok : seenVerdict(seenKey, `KMS key ${bucket.kmsKeyArn}`, 'KeyNotFound'),
  ({ bucket, known, seenBucket, seenKey }) => {
    if (seenBucket?.kind !== 'found') return unknown;
    const declared = { name: bucket.name, kmsKeyArn: bucket.kmsKeyArn, region: known?.environment.spec.region ?? '' };
    const found = bucketProblem(declared, seenBucket.value, seenKey?.kind === 'found' ? seenKey.value : undefined);
    return found === undefined ? ok : { kind: 'problem', ...found };
  },
];

/** A ConsumptionRole with everything that its judgement needs. */
export interface RoleCase {
  readonly role: ConsumptionRole;
  readonly namespace: NamespaceLabels;
  readonly known: KnownEnvironment | undefined;
  readonly seen: Seen<PrincipalFacts>;
  /** Another ConsumptionRole on the same principal that says otherwise about its policies. */
  readonly conflictingWith: string | undefined;
}

/** Judges a ConsumptionRole. */
export function judgeRole(input: RoleCase, platform: PlatformContext): Verdict {
  return firstFailing(roleChecks, input, platform);
}

const roleChecks: readonly Check<RoleCase>[] = [
  ({ role, known, namespace }, platform) => environmentVerdict(role.spec.environmentRef.name, known, namespace, platform),
  ({ role, known }) => {
    const account = parseArn(role.spec.principalArn)?.accountId;
    const expected = known?.environment.spec.accountId;
    return account === expected
      ? ok
      : problem(
          'AccountMismatch',
          `${role.spec.principalArn} is in account ${account ?? '?'}, but Environment ${role.spec.environmentRef.name} is for ${expected ?? '?'}: name the Environment of the principal's account`,
        );
  },
  ({ role, known }, platform) => {
    const name = principalName(role.spec.principalArn)?.name ?? '';
    const own =
      platform.protectedPrincipals.has(identityKey(role.spec.principalArn)) ||
      name.startsWith(`${known?.environment.spec.sharePolicyPrefix ?? 'sluice'}-${platform.installation}-`);
    return own
      ? problem(
          'ProtectedRole',
          `${role.spec.principalArn} is an identity of Sluice itself and never receives shares: name another role`,
        )
      : ok;
  },
  ({ role, known, seen, namespace }, platform) =>
    claimVerdict({ resource: claimedPrincipal(role.spec.principalArn, tagsOf(seen)), seen }, known, namespace, platform),
  // Only who may speak for the principal hears of others who do.
  ({ conflictingWith }) =>
    conflictingWith === undefined
      ? ok
      : problem(
          'ConflictingPolicyManagement',
          `ConsumptionRole ${conflictingWith} names the same principal with another policyManagement: make them agree`,
        ),
  ({ role, seen }) => seenVerdict(seen, `principal ${role.spec.principalArn}`, 'PrincipalNotFound'),
];

// — checks that both sides share —

function firstFailing<Case>(checks: readonly Check<Case>[], input: Case, platform: PlatformContext): Verdict {
  for (const check of checks) {
    const verdict = check(input, platform);
    if (verdict.kind !== 'ok') return verdict;
  }
  return ok;
}

function environmentVerdict(
  name: string,
  known: KnownEnvironment | undefined,
  namespace: NamespaceLabels,
  platform: PlatformContext,
): Verdict {
  if (known === undefined) return problem('EnvironmentNotFound', `there is no Environment ${name}: the platform team creates it`);
  const allowed = choosesNamespace(known.environment.spec.allowedNamespaces, namespace, {
    own: undefined,
    trustedLabels: platform.trustedLabels,
  });
  if (!allowed)
    return problem(
      'NamespaceNotAllowed',
      `Environment ${name} does not admit namespace ${namespace.name}: ask the platform team to add it to spec.allowedNamespaces`,
    );
  if (known.state === undefined) return unknown;
  return known.state.kind === 'ready'
    ? ok
    : problem('EnvironmentNotReady', `Environment ${name} is not ready (${known.state.reason}): ${known.state.message}`);
}

function claimVerdict(
  claimed: ClaimCase,
  known: KnownEnvironment | undefined,
  namespace: NamespaceLabels,
  platform: PlatformContext,
): Verdict {
  const claims = known?.environment.spec.claims ?? [];
  const { resource, seen } = claimed;
  if (isClaimed(claims, resource, namespace, platform.trustedLabels)) return ok;
  // Only a tag could still say yes, and the tags were not read: no answer yet, rather than a claim that seems lost.
  if (needsTags(claims) && seen === undefined) return unknown;
  if (needsTags(claims) && seen?.kind === 'failed')
    return seen.passing === true
      ? passing(`the tags of ${resource.qualified}`, seen)
      : problem('PermissionsMissing', `the tags of ${resource.qualified} can't be read (${seen.code}): ${seen.message}`);
  const message = `no claim of Environment ${known?.environment.metadata.name ?? '?'} lets namespace ${namespace.name} speak for ${resource.qualified}: ask the platform team for one`;
  return { kind: 'notClaimed', message, immediately: endsImmediately(claims, namespace, platform.trustedLabels) };
}

interface ClaimCase {
  readonly resource: ClaimedResource;
  readonly seen: Seen<unknown>;
}

function keyEnvironmentVerdict(input: BucketCase, platform: PlatformContext): Verdict {
  const arn = input.bucket.kmsKeyArn;
  if (arn === undefined) return ok;
  const { accountId: account = '?', region = '?' } = parseArn(arn) ?? {};
  // S3 encrypts with keys of the bucket's region only (docs/AmazonS3/latest/userguide/UsingKMSEncryption.md).
  if (region !== input.known?.environment.spec.region) {
    return problem(
      'RegionMismatch',
      `KMS key ${arn} is in ${region}, but the Dataset's Environment is for ${input.known?.environment.spec.region ?? '?'}: name the key of that region`,
    );
  }
  if (input.keyKnown === undefined) {
    return problem(
      'KeyNotFound',
      `KMS key ${arn} is in account ${account}, for which no Environment exists: the platform team creates it`,
    );
  }
  const state = environmentVerdict(input.keyKnown.environment.metadata.name, input.keyKnown, input.namespace, platform);
  return state.kind === 'ok'
    ? claimVerdict(
        { resource: claimedKey(arn, tagsOf(input.seenKey)), seen: input.seenKey },
        input.keyKnown,
        input.namespace,
        platform,
      )
    : state;
}

function seenVerdict(seen: Seen<unknown>, what: string, notFound: string): Verdict {
  if (seen === undefined) return unknown;
  if (seen.kind === 'found') return ok;
  if (seen.kind === 'notFound') return problem(notFound, `${what} does not exist: check the spelling, or create it`);
  if (seen.passing === true) return passing(what, seen);
  return problem(
    seen.code === 'AccessDenied' || seen.code === 'AccessDeniedException' ? 'PermissionsMissing' : notFound,
    `${what} can't be read (${seen.code}): ${seen.message}`,
  );
}

/** What AWS did not say just now is no statement about the thing. */
function passing(what: string, { code }: { readonly code: string }): Verdict {
  return problem('ProgressingWithRetry', `${what} can't be read just now (AWS answered ${code}); it is tried again`);
}

function tagsOf(
  seen: Seen<{ readonly tags: Readonly<Record<string, string>> | undefined }>,
): Readonly<Record<string, string>> | undefined {
  return seen?.kind === 'found' ? seen.value.tags : undefined;
}
