/**
 * Where S3's requests say which bucket they mean: in the path, or in the host in AWS's own form. Access points stand where a bucket stands,
 * by alias or ARN. (S3 User Guide, VirtualHosting, access-points-naming.)
 */
import type { World } from '../service.ts';
import type { Addressed } from '../wire/protocol.ts';
import type { WireRequest } from '../wire/http.ts';
import { credentialScope } from '../wire/sigv4.ts';

// bucket.s3.eu-west-1.amazonaws.com, bucket.s3.amazonaws.com, also dual-stack.
const VIRTUAL = /^(.+)\.s3(?:\.dualstack)?(?:[.-][a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?$/;
// What clients make of a custom endpoint for an access point's ARN or in virtual-hosted style, where such names resolve at all.
const LOCAL_POINT = /^(.+)-(\d{12})\.(?:localhost|127\.0\.0\.1)$/;
const LOCAL = /^(.+)\.(?:localhost|127\.0\.0\.1)$/;
// name-111122223333.s3-accesspoint.eu-west-1.amazonaws.com
const ACCESS_POINT = /^(.+)-(\d{12})\.s3-accesspoint(?:-fips)?(?:\.dualstack)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/** Splits a request into bucket (name, alias or access point ARN) and the path below it. */
export function addressOf(_world: World, request: WireRequest): Addressed {
  const point = ACCESS_POINT.exec(request.host);
  if (point) return { bucket: `arn:aws:s3:${point[3]}:${point[2]}:accesspoint/${point[1]}`, path: request.path };
  const local = LOCAL_POINT.exec(request.host);
  const region = credentialScope(request)?.region ?? '';
  if (local) return { bucket: `arn:aws:s3:${region}:${local[2]}:accesspoint/${local[1]}`, path: request.path };
  const virtual = LOCAL.exec(request.host) ?? VIRTUAL.exec(request.host);
  if (virtual?.[1] !== undefined) return { bucket: virtual[1], path: request.path };
  const [, first = '', rest] = /^\/([^/]*)(\/.*)?$/s.exec(request.path) ?? [];
  return first === '' ? { path: '/' } : fromPath(decodeURIComponent(first), rest ?? '/');
}

// An access point ARN in a path: its slash is usually escaped, but older clients send it bare.
function fromPath(first: string, rest: string): Addressed {
  if (!/^arn:[^:]+:s3:[^:]*:\d{12}:accesspoint$/.test(first)) return { bucket: first, path: rest };
  const [, name = '', below] = /^\/([^/]*)(\/.*)?$/s.exec(rest) ?? [];
  return { bucket: `${first}/${decodeURIComponent(name)}`, path: below ?? '/' };
}
