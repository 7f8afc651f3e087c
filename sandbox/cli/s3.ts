/**
 * A tiny S3 client for trying a share: act as a role and read, write or list, and say in one line what AWS answered. The answer
 * "access denied" is a normal one here, and as clear as the data would be.
 */
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { assume, clientsFor } from './clients.ts';
import type { AwsPlace, SandboxClients } from './clients.ts';

/** What to do with the object or, for list, with the keys that begin with the location's key. */
export type S3Action = 'read' | 'write' | 'list';

/** What came of it. `text` is the object, the list of keys, or AWS's reason. */
export interface S3Answer {
  readonly allowed: boolean;
  readonly text: string;
}

/** An attempt to use data: who, what, where. */
export interface S3Attempt {
  readonly roleArn: string;
  readonly action: S3Action;
  /** s3://bucket/key; the bucket may be an access point's ARN or alias. */
  readonly location: string;
  /** For write: the object's new content. */
  readonly content?: string;
}

/**
 * Acts as the role. "Access denied" is an answer; anything else that goes wrong is thrown.
 * @throws when the location or the ARN has another form, the role can't be assumed, or AWS can't be reached.
 */
export async function actAs(place: AwsPlace, attempt: S3Attempt): Promise<S3Answer> {
  const { Bucket, Key } = parseLocation(attempt.location);
  const { s3 } = clientsFor(place, await assume(place, attempt.roleArn));
  try {
    return { allowed: true, text: await perform(s3, attempt, { Bucket, Key }) };
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDenied') return { allowed: false, text: error.message };
    throw error;
  }
}

/** @throws when it isn't of the form s3://bucket/key. */
export function parseLocation(location: string): { Bucket: string; Key: string } {
  const match = /^s3:\/\/(arn:[^/]+\/[^/]+|[^/]+)(?:\/(.*))?$/.exec(location);
  if (!match?.[1]) throw new Error(`"${location}" isn't a location such as s3://acme-orders/raw/2026/orders.csv.`);
  return { Bucket: match[1], Key: match[2] ?? '' };
}

async function perform(
  s3: SandboxClients['s3'],
  attempt: S3Attempt,
  { Bucket, Key }: { Bucket: string; Key: string },
): Promise<string> {
  switch (attempt.action) {
    case 'read': {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToString()) ?? '';
    }
    case 'write':
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: attempt.content ?? '' }));
      return '';
    case 'list': {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
      return Contents.map((entry) => entry.Key).join('\n');
    }
  }
}
