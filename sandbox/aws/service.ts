/**
 * What a service of the stand-in is made of: a model (wire), operations (behaviour) and how it refuses. A new service is a folder that
 * exports one Service and its part of the state; nothing else changes.
 */
import type { MovableClock } from './clock.ts';
import type { Addressed, ProtocolOptions } from './wire/protocol.ts';
import type { CredentialScope } from './wire/sigv4.ts';
import type { WireRequest } from './wire/http.ts';
import type { Settings } from './settings.ts';
import type { AwsState } from './state.ts';

/** Who calls. */
export interface Caller {
  readonly kind: 'administrator' | 'user' | 'session' | 'anonymous';
  /** Empty for anonymous callers. */
  readonly account: string;
  /** What GetCallerIdentity says. */
  readonly arn: string;
  /** What GetCallerIdentity says: account id, AIDA…, AROA…:session. */
  readonly userId: string;
  /** ARN of the role behind a session, of the user itself, of the account's root. */
  readonly principalArn: string;
  /** Unique id of that role or user. */
  readonly principalId: string;
  readonly accessKeyId: string;
  /** Session policies of a session. */
  readonly sessionPolicies: readonly string[];
}

/** Shared by everything that happens in one stand-in. */
export interface World {
  readonly clock: MovableClock;
  settings: Settings;
  state: AwsState;
}

/** What an operation wants to do, in IAM's words: enough to decide whether the caller may. */
export interface Access {
  /** "s3:GetObject" */
  readonly action: string;
  /** ARN, or "*" for actions without a resource. */
  readonly resource: string;
  /** Account that owns the resource. */
  readonly account: string;
  /** Resource policy as kept in the state (principals as unique ids); absent: the resource has none. */
  readonly policy?: string | null;
  /**
   * How the resource policy counts. required: KMS keys must allow even their own account's callers. trust: as required, and for
   * administrators too. delegated: the bucket behind an access point, where the resource policy's consent is enough.
   */
  readonly policyMode?: 'optional' | 'required' | 'trust' | 'delegated';
  /** Callers of other accounts are refused, whatever policies say (RestrictPublicBuckets). */
  readonly restricted?: boolean;
  /** Further condition keys of this request, lower-case names. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** One call in progress. */
export interface Call {
  readonly world: World;
  readonly service: string;
  readonly operation: string;
  readonly caller: Caller;
  /** The Region that the request is signed for; empty for unsigned requests, which only S3 takes. */
  readonly region: string;
  readonly now: number;
  readonly requestId: string;
  readonly request: WireRequest;
  /** What an operation changes about its reply besides the output. */
  readonly reply: { status?: number };
  /** Does nothing if the caller may, else throws the service's AccessDenied with AWS's words. */
  authorize(access: Access): void;
}

/**
 * One operation. Declared with method syntax, so that an operation typed for its own input fits here; inputs were decoded by the model.
 */
export interface Operation {
  readonly readOnly: boolean;
  /** What has to be allowed before `run`; undefined: nothing (GetCallerIdentity). It also tells faults and the log the resource. */
  access?(call: Call, input: unknown): Access | undefined;
  /** Where one question is not enough: asks all of them instead of `access`. Without any, `run` asks. */
  check?(call: Call, input: unknown): void;
  /** Document that a write changes: two writes of one document at the same time conflict, as in AWS. */
  document?(call: Call, input: unknown): string | undefined;
  run(call: Call, input: unknown): object | undefined;
}

/** An operation with its types; the types are those of the SDK's own models. */
export interface OperationOf<Input, Output extends object | undefined> {
  readonly readOnly: boolean;
  access?(call: Call, input: Input): Access | undefined;
  check?(call: Call, input: Input): void;
  document?(call: Call, input: Input): string | undefined;
  run(call: Call, input: Input): Output;
}

/** An AWS error's code, text and status. */
export interface ErrorForm {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** One service. */
export interface Service {
  /** "iam", "s3control": how faults and the call log name it. */
  readonly name: string;
  readonly wire: Omit<ProtocolOptions, 'implemented'>;
  /** S3 writes errors without an envelope. */
  readonly bareXml: boolean;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Whether a request is for this service; the signed service name and the host decide. */
  accepts(request: WireRequest, scope: CredentialScope | undefined): boolean;
  /** Undoes a transfer encoding before anything is decoded (S3's aws-chunked bodies). */
  prepare?(request: WireRequest): WireRequest;
  /** Finds the bucket outside the model's path template (S3 only). */
  address?(world: World, request: WireRequest): Addressed;
  readonly denied: { readonly code: string; readonly status: number };
  readonly throttled: ErrorForm;
  readonly expired: ErrorForm;
  readonly unknownKey: ErrorForm;
  readonly conflict: ErrorForm;
}

/** Types an operation by its SDK models and hands it on as a plain Operation. */
export const operation = <Input, Output extends object | undefined>(of: OperationOf<Input, Output>): Operation => of;
