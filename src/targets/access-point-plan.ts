/**
 * The pure half of the access point kind: whether a point found under our name is ours, what it and its policy should become, and what is not as
 * it should be. The calls are in access-point.ts; what holds for every resource policy is in resource-policy.ts.
 */
import { isOwned, ownedPrefix } from '../policy/merge.ts';
import { accessPointPolicyLimit } from '../policy/size.ts';
import { absentFinding } from './findings.ts';
import { withOwnerDenials } from './owner-denials.ts';
import { assessResourcePolicy } from './resource-policy-assess.ts';
import {
  documentOf,
  explainForeignDeadId,
  planResourcePolicy,
  policyFingerprint,
  policyForeignText,
  type ObservedPolicy,
  type PolicyStep,
  type ResourceGrant,
  type ResourcePolicyInput,
  type ResourcePolicyTraits,
} from './resource-policy.ts';
import type { Assessment, Contribution, Finding, Plan, Refusal, SessionRef, TargetInput } from './target.ts';

/** Which access point. Its name is made up by us and holds a hash of all that it is for: the name is our mark. */
export interface AccessPointCoordinates {
  /** Into the account and the region of the bucket, where the point is too. */
  readonly session: SessionRef;
  readonly name: string;
  readonly bucket: string;
}

/** An access point that exists, and its policy. */
export interface FoundAccessPoint {
  readonly kind: 'point';
  readonly bucket: string;
  readonly bucketAccountId: string;
  /** S3's NetworkOrigin: Internet, or VPC for one that a single VPC can use. */
  readonly networkOrigin: string;
  /** All four settings of block public access are on. */
  readonly publicAccessBlocked: boolean;
  /** Stands for the bucket's name in requests; made up by S3. */
  readonly alias?: string;
  readonly policy: ObservedPolicy;
}

/** What is found under the name. */
export type ObservedAccessPoint = { readonly kind: 'absent' } | FoundAccessPoint;

/** One write. Deleting a point deletes its policy with it. */
export type AccessPointStep =
  | { readonly kind: 'create' | 'deletePolicy' | 'delete' }
  | { readonly kind: 'put'; /** The whole policy. */ readonly text: string };

/** What plan and assess get. */
export type AccessPointInput = TargetInput<AccessPointCoordinates, ResourceGrant, ObservedAccessPoint>;

/** The alias of the point, for whoever reads through it; undefined where there is no point, or S3 gave it none. */
export function accessPointAlias(observed: ObservedAccessPoint): string | undefined {
  return observed.kind === 'point' ? observed.alias : undefined;
}

/** "access point sluice-abcd1234-…" */
export function describeAccessPoint({ name }: AccessPointCoordinates): string {
  return `access point ${name}`;
}

/** Equal for points that are the same in all that is of our making, with equal policies. */
export function accessPointFingerprint(observed: ObservedAccessPoint): string {
  if (observed.kind === 'absent') return 'absent';
  const { bucket, bucketAccountId, networkOrigin, publicAccessBlocked, policy } = observed;
  return JSON.stringify([bucket, bucketAccountId, networkOrigin, publicAccessBlocked, policyFingerprint(policy)]);
}

/** Statements that others added to the policy. */
export function accessPointForeignText(observed: ObservedAccessPoint, installation: string): string {
  return policyForeignText(policyOf(observed), installation);
}

/** The writes that are needed, and who can't be served. */
export function planAccessPoint(input: AccessPointInput): Plan<AccessPointStep> {
  const strange = strangeness(input);
  if (strange !== undefined) return planStrange(input, strange);
  const plan = planResourcePolicy(policyInput(input), traitsOf(input.coordinates));
  return { ...plan, steps: stepsOf(input, plan.steps) };
}

/** Names a foreign statement that makes S3 refuse the policy, where there is one. */
export function explainMalformedAccessPoint(input: AccessPointInput): Refusal | undefined {
  return explainForeignDeadId(policyInput(input), describeAccessPoint(input.coordinates));
}

/** What is missing and what is too much: the point itself, then its policy. */
export function assessAccessPoint(input: AccessPointInput): Assessment {
  const { coordinates, contributions, observed } = input;
  const words = { policyType: 'Access Point Policy', resourceType: 'Access Point', target: coordinates.name };
  const { accountId: account, region } = coordinates.session;
  const place = { describe: `policy of the ${describeAccessPoint(coordinates)}`, account, region };
  const policy = withOwnerDenials(assessResourcePolicy(policyInput(input), words), policyInput(input), place);
  const [gap, surplus] = [gapOf(input), isAbandoned(input) ? surplusFinding(coordinates) : undefined];
  const items = contributions.map(({ item, mode }) => {
    const findings = policy.items.get(item) ?? [];
    if (mode === 'drop') return [item, surplus === undefined ? findings : [...findings, surplus]] as const;
    return [item, gap === undefined ? findings : [gap]] as const;
  });
  const stays = observed.kind === 'point' && staysForOthers(input) ? [staysFinding(coordinates)] : [];
  return { items: new Map(items), unowned: [...policy.unowned, ...stays] };
}

/** Additions come first, and the point before its policy. */
function stepsOf(input: AccessPointInput, [step]: readonly PolicyStep[]): AccessPointStep[] {
  if (input.observed.kind === 'absent') return step?.text === undefined ? [] : [{ kind: 'create' }, policyStep(step)];
  if (isAbandoned(input)) return [{ kind: 'delete' }];
  return step === undefined ? [] : [policyStep(step)];
}

function policyStep({ text }: PolicyStep): AccessPointStep {
  return text === undefined ? { kind: 'deletePolicy' } : { kind: 'put', text };
}

/** A point of ours that nobody's share needs any more, and that nobody else has put to use. While somebody is undecided it stays: a new one has another alias. */
function isAbandoned(input: AccessPointInput): boolean {
  return allDropped(input) && isOurs(input) && foreignStatements(input) === 0;
}

/** The last share is gone, and statements of others keep the point. */
function staysForOthers(input: AccessPointInput): boolean {
  return allDropped(input) && isOurs(input) && foreignStatements(input) !== 0;
}

function allDropped({ contributions }: AccessPointInput): boolean {
  return contributions.length > 0 && contributions.every(({ mode }) => mode === 'drop');
}

function isOurs(input: AccessPointInput): boolean {
  return input.observed.kind === 'point' && strangeness(input) === undefined;
}

/** Undefined: the policy can't be read, so nobody knows. */
function foreignStatements({ installation, observed }: AccessPointInput): number | undefined {
  const prefix = ownedPrefix(installation);
  return documentOf(policyOf(observed))?.statements.filter((statement) => !isOwned(statement, prefix)).length;
}

/**
 * What shows that a point of our name is not of our making. Bucket, network origin and block public access can't be changed once a point is there
 * (docs/AmazonS3/latest/userguide/access-points-restrictions-limitations-naming-rules.md), and ours are all made alike: so one that differs was
 * made by somebody else, perhaps after deleting ours. It could only be mended by deleting it, which is not ours to do.
 */
function strangeness({ coordinates, observed }: AccessPointInput): string | undefined {
  if (observed.kind === 'absent') return undefined;
  const { bucket, bucketAccountId, networkOrigin, publicAccessBlocked } = observed;
  if (bucket !== coordinates.bucket || bucketAccountId !== coordinates.session.accountId)
    return `it belongs to bucket ${bucket} of account ${bucketAccountId}`;
  if (networkOrigin !== 'Internet') return `its network origin is ${networkOrigin}`;
  return publicAccessBlocked ? undefined : 'it does not block public access';
}

/** Nobody is given anything on a point that is not ours, and it stays. What is under our mark in its policy goes with the share that it is for. */
function planStrange(input: AccessPointInput, strange: string): Plan<AccessPointStep> {
  const { contributions, coordinates } = input;
  const message = `An ${describeAccessPoint(coordinates)} exists that Sluice did not make, so nothing is given through it. Delete it; Sluice then makes its own.`;
  const refusal: Refusal = { reason: 'NotOwned', message, ownerMessage: `${message} What shows it: ${strange}.` };
  const refused = new Map(contributions.filter(({ mode }) => mode === 'want').map(({ item }) => [item, refusal]));
  const held = contributions.map((one): Contribution<ResourceGrant> => (one.mode === 'want' ? { ...one, mode: 'hold' } : one));
  const plan = planResourcePolicy({ ...policyInput(input), contributions: held }, traitsOf(coordinates));
  return { steps: plan.steps.map(policyStep), refused: new Map([...plan.refused, ...refused]), introduces: [] };
}

function gapOf(input: AccessPointInput): Finding | undefined {
  const { name } = input.coordinates;
  if (input.observed.kind === 'absent') return absentFinding('Access Point', name);
  if (strangeness(input) === undefined) return undefined;
  return { kind: 'missing', message: `Access Point Target Resource was not made by Sluice: ${name}` };
}

function surplusFinding({ name }: AccessPointCoordinates): Finding {
  return { kind: 'excess', message: `Access Point Target Resource still exists: ${name}` };
}

function staysFinding(coordinates: AccessPointCoordinates): Finding {
  const message = `No share uses the ${describeAccessPoint(coordinates)} any more. It stays, since its policy has statements that are not Sluice's: remove them and delete it.`;
  return { kind: 'waiting', message };
}

function policyOf(observed: ObservedAccessPoint): ObservedPolicy {
  return observed.kind === 'point' ? observed.policy : { kind: 'absent' };
}

function policyInput({ installation, contributions, observed }: AccessPointInput): ResourcePolicyInput {
  return { installation, contributions, observed: policyOf(observed) };
}

function traitsOf(coordinates: AccessPointCoordinates): ResourcePolicyTraits {
  return {
    limit: accessPointPolicyLimit,
    describe: describeAccessPoint(coordinates),
    deletable: true,
    pruneDeadPrincipals: false,
  };
}
