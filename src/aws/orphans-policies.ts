/**
 * IAM policies under this installation's path, attached or not, one entry per principal. Whose they are is in their tags, which cost a call for each policy: only
 * those are asked for that nobody explains.
 */
import { GetPolicyCommand, ListPoliciesCommand, type Policy } from '@aws-sdk/client-iam';
import { nameHash } from '../policy/name-hash.ts';
import { sharePolicy } from '../targets/share-policy.ts';
import { carriesMark, policyIndex, policyPath, policyTags, type SharePolicyCoordinates } from '../targets/share-policy-names.ts';
import { unlessRefused, type Marked, type Notes } from './orphans-types.ts';

/** All of them; none where they may not be listed. */
export async function markedPolicies(notes: Notes): Promise<Marked[]> {
  const { session, installation, principals } = notes.question;
  const listed = await unlessRefused(notes, { action: 'iam:ListPolicies' }, () => listPolicies(notes));
  if (listed === undefined) return [];
  const explained = new Map(
    principals.map((principalArn) => [policyPath(installation, { ...anyPolicy, session, principalArn }), principalArn]),
  );
  const marked: Marked[] = [];
  for (const [path, policies] of Map.groupBy(listed, ({ Path }) => Path ?? '')) {
    const principalArn = explained.get(path);
    if (principalArn === undefined) marked.push(...(await unexplained(notes, policies)));
    else marked.push(markOf(policies, { ...anyPolicy, session, principalArn }));
  }
  return marked;
}

/** What path and target key don't depend on. */
const anyPolicy = { prefix: 'sluice', management: 'Managed' } as const;

/** Of one path: what carries our mark is one document, each other policy one that is not certainly ours. */
async function unexplained(notes: Notes, policies: readonly Policy[]): Promise<Marked[]> {
  const known = await Promise.all(policies.map(async (policy) => ({ policy, coordinates: await ownerOf(notes, policy) })));
  const owned = known.flatMap(({ policy, coordinates }) =>
    coordinates === undefined || coordinates === 'gone' ? [] : [{ policy, coordinates }],
  );
  const strange = known.filter(({ coordinates }) => coordinates === undefined).map(({ policy }) => policy);
  const [first] = owned;
  return [
    ...(first === undefined
      ? []
      : [
          markOf(
            owned.map(({ policy }) => policy),
            first.coordinates,
          ),
        ]),
    ...strange.map((policy): Marked => ({
      kind: 'SharePolicy',
      place: undefined,
      target: `iam:policy/${policy.Arn ?? ''}`,
      principals: [],
      content: contentOf([policy]),
    })),
  ];
}

/** Whose policy it is, where path, name and tags agree. ListPolicies gives no tags, GetPolicy does (IAM API Reference, ListPolicies). */
async function ownerOf(
  notes: Notes,
  { Arn: arn = '', PolicyName: name = '' }: Policy,
): Promise<SharePolicyCoordinates | 'gone' | undefined> {
  const { clients, question, signal } = notes;
  const { session, installation } = question;
  let gone = false;
  const read = { action: 'iam:GetPolicy', of: arn, absent: () => void (gone = true) };
  const answer = await unlessRefused(notes, read, () =>
    clients.iam.send(new GetPolicyCommand({ PolicyArn: arn }), { abortSignal: signal }),
  );
  if (gone) return 'gone';
  const tags = answer?.Policy?.Tags;
  const principalArn = tags?.find(({ Key }) => Key === policyTags.principal)?.Value;
  const end = name.indexOf(`-${installation}-`);
  if (principalArn === undefined || end < 0) return undefined;
  const coordinates: SharePolicyCoordinates = { ...anyPolicy, session, principalArn, prefix: name.slice(0, end) };
  const ours = policyIndex(installation, coordinates, arn) !== undefined && carriesMark(tags, installation, coordinates);
  return ours ? coordinates : undefined;
}

function markOf(policies: readonly Policy[], coordinates: SharePolicyCoordinates): Marked {
  return {
    kind: 'SharePolicy',
    place: { kind: 'SharePolicy', coordinates },
    target: sharePolicy.key(coordinates),
    principals: [coordinates.principalArn],
    content: contentOf(policies),
  };
}

function contentOf(policies: readonly Policy[]): string {
  const parts = policies.map(({ PolicyId, DefaultVersionId, AttachmentCount }) =>
    [PolicyId, DefaultVersionId, String(AttachmentCount)].join(),
  );
  return nameHash(26, ...parts.sort());
}

async function listPolicies({ clients, question, signal }: Notes): Promise<Policy[]> {
  const policies: Policy[] = [];
  let marker: string | undefined;
  do {
    const answer = await clients.iam.send(
      new ListPoliciesCommand({
        Scope: 'Local',
        OnlyAttached: false,
        PathPrefix: `/sluice/${question.installation}/`,
        MaxItems: 1000,
        ...(marker === undefined ? {} : { Marker: marker }),
      }),
      { abortSignal: signal },
    );
    policies.push(...(answer.Policies ?? []));
    marker = answer.IsTruncated === true ? answer.Marker : undefined;
  } while (marker !== undefined);
  return policies;
}
