/**
 * The one shape of all target kinds. A target is one AWS document or resource that grants are written into: a bucket policy, a key
 * policy, the set of share policies of a principal. Each kind is a module that exports one `TargetKind`.
 * Pure: types only. Who calls AWS, and when, is the writer's business (writer.ts).
 */

/** How the operator gets into an AWS account: what an Environment said when the share was resolved. Never a secret's value. */
export interface SessionRef {
  readonly environment: string;
  readonly accountId: string;
  readonly region: string;
  /** Role to assume; absent: the operator's own identity. */
  readonly roleArn?: string;
  /** Secret (in the operator's namespace) that holds the external id. */
  readonly externalIdSecretRef?: { readonly name: string; readonly key: string };
}

/** An IAM principal as consent named it: the ARN and the unique id that AWS gave it (AROA…, AIDA…). */
export interface PrincipalRef {
  readonly arn: string;
  readonly uniqueId: string;
}

/** What every grant says: whom it is for. */
export interface PrincipalGrant {
  readonly principal: PrincipalRef;
}

/**
 * want: must be there. hold: leave as found (undecided since start-up, predecessor target not applied yet): neither added nor taken
 * away. drop: must go, unless another contribution wants or holds it.
 */
export type ContributionMode = 'want' | 'hold' | 'drop';

/** What one ShareItem asks of one target. */
export interface Contribution<Grant> {
  /**
   * Whom results go back to: the uid of the ShareItem, and where an item contributes to one target more than once (an old resolution beside a
   * new one) something that tells them apart. Unique within a target.
   */
  readonly item: string;
  /** Seniority: where a document is full, newcomers are refused in this order (ascending; ISO time of consent + uid). */
  readonly order: string;
  readonly mode: ContributionMode;
  /**
   * Whether a difference alone is a reason to write. False only in Report mode, for what has been in place already; a first grant in Report mode
   * is `true`. Dropping is always a reason, holding never. Once anything is a reason, everything of ours in the document is restored.
   */
  readonly repair: boolean;
  /** A read-back has shown all of it once: it keeps its place whatever a Dataset's or platform's own limits say by now. @default false */
  readonly live?: boolean;
  /** Changes when something else is asked, or the same anew (a re-apply request). The writer compares it and reads nothing in it. @default '' */
  readonly question?: string;
  /** Another process than this one recorded it: AWS may not show yet what that one wrote last. @default false */
  readonly inherited?: boolean;
  readonly grant: Grant;
}

/**
 * Why an item is not served by a target, though nothing is wrong with the others. `reason` is a condition reason. `message` names only
 * the item's own principal and AWS codes; what only the document's owner may read is in `ownerMessage`.
 */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly ownerMessage?: string;
}

/**
 * One deviation of what AWS holds from what should be there. `kind` missing: a wanted part is not there. excess: something under our
 * mark that nobody wants. waiting: our part is done, somebody else has to act (a Detached policy to be attached); `reason` says what for.
 * `message` follows data.all's templates and names only this item's principal and AWS codes; `ownerMessage` is for the target's owner.
 */
export interface Finding {
  readonly kind: 'missing' | 'excess' | 'waiting';
  readonly message: string;
  readonly ownerMessage?: string;
  readonly reason?: string;
  /** Of a waiting one: what is granted does not work until then. Else it is only not used yet. */
  readonly blocks?: true;
}

/** What should be written, and who can't be served. Steps are in order: additions first, removals last. */
export interface Plan<Step> {
  readonly steps: readonly Step[];
  /** By item uid. A refused item's parts are not in the steps. */
  readonly refused: ReadonlyMap<string, Refusal>;
  /** Principals that the steps name and the observed document did not: their unique ids are compared before the write. */
  readonly introduces: readonly PrincipalRef[];
}

/** What a read-back says of each item: nothing found means all of its wanted parts are there (want) or none is left (drop). */
export interface Assessment {
  readonly items: ReadonlyMap<string, readonly Finding[]>;
  /** Excess that belongs to no item (somebody's extra principal under our Sid): for the owner's eyes only. */
  readonly unowned: readonly Finding[];
}

/** Everything a pure decision about a target needs. */
export interface TargetInput<Coordinates, Grant, Observed> {
  readonly installation: string;
  readonly coordinates: Coordinates;
  readonly contributions: readonly Contribution<Grant>[];
  readonly observed: Observed;
}

/** How much an observation has to cover, and what it may build on. */
export interface ObserveOptions<Observed> {
  readonly installation: string;
  /**
   * write: what a grant needs. complete: all that could carry our mark (something is to be dropped, or a create met an existing name).
   * verify: also the state of the resource itself, such as a disabled key, and its marks.
   */
  readonly depth: 'write' | 'complete' | 'verify';
  /** Something is to be dropped: at any depth, all that could carry our mark. @default false */
  readonly removes?: boolean;
  /** Nobody wants or holds anything of the target: all of ours is to go, and nothing has to be known beyond what that is. */
  readonly emptying?: boolean;
  /** An earlier observation: of it only what AWS never changes (contents of policy versions) may be reused. */
  readonly known?: Observed;
  /** What our own steps have just left, as far as we know: the read-back reads what they touched, and nothing that they did not. */
  readonly after?: Observed;
}

/** What a step did. `observed` is the target as it should be now; only a read-back may call it a fact. */
export interface Applied<Observed> {
  readonly observed: Observed;
  readonly requestId?: string;
}

/**
 * A kind of target. `Context` is what its I/O needs (AWS clients of the right account, the signal that ends calls). `observe` reads the whole
 * target with as few calls as AWS allows, `plan` and `assess` are pure, `apply` performs exactly one step: one AWS write, or the few
 * that delete one resource.
 */
export interface TargetKind<Coordinates, Grant extends PrincipalGrant, Observed, Step, Context> {
  readonly kind: string;
  /** Others write into the same document, and AWS has no compare-and-set for it: it is read again right before each step. */
  readonly shared: boolean;
  /** The condition reason for items that want something in a resource that does not exist. */
  readonly goneReason: string;
  /** Injective: equal keys mean the same AWS object. */
  key(coordinates: Coordinates): string;
  /** The AWS object in people's words, for messages: "bucket policy of acme-orders". */
  describe(coordinates: Coordinates): string;
  observe(context: Context, coordinates: Coordinates, options: ObserveOptions<Observed>): Promise<Observed>;
  plan(input: TargetInput<Coordinates, Grant, Observed>): Plan<Step>;
  /** The AWS operation of a step, for the history: "s3:PutBucketPolicy". */
  action(step: Step, coordinates: Coordinates): string;
  apply(
    context: Context,
    coordinates: Coordinates,
    write: { readonly step: Step; readonly observed: Observed },
  ): Promise<Applied<Observed>>;
  /** Whether a step has to be left out because that earlier one failed. Absent: every step depends on all before it. */
  dependsOn?(step: Step, failed: Step): boolean;
  assess(input: TargetInput<Coordinates, Grant, Observed>): Assessment;
  /** Equal for equal contents: tells a stale read from a changed document. */
  fingerprint(observed: Observed): string;
  /** What is not ours in the target, as text: a difference means that somebody else wrote. Empty where a target is ours alone. */
  foreign(observed: Observed, installation: string): string;
  /** A condition reason that fits an AWS error code of this kind of target better than the general table. */
  reasonOf?(code: string): string | undefined;
  /** What else AWS denies a write for than a permission that is missing, in a sentence. */
  readonly denialHint?: string;
  /** What AWS minds about a document that it called malformed although all of our principals are good. */
  explainMalformed?(input: TargetInput<Coordinates, Grant, Observed>): Refusal | undefined;
}
