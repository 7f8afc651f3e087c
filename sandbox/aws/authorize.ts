/** Whether a caller may do what a call wants to do: gathers policies and condition keys, asks the evaluator, says no in AWS's words. */
import { iamAccount, type IamPrincipal } from './iam/model.ts';
import { evaluate, type Policies, type Verdict } from './policy/evaluate.ts';
import type { KeyLookup } from './policy/patterns.ts';
import type { Access, Call, Caller, Service, World } from './service.ts';
import { seen, type Changing } from './stale.ts';
import { AwsError } from './wire/error.ts';

/** Does nothing if the caller may; else throws. An account's administrators may do everything in their account. */
export function authorize(call: Call, service: Service, access: Access): void {
  const verdict = decide(call, access);
  if (verdict.allowed) return;
  throw new AwsError(service.denied.code, deniedMessage(call, service, access, verdict), { status: service.denied.status });
}

/** The decision alone, for operations that answer differently when something else is not allowed either. */
export function decide(call: Call, access: Access): Verdict {
  const { caller } = call;
  const ownAccount = caller.account === access.account;
  if (caller.kind === 'administrator' && ownAccount && access.policyMode !== 'trust') return { allowed: true };
  if (access.restricted && !ownAccount) return { allowed: false, explicit: false, type: 'resource-based policy' };
  const keys = lookup(call, access);
  return evaluate(
    { who: caller, action: access.action, resource: access.resource, account: access.account, keys },
    policiesFor(call, access),
  );
}

function policiesFor(call: Call, access: Access): Policies {
  const { caller, world } = call;
  const principal = principalOf(world, caller);
  const boundary = principal?.boundary === undefined ? undefined : managed(world, caller.account, principal.boundary);
  return {
    identity: principal ? identityPolicies(world, principal) : [],
    session: caller.sessionPolicies,
    mode: access.policyMode === 'trust' ? 'required' : (access.policyMode ?? 'optional'),
    // A boundary whose policy is gone allows nothing.
    ...(principal?.boundary === undefined ? {} : { boundary: boundary ?? '{}' }),
    ...(access.policy ? { resource: access.policy } : {}),
  };
}

/** The role or user behind a caller; administrators and anonymous callers have none. */
export function principalOf(world: World, caller: Caller): IamPrincipal | undefined {
  if (caller.kind !== 'session' && caller.kind !== 'user') return undefined;
  const { roles, users } = iamAccount(world.state.iam, caller.account);
  const name = caller.principalArn.slice(caller.principalArn.lastIndexOf('/') + 1);
  return caller.kind === 'session' ? roles.get(name) : users.get(name);
}

function identityPolicies(world: World, principal: IamPrincipal): string[] {
  const out = [...principal.inline.values()];
  for (const arn of fresh(world, principal.attached)) {
    const document = managed(world, principal.account, arn);
    if (document !== undefined) out.push(document);
  }
  return out;
}

// Decisions lag behind writes as reads do.
const fresh = <T>(world: World, value: Changing<T>): T => seen(value, world.clock.now(), world.settings.staleReadMs);

function managed(world: World, account: string, arn: string): string | undefined {
  const policy = iamAccount(world.state.iam, account).policies.get(arn);
  if (!policy) return undefined;
  const { versions, defaultVersion } = fresh(world, policy.content);
  return versions.find((version) => version.id === defaultVersion)?.document;
}

// Global condition keys (IAM User Guide, reference_policies_condition-keys). Requests count as made over TLS from a documentation address.
const SOURCE_IP = '203.0.113.10';

function lookup(call: Call, access: Access): KeyLookup {
  const { caller, now } = call;
  const iso = new Date(now).toISOString();
  const known: Record<string, string | readonly string[] | undefined> = {
    'aws:currenttime': iso,
    'aws:epochtime': String(Math.floor(now / 1000)),
    'aws:securetransport': 'true',
    'aws:sourceip': SOURCE_IP,
    'aws:requestedregion': call.region,
    'aws:resourceaccount': access.account,
    'aws:viaawsservice': 'false',
    'aws:principalisawsservice': 'false',
    ...(caller.kind === 'anonymous' ? { 'aws:principaltype': 'Anonymous' } : callerKeys(call.world, caller)),
    ...access.context,
  };
  return (key) => {
    const value = known[key];
    return value === undefined ? undefined : typeof value === 'string' ? [value] : value;
  };
}

function callerKeys(world: World, caller: Caller): Record<string, string> {
  const tags = principalOf(world, caller)?.tags ?? new Map<string, string>();
  return {
    'aws:principalarn': caller.principalArn,
    'aws:principalaccount': caller.account,
    'aws:userid': caller.userId,
    'aws:principaltype': caller.kind === 'session' ? 'AssumedRole' : caller.kind === 'user' ? 'User' : 'Account',
    ...(caller.kind === 'user' ? { 'aws:username': caller.arn.slice(caller.arn.lastIndexOf('/') + 1) } : {}),
    ...Object.fromEntries([...tags].map(([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value])),
  };
}

type Refusal = Verdict & { allowed: false };

// IAM User Guide, troubleshoot_access-denied; S3 User Guide, troubleshoot-403-errors: S3 explains only to callers of the same account.
function deniedMessage(call: Call, service: Service, access: Access, verdict: Refusal): string {
  if (access.action.startsWith('kms:') && call.caller.account !== access.account) {
    return `User: ${call.caller.arn} is not authorized to perform: ${access.action} on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`;
  }
  const s3 = service.name === 's3' || service.name === 's3control';
  if (call.caller.kind === 'anonymous' || (s3 && call.caller.account !== access.account)) return 'Access Denied';
  const resource = s3 && access.action.startsWith('s3:') ? `"${access.resource}"` : access.resource;
  const start = `User: ${call.caller.arn} is not authorized to perform: ${access.action} on resource: ${resource}`;
  if (access.policyMode === 'trust') return start;
  const article = verdict.type === 'identity-based policy' ? 'an' : 'a';
  if (verdict.explicit) return `${start} with an explicit deny in ${article} ${verdict.type}`;
  return `${start} because no ${verdict.type} allows the ${access.action} action`;
}
