/** Lists of objects, in S3's order (UTF-8 bytes), with prefix, delimiter and pages. */
import type * as S3 from '@aws-sdk/client-s3';
import { operation, type Access, type Call, type Operation } from '../service.ts';
import type { Bucket, S3Object } from './model.ts';
import { accessesAt, authorizeAt, findPlace } from './place.ts';
import { s3Error } from './shared.ts';

interface ListInput {
  Bucket?: string | undefined;
  ExpectedBucketOwner?: string | undefined;
  Prefix?: string | undefined;
  Delimiter?: string | undefined;
  MaxKeys?: number | undefined;
  EncodingType?: string | undefined;
}

// Condition keys of list requests (S3 User Guide, amazon-s3-policy-keys); an absent prefix is an absent key.
const listContext = (input: ListInput): NonNullable<Access['context']> => ({
  ...(input.Prefix === undefined ? {} : { 's3:prefix': input.Prefix }),
  ...(input.Delimiter === undefined ? {} : { 's3:delimiter': input.Delimiter }),
  ...(input.MaxKeys === undefined ? {} : { 's3:max-keys': String(input.MaxKeys) }),
});

const wanted = (input: ListInput) => ({ action: 'ListBucket', context: listContext(input) });

function sortedKeys(bucket: Bucket): string[] {
  return (bucket.sortedKeys ??= [...bucket.objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

interface Listed {
  readonly objects: S3Object[];
  readonly prefixes: string[];
  /** Where the next page starts after; absent: this was the last. */
  readonly last?: string;
}

function list(bucket: Bucket, input: ListInput, after: string): Listed {
  const { Prefix = '', Delimiter } = input;
  const limit = Math.min(input.MaxKeys ?? 1000, 1000);
  const objects: S3Object[] = [];
  const prefixes: string[] = [];
  let last = '';
  for (const key of sortedKeys(bucket)) {
    if (!key.startsWith(Prefix) || Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) continue;
    const at = Delimiter ? key.indexOf(Delimiter, Prefix.length) : -1;
    const common = Delimiter && at >= 0 ? key.slice(0, at + Delimiter.length) : undefined;
    if (
      common !== undefined &&
      (common === prefixes.at(-1) || (after.startsWith(common) && Delimiter && after.endsWith(Delimiter)))
    )
      continue;
    if (objects.length + prefixes.length >= limit) return { objects, prefixes, last };
    last = common ?? key;
    const object = bucket.objects.get(key);
    if (common !== undefined) prefixes.push(common);
    else if (object) objects.push(object);
  }
  return { objects, prefixes };
}

const encoded = (input: ListInput, text: string): string =>
  input.EncodingType === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;

const contents = (input: ListInput, objects: readonly S3Object[]): S3._Object[] =>
  objects.map((object) => ({
    Key: encoded(input, object.key),
    LastModified: new Date(object.modifiedAt),
    ETag: object.etag,
    Size: object.body.length,
    StorageClass: 'STANDARD',
  }));

function common(call: Call, input: ListInput, after: string): Listed {
  return list(findPlace(call, input).bucket, input, after);
}

const listObjectsV2 = operation<S3.ListObjectsV2Request, S3.ListObjectsV2Output>({
  readOnly: true,
  access: (call, input) => accessesAt(call, findPlace(call, input), wanted(input)).bucket,
  check: (call, input) => authorizeAt(call, findPlace(call, input), wanted(input)),
  run: (call, input) => {
    const after =
      input.ContinuationToken === undefined
        ? (input.StartAfter ?? '')
        : Buffer.from(input.ContinuationToken, 'base64').toString();
    const { objects, prefixes, last } = common(call, input, after);
    return {
      Name: input.Bucket,
      Prefix: encoded(input, input.Prefix ?? ''),
      Delimiter: input.Delimiter,
      MaxKeys: input.MaxKeys ?? 1000,
      EncodingType: input.EncodingType,
      KeyCount: objects.length + prefixes.length,
      IsTruncated: last !== undefined,
      ContinuationToken: input.ContinuationToken,
      NextContinuationToken: last === undefined ? undefined : Buffer.from(last).toString('base64'),
      StartAfter: input.StartAfter,
      Contents: contents(input, objects),
      CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encoded(input, prefix) })),
    };
  },
});

const listObjects = operation<S3.ListObjectsRequest, S3.ListObjectsOutput>({
  readOnly: true,
  access: (call, input) => accessesAt(call, findPlace(call, input), wanted(input)).bucket,
  check: (call, input) => authorizeAt(call, findPlace(call, input), wanted(input)),
  run: (call, input) => {
    const { objects, prefixes, last } = common(call, input, input.Marker ?? '');
    if (input.MaxKeys !== undefined && input.MaxKeys < 0) throw s3Error('InvalidArgument', 'max-keys must not be negative', 400);
    return {
      Name: input.Bucket,
      Prefix: encoded(input, input.Prefix ?? ''),
      Marker: input.Marker ?? '',
      Delimiter: input.Delimiter,
      MaxKeys: input.MaxKeys ?? 1000,
      IsTruncated: last !== undefined,
      NextMarker: last,
      Contents: contents(input, objects),
      CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encoded(input, prefix) })),
    };
  },
});

/** Operations that list objects. */
export const listOperations: Record<string, Operation> = { ListObjectsV2: listObjectsV2, ListObjects: listObjects };
