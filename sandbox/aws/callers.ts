/**
 * Who calls, by access key id alone: twelve digits are that account's administrator (the convention of local stacks), ASIA… a session of
 * AssumeRole, AKIA… a user's key. Nobody's signature is checked.
 */
import { iamAccount } from './iam/model.ts';
import type { Caller, Service, World } from './service.ts';
import type { Session } from './sts/model.ts';
import { AwsError } from './wire/error.ts';
import type { CredentialScope } from './wire/sigv4.ts';

const anonymous: Caller = {
  kind: 'anonymous',
  account: '',
  arn: 'anonymous',
  userId: 'ANONYMOUS_PRINCIPAL',
  principalArn: '*',
  principalId: '',
  accessKeyId: '',
  sessionPolicies: [],
};

/** Finds the caller. @throws AwsError of the service for unknown, expired and orphaned keys */
export function callerOf(world: World, service: Service, scope: CredentialScope | undefined): Caller {
  if (!scope) return anonymous;
  const { accessKeyId } = scope;
  if (/^\d{12}$/.test(accessKeyId)) return administrator(accessKeyId);
  const session = world.state.sts.sessions.get(accessKeyId);
  if (session) return sessionCaller(world, service, session);
  const key = world.state.iam.keys.get(accessKeyId);
  const user = key && world.state.iam.accounts.get(key.account)?.users.get(key.user);
  if (!user?.accessKeys.some((one) => one.id === accessKeyId && one.active)) throw refused(service.unknownKey);
  return {
    kind: 'user',
    account: user.account,
    arn: user.arn,
    userId: user.id,
    principalArn: user.arn,
    principalId: user.id,
    accessKeyId,
    sessionPolicies: [],
  };
}

const refused = (form: Service['expired']): AwsError => new AwsError(form.code, form.message, { status: form.status });

/** The administrator of an account: every twelve digits are one. */
export function administrator(account: string): Caller {
  const arn = `arn:aws:iam::${account}:root`;
  return {
    ...anonymous,
    kind: 'administrator',
    account,
    arn,
    userId: account,
    principalArn: arn,
    principalId: account,
    accessKeyId: account,
  };
}

function sessionCaller(world: World, service: Service, session: Session): Caller {
  if (world.clock.now() >= session.expiresAt) throw refused(service.expired);
  const role = iamAccount(world.state.iam, session.account).roles.get(session.roleName);
  // A session of a deleted role has nothing left to be authorised by; a role made again is another one.
  if (role?.id !== session.roleId) throw refused(service.unknownKey);
  return {
    kind: 'session',
    account: session.account,
    arn: `arn:aws:sts::${session.account}:assumed-role/${session.roleName}/${session.sessionName}`,
    userId: `${session.roleId}:${session.sessionName}`,
    principalArn: role.arn,
    principalId: role.id,
    accessKeyId: session.accessKeyId,
    sessionPolicies: session.policies,
  };
}
