/**
 * Who a principal's ARN stands for right now. A role that was deleted and made again is another principal with another unique id
 * (docs/IAM/latest/UserGuide/reference_identifiers.md, «Unique identifiers»), so the id is compared right before each write that names it.
 */
import { GetRoleCommand, GetUserCommand } from '@aws-sdk/client-iam';
import type { Clock } from '../clock.ts';
import type { SessionRef } from '../targets/target.ts';
import { classifyAwsError, type AwsFailure } from './errors.ts';
import type { Sessions } from './sessions.ts';

/** What IAM says of a principal. */
export type PrincipalObservation =
  | {
      readonly kind: 'found';
      readonly uniqueId: string;
      readonly tags: Readonly<Record<string, string>>;
      /** ARN of its permissions boundary. */
      readonly boundaryArn?: string;
    }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'failed'; readonly failure: AwsFailure };

/** The answer to «is this still who consent was given to?». */
export type PrincipalCheck =
  | { readonly kind: 'ok' }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'recreated' }
  | { readonly kind: 'unknown'; readonly failure: AwsFailure };

/**
 * An answer serves the documents that one flow writes at about the same time, and is no older than the documents themselves may be when they are written.
 * A role that was made again in between would be given what the old one had.
 */
const freshMs = 1000;

/** Looks principals up, one call for all who ask within a second. */
export interface Principals {
  /** iam:GetRole or iam:GetUser. `principal` is its kind and bare name. */
  observe(session: SessionRef, arn: string, principal: IamName, signal?: AbortSignal): Promise<PrincipalObservation>;
}

/** Kind and name without path, as IAM's API takes them. */
export interface IamName {
  readonly kind: 'role' | 'user';
  readonly name: string;
}

/** Makes the look-up; no I/O. */
export function createPrincipals(sessions: Sessions, clock: Clock): Principals {
  const recent = new Map<string, Answer>();
  const observe: Principals['observe'] = (session, arn, principal, signal) => {
    const key = `${session.accountId}/${arn}`;
    const known = recent.get(key);
    if (known !== undefined && !isOld(known, clock.now())) return known.answer;
    for (const [each, answer] of recent) if (isOld(answer, clock.now())) recent.delete(each);
    // While a crowd waits for its turn at IAM the question stays open, and whoever asks it too waits along.
    const answer = lookUp(sessions, { session, arn, principal }, signal);
    const made: Answer = { answer };
    recent.set(key, made);
    void answer.then((result) => {
      made.at = clock.now();
      if (result.kind === 'failed' && recent.get(key) === made) recent.delete(key);
    });
    return answer;
  };
  return { observe };
}

interface Answer {
  readonly answer: Promise<PrincipalObservation>;
  /** When it came; undefined: it has not come yet. */
  at?: number;
}

function isOld({ at }: Answer, now: number): boolean {
  return at !== undefined && now - at >= freshMs;
}

interface LookUp {
  readonly session: SessionRef;
  readonly arn: string;
  readonly principal: IamName;
}

async function lookUp(
  sessions: Sessions,
  { session, arn, principal }: LookUp,
  signal: AbortSignal | undefined,
): Promise<PrincipalObservation> {
  const { iam } = sessions.clients(session);
  const options = signal === undefined ? {} : { abortSignal: signal };
  try {
    const found =
      principal.kind === 'role'
        ? await iam
            .send(new GetRoleCommand({ RoleName: principal.name }), options)
            .then(({ Role }) => ({ arn: Role?.Arn, id: Role?.RoleId, tags: Role?.Tags, limit: Role?.PermissionsBoundary }))
        : await iam
            .send(new GetUserCommand({ UserName: principal.name }), options)
            .then(({ User }) => ({ arn: User?.Arn, id: User?.UserId, tags: User?.Tags, limit: User?.PermissionsBoundary }));
    // Names are unique in an account whatever their path: another path means that the ARN asked for does not exist.
    if (found.arn !== arn || found.id === undefined) return { kind: 'notFound' };
    const boundaryArn = found.limit?.PermissionsBoundaryArn;
    return {
      kind: 'found',
      uniqueId: found.id,
      tags: Object.fromEntries((found.tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
      ...(boundaryArn === undefined ? {} : { boundaryArn }),
    };
  } catch (error) {
    const failure = classifyAwsError(error);
    if (failure.kind === 'expired') sessions.forget(session);
    return failure.kind === 'gone' ? { kind: 'notFound' } : { kind: 'failed', failure };
  }
}
