/**
 * What the I/O of the S3 target kinds needs, and the two ways in which a step asks for another look. No sessions and no error table here (src/aws).
 */
import type { IAMClient } from '@aws-sdk/client-iam';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import type { S3ControlClient } from '@aws-sdk/client-s3-control';

/** Clients of the account and region of the target, and the signal that ends calls in flight. */
export interface TargetContext {
  readonly s3: Pick<S3Client, 'send'>;
  readonly s3control: Pick<S3ControlClient, 'send'>;
  readonly iam: Pick<IAMClient, 'send'>;
  readonly kms: Pick<KMSClient, 'send'>;
  readonly signal: AbortSignal;
}

/**
 * changedMeanwhile: a second read showed another document than the first. incomplete: something of ours may exist that the observation did not
 * cover. In both cases nothing was written, and the writer observes and plans again.
 */
export type LookAgainReason = 'changedMeanwhile' | 'incomplete';

const marks = new WeakMap<Error, LookAgainReason>();

/** An error that asks the writer to observe again. */
export function lookAgain(reason: LookAgainReason, message: string): Error {
  const error = new Error(message);
  marks.set(error, reason);
  return error;
}

/** Why the error asks for another look; undefined for any other error. */
export function lookAgainReason(error: unknown): LookAgainReason | undefined {
  return error instanceof Error ? marks.get(error) : undefined;
}

/** AWS's code of an error, which the SDKs put into its name, without the "Exception" that they add for some services. */
export function awsErrorName(error: unknown): string {
  return error instanceof Error ? error.name.replace(/Exception$/, '') : '';
}

/** An object with the member where the value is known, without it where it is not: what exactOptionalPropertyTypes asks for. */
export function withRequestId(requestId: string | undefined): { readonly requestId?: string } {
  return requestId === undefined ? {} : { requestId };
}
