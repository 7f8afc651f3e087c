/**
 * Access points with this installation's names. They carry no tags (src/targets/access-point.ts says why): installation and hash in the name are the mark, and
 * statements of nobody but others in the policy are a doubt.
 */
import { GetAccessPointPolicyCommand, ListAccessPointsCommand, type AccessPoint } from '@aws-sdk/client-s3-control';
import { parsePolicy } from '../policy/document.ts';
import { isOwned, ownedPrefix } from '../policy/merge.ts';
import { nameHash } from '../policy/name-hash.ts';
import { awsPrincipals } from '../policy/principals.ts';
import { accessPoint } from '../targets/access-point.ts';
import { unlessRefused, type Marked, type Notes } from './orphans-types.ts';

/** All of the account and region; none where they may not be listed. */
export async function markedPoints(notes: Notes): Promise<Marked[]> {
  const { session, installation, isExplained } = notes.question;
  const listed = await unlessRefused(notes, { action: 's3:ListAccessPoints' }, () => listPoints(notes));
  // As src/shares/access-points.ts makes them.
  const ours = new RegExp(`^[a-z][a-z0-9]{0,11}-${installation}-[a-z2-7]{26}$`);
  const marked: Marked[] = [];
  for (const { Name: name = '', Bucket: bucket = '' } of listed ?? []) {
    const coordinates = { session, name, bucket };
    const target = accessPoint.key(coordinates);
    if (!ours.test(name) || isExplained(target)) continue;
    const policy = await policyOf(notes, name);
    const statements = policy.text === undefined ? [] : statementsOf(policy.text);
    const own = statements?.filter((statement) => isOwned(statement, ownedPrefix(installation))).map(({ value }) => value) ?? [];
    const certain = policy.read && statements !== undefined && (own.length > 0 || statements.length === 0);
    marked.push({
      kind: 'AccessPoint',
      place: certain ? { kind: 'AccessPoint', coordinates } : undefined,
      target,
      principals: [...new Set(own.flatMap(awsPrincipals))].sort(),
      content: nameHash(26, bucket, JSON.stringify(own)),
    });
  }
  return marked;
}

/** The statements of a policy; undefined where it can't be read as one. */
function statementsOf(text: string) {
  const parsed = parsePolicy(text);
  return parsed.kind === 'document' ? parsed.document.statements : undefined;
}

/** The point's policy, if it has one. */
async function policyOf(notes: Notes, name: string): Promise<{ readonly read: boolean; readonly text?: string | undefined }> {
  let absent = false;
  const read = { action: 's3:GetAccessPointPolicy', of: name, absent: () => void (absent = true) };
  const answer = await unlessRefused(notes, read, () =>
    notes.clients.s3control.send(new GetAccessPointPolicyCommand({ AccountId: notes.question.session.accountId, Name: name }), {
      abortSignal: notes.signal,
    }),
  );
  return { read: absent || answer !== undefined, text: answer?.Policy };
}

/** All pages (docs/AmazonS3/latest/API/API_control_ListAccessPoints.md: at most 1,000 on each). */
async function listPoints({ clients, question, signal }: Notes): Promise<AccessPoint[]> {
  const points: AccessPoint[] = [];
  let token: string | undefined;
  do {
    const answer = await clients.s3control.send(
      new ListAccessPointsCommand({
        AccountId: question.session.accountId,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
      { abortSignal: signal },
    );
    points.push(...(answer.AccessPointList ?? []));
    token = answer.NextToken;
  } while (token !== undefined);
  return points;
}
