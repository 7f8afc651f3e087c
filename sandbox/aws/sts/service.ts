/** STS as a service of the stand-in: AssumeRole and GetCallerIdentity. */
import * as client from '@aws-sdk/client-sts';
import type { AssumeRoleRequest, AssumeRoleResponse, GetCallerIdentityResponse } from '@aws-sdk/client-sts';
import { iamId, randomText } from '../ids.ts';
import type { IamRole } from '../iam/model.ts';
import { operation, type Access, type Call, type Service } from '../service.ts';
import { seen } from '../stale.ts';
import { fail } from '../wire/error.ts';
import { loadModel } from '../wire/shape.ts';

const ROLE_ARN = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/;

function targetRole(call: Call, arn: string | undefined): IamRole | undefined {
  const match = ROLE_ARN.exec(arn ?? '');
  const role = match && call.world.state.iam.accounts.get(match[1] ?? '')?.roles.get(match[2] ?? '');
  return role && role.arn === arn ? role : undefined;
}

const tagContext = (input: AssumeRoleRequest): Access['context'] => ({
  ...(input.ExternalId === undefined ? {} : { 'sts:externalid': input.ExternalId }),
  'sts:rolesessionname': input.RoleSessionName ?? '',
});

const assumeRole = operation<AssumeRoleRequest, AssumeRoleResponse>({
  readOnly: true,
  // A role that does not exist is refused in the same words as one that trusts nobody: AWS does not tell which roles exist.
  access: (call, input) => {
    const role = targetRole(call, input.RoleArn);
    return {
      action: 'sts:AssumeRole',
      resource: input.RoleArn ?? '',
      account: role?.account ?? '',
      policy: role ? seen(role.trust, call.now, call.world.settings.staleReadMs) : null,
      policyMode: 'trust',
      context: tagContext(input) ?? {},
    };
  },
  run: (call, input) => {
    const role = targetRole(call, input.RoleArn);
    if (!role) throw fail('AccessDenied', notAuthorized(call, input), 403);
    const seconds = checkDuration(call, role, input);
    const name = input.RoleSessionName ?? '';
    if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
      throw fail(
        'ValidationError',
        `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint.`,
        400,
      );
    }
    const { state } = call.world;
    const accessKeyId = iamId(state, 'ASIA').slice(0, 20);
    const expiresAt = call.now + seconds * 1000;
    state.sts.sessions.set(accessKeyId, {
      accessKeyId,
      account: role.account,
      roleName: role.name,
      roleId: role.id,
      sessionName: name,
      issuedAt: call.now,
      expiresAt,
      policies: input.Policy === undefined ? [] : [input.Policy],
    });
    const secret = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    return {
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: randomText(state, secret, 40),
        SessionToken: `stand-in-${accessKeyId}`,
        Expiration: new Date(expiresAt),
      },
      AssumedRoleUser: {
        AssumedRoleId: `${role.id}:${name}`,
        Arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${name}`,
      },
    };
  },
});

const notAuthorized = (call: Call, input: AssumeRoleRequest): string =>
  `User: ${call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn ?? ''}`;

// STS API, AssumeRole: 900 s to the role's maximum; one hour where a session assumes the next role (role chaining).
function checkDuration(call: Call, role: IamRole, input: AssumeRoleRequest): number {
  const seconds = input.DurationSeconds ?? 3600;
  if (seconds < 900 || seconds > 43_200) {
    throw fail(
      'ValidationError',
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint.`,
      400,
    );
  }
  if (seconds > role.maxSessionSeconds) {
    throw fail('ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.', 400);
  }
  if (call.caller.kind === 'session' && seconds > 3600) {
    throw fail(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
      400,
    );
  }
  return seconds;
}

const getCallerIdentity = operation<object, GetCallerIdentityResponse>({
  // No permission is needed (STS API, GetCallerIdentity).
  readOnly: true,
  run: ({ caller }) => ({ Account: caller.account, Arn: caller.arn, UserId: caller.userId }),
});

/** STS. */
export const sts: Service = {
  name: 'sts',
  wire: { name: 'awsQuery', model: loadModel(client), namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
  bareXml: false,
  operations: { AssumeRole: assumeRole, GetCallerIdentity: getCallerIdentity },
  accepts: (_request, scope) => scope?.service === 'sts',
  denied: { code: 'AccessDenied', status: 403 },
  throttled: { code: 'Throttling', message: 'Rate exceeded', status: 400 },
  expired: { code: 'ExpiredToken', message: 'The security token included in the request is expired', status: 403 },
  unknownKey: { code: 'InvalidClientTokenId', message: 'The security token included in the request is invalid.', status: 403 },
  conflict: { code: 'ConcurrentModification', message: 'Concurrent modification.', status: 409 },
};
