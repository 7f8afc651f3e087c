/** Objects: put, get, head, delete. */
import { createHash } from 'node:crypto';
import type * as S3 from '@aws-sdk/client-s3';
import { operation, type Operation } from '../service.ts';
import type { S3Object } from './model.ts';
import { findBucket, s3Error } from './shared.ts';

type Body = { Body?: Uint8Array | undefined };

const md5 = (body: Uint8Array): string => `"${createHash('md5').update(body).digest('hex')}"`;

const noSuchKey = (key: string) => s3Error('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });

/** Operations on objects. */
export const objectOperations: Record<string, Operation> = {
  PutObject: operation<Omit<S3.PutObjectRequest, 'Body'> & Body, S3.PutObjectOutput>({
    readOnly: false,
    run: (call, input) => {
      const bucket = findBucket(call, input);
      const body = input.Body ?? new Uint8Array();
      const object: S3Object = {
        key: input.Key ?? '',
        body,
        etag: md5(body),
        modifiedAt: call.now,
        metadata: input.Metadata ?? {},
        owner: call.caller.account,
        encryption: bucket.encryption.current,
        checksums: {},
        tags: {},
      };
      bucket.objects.set(object.key, object);
      bucket.sortedKeys = null;
      return { ETag: object.etag };
    },
  }),
  GetObject: operation<S3.GetObjectRequest, Omit<S3.GetObjectOutput, 'Body'> & Body>({
    readOnly: true,
    run: (call, input) => {
      const object = findBucket(call, input).objects.get(input.Key ?? '');
      if (!object) throw noSuchKey(input.Key ?? '');
      return {
        Body: object.body,
        ContentLength: object.body.length,
        ETag: object.etag,
        LastModified: new Date(object.modifiedAt),
      };
    },
  }),
};
