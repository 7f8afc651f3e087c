/**
 * An S3 access point and its policy: one for each Dataset and principal, through which it reads the folders that it was given. The point exists as
 * long as it has a share. What should become of it is decided in access-point-plan.ts.
 */
import {
  CreateAccessPointCommand,
  DeleteAccessPointCommand,
  DeleteAccessPointPolicyCommand,
  GetAccessPointCommand,
  GetAccessPointPolicyCommand,
  PutAccessPointPolicyCommand,
  type GetAccessPointResult,
  type PublicAccessBlockConfiguration,
} from '@aws-sdk/client-s3-control';
import {
  accessPointFingerprint,
  accessPointForeignText,
  assessAccessPoint,
  describeAccessPoint,
  explainMalformedAccessPoint,
  planAccessPoint,
  type AccessPointCoordinates,
  type AccessPointStep,
  type FoundAccessPoint,
  type ObservedAccessPoint,
} from './access-point-plan.ts';
import { observedOf } from './bucket-policy.ts';
import { awsErrorName, lookAgain, withRequestId, type TargetContext } from './context.ts';
import { policyFingerprint, type ResourceGrant } from './resource-policy.ts';
import type { Applied, ObserveOptions, TargetKind } from './target.ts';

/** The target kind of access points. */
export const accessPoint: TargetKind<AccessPointCoordinates, ResourceGrant, ObservedAccessPoint, AccessPointStep, TargetContext> =
  {
    kind: 's3:access-point',
    shared: true,
    goneReason: 'BucketNotFound',
    key: ({ session, name }) => `s3:access-point/${session.accountId}/${session.region}/${name}`,
    describe: describeAccessPoint,
    observe,
    plan: planAccessPoint,
    action: ({ kind }) => actions[kind],
    apply,
    assess: assessAccessPoint,
    fingerprint: accessPointFingerprint,
    foreign: accessPointForeignText,
    explainMalformed: explainMalformedAccessPoint,
  };

const actions: Readonly<Record<AccessPointStep['kind'], string>> = {
  create: 's3:CreateAccessPoint',
  put: 's3:PutAccessPointPolicy',
  deletePolicy: 's3:DeleteAccessPointPolicy',
  delete: 's3:DeleteAccessPoint',
};

/** All on. Each is the default too; said aloud, so that it does not hang on a default. */
const blockAll: Required<PublicAccessBlockConfiguration> = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

type Place = { readonly AccountId: string; readonly Name: string };

function placeOf({ session, name }: AccessPointCoordinates): Place {
  return { AccountId: session.accountId, Name: name };
}

/** Of a point that we have just made or written to, only the policy can have changed: reading that back shows the point too. */
async function observe(
  context: TargetContext,
  coordinates: AccessPointCoordinates,
  { after }: Pick<ObserveOptions<ObservedAccessPoint>, 'after'>,
): Promise<ObservedAccessPoint> {
  if (after?.kind === 'point') return withPolicy(context, coordinates, after);
  try {
    const command = new GetAccessPointCommand(placeOf(coordinates));
    const found = await context.s3control.send(command, { abortSignal: context.signal });
    return await withPolicy(context, coordinates, pointOf(found, coordinates));
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchAccessPoint') return { kind: 'absent' };
    throw error;
  }
}

function pointOf(found: GetAccessPointResult, { session }: AccessPointCoordinates): FoundAccessPoint {
  const { Bucket = '', BucketAccountId = session.accountId, NetworkOrigin = '', Alias } = found;
  const blocks = found.PublicAccessBlockConfiguration ?? {};
  return {
    kind: 'point',
    bucket: Bucket,
    bucketAccountId: BucketAccountId,
    networkOrigin: NetworkOrigin,
    publicAccessBlocked: Object.keys(blockAll).every((name) => blocks[name as keyof typeof blockAll] === true),
    ...(Alias === undefined ? {} : { alias: Alias }),
    policy: { kind: 'absent' },
  };
}

/**
 * A point that exists and has no policy yet may be answered for as if there were none, where S3 still remembers that it was not there. It is taken
 * for a point without a policy: a share that ends then deletes it, and does not leave it behind.
 */
async function withPolicy(
  context: TargetContext,
  coordinates: AccessPointCoordinates,
  point: FoundAccessPoint,
): Promise<FoundAccessPoint> {
  try {
    const command = new GetAccessPointPolicyCommand(placeOf(coordinates));
    const { Policy } = await context.s3control.send(command, { abortSignal: context.signal });
    return { ...point, policy: observedOf(Policy) };
  } catch (error) {
    if (!['NoSuchAccessPointPolicy', 'NoSuchAccessPoint'].includes(awsErrorName(error))) throw error;
    return { ...point, policy: { kind: 'absent' } };
  }
}

interface Write {
  readonly step: AccessPointStep;
  readonly observed: ObservedAccessPoint;
}

async function apply(
  context: TargetContext,
  coordinates: AccessPointCoordinates,
  { step, observed }: Write,
): Promise<Applied<ObservedAccessPoint>> {
  if (step.kind === 'create') return create(context, coordinates);
  if (observed.kind === 'absent')
    throw lookAgain('changedMeanwhile', `There is no ${describeAccessPoint(coordinates)} to write to; it is looked for again.`);
  switch (step.kind) {
    case 'put':
      return put(context, coordinates, { point: observed, text: step.text });
    case 'deletePolicy':
      return deletePolicy(context, coordinates, observed);
    case 'delete':
      return remove(context, coordinates, observed);
  }
}

/**
 * No tags: they would cost a call more at each look, since GetAccessPoint does not show them, and the permission to tag, and say no more than
 * the hash in the name. BucketAccountId: a bucket of that name in another account never gets a point of ours.
 */
async function create(context: TargetContext, coordinates: AccessPointCoordinates): Promise<Applied<ObservedAccessPoint>> {
  const { session, bucket } = coordinates;
  const command = new CreateAccessPointCommand({
    ...placeOf(coordinates),
    Bucket: bucket,
    BucketAccountId: session.accountId,
    PublicAccessBlockConfiguration: blockAll,
  });
  const { Alias, $metadata } = await context.s3control.send(command, { abortSignal: context.signal });
  const made = { Bucket: bucket, NetworkOrigin: 'Internet', PublicAccessBlockConfiguration: blockAll, Alias } as const;
  return { observed: pointOf(made, coordinates), ...withRequestId($metadata.requestId) };
}

async function put(
  context: TargetContext,
  coordinates: AccessPointCoordinates,
  { point, text }: { readonly point: FoundAccessPoint; readonly text: string },
): Promise<Applied<ObservedAccessPoint>> {
  const command = new PutAccessPointPolicyCommand({ ...placeOf(coordinates), Policy: text });
  const { $metadata } = await context.s3control.send(command, { abortSignal: context.signal });
  return { observed: { ...point, policy: observedOf(text) }, ...withRequestId($metadata.requestId) };
}

async function deletePolicy(
  context: TargetContext,
  coordinates: AccessPointCoordinates,
  point: FoundAccessPoint,
): Promise<Applied<ObservedAccessPoint>> {
  await lookTwice(context, coordinates, point);
  const command = new DeleteAccessPointPolicyCommand(placeOf(coordinates));
  const { $metadata } = await context.s3control.send(command, { abortSignal: context.signal });
  return { observed: { ...point, policy: { kind: 'absent' } }, ...withRequestId($metadata.requestId) };
}

async function remove(
  context: TargetContext,
  coordinates: AccessPointCoordinates,
  point: FoundAccessPoint,
): Promise<Applied<ObservedAccessPoint>> {
  await lookTwice(context, coordinates, point);
  const command = new DeleteAccessPointCommand(placeOf(coordinates));
  try {
    const { $metadata } = await context.s3control.send(command, { abortSignal: context.signal });
    return { observed: { kind: 'absent' }, ...withRequestId($metadata.requestId) };
  } catch (error) {
    throw awsErrorName(error) === 'InvalidRequest' ? notNow(coordinates, error) : error;
  }
}

/** Deleting can't be undone by the next run, so it takes a second read that shows the same policy. */
async function lookTwice(context: TargetContext, coordinates: AccessPointCoordinates, point: FoundAccessPoint): Promise<void> {
  const again = await withPolicy(context, coordinates, point);
  if (policyFingerprint(again.policy) === policyFingerprint(point.policy)) return;
  throw lookAgain(
    'changedMeanwhile',
    `The policy of the ${describeAccessPoint(coordinates)} changed between two reads; it is read again.`,
  );
}

/** "The access point is not in a state where it can be deleted" is an InvalidRequest (S3 API Reference, Error responses), and passes like a conflict. */
function notNow(coordinates: AccessPointCoordinates, cause: unknown): Error {
  const error = new Error(`S3 can't delete the ${describeAccessPoint(coordinates)} in its present state.`, { cause });
  error.name = 'OperationAborted';
  return error;
}
