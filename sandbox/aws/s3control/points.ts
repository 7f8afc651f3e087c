/** Access points: making, reading, deleting them. Their policies are in policies.ts. */
import type * as Control from '@aws-sdk/client-s3-control';
import { randomText } from '../ids.ts';
import { checkRegion, s3Error } from '../s3/shared.ts';
import type { PublicAccessBlock } from '../s3/model.ts';
import { visiblePoint } from '../s3/place.ts';
import { operation, type Access, type Call, type Operation } from '../service.ts';
import { steady } from '../stale.ts';
import type { AwsError } from '../wire/error.ts';
import type { AccessPoint } from './model.ts';

/** Members that operations on an access point have. */
export interface PointInput {
  AccountId?: string | undefined;
  Name?: string | undefined;
}

/** ARN of an access point in the Region that the request is signed for. */
export const pointArn = (call: Call, input: PointInput): string =>
  `arn:aws:s3:${call.region}:${input.AccountId ?? call.caller.account}:accesspoint/${input.Name ?? ''}`;

/** Access to an access point's own configuration: its policy has no say in that. */
export const pointAccess = (call: Call, input: PointInput, action = call.operation): Access => ({
  action: `s3:${action}`,
  resource: pointArn(call, input),
  account: input.AccountId ?? call.caller.account,
});

/** An access point that is visible. @throws NoSuchAccessPoint */
export function findPoint(call: Call, input: PointInput): AccessPoint {
  const point = visiblePoint(call, pointArn(call, input));
  if (!point)
    throw s3Error('NoSuchAccessPoint', 'The specified accesspoint does not exist', 404, { AccessPointName: input.Name });
  return point;
}

// S3 User Guide, access-points-restrictions-limitations-naming-rules.
const NAME = /^(?!xn--)(?!.*(-s3alias|--ol-s3|--xa-s3)$)[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/;

const switches = (given: Control.PublicAccessBlockConfiguration | undefined): PublicAccessBlock => ({
  // All on unless the request says otherwise (S3 User Guide, access-points-bpa-settings).
  BlockPublicAcls: given?.BlockPublicAcls ?? true,
  IgnorePublicAcls: given?.IgnorePublicAcls ?? true,
  BlockPublicPolicy: given?.BlockPublicPolicy ?? true,
  RestrictPublicBuckets: given?.RestrictPublicBuckets ?? true,
});

const create = operation<Control.CreateAccessPointRequest, Control.CreateAccessPointResult>({
  readOnly: false,
  access: (call, input) => ({
    ...pointAccess(call, input),
    context: {
      's3:accesspointnetworkorigin': input.VpcConfiguration === undefined ? 'Internet' : 'VPC',
      's3:dataaccesspointaccount': input.AccountId ?? call.caller.account,
      's3:dataaccesspointarn': pointArn(call, input),
    },
  }),
  document: (call, input) => pointArn(call, input),
  run: (call, input) => {
    const name = input.Name ?? '';
    if (!NAME.test(name)) throw s3Error('InvalidRequest', 'The specified accesspoint name is not valid.', 400);
    const { accessPoints, s3 } = call.world.state;
    const arn = pointArn(call, input);
    if (accessPoints.points.has(arn)) {
      throw s3Error(
        'AccessPointAlreadyOwnedByYou',
        'Your previous request to create the named accesspoint succeeded and you already own it.',
        409,
      );
    }
    const bucket = s3.buckets.get(input.Bucket ?? '');
    if (!bucket) throw noBucketToStandOn('created');
    const account = input.AccountId ?? call.caller.account;
    // Another account's bucket has to be named together with its owner (S3 User Guide, access-points-policies#access-points-cross-account).
    if (bucket.account !== (input.BucketAccountId ?? account)) throw s3Error('AccessDenied', 'Access Denied', 403);
    checkRegion(call, bucket);
    const alias = `${name.slice(0, 20)}-${randomText(call.world.state, 'abcdefghijklmnopqrstuvwxyz0123456789', 34)}-s3alias`;
    const point: AccessPoint = {
      name,
      account,
      region: call.region,
      arn,
      alias,
      bucket: bucket.name,
      bucketAccount: bucket.account,
      createdAt: call.now,
      ...(input.VpcConfiguration?.VpcId === undefined ? {} : { vpcId: input.VpcConfiguration.VpcId }),
      publicAccessBlock: switches(input.PublicAccessBlockConfiguration),
      policy: steady<string | null>(null),
    };
    accessPoints.points.set(arn, point);
    accessPoints.aliases.set(alias, arn);
    return { AccessPointArn: arn, Alias: alias };
  },
});

// S3 API, ErrorResponses, InvalidRequest: "An access point can be created (listed) only for an existing bucket."
const noBucketToStandOn = (what: 'created' | 'listed'): AwsError =>
  s3Error('InvalidRequest', `An access point can be ${what} only for an existing bucket.`, 400);

const network = (point: AccessPoint): Pick<Control.AccessPoint, 'NetworkOrigin' | 'VpcConfiguration'> => ({
  NetworkOrigin: point.vpcId === undefined ? 'Internet' : 'VPC',
  ...(point.vpcId === undefined ? {} : { VpcConfiguration: { VpcId: point.vpcId } }),
});

/** Operations on access points. */
export const pointOperations: Record<string, Operation> = {
  CreateAccessPoint: create,
  GetAccessPoint: operation<Control.GetAccessPointRequest, Control.GetAccessPointResult>({
    readOnly: true,
    access: (call, input) => pointAccess(call, input),
    run: (call, input) => {
      const point = findPoint(call, input);
      return {
        Name: point.name,
        Bucket: point.bucket,
        ...network(point),
        PublicAccessBlockConfiguration: point.publicAccessBlock,
        CreationDate: new Date(point.createdAt),
        Alias: point.alias,
        AccessPointArn: point.arn,
        Endpoints: {},
        BucketAccountId: point.bucketAccount,
      };
    },
  }),
  DeleteAccessPoint: operation<Control.DeleteAccessPointRequest, undefined>({
    readOnly: false,
    access: (call, input) => pointAccess(call, input),
    document: (call, input) => pointArn(call, input),
    run: (call, input) => {
      const point = findPoint(call, input);
      call.world.state.accessPoints.points.delete(point.arn);
      call.world.state.accessPoints.aliases.delete(point.alias);
      return undefined;
    },
  }),
  ListAccessPoints: operation<Control.ListAccessPointsRequest, Control.ListAccessPointsResult>({
    readOnly: true,
    access: (call, input) => ({ ...pointAccess(call, input), resource: '*' }),
    run: (call, input) => {
      if (input.Bucket !== undefined && !call.world.state.s3.buckets.has(input.Bucket)) throw noBucketToStandOn('listed');
      const all = [...call.world.state.accessPoints.points.values()]
        .filter((point) => point.account === input.AccountId && point.region === call.region && visiblePoint(call, point.arn))
        .filter((point) => input.Bucket === undefined || point.bucket === input.Bucket)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const start = Number(input.NextToken ?? 0);
      const end = start + (input.MaxResults ?? 1000);
      return {
        AccessPointList: all.slice(start, end).map((point) => ({
          Name: point.name,
          ...network(point),
          Bucket: point.bucket,
          AccessPointArn: point.arn,
          Alias: point.alias,
          BucketAccountId: point.bucketAccount,
        })),
        ...(end < all.length ? { NextToken: String(end) } : {}),
      };
    },
  }),
};
