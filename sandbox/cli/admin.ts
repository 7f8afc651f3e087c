/**
 * What an administrator does by hand in an account of the sandbox: look at a bucket's policy, replace it, remove it, list its access points. It is there for
 * breaking a share and seeing it repaired; the operator never comes through here.
 */
import { DeleteBucketPolicyCommand, GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { ListAccessPointsCommand } from '@aws-sdk/client-s3-control';
import { administratorOf, clientsFor } from './clients.ts';
import type { AwsPlace } from './clients.ts';

/** The commands, as a person types them. */
export const adminActions = ['show-bucket-policy', 'put-bucket-policy', 'delete-bucket-policy', 'list-access-points'] as const;

/** One of the commands. */
export type AdminAction = (typeof adminActions)[number];

/** Whether the text names a command. */
export function isAdminAction(text: string): text is AdminAction {
  return (adminActions as readonly string[]).includes(text);
}

/** What to do, in which account, to which bucket. */
export interface AdminOrder {
  readonly accountId: string;
  readonly action: AdminAction;
  readonly bucket: string;
  /** For put-bucket-policy: the document. */
  readonly document?: string;
}

/**
 * Carries it out as the account's administrator and returns what there is to read: the policy, or a sentence.
 * @throws NoSuchBucket, MalformedPolicy and so on, as AWS answers; an Error when the document is missing.
 */
export async function administer(place: AwsPlace, { accountId, action, bucket, document }: AdminOrder): Promise<string> {
  if (!/^\d{12}$/.test(accountId))
    throw new Error(`"${accountId}" isn't an account: give its twelve digits, such as 111122223333.`);
  const { s3, s3control } = clientsFor(place, administratorOf(accountId));
  switch (action) {
    case 'show-bucket-policy':
      return s3.send(new GetBucketPolicyCommand({ Bucket: bucket })).then(({ Policy }) => readable(Policy), noPolicy(bucket));
    case 'put-bucket-policy':
      if (document === undefined) throw new Error('Give the policy too: put-bucket-policy <bucket> <document>.');
      await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: document }));
      return `The policy of ${bucket} was replaced.`;
    case 'delete-bucket-policy':
      await s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
      return `The policy of ${bucket} was removed.`;
    case 'list-access-points': {
      const { AccessPointList = [] } = await s3control.send(
        new ListAccessPointsCommand({ AccountId: accountId, Bucket: bucket }),
      );
      return AccessPointList.map(({ Name }) => Name).join('\n') || `${bucket} has no access points.`;
    }
  }
}

function readable(policy: string | undefined): string {
  return JSON.stringify(JSON.parse(policy ?? 'null'), undefined, 2);
}

function noPolicy(bucket: string): (error: unknown) => string {
  return (error) => {
    if (error instanceof Error && error.name === 'NoSuchBucketPolicy') return `${bucket} has no policy.`;
    throw error;
  };
}
