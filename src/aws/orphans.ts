/**
 * Looks in one account and region for documents that carry this installation's mark: IAM policies under its path, access points of its name, statements
 * under its Sid in bucket policies and in key policies. Reads only, and knows no share: what explains a document is the business of whoever asks.
 */
import type { AwsClients } from './clients.ts';
import { markedPoints } from './orphans-points.ts';
import { markedPolicies } from './orphans-policies.ts';
import { markedBuckets, markedKeys } from './orphans-statements.ts';
import type { Looked, Marked, MarkQuestion, Notes } from './orphans-types.ts';

/** Looks. Throws AWS's error where trying again may help; a refusal is a gap. */
export async function lookForMarks(
  clients: Pick<AwsClients, 's3' | 's3control' | 'iam' | 'kms'>,
  question: MarkQuestion,
  signal: AbortSignal,
): Promise<Looked> {
  const notes: Notes = { clients, question, signal, read: new Set(), gaps: [] };
  const policies = question.iam ? await listed(notes, 'iam:share-policy/', markedPolicies) : nothing;
  const { accountId, region } = question.session;
  const points = question.points ? await listed(notes, `s3:access-point/${accountId}/${region}/`, markedPoints) : nothing;
  const buckets = await markedBuckets(notes);
  const keys = await markedKeys(notes, buckets);
  return {
    marked: [...policies.marked, ...points.marked, ...buckets, ...keys],
    read: notes.read,
    listed: [...policies.listed, ...points.listed],
    gaps: notes.gaps,
  };
}

const nothing = { marked: [], listed: [] };

/** What a list found; it is a complete one only where AWS refused nothing on the way. */
async function listed(
  notes: Notes,
  targets: string,
  list: (notes: Notes) => Promise<Marked[]>,
): Promise<Pick<Looked, 'marked' | 'listed'>> {
  const before = notes.gaps.length;
  const marked = await list(notes);
  return { marked, listed: notes.gaps.length === before ? [targets] : [] };
}
