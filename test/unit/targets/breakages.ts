/**
 * Every way in which somebody can break what Sluice wrote into a bucket policy or a key policy: what is done to it, what is found, and what mends it. Data for
 * writer-drift.test.ts; it asserts nothing by itself. The policies of a principal are in breakages-share.ts.
 */
import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { DeleteBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { JsonObject } from '../../../src/policy/document.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { documentOf, isOurs } from './documents.ts';
import type { TestWorld } from './world.ts';

/** A world with a share in it: `analyst` on bucket acme, its key and its own policy. */
export interface Shared {
  readonly world: TestWorld;
  readonly analyst: PrincipalRef;
  readonly stranger: PrincipalRef;
  readonly key: string;
}

/** The documents that a share is written into. */
export type DocumentName = 'bucket policy' | 'key policy' | 'share policy';

/** One way to break a document. */
export interface Breakage {
  readonly document: DocumentName;
  readonly title: string;
  readonly make: (shared: Shared) => Promise<unknown>;
  /** Findings of the item: in data.all's words, without the principal. */
  readonly missing?: string;
  readonly excess?: string;
  /** Found, but nobody's in particular: for the owner's eyes. */
  readonly unowned?: string;
  /** The writes that mend it. None: it is not Sluice's to mend. */
  readonly mendedBy: readonly string[];
  /** What the item says then, under Report. @default NotOwned, as under Reapply */
  readonly reportedAs?: string;
}

type Edit = (statement: JsonObject, shared: Shared) => JsonObject | readonly JsonObject[];

interface ResourceCase extends Omit<Breakage, 'document' | 'make' | 'mendedBy'> {
  readonly edit: Edit;
}

/** Edits of one statement of ours that makes sense in every resource policy; `one` is its first action, `all` are all. */
function resourceCases({
  one,
  all,
  more,
}: {
  readonly one: string;
  readonly all: string;
  readonly more: string;
}): ResourceCase[] {
  const condition = { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } };
  const actions = (statement: JsonObject): readonly string[] => [statement.Action].flat() as string[];
  return [
    {
      title: 'an action is taken out',
      edit: (own) => ({ ...own, Action: actions(own).filter((each) => each !== one) }),
      missing: one,
    },
    { title: 'an action is added', edit: (own) => ({ ...own, Action: [...actions(own), more] }), excess: more },
    {
      title: 'an action is replaced by a wildcard',
      edit: (own) => ({ ...own, Action: `${more.split(':')[0] ?? ''}:*` }),
      missing: all,
      excess: `${more.split(':')[0] ?? ''}:*`,
    },
    {
      title: 'a condition is added',
      edit: (own) => ({ ...own, Condition: { ...(own.Condition as object), ...condition } }),
      missing: all,
      excess: all,
    },
    { title: 'Allow becomes Deny', edit: (own) => ({ ...own, Effect: 'Deny' }), missing: all, excess: '' },
    {
      title: 'the principal is taken out',
      edit: (own, { stranger }) => ({ ...own, Principal: { AWS: stranger.arn } }),
      missing: all,
      unowned: all,
    },
    {
      title: 'a stranger is added',
      edit: (own, { analyst, stranger }) => ({ ...own, Principal: { AWS: [analyst.arn, stranger.arn] } }),
      unowned: all,
    },
    { title: 'everybody is named', edit: (own) => ({ ...own, Principal: '*' }), missing: all, unowned: all },
    { title: 'the statement is deleted', edit: () => [], missing: all },
    { title: 'the Sid is changed to one that is not ours', edit: (own) => ({ ...own, Sid: 'Taken' }), missing: all },
    {
      title: 'a second statement with our mark is added',
      edit: (own) => [own, { ...own, Sid: `${sidOf(own)}More`, Action: more }],
      excess: more,
    },
    {
      title: 'Action becomes NotAction',
      edit: ({ Action, ...own }) => ({ ...own, NotAction: Action ?? [] }),
      missing: all,
      excess: '',
    },
  ];
}

const bucketOnly: readonly ResourceCase[] = [
  {
    title: 'a resource is taken out',
    edit: (own) => ({ ...own, Resource: 'arn:aws:s3:::acme', Action: 's3:ListBucket' }),
    missing: 's3:GetObject, s3:ListBucket',
  },
  {
    title: 'the objects are narrowed to a prefix',
    edit: (own) => ({ ...own, Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/public/*'] }),
    missing: 's3:GetObject, s3:ListBucket',
    excess: 's3:GetObject, s3:ListBucket',
  },
];

const keyOnly: readonly ResourceCase[] = [
  {
    title: 'the condition is taken away',
    edit: ({ Condition: _gone, ...own }) => own,
    missing: 'kms:Decrypt',
    excess: 'kms:Decrypt',
  },
  {
    title: 'the condition names another service',
    edit: (own) => ({ ...own, Condition: { StringEquals: { 'kms:ViaService': ['ec2.eu-west-1.amazonaws.com'] } } }),
    missing: 'kms:Decrypt',
    excess: 'kms:Decrypt',
  },
];

const bucketBreakages: readonly Breakage[] = [
  ...[...resourceCases({ one: 's3:GetObject', all: 's3:GetObject, s3:ListBucket', more: 's3:DeleteObject' }), ...bucketOnly].map(
    ({ edit, ...rest }): Breakage => ({
      document: 'bucket policy',
      ...rest,
      make: (shared) => rewriteBucket(shared, edit),
      mendedBy: ['s3:PutBucketPolicy'],
    }),
  ),
  {
    document: 'bucket policy',
    title: 'the whole policy is deleted',
    make: ({ world }) => world.producer.s3.send(new DeleteBucketPolicyCommand({ Bucket: 'acme' })),
    missing: 'Bucket Policy Target Resource does not exist: acme',
    mendedBy: ['s3:PutBucketPolicy'],
  },
];

const keyBreakages: readonly Breakage[] = [
  ...resourceCases({ one: 'kms:Decrypt', all: 'kms:Decrypt', more: 'kms:Encrypt' }),
  ...keyOnly,
].map(({ edit, ...rest }) => ({
  document: 'key policy',
  ...rest,
  make: (shared) => rewriteKey(shared, edit),
  mendedBy: ['kms:PutKeyPolicy'],
}));

/** All of both documents. */
export const resourceBreakages: readonly Breakage[] = [...bucketBreakages, ...keyBreakages];

async function rewriteBucket(shared: Shared, edit: Edit): Promise<void> {
  const { Statement } = JSON.parse((await shared.world.policyOf('acme')) ?? '{}') as { readonly Statement: JsonObject[] };
  const Policy = documentOf(...Statement.flatMap((each) => (isOurs(each) ? edit(each, shared) : each)));
  // Past S3's own checks: a public policy may be older than the public access block that would refuse it today.
  shared.world.plantPolicy('acme', Policy);
}

/** Only the statement for the use of the key: the one for DescribeKey stays, so that «missing» is about one. */
async function rewriteKey(shared: Shared, edit: Edit): Promise<void> {
  const { kms } = shared.world.producer;
  const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId: shared.key }));
  const { Statement } = JSON.parse(Policy) as { readonly Statement: JsonObject[] };
  const isUse = (each: JsonObject): boolean => isOurs(each) && sidOf(each).endsWith('Use');
  const changed = documentOf(...Statement.flatMap((each) => (isUse(each) ? edit(each, shared) : each)));
  await kms.send(new PutKeyPolicyCommand({ KeyId: shared.key, Policy: changed }));
}

/** The Sid of a statement; empty where it has none. */
export function sidOf({ Sid }: JsonObject): string {
  return typeof Sid === 'string' ? Sid : '';
}
