/**
 * The least that the operator needs in AWS, as policy documents: what its own identity may do (assume the role `sluice` of each
 * account) and what that role may do there. The sandbox enforces them, so an action that is missing here fails the demo and the tests.
 */

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy document of IAM's. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** For the operator's own identity: it may only become the role `sluice` of these accounts. */
export function operatorPolicy(accountIds: readonly string[]): PolicyDocument {
  const Resource = accountIds.map((id) => `arn:aws:iam::${id}:role/sluice`);
  return {
    Version: '2012-10-17',
    Statement: [{ Sid: 'AssumeSluiceRoles', Effect: 'Allow', Action: ['sts:AssumeRole'], Resource }],
  };
}

/**
 * For the role `sluice` of one account. It may write bucket and key policies, and managed policies under the path /sluice/ only; it
 * can read no object, and can attach nothing but those policies (condition key iam:PolicyARN, IAM user guide
 * "Controlling access to policies").
 */
export function operatorRolePolicy(accountId: string): PolicyDocument {
  const policies = `arn:aws:iam::${accountId}:policy/sluice/*`;
  const principals = [`arn:aws:iam::${accountId}:role/*`, `arn:aws:iam::${accountId}:user/*`];
  const statements: Statement[] = [
    allow('ReadBuckets', bucketReads, 'arn:aws:s3:::*'),
    allow('WriteBucketPolicies', ['s3:PutBucketPolicy', 's3:DeleteBucketPolicy'], 'arn:aws:s3:::*'),
    allow(
      'KeyPolicies',
      ['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:PutKeyPolicy', 'kms:ListResourceTags'],
      `arn:aws:kms:*:${accountId}:key/*`,
    ),
    allow('AccessPoints', accessPoints, `arn:aws:s3:*:${accountId}:accesspoint/sluice-*`),
    allow('ReadPrincipals', principalReads, principals),
    allow(
      'ReadPolicies',
      ['iam:GetPolicy', 'iam:GetPolicyVersion'],
      [`arn:aws:iam::${accountId}:policy/*`, 'arn:aws:iam::aws:policy/*'],
    ),
    allow(
      'ReadAccount',
      [
        'iam:GetAccountSummary',
        'iam:ListPolicies',
        's3:GetAccountPublicAccessBlock',
        's3:ListAccessPoints',
        's3:ListAllMyBuckets',
      ],
      '*',
    ),
    allow('SharePolicies', sharePolicyWrites, policies),
    { ...allow('AttachSharePolicies', attachments, principals), Condition: { ArnLike: { 'iam:PolicyARN': policies } } },
  ];
  return { Version: '2012-10-17', Statement: statements };
}

/** A trust policy for one principal, with an external id when one is given (IAM user guide, "Access to accounts owned by third parties"). */
export function trust(principalArn: string, externalId?: string): string {
  const condition = externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } };
  const statement = { Effect: 'Allow', Principal: { AWS: principalArn }, Action: 'sts:AssumeRole', ...condition };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

const bucketReads = [
  's3:GetBucketPolicy',
  's3:GetBucketLocation',
  's3:GetEncryptionConfiguration',
  's3:GetBucketOwnershipControls',
  's3:GetBucketTagging',
  's3:GetBucketPolicyStatus',
  's3:GetBucketPublicAccessBlock',
];

const accessPoints = [
  's3:CreateAccessPoint',
  's3:DeleteAccessPoint',
  's3:DeleteAccessPointPolicy',
  's3:GetAccessPoint',
  's3:GetAccessPointPolicy',
  's3:PutAccessPointPolicy',
];

const principalReads = [
  'iam:GetRole',
  'iam:GetUser',
  'iam:ListAttachedRolePolicies',
  'iam:ListAttachedUserPolicies',
  'iam:GetRolePolicy',
  'iam:GetUserPolicy',
  'iam:ListRolePolicies',
  'iam:ListUserPolicies',
];

const sharePolicyWrites = [
  'iam:CreatePolicy',
  'iam:DeletePolicy',
  // CreatePolicy with tags asks for it (IAM user guide, "Tag customer managed policies").
  'iam:TagPolicy',
  'iam:CreatePolicyVersion',
  'iam:DeletePolicyVersion',
  'iam:ListPolicyVersions',
];

const attachments = ['iam:AttachRolePolicy', 'iam:DetachRolePolicy', 'iam:AttachUserPolicy', 'iam:DetachUserPolicy'];

function allow(Sid: string, Action: readonly string[], Resource: string | readonly string[]): Statement {
  return { Sid, Effect: 'Allow', Action, Resource };
}
