/**
 * Looks in one account and region for documents that carry this installation's mark: IAM policies under its path, statements under its Sid in bucket policies and
 * in key policies. Reads only, and knows no share: what explains a document is the business of whoever asks.
 */
import type { AwsClients } from './clients.ts';
import { markedPolicies } from './orphans-policies.ts';
import { markedBuckets, markedKeys } from './orphans-statements.ts';
import type { Looked, MarkQuestion, Notes } from './orphans-types.ts';

/** Looks. Throws AWS's error where trying again may help; a refusal is a gap. */
export async function lookForMarks(
  clients: Pick<AwsClients, 's3' | 'iam' | 'kms'>,
  question: MarkQuestion,
  signal: AbortSignal,
): Promise<Looked> {
  const notes: Notes = { clients, question, signal, read: new Set(), gaps: [] };
  const policies = question.iam ? await markedPolicies(notes) : undefined;
  const buckets = await markedBuckets(notes);
  const keys = await markedKeys(notes, buckets);
  return {
    marked: [...(policies ?? []), ...buckets, ...keys],
    read: notes.read,
    policiesListed: policies !== undefined,
    gaps: notes.gaps,
  };
}
