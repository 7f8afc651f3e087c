/**
 * The policies of a principal that are not ours, and its permissions boundary: read at a verification, since they may deny what our own allow. What the operator
 * may not read is not known, which is no failure: nothing is said of it then. Policies of a user's groups are not read.
 */
import {
  GetPolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListRolePoliciesCommand,
  ListUserPoliciesCommand,
} from '@aws-sdk/client-iam';
import { awsErrorName, type TargetContext } from './context.ts';
import { allPages, decoded, readVersion } from './iam-reading.ts';
import { iamName, type SharePolicyCoordinates } from './share-policy-names.ts';

/** A policy with what it says. */
export interface OtherPolicy {
  /** For messages: `policy arn:…`, `inline policy Team`, `permissions boundary arn:…`. */
  readonly name: string;
  /** Of a managed policy: what its content hangs on. */
  readonly source?: { readonly arn: string; readonly version: string };
  readonly text: string;
}

/** What else has a say in what the principal may do, as far as it could be read. */
export interface OtherPolicies {
  readonly policies: readonly OtherPolicy[];
  readonly boundary?: OtherPolicy;
}

interface Place {
  readonly context: TargetContext;
  readonly coordinates: SharePolicyCoordinates;
  /** Contents by ARN and version, from an earlier reading: they never change. */
  readonly known: ReadonlyMap<string, string>;
}

/** Reads them: one call for a principal that has none; one more for each policy, and one for each version that was not read before. */
export async function readOtherPolicies(
  context: TargetContext,
  coordinates: SharePolicyCoordinates,
  { attached, known }: { readonly attached: readonly string[]; readonly known: OtherPolicies | undefined },
): Promise<OtherPolicies> {
  const before = [...(known?.policies ?? []), ...(known?.boundary === undefined ? [] : [known.boundary])];
  const texts = before.flatMap(({ source, text }) => (source === undefined ? [] : [[sourceKey(source), text] as const]));
  const place: Place = { context, coordinates, known: new Map(texts) };
  const managed = await Promise.all(attached.map((arn) => readManaged(place, arn, 'policy')));
  const boundaryArn = await currentBoundary(place);
  const boundary = boundaryArn === undefined ? undefined : await readManaged(place, boundaryArn, 'permissions boundary');
  return {
    policies: [...managed.filter((policy) => policy !== undefined), ...(await readInline(place))],
    ...(boundary === undefined ? {} : { boundary }),
  };
}

/** Asked only of a principal that had one when its ConsumptionRole was looked at: it may be another by now, or gone. */
async function currentBoundary({ context, coordinates }: Place): Promise<string | undefined> {
  if (coordinates.boundaryArn === undefined) return undefined;
  const { kind, name } = iamName(coordinates.principalArn);
  const options = { abortSignal: context.signal };
  return ifReadable(async () => {
    const principal =
      kind === 'role'
        ? (await context.iam.send(new GetRoleCommand({ RoleName: name }), options)).Role
        : (await context.iam.send(new GetUserCommand({ UserName: name }), options)).User;
    return principal?.PermissionsBoundary?.PermissionsBoundaryArn;
  });
}

async function readManaged({ context, known }: Place, arn: string, what: string): Promise<OtherPolicy | undefined> {
  return ifReadable(async () => {
    const { Policy } = await context.iam.send(new GetPolicyCommand({ PolicyArn: arn }), { abortSignal: context.signal });
    const source = { arn, version: Policy?.DefaultVersionId ?? '' };
    const text = known.get(sourceKey(source)) ?? (await readVersion(context, arn, source.version)).text;
    return { name: `${what} ${arn}`, source, text };
  });
}

/** Inline policies have no versions: they are read each time. */
async function readInline(place: Place): Promise<OtherPolicy[]> {
  const names = (await ifReadable(() => inlineNames(place))) ?? [];
  const policies = await Promise.all(names.map((name) => ifReadable(() => inlinePolicy(place, name))));
  return policies.filter((policy) => policy !== undefined);
}

function inlineNames({ context, coordinates }: Place): Promise<string[]> {
  const { kind, name } = iamName(coordinates.principalArn);
  const options = { abortSignal: context.signal };
  return allPages(async (marker) => {
    const answer =
      kind === 'role'
        ? await context.iam.send(new ListRolePoliciesCommand({ RoleName: name, ...marker }), options)
        : await context.iam.send(new ListUserPoliciesCommand({ UserName: name, ...marker }), options);
    return { items: answer.PolicyNames, marker: answer.IsTruncated === true ? answer.Marker : undefined };
  });
}

async function inlinePolicy({ context, coordinates }: Place, policy: string): Promise<OtherPolicy> {
  const { kind, name } = iamName(coordinates.principalArn);
  const options = { abortSignal: context.signal };
  const { PolicyDocument } =
    kind === 'role'
      ? await context.iam.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: policy }), options)
      : await context.iam.send(new GetUserPolicyCommand({ UserName: name, PolicyName: policy }), options);
  return { name: `inline policy ${policy}`, text: decoded(PolicyDocument) };
}

function sourceKey({ arn, version }: NonNullable<OtherPolicy['source']>): string {
  return `${arn} ${version}`;
}

/** Undefined where the operator may not look, or where it is gone meanwhile. */
async function ifReadable<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if (['AccessDenied', 'NoSuchEntity'].includes(awsErrorName(error))) return undefined;
    throw error;
  }
}
