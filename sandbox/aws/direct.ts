/**
 * Operations without a wire: for tests that ask thousands of times who may do what, and that play the people who edit AWS by hand. The rules are the
 * operations' own; there is no request, no fault, no hook and nothing in the log. What is being tested goes through clients.
 */
import { authorize } from './authorize.ts';
import { administrator } from './callers.ts';
import { iam } from './iam/service.ts';
import { kms } from './kms/service.ts';
import { s3 } from './s3/service.ts';
import { s3control } from './s3control/service.ts';
import type { Call, Caller, Service, World } from './service.ts';
import { AwsError } from './wire/error.ts';

/** The services that can be used directly. */
export type DirectService = 'iam' | 'kms' | 's3' | 's3control';

/** An operation with its input, as the SDK's command takes it. */
export interface DirectOperation {
  readonly service: DirectService;
  readonly operation: string;
  readonly input: object;
}

/** Ways into the stand-in past the wire. */
export interface Direct {
  /** Does it as the administrator of the account, who sees every write at once. @throws AwsError */
  act(account: string, what: DirectOperation): object | undefined;
  /**
   * Would AWS let the role (by ARN) do this, once every write is visible everywhere? Reads are done to the end, since they ask several questions; of writes
   * only the permission is asked. False for a role that does not exist.
   */
  allows(roleArn: string, what: DirectOperation): boolean;
}

const services: Readonly<Record<DirectService, Service>> = { iam, kms, s3, s3control };
const region = 'eu-west-1';

/** Makes the ways into a world. */
export function createDirect(world: World): Direct {
  return {
    act: (account, { service: name, operation, input }) => {
      const service = services[name];
      const call = callOf(settled(world), service, { operation, caller: administrator(account) });
      return service.operations[operation]?.run({ ...call, authorize: () => undefined }, input);
    },
    allows: (roleArn, what) => {
      const caller = sessionOf(world, roleArn);
      return caller !== undefined && isAllowed(settled(world), caller, what);
    },
  };
}

/** Decisions lag behind writes where reads do; here they are taken on what AWS will show in the end. */
function settled(world: World): World {
  return { clock: world.clock, state: world.state, settings: { ...world.settings, staleReadMs: 0, accessPointVisibilityMs: 0 } };
}

function isAllowed(world: World, caller: Caller, { service: name, operation, input }: DirectOperation): boolean {
  const service = services[name];
  const found = service.operations[operation];
  if (found === undefined) throw new RangeError(`the stand-in has no operation ${name}:${operation}`);
  const call = callOf(world, service, { operation, caller });
  try {
    const access = found.check === undefined ? found.access?.(call, input) : undefined;
    found.check?.(call, input);
    if (access !== undefined) call.authorize(access);
    if (found.readOnly) found.run(call, input);
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

function callOf(world: World, service: Service, who: { readonly operation: string; readonly caller: Caller }): Call {
  const call: Call = {
    world,
    service: service.name,
    ...who,
    region,
    now: world.clock.now(),
    requestId: 'direct',
    request: { method: 'POST', host: 'direct', path: '/', query: new Map(), headers: {}, body: new Uint8Array() },
    reply: {},
    authorize: (access) => authorize(call, service, access),
  };
  return call;
}

function sessionOf(world: World, roleArn: string): Caller | undefined {
  const account = roleArn.split(':')[4] ?? '';
  const name = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const role = world.state.iam.accounts.get(account)?.roles.get(name);
  if (role?.arn !== roleArn) return undefined;
  return {
    kind: 'session',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${name}/direct`,
    userId: `${role.id}:direct`,
    principalArn: role.arn,
    principalId: role.id,
    accessKeyId: 'ASIADIRECT',
    sessionPolicies: [],
  };
}
