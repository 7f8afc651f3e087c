/**
 * Every way in which somebody can break the policy that Sluice made for a principal: its versions, its attachment, its name, path and tags. Data for
 * writer-drift.test.ts; it asserts nothing by itself.
 */
import {
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  ListPolicyVersionsCommand,
  SetDefaultPolicyVersionCommand,
  UntagPolicyCommand,
} from '@aws-sdk/client-iam';
import type { JsonObject } from '../../../src/policy/document.ts';
import { policyName } from '../../../src/targets/share-policy-names.ts';
import type { Breakage, Shared } from './breakages.ts';
import { documentOf } from './documents.ts';
import { contentOf, coordinatesOf, firstPolicy } from './iam.ts';
import { installation } from './world.ts';

const versioned = ['iam:CreatePolicyVersion'];
const all = 's3:GetObject, s3:ListBucket';

/** All of them. */
export const shareBreakages: readonly Breakage[] = [
  {
    title: 'an action is taken out',
    make: version((own) => ({ ...own, Action: 's3:ListBucket' })),
    missing: 's3:GetObject',
    mendedBy: versioned,
  },
  {
    title: 'an action is added',
    make: version((own) => ({ ...own, Action: ['s3:GetObject', 's3:ListBucket', 's3:PutObject'] })),
    excess: 's3:PutObject',
    mendedBy: versioned,
  },
  {
    title: 'a wildcard is written',
    make: version((own) => ({ ...own, Action: 's3:*' })),
    missing: all,
    excess: 's3:*',
    mendedBy: versioned,
  },
  {
    title: 'the condition is taken away',
    make: version(({ Condition: _gone, ...own }) => own),
    missing: all,
    excess: all,
    mendedBy: versioned,
  },
  {
    title: 'another resource is added',
    make: version((own) => ({ ...own, Resource: [...(own.Resource as string[]), 'arn:aws:s3:::salaries/*'] })),
    unowned: all,
    mendedBy: versioned,
  },
  {
    title: 'the resource is widened',
    make: version((own) => ({ ...own, Resource: '*' })),
    missing: all,
    unowned: all,
    mendedBy: versioned,
  },
  {
    title: 'a Deny is added',
    make: version((own) => [own, { Effect: 'Deny', Action: 's3:*', Resource: '*' }]),
    unowned: 's3:*',
    mendedBy: versioned,
  },
  {
    title: 'Allow becomes Deny',
    make: version((own) => ({ ...own, Effect: 'Deny' })),
    missing: all,
    unowned: 'Deny statement',
    mendedBy: versioned,
  },
  {
    title: 'an older version is made the default',
    make: olderVersion,
    missing: all,
    unowned: 's3:ListAllMyBuckets',
    mendedBy: versioned,
  },
  {
    title: 'the policy is detached',
    make: detach,
    missing: 'IAM Policy attached Target Resource does not exist',
    mendedBy: ['iam:AttachRolePolicy'],
  },
  { title: 'the policy is deleted', make: remove, missing: all, mendedBy: ['iam:CreatePolicy', 'iam:AttachRolePolicy'] },
  {
    title: 'the policy is deleted and its name taken at another path',
    make: (shared: Shared) => replace(shared, '/'),
    missing: all,
    mendedBy: [],
    reportedAs: 'Drifted',
  },
  { title: 'the tags are taken away', make: untag, missing: all, mendedBy: [] },
].map((breakage): Breakage => ({ document: 'share policy', ...breakage }));

function version(edit: (own: JsonObject) => JsonObject | readonly JsonObject[]): Breakage['make'] {
  return async ({ world, analyst }) => {
    const PolicyArn = firstPolicy(analyst);
    const PolicyDocument = documentOf(...(await contentOf(world, PolicyArn)).flatMap(edit));
    await world.consumer.iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true }));
  };
}

/** A version that somebody made once, and made the default much later. */
async function olderVersion({ world, analyst }: Shared): Promise<void> {
  const PolicyArn = firstPolicy(analyst);
  const PolicyDocument = documentOf({ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' });
  const made = await world.consumer.iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument }));
  const VersionId = made.PolicyVersion?.VersionId;
  await world.consumer.iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId }));
}

async function detach({ world, analyst }: Shared): Promise<void> {
  await world.consumer.iam.send(new DetachRolePolicyCommand({ RoleName: 'analyst', PolicyArn: firstPolicy(analyst) }));
}

async function remove(shared: Shared): Promise<void> {
  const PolicyArn = firstPolicy(shared.analyst);
  const { iam } = shared.world.consumer;
  await detach(shared);
  const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  for (const { VersionId, IsDefaultVersion } of Versions)
    if (IsDefaultVersion !== true) await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
  await iam.send(new DeletePolicyCommand({ PolicyArn }));
}

async function replace(shared: Shared, Path: string): Promise<void> {
  await remove(shared);
  const PolicyName = policyName(installation, coordinatesOf(shared.analyst.arn), 0);
  const PolicyDocument = documentOf({ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' });
  await shared.world.consumer.iam.send(new CreatePolicyCommand({ PolicyName, Path, PolicyDocument }));
}

async function untag({ world, analyst }: Shared): Promise<void> {
  const PolicyArn = firstPolicy(analyst);
  const { Policy } = await world.consumer.iam.send(new GetPolicyCommand({ PolicyArn }));
  const TagKeys = (Policy?.Tags ?? []).map(({ Key }) => Key ?? '');
  await world.consumer.iam.send(new UntagPolicyCommand({ PolicyArn, TagKeys }));
}
