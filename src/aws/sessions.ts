/**
 * One AWS session per account the operator works in: AssumeRole with an external id, cached until five minutes before expiry, single-flight.
 * The operator's own identity comes from the SDK's standard chain (IRSA, Pod Identity, profile, environment).
 */
import { AssumeRoleCommand, GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { Clock } from '../clock.ts';
import type { SessionRef } from '../targets/target.ts';
import { createClients, createStsClient, type AwsClients, type ClientOptions, type RequestHandler } from './clients.ts';

/** Refresh this long before expiry; the SDK's own window, so that both agree. */
const refreshBeforeExpiryMs = 5 * 60_000;
const sessionSeconds = 3600;

/** Credentials as the SDK takes them. */
interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** The Secret that should hold the external id is not there: nothing is assumed without it. */
export class ExternalIdMissingError extends Error {
  override readonly name = 'ExternalIdMissing';
  readonly code = 'ExternalIdMissing';
}

/** Who AWS says we are. */
export interface CallerIdentity {
  readonly accountId: string;
  readonly arn: string;
}

/** Sessions by account, role and region. */
export interface Sessions {
  /** Clients of an account; makes no AWS call by itself. */
  clients(ref: SessionRef): AwsClients;
  /** sts:GetCallerIdentity in that session. Throws what AWS or the credentials said. */
  callerIdentity(ref: SessionRef, signal?: AbortSignal): Promise<CallerIdentity>;
  /** The operator's own identity, before any role is assumed. */
  ownIdentity(region: string, signal?: AbortSignal): Promise<CallerIdentity>;
  /** Drops cached credentials, after an expired token or a changed external id. */
  forget(ref: SessionRef): void;
}

/** How sessions are made. */
export interface SessionOptions extends ClientOptions {
  readonly installation: string;
  readonly clock: Clock;
  /** Value of a Secret in the operator's namespace, from memory; undefined when there is none. Never logged. */
  readonly externalId: (ref: { readonly name: string; readonly key: string }) => string | undefined;
  /** For tests: the operator's own identity instead of the standard chain. */
  readonly baseCredentials?: () => Promise<Identity>;
  readonly requestHandler?: RequestHandler;
}

/** Makes the sessions of the process; no I/O until a client is used. */
export function createSessions(options: SessionOptions): Sessions {
  const base = options.baseCredentials ?? fromNodeProviderChain();
  const byKey = new Map<string, AwsClients>();
  const clientsOf = (ref: SessionRef): AwsClients => {
    const key = sessionKey(ref);
    const existing = byKey.get(key);
    if (existing !== undefined) return existing;
    const credentials = ref.roleArn === undefined ? base : singleFlight(options.clock, () => assumeRole(ref, base, options));
    const clients = createClients({ accountId: ref.accountId, region: ref.region }, credentials, options);
    byKey.set(key, clients);
    return clients;
  };
  return {
    clients: clientsOf,
    callerIdentity: (ref, signal) => whoAmI(clientsOf(ref).sts, signal),
    ownIdentity: (region, signal) => whoAmI(createStsClient({ accountId: 'self', region }, base, options), signal),
    forget: (ref) => {
      byKey.delete(sessionKey(ref));
    },
  };
}

function sessionKey(ref: SessionRef): string {
  return [
    ref.accountId,
    ref.region,
    ref.roleArn ?? '',
    ref.externalIdSecretRef?.name ?? '',
    ref.externalIdSecretRef?.key ?? '',
  ].join('|');
}

async function whoAmI(sts: STSClient, signal: AbortSignal | undefined): Promise<CallerIdentity> {
  const answer = await sts.send(new GetCallerIdentityCommand({}), signal === undefined ? {} : { abortSignal: signal });
  return { accountId: answer.Account ?? '', arn: answer.Arn ?? '' };
}

async function assumeRole(ref: SessionRef, base: () => Promise<Identity>, options: SessionOptions): Promise<Identity> {
  const externalId = ref.externalIdSecretRef === undefined ? undefined : options.externalId(ref.externalIdSecretRef);
  if (ref.externalIdSecretRef !== undefined && externalId === undefined) {
    const { name, key } = ref.externalIdSecretRef;
    throw new ExternalIdMissingError(
      `Secret ${name} in the operator's namespace has no key ${key}: create it with the external id that the role's trust policy asks for`,
    );
  }
  const sts = createStsClient({ accountId: ref.accountId, region: ref.region }, base, options);
  const answer = await sts.send(
    new AssumeRoleCommand({
      RoleArn: ref.roleArn,
      RoleSessionName: `sluice-${options.installation}`,
      DurationSeconds: sessionSeconds,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    }),
  );
  const given = answer.Credentials;
  if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined)
    throw new Error(`sts:AssumeRole of ${ref.roleArn ?? ''} returned no credentials`);
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    ...(given.SessionToken === undefined ? {} : { sessionToken: given.SessionToken }),
    ...(given.Expiration === undefined ? {} : { expiration: given.Expiration }),
  };
}

/** One request at a time, its answer shared by all clients of the session until shortly before it expires. */
function singleFlight(clock: Clock, fetch: () => Promise<Identity>): () => Promise<Identity> {
  let current: Promise<Identity> | undefined;
  let expiresAt = 0;
  return async () => {
    if (current !== undefined && clock.now() < expiresAt) return current;
    // Until the answer is here nobody else may ask; afterwards its own expiry decides.
    expiresAt = Number.POSITIVE_INFINITY;
    current = fetch().then(
      (identity) => {
        expiresAt = (identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - refreshBeforeExpiryMs;
        return identity;
      },
      (error: unknown) => {
        current = undefined;
        expiresAt = 0;
        throw error;
      },
    );
    return current;
  };
}
