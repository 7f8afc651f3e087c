/** Objects: put, get, head, copy, delete, attributes. Lists are in list.ts, multipart uploads in multipart.ts. No versions. */
import { createHash } from 'node:crypto';
import type * as S3 from '@aws-sdk/client-s3';
import { decide } from '../authorize.ts';
import { operation, type Call, type Operation } from '../service.ts';
import { parseQuery } from '../wire/http.ts';
import { checkBody, checksumMembers } from './checksums.ts';
import { encryptionFor, encryptionMembers, useKey, type EncryptionInput } from './encryption.ts';
import type { S3Object } from './model.ts';
import { accessesAt, authorizeAt, findPlace, type Place } from './place.ts';
import { bucketArn, s3Error, type BucketInput } from './shared.ts';

/** Streams are handed over as bytes. */
type Body = { Body?: Uint8Array | undefined };
type ObjectInput = BucketInput & { Key?: string | undefined };

/** An object's entity tag: the body's MD5 in quotes. */
export const etagOf = (body: Uint8Array): string => `"${createHash('md5').update(body).digest('hex')}"`;

/** ARN of an object in its bucket. */
export const objectArn = (place: Place, key: string): string => `${bucketArn(place.bucket.name)}/${key}`;

/** Stores an object. */
export function store(place: Place, object: S3Object): void {
  if (!place.bucket.objects.has(object.key)) place.bucket.sortedKeys = null;
  place.bucket.objects.set(object.key, object);
}

const putObject = operation<Omit<S3.PutObjectRequest, 'Body'> & Body, S3.PutObjectOutput>({
  readOnly: false,
  access: (call, input) => accessesAt(call, findPlace(call, input), { action: 'PutObject', key: input.Key ?? '' }).bucket,
  check: (call, input) => putChecks(call, input),
  run: (call, input) => {
    const place = findPlace(call, input);
    const body = input.Body ?? new Uint8Array();
    const checksums = checkBody(call.request.headers, body);
    const encryption = encryptionFor(call, place.bucket, input);
    store(place, {
      key: input.Key ?? '',
      body,
      etag: etagOf(body),
      modifiedAt: call.now,
      ...(input.ContentType === undefined ? {} : { contentType: input.ContentType }),
      metadata: input.Metadata ?? {},
      owner: call.caller.account,
      encryption,
      checksums,
      tags: Object.fromEntries([...parseQuery(input.Tagging ?? '')].map(([key, values]) => [key, values[0] ?? ''])),
    });
    return { ETag: etagOf(body), ...encryptionMembers(encryption), ...checksumMembers(checksums) };
  },
});

/** Everything that a put of an object, whole or in parts, must be allowed: the place and the key. */
export function putChecks(call: Call, input: ObjectInput & EncryptionInput): void {
  const place = findPlace(call, input);
  const key = input.Key ?? '';
  const encryption = encryptionFor(call, place.bucket, input);
  const asked = input.ServerSideEncryption === undefined ? {} : { 's3:x-amz-server-side-encryption': input.ServerSideEncryption };
  authorizeAt(call, place, { action: 'PutObject', key, context: asked });
  useKey(call, place.bucket, encryption, { action: 'GenerateDataKey', arn: objectArn(place, key) });
}

/** The object that a read may see. Without permission to list, a missing key looks like a refusal (S3 API, GetObject). */
function readable(call: Call, input: ObjectInput, action: string): { place: Place; object: S3Object } {
  const place = findPlace(call, input);
  const key = input.Key ?? '';
  const object = place.bucket.objects.get(key);
  const tags = Object.fromEntries(
    Object.entries(object?.tags ?? {}).map(([name, value]) => [`s3:existingobjecttag/${name.toLowerCase()}`, value]),
  );
  authorizeAt(call, place, { action, key, context: tags });
  if (!object) {
    const { point, bucket } = accessesAt(call, place, { action: 'ListBucket', context: { 's3:prefix': key } });
    if (!decide(call, point ?? bucket).allowed) throw s3Error('AccessDenied', 'Access Denied', 403);
    throw s3Error('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
  }
  // Objects of another account are not under the bucket's policies where ownership is not enforced (about-object-ownership).
  const enforced = place.bucket.ownership.current === 'BucketOwnerEnforced';
  if (!enforced && object.owner !== place.bucket.account && object.owner !== call.caller.account)
    throw s3Error('AccessDenied', 'Access Denied', 403);
  useKey(call, place.bucket, object.encryption, { action: 'Decrypt', arn: objectArn(place, key) });
  return { place, object };
}

const described = (object: S3Object): S3.HeadObjectOutput => ({
  AcceptRanges: 'bytes',
  ContentLength: object.body.length,
  ETag: object.etag,
  LastModified: new Date(object.modifiedAt),
  ContentType: object.contentType ?? 'application/octet-stream',
  Metadata: { ...object.metadata },
  ...encryptionMembers(object.encryption),
});

const shownChecksums = (object: S3Object, mode: string | undefined): Record<string, string> =>
  mode === 'ENABLED' ? checksumMembers(object.checksums) : {};

// One range of bytes, as in RFC 9110; several at once are answered with the whole object, as S3 does.
function rangeOf(text: string | undefined, size: number): readonly [number, number] | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start > end || start >= size) throw s3Error('InvalidRange', 'The requested range is not satisfiable', 416);
  return [start, end];
}

const getObject = operation<S3.GetObjectRequest, Omit<S3.GetObjectOutput, 'Body'> & Body>({
  readOnly: true,
  access: (call, input) => accessesAt(call, findPlace(call, input), { action: 'GetObject', key: input.Key ?? '' }).bucket,
  check: () => undefined,
  run: (call, input) => {
    const { object } = readable(call, input, 'GetObject');
    if (input.IfMatch !== undefined && input.IfMatch !== object.etag) {
      throw s3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
    }
    const range = rangeOf(input.Range, object.body.length);
    if (!range) return { ...described(object), ...shownChecksums(object, input.ChecksumMode), Body: object.body };
    const [start, end] = range;
    call.reply.status = 206;
    const part = object.body.slice(start, end + 1);
    return {
      ...described(object),
      ContentLength: part.length,
      ContentRange: `bytes ${start}-${end}/${object.body.length}`,
      Body: part,
    };
  },
});

function copySource(call: Call, text: string | undefined): ObjectInput {
  const decoded = decodeURIComponent((text ?? '').split('?')[0] ?? '').replace(/^\//, '');
  const point = /^(arn:[^/]+:accesspoint\/[^/]+)\/object\/(.+)$/s.exec(decoded);
  const [, Bucket = '', Key = ''] = point ?? /^([^/]+)\/(.+)$/s.exec(decoded) ?? [];
  if (Key === '')
    throw s3Error('InvalidArgument', `Copy source ${call.request.headers['x-amz-copy-source'] ?? ''} names no object.`, 400);
  return { Bucket, Key };
}

const copyObject = operation<S3.CopyObjectRequest, S3.CopyObjectOutput>({
  readOnly: false,
  access: (call, input) => accessesAt(call, findPlace(call, input), { action: 'PutObject', key: input.Key ?? '' }).bucket,
  check: (call, input) => putChecks(call, input),
  run: (call, input) => {
    const { object } = readable(
      call,
      { ...copySource(call, input.CopySource), ExpectedBucketOwner: input.ExpectedSourceBucketOwner },
      'GetObject',
    );
    const place = findPlace(call, input);
    const encryption = encryptionFor(call, place.bucket, input);
    store(place, { ...object, key: input.Key ?? '', modifiedAt: call.now, owner: call.caller.account, encryption });
    return { CopyObjectResult: { ETag: object.etag, LastModified: new Date(call.now) }, ...encryptionMembers(encryption) };
  },
});

function remove(place: Place, key: string): void {
  if (place.bucket.objects.delete(key)) place.bucket.sortedKeys = null;
}

/** Operations on objects. */
export const objectOperations: Record<string, Operation> = {
  PutObject: putObject,
  GetObject: getObject,
  CopyObject: copyObject,
  HeadObject: operation<S3.HeadObjectRequest, S3.HeadObjectOutput>({
    readOnly: true,
    access: (call, input) => accessesAt(call, findPlace(call, input), { action: 'GetObject', key: input.Key ?? '' }).bucket,
    check: () => undefined,
    run: (call, input) => {
      const { object } = readable(call, input, 'GetObject');
      return { ...described(object), ...shownChecksums(object, input.ChecksumMode) };
    },
  }),
  GetObjectAttributes: operation<S3.GetObjectAttributesRequest, S3.GetObjectAttributesOutput>({
    readOnly: true,
    access: (call, input) =>
      accessesAt(call, findPlace(call, input), { action: 'GetObjectAttributes', key: input.Key ?? '' }).bucket,
    check: () => undefined,
    run: (call, input) => {
      // Needs both permissions (S3 API, GetObjectAttributes).
      readable(call, input, 'GetObject');
      const { object } = readable(call, input, 'GetObjectAttributes');
      return {
        LastModified: new Date(object.modifiedAt),
        ETag: object.etag.replaceAll('"', ''),
        ObjectSize: object.body.length,
        StorageClass: 'STANDARD',
      };
    },
  }),
  DeleteObject: operation<S3.DeleteObjectRequest, S3.DeleteObjectOutput>({
    readOnly: false,
    access: (call, input) => accessesAt(call, findPlace(call, input), { action: 'DeleteObject', key: input.Key ?? '' }).bucket,
    check: (call, input) => authorizeAt(call, findPlace(call, input), { action: 'DeleteObject', key: input.Key ?? '' }),
    run: (call, input) => {
      remove(findPlace(call, input), input.Key ?? '');
      return {};
    },
  }),
  DeleteObjects: operation<S3.DeleteObjectsRequest, S3.DeleteObjectsOutput>({
    readOnly: false,
    access: (call, input) => accessesAt(call, findPlace(call, input), { action: 'DeleteObject' }).bucket,
    check: () => undefined,
    run: (call, input) => {
      const place = findPlace(call, input);
      const keys = (input.Delete?.Objects ?? []).map((one) => one.Key ?? '');
      const may = (key: string): boolean => {
        const { point, bucket } = accessesAt(call, place, { action: 'DeleteObject', key });
        return (
          (!point || decide(call, point).allowed) && decide(call, point ? { ...bucket, policyMode: 'delegated' } : bucket).allowed
        );
      };
      const allowed = keys.filter(may);
      for (const key of allowed) remove(place, key);
      const refused = keys.filter((key) => !allowed.includes(key));
      return {
        Deleted: input.Delete?.Quiet ? [] : allowed.map((Key) => ({ Key })),
        Errors: refused.map((Key) => ({ Key, Code: 'AccessDenied', Message: 'Access Denied' })),
      };
    },
  }),
};
