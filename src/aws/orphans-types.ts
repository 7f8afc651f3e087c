/** What a look for this installation's mark asks and answers, and how AWS's refusals are noted on the way. No calls of its own. */
import type { AccessPointCoordinates } from '../targets/access-point-plan.ts';
import type { BucketPolicyCoordinates } from '../targets/bucket-policy.ts';
import type { KeyPolicyCoordinates } from '../targets/key-policy.ts';
import type { SharePolicyCoordinates } from '../targets/share-policy-names.ts';
import type { SessionRef } from '../targets/target.ts';
import type { AwsClients } from './clients.ts';
import { classifyAwsError, isRetryable } from './errors.ts';

/** A document's target kind and coordinates. */
export type MarkedPlace =
  | { readonly kind: 'SharePolicy'; readonly coordinates: SharePolicyCoordinates }
  | { readonly kind: 'BucketPolicy'; readonly coordinates: BucketPolicyCoordinates }
  | { readonly kind: 'KeyPolicy'; readonly coordinates: KeyPolicyCoordinates }
  | { readonly kind: 'AccessPoint'; readonly coordinates: AccessPointCoordinates };

/** A document that carries the mark. */
export interface Marked {
  readonly kind: MarkedPlace['kind'];
  /** Where it can be written; undefined where it is not certainly ours: an IAM policy at our path without our name and tags, an access point of our name
   * with statements of others only. */
  readonly place: MarkedPlace | undefined;
  /** Key of the target. */
  readonly target: string;
  /** Whom it gives something, as AWS shows them. */
  readonly principals: readonly string[];
  /** Equal for equal contents under our mark. */
  readonly content: string;
}

/** Where to look. */
export interface MarkQuestion {
  readonly session: SessionRef;
  readonly installation: string;
  /** IAM is the same in all regions of an account: one of its Environments looks. */
  readonly iam: boolean;
  /** Principals whose policies are explained: these are not looked at any closer. */
  readonly principals: readonly string[];
  readonly buckets: {
    /** By name. */
    readonly names: readonly string[];
    /** All of the account that match; empty: none. */
    readonly globs: readonly string[];
  };
  /** Whether folders can be shared here, so that there may be access points. */
  readonly points: boolean;
  /** Key ARNs of this account and region. */
  readonly keys: readonly string[];
  /** Documents that need no look, by target key. */
  readonly isExplained: (target: string) => boolean;
}

/** What was found. */
export interface Looked {
  readonly marked: readonly Marked[];
  /** Target keys of bucket and key policies that were read, or that surely don't exist. */
  readonly read: ReadonlySet<string>;
  /** Beginnings of target keys of which everything was listed: what is not among `marked` does not exist. */
  readonly listed: readonly string[];
  /** What AWS would not let us see: `iam:ListPolicies (AccessDenied)`. */
  readonly gaps: readonly string[];
}

/** What the parts of a look write down. */
export interface Notes {
  readonly clients: Pick<AwsClients, 's3' | 's3control' | 'iam' | 'kms'>;
  readonly question: MarkQuestion;
  readonly signal: AbortSignal;
  readonly read: Set<string>;
  readonly gaps: string[];
}

/** The answer of one read; undefined where the thing does not exist (`absent` is called) or AWS refuses (a gap is noted). */
export async function unlessRefused<T>(
  { gaps }: Notes,
  read: { readonly action: string; readonly of?: string; readonly absent?: () => void },
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const failure = classifyAwsError(error);
    if (isRetryable(failure.kind)) throw error;
    if (failure.kind === 'gone') read.absent?.();
    else gaps.push(`${read.action}${read.of === undefined ? '' : ` of ${read.of}`} (${failure.code})`);
    return undefined;
  }
}
