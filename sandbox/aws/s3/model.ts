/** What S3 remembers: buckets with their configuration, objects, uploads. */
import type { Changing } from '../stale.ts';
import { steady } from '../stale.ts';

/** How something is encrypted at rest. */
export interface Encryption {
  readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse';
  /** Key ARN; absent with aws:kms: the AWS managed key aws/s3. */
  readonly keyArn?: string;
  readonly bucketKey?: boolean;
}

/** The four switches of block public access. */
export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

/** An object. */
export interface S3Object {
  readonly key: string;
  readonly body: Uint8Array;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly contentType?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Account that wrote it: matters where ownership is not enforced. */
  readonly owner: string;
  readonly encryption: Encryption;
  /** Checksums given at upload, by header name. */
  readonly checksums: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** An unfinished multipart upload. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly owner: string;
  readonly startedAt: number;
  readonly encryption: Encryption;
  readonly contentType?: string;
  readonly metadata: Readonly<Record<string, string>>;
  parts: Map<number, { body: Uint8Array; etag: string; modifiedAt: number }>;
}

/** A bucket. */
export interface Bucket {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly createdAt: number;
  /** Policy as JSON with principals replaced by unique ids; null: none. */
  policy: Changing<string | null>;
  encryption: Changing<Encryption>;
  ownership: Changing<string | null>;
  publicAccessBlock: Changing<PublicAccessBlock | null>;
  tags: Changing<Readonly<Record<string, string>> | null>;
  objects: Map<string, S3Object>;
  /** Keys in order, made anew when it is null: listing is rarer than writing. */
  sortedKeys: string[] | null;
  uploads: Map<string, Upload>;
}

/** S3 of all accounts: bucket names are global. */
export interface S3State {
  buckets: Map<string, Bucket>;
}

/** S3 without any bucket. */
export const emptyS3 = (): S3State => ({ buckets: new Map() });

/** AWS's defaults for new buckets since April 2023 (S3 User Guide, create-bucket-faq): all blocked, owner enforced, SSE-S3. */
export const newBucket = (name: string, account: string, region: string, now: number): Bucket => ({
  name,
  account,
  region,
  createdAt: now,
  policy: steady<string | null>(null),
  encryption: steady<Encryption>({ algorithm: 'AES256' }),
  ownership: steady<string | null>('BucketOwnerEnforced'),
  publicAccessBlock: steady<PublicAccessBlock | null>({
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  }),
  tags: steady<Readonly<Record<string, string>> | null>(null),
  objects: new Map(),
  sortedKeys: null,
  uploads: new Map(),
});
