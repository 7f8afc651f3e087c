/**
 * Where a data request goes: straight to a bucket, or through an access point. Both sides must allow what comes through an access point
 * (S3 User Guide, access-points-policies).
 */
import { AwsError } from '../wire/error.ts';
import type { Access, Call } from '../service.ts';
import type { AccessPoint } from '../s3control/model.ts';
import { isPublicPolicy } from '../policy/public.ts';
import type { Bucket } from './model.ts';
import { blocks, bucketArn, checkOwner, checkRegion, noSuchBucket, view, type BucketInput } from './shared.ts';

/** A bucket, and the access point through which it was addressed. */
export interface Place {
  readonly bucket: Bucket;
  readonly point?: AccessPoint;
}

const POINT_ARN = /^arn:aws[a-z-]*:s3:[a-z0-9-]+:\d{12}:accesspoint\/[^/]+$/;

/** Finds bucket and access point of a request. @throws NoSuchBucket, NoSuchAccessPoint, AccessDenied of another expected owner */
export function findPlace(call: Call, input: BucketInput): Place {
  const name = input.Bucket ?? '';
  const { state } = call.world;
  const arn = POINT_ARN.test(name) ? name : state.accessPoints.aliases.get(name);
  const point = arn === undefined ? undefined : visiblePoint(call, arn);
  if (POINT_ARN.test(name) && !point)
    throw new AwsError('NoSuchAccessPoint', 'The specified accesspoint does not exist', { status: 404 });
  const bucket = state.s3.buckets.get(point ? point.bucket : name);
  if (!bucket) throw noSuchBucket(name);
  checkOwner(bucket.account, input.ExpectedBucketOwner);
  checkRegion(call, bucket);
  return point ? { bucket, point } : { bucket };
}

/** An access point by ARN, if it is visible already. */
export function visiblePoint(call: Call, arn: string): AccessPoint | undefined {
  const point = call.world.state.accessPoints.points.get(arn);
  return point && call.now - point.createdAt >= call.world.settings.accessPointVisibilityMs ? point : undefined;
}

/** What is asked for at a place: the bucket itself, or one of its objects. */
export interface Wanted {
  /** "GetObject" */
  readonly action: string;
  /** Absent: the bucket. */
  readonly key?: string;
  readonly context?: Access['context'];
}

/**
 * The decisions that have to say yes, in order. Through an access point there are two: the access point's policy together with the caller's
 * identity policies, then the bucket's policy, with the caller's identity policies counting for the access point's ARN alone.
 */
export function accessesAt(call: Call, place: Place, wanted: Wanted): { readonly point?: Access; readonly bucket: Access } {
  const { bucket, point } = place;
  const policy = view(call, bucket.policy);
  const action = `s3:${wanted.action}`;
  const context = {
    's3:resourceaccount': bucket.account,
    's3:authtype': 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    ...wanted.context,
    ...(point ? pointKeys(point) : {}),
  };
  const below = wanted.key === undefined ? '' : `/${wanted.key}`;
  const restricted = isRestricted(call, bucket, policy);
  const onBucket: Access = {
    action,
    resource: bucketArn(bucket.name) + below,
    account: bucket.account,
    policy,
    restricted,
    context,
  };
  if (!point) return { bucket: onBucket };
  const resource = wanted.key === undefined ? point.arn : `${point.arn}/object/${wanted.key}`;
  const pointPolicy = view(call, point.policy);
  const blocked =
    point.publicAccessBlock.RestrictPublicBuckets && pointPolicy !== null && isPublicPolicy(pointPolicy, 'accesspoint');
  return {
    point: { action, resource, account: point.account, policy: pointPolicy, restricted: restricted || blocked, context },
    bucket: onBucket,
  };
}

const pointKeys = (point: AccessPoint): Record<string, string> => ({
  's3:dataaccesspointarn': point.arn,
  's3:dataaccesspointaccount': point.account,
  's3:accesspointnetworkorigin': point.vpcId === undefined ? 'Internet' : 'VPC',
});

function isRestricted(call: Call, bucket: Bucket, policy: string | null): boolean {
  return blocks(call, bucket, 'RestrictPublicBuckets') && policy !== null && isPublicPolicy(policy, 'bucket');
}

/** Says yes to both sides or refuses. */
export function authorizeAt(call: Call, place: Place, wanted: Wanted): void {
  const { point, bucket } = accessesAt(call, place, wanted);
  if (!point) {
    call.authorize(bucket);
    return;
  }
  call.authorize(point);
  call.authorize({ ...bucket, policyMode: 'delegated' });
}
