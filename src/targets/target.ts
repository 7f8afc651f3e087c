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

/**
 * want: must be there. hold: leave as found (undecided since start-up, predecessor target not applied yet, Report mode):
 * neither added nor taken away. drop: must go, unless another contribution wants it.
 */
export type ContributionMode = 'want' | 'hold' | 'drop';

/** What one ShareItem asks of one target. */
export interface Contribution<Grant> {
  /** uid of the ShareItem: results go back to it. */
  readonly item: string;
  /** Seniority: where a document is full, newcomers are refused in this order (ascending; ISO time of consent + uid). */
  readonly order: string;
  readonly mode: ContributionMode;
  readonly grant: Grant;
}

/** Why an item is not served by a target, though nothing is wrong with the others. `reason` is a condition reason. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * One deviation of what AWS holds from what should be there. `kind` missing: a wanted part is not there. excess: something under our
 * mark that nobody wants. `message` follows data.all's templates (lifecycle.md) and names only this item's principal and AWS codes.
 */
export interface Finding {
  readonly kind: 'missing' | 'excess';
  readonly message: string;
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

/**
 * A kind of target. `Context` is what its I/O needs (AWS clients of the right account). `observe` reads the whole target with as few
 * calls as AWS allows, `plan` and `assess` are pure, `apply` performs exactly one step (one AWS write).
 */
export interface TargetKind<Coordinates, Grant, Observed, Step, Context> {
  readonly kind: string;
  /** Injective: equal keys mean the same AWS object. */
  key(coordinates: Coordinates): string;
  /** The AWS object in people's words, for messages: "bucket policy of acme-orders". */
  describe(coordinates: Coordinates): string;
  observe(context: Context, coordinates: Coordinates): Promise<Observed>;
  plan(input: TargetInput<Coordinates, Grant, Observed>): Plan<Step>;
  apply(context: Context, coordinates: Coordinates, step: Step): Promise<void>;
  assess(input: TargetInput<Coordinates, Grant, Observed>): Assessment;
}
