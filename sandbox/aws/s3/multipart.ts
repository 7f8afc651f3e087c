/** Multipart uploads (S3 User Guide, mpuoverview): the permission to put is asked for each part, with the key for encryption. */
import { createHash } from 'node:crypto';
import type * as S3 from '@aws-sdk/client-s3';
import { hex } from '../ids.ts';
import { operation, type Call, type Operation } from '../service.ts';
import { checkBody } from './checksums.ts';
import { encryptionFor, encryptionMembers, useKey } from './encryption.ts';
import type { Upload } from './model.ts';
import { etagOf, objectArn, putChecks, store } from './objects.ts';
import { accessesAt, authorizeAt, findPlace, type Place } from './place.ts';
import { s3Error, type BucketInput } from './shared.ts';

type Body = { Body?: Uint8Array | undefined };
type UploadInput = BucketInput & { Key?: string | undefined; UploadId?: string | undefined };

const access = (action: string) => (call: Call, input: UploadInput) =>
  accessesAt(call, findPlace(call, input), { action, key: input.Key ?? '' }).bucket;

function findUpload(call: Call, input: UploadInput): { place: Place; upload: Upload } {
  const place = findPlace(call, input);
  const upload = place.bucket.uploads.get(input.UploadId ?? '');
  if (!upload || upload.key !== input.Key) {
    throw s3Error(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      404,
    );
  }
  return { place, upload };
}

const create = operation<S3.CreateMultipartUploadRequest, S3.CreateMultipartUploadOutput>({
  readOnly: false,
  access: access('PutObject'),
  check: (call, input) => putChecks(call, input),
  run: (call, input) => {
    const { bucket } = findPlace(call, input);
    const upload: Upload = {
      id: hex(call.world.state, 32),
      key: input.Key ?? '',
      owner: call.caller.account,
      startedAt: call.now,
      encryption: encryptionFor(call, bucket, input),
      ...(input.ContentType === undefined ? {} : { contentType: input.ContentType }),
      metadata: input.Metadata ?? {},
      parts: new Map(),
    };
    bucket.uploads.set(upload.id, upload);
    return { Bucket: input.Bucket, Key: upload.key, UploadId: upload.id, ...encryptionMembers(upload.encryption) };
  },
});

// A part needs the key for new data and to read the upload's own (S3 User Guide, UsingKMSEncryption: Decrypt for multipart uploads).
function partChecks(call: Call, input: UploadInput): void {
  const { place, upload } = findUpload(call, input);
  authorizeAt(call, place, { action: 'PutObject', key: upload.key });
  const arn = objectArn(place, upload.key);
  useKey(call, place.bucket, upload.encryption, { action: 'GenerateDataKey', arn });
  useKey(call, place.bucket, upload.encryption, { action: 'Decrypt', arn });
}

const uploadPart = operation<Omit<S3.UploadPartRequest, 'Body'> & Body, S3.UploadPartOutput>({
  readOnly: false,
  access: access('PutObject'),
  check: partChecks,
  run: (call, input) => {
    const { upload } = findUpload(call, input);
    const number = input.PartNumber ?? 0;
    if (number < 1 || number > 10_000)
      throw s3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive', 400);
    const body = input.Body ?? new Uint8Array();
    checkBody(call.request.headers, body);
    upload.parts.set(number, { body, etag: etagOf(body), modifiedAt: call.now });
    return { ETag: etagOf(body) };
  },
});

const complete = operation<S3.CompleteMultipartUploadRequest, S3.CompleteMultipartUploadOutput>({
  readOnly: false,
  access: access('PutObject'),
  check: partChecks,
  run: (call, input) => {
    const { place, upload } = findUpload(call, input);
    const bodies = (input.MultipartUpload?.Parts ?? []).map((wanted) => {
      const part = upload.parts.get(wanted.PartNumber ?? 0);
      if (part && part.etag.replaceAll('"', '') === wanted.ETag?.replaceAll('"', '')) return part.body;
      throw s3Error(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.",
        400,
      );
    });
    const digests = Buffer.concat(bodies.map((body) => createHash('md5').update(body).digest()));
    const etag = `"${createHash('md5').update(digests).digest('hex')}-${bodies.length}"`;
    store(place, {
      key: upload.key,
      body: Buffer.concat(bodies),
      etag,
      modifiedAt: call.now,
      ...(upload.contentType === undefined ? {} : { contentType: upload.contentType }),
      metadata: upload.metadata,
      owner: upload.owner,
      encryption: upload.encryption,
      checksums: {},
      tags: {},
    });
    place.bucket.uploads.delete(upload.id);
    return { Bucket: input.Bucket, Key: upload.key, ETag: etag, ...encryptionMembers(upload.encryption) };
  },
});

/** Operations of multipart uploads. */
export const multipartOperations: Record<string, Operation> = {
  CreateMultipartUpload: create,
  UploadPart: uploadPart,
  CompleteMultipartUpload: complete,
  AbortMultipartUpload: operation<S3.AbortMultipartUploadRequest, S3.AbortMultipartUploadOutput>({
    readOnly: false,
    access: access('AbortMultipartUpload'),
    check: (call, input) =>
      authorizeAt(call, findUpload(call, input).place, { action: 'AbortMultipartUpload', key: input.Key ?? '' }),
    run: (call, input) => {
      const { place, upload } = findUpload(call, input);
      place.bucket.uploads.delete(upload.id);
      return {};
    },
  }),
  ListParts: operation<S3.ListPartsRequest, S3.ListPartsOutput>({
    readOnly: true,
    access: access('ListMultipartUploadParts'),
    check: (call, input) =>
      authorizeAt(call, findUpload(call, input).place, { action: 'ListMultipartUploadParts', key: input.Key ?? '' }),
    run: (call, input) => {
      const { upload } = findUpload(call, input);
      const parts = [...upload.parts].sort(([a], [b]) => a - b);
      return {
        Bucket: input.Bucket,
        Key: upload.key,
        UploadId: upload.id,
        IsTruncated: false,
        Parts: parts.map(([PartNumber, part]) => ({
          PartNumber,
          ETag: part.etag,
          Size: part.body.length,
          LastModified: new Date(part.modifiedAt),
        })),
      };
    },
  }),
};
