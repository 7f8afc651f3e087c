/**
 * Bucket and key policies with statements under this installation's Sid. Which documents to read is a choice: buckets by name and by glob, keys by ARN and those
 * that encrypt a bucket in which something was found.
 */
import { GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import { GetBucketEncryptionCommand, GetBucketPolicyCommand, ListBucketsCommand } from '@aws-sdk/client-s3';
import { parsePolicy, type JsonObject } from '../policy/document.ts';
import { isOwned, ownedPrefix } from '../policy/merge.ts';
import { nameHash } from '../policy/name-hash.ts';
import { awsPrincipals } from '../policy/principals.ts';
import { partitionOf } from '../shares/arn.ts';
import { matchesGlob } from '../shares/claims.ts';
import { bucketPolicy, type BucketPolicyCoordinates } from '../targets/bucket-policy.ts';
import { keyPolicy, type KeyPolicyCoordinates } from '../targets/key-policy.ts';
import { unlessRefused, type Marked, type MarkedPlace, type Notes } from './orphans-types.ts';

/** Documents that are read at the same time. */
const atOnce = 8;
/** Buckets that one look reads at most: what is left out is a gap. */
const bucketLimit = 5000;

/** Bucket policies with our statements. */
export async function markedBuckets(notes: Notes): Promise<Marked[]> {
  const { session, isExplained } = notes.question;
  const names = await bucketsToRead(notes);
  const places = names
    .map((bucket): BucketPolicyCoordinates => ({ session, bucket, pruneDeadPrincipals: false }))
    .filter((coordinates) => !isExplained(bucketPolicy.key(coordinates)));
  if (places.length > bucketLimit)
    notes.gaps.push(`${String(places.length - bucketLimit)} of ${String(places.length)} buckets that claims cover`);
  return inTurns(places.slice(0, bucketLimit), async (coordinates) => {
    const target = bucketPolicy.key(coordinates);
    const { bucket } = coordinates;
    const read = { action: 's3:GetBucketPolicy', of: bucket, absent: () => void notes.read.add(target) };
    const answer = await unlessRefused(notes, read, () =>
      notes.clients.s3.send(new GetBucketPolicyCommand({ Bucket: bucket, ExpectedBucketOwner: session.accountId }), {
        abortSignal: notes.signal,
      }),
    );
    return answer === undefined ? [] : markOf(notes, { place: { kind: 'BucketPolicy', coordinates }, target }, answer.Policy);
  });
}

/** Key policies with our statements. */
export async function markedKeys(notes: Notes, buckets: readonly Marked[]): Promise<Marked[]> {
  const { session, keys, isExplained } = notes.question;
  const ofBuckets = await inTurns(buckets, (marked) => keyOfBucket(notes, marked));
  const places = [...new Set([...keys, ...ofBuckets])]
    .map((keyArn): KeyPolicyCoordinates => ({ session, keyArn }))
    .filter((coordinates) => !isExplained(keyPolicy.key(coordinates)));
  return inTurns(places, async (coordinates) => {
    const target = keyPolicy.key(coordinates);
    const { keyArn } = coordinates;
    const read = { action: 'kms:GetKeyPolicy', of: keyArn, absent: () => void notes.read.add(target) };
    const answer = await unlessRefused(notes, read, () =>
      notes.clients.kms.send(new GetKeyPolicyCommand({ KeyId: keyArn }), { abortSignal: notes.signal }),
    );
    return answer === undefined ? [] : markOf(notes, { place: { kind: 'KeyPolicy', coordinates }, target }, answer.Policy);
  });
}

/**
 * The account's own buckets of this region that are named or that a glob covers. ListBuckets tells the region of a bucket where it is asked in pages
 * (docs/AmazonS3/latest/API/API_ListBuckets.md, examples 1 and 2). Where listing is refused, those that are named.
 */
async function bucketsToRead(notes: Notes): Promise<readonly string[]> {
  const { session, buckets } = notes.question;
  if (buckets.names.length === 0 && buckets.globs.length === 0) return [];
  const listed = await unlessRefused(notes, { action: 's3:ListAllMyBuckets' }, () => listBuckets(notes));
  if (listed === undefined) return buckets.names;
  const named = new Set(buckets.names);
  for (const bucket of named)
    if (!listed.has(bucket)) notes.read.add(bucketPolicy.key({ session, bucket, pruneDeadPrincipals: false }));
  return [...listed]
    .filter(([, region]) => region === undefined || region === session.region)
    .map(([bucket]) => bucket)
    .filter((bucket) => named.has(bucket) || buckets.globs.some((glob) => matchesGlob(glob, bucket)));
}

async function listBuckets({ clients, signal }: Notes): Promise<Map<string, string | undefined>> {
  const buckets = new Map<string, string | undefined>();
  let token: string | undefined;
  do {
    const command = new ListBucketsCommand({ MaxBuckets: 1000, ...(token === undefined ? {} : { ContinuationToken: token }) });
    const answer = await clients.s3.send(command, { abortSignal: signal });
    for (const { Name: name, BucketRegion: region } of answer.Buckets ?? []) if (name !== undefined) buckets.set(name, region);
    token = answer.ContinuationToken;
  } while (token !== undefined);
  return buckets;
}

/** The customer managed key that encrypts the bucket by default, by its ARN: who lost a bucket's shares lost those of its key. */
async function keyOfBucket(notes: Notes, { place }: Marked): Promise<string[]> {
  if (place?.kind !== 'BucketPolicy') return [];
  const { session, bucket } = place.coordinates;
  const answer = await unlessRefused(notes, { action: 's3:GetEncryptionConfiguration', of: bucket }, () =>
    notes.clients.s3.send(new GetBucketEncryptionCommand({ Bucket: bucket, ExpectedBucketOwner: session.accountId }), {
      abortSignal: notes.signal,
    }),
  );
  const key = answer?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID;
  const here = `arn:${partitionOf(session.region)}:kms:${session.region}:${session.accountId}:key/`;
  if (key?.startsWith(here)) return [key];
  return key !== undefined && /^(mrk-)?[0-9a-f-]{32,36}$/.test(key) ? [`${here}${key}`] : [];
}

/** The document as an entry, where it has statements of ours. */
function markOf(
  { question, read, gaps }: Notes,
  { place, target }: { readonly place: Exclude<MarkedPlace, { kind: 'SharePolicy' }>; readonly target: string },
  text: string | undefined,
): Marked[] {
  const parsed = parsePolicy(text ?? '{"Version":"2012-10-17","Statement":[]}');
  if (parsed.kind !== 'document') {
    gaps.push(`${target}, which can't be read as a policy`);
    return [];
  }
  read.add(target);
  const prefix = ownedPrefix(question.installation);
  const own = parsed.document.statements.filter((statement) => isOwned(statement, prefix)).map(({ value }) => value);
  if (own.length === 0) return [];
  return [{ kind: place.kind, place, target, principals: principalsOf(own), content: nameHash(26, JSON.stringify(own)) }];
}

function principalsOf(statements: readonly JsonObject[]): string[] {
  return [...new Set(statements.flatMap(awsPrincipals))].sort();
}

async function inTurns<T, R>(values: readonly T[], read: (value: T) => Promise<readonly R[]>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < values.length; start += atOnce)
    results.push(...(await Promise.all(values.slice(start, start + atOnce).map(read))).flat());
  return results;
}
