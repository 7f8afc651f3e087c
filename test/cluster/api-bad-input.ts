/** Bad input of what owners and the platform team write, and what the API server has to say of it. Requests and approvals: api-bad-requests.ts. */
import type { Changes, SampleKind } from '../unit/api/objects.ts';
import { keyArn } from '../unit/api/objects.ts';

/** A valid object of this kind, what is bad about the changes, the changes, and words of the message. */
export type BadInput = readonly [kind: SampleKind, what: string, changes: Changes, message: string];

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
const items = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ type: 'Bucket', name: `bucket-${i}` }));
const claim = (changes: object): Changes => ({
  'spec.claims': [{ namespaces: { from: 'All' }, buckets: ['acme-*'], ...changes }],
});
const autoApprove = (changes: object): Changes => ({ 'spec.sharing.autoApprove': [{ namespaces: ['team-a'], ...changes }] });

/** Bad Environments. */
export const environments: BadInput[] = [
  [
    'Environment',
    'an account id of eleven digits',
    { 'spec.accountId': '11112222333' },
    'spec.accountId: Invalid value: "11112222333": must be an AWS account id: twelve digits in quotes',
  ],
  [
    'Environment',
    'an account id as a number',
    { 'spec.accountId': 111122223333 },
    'spec.accountId in body must be of type string',
  ],
  ['Environment', 'no account id', { 'spec.accountId': undefined }, 'spec.accountId: Required value'],
  [
    'Environment',
    'an availability zone as region',
    { 'spec.region': 'eu-west-1a' },
    'must be the code of an AWS region, such as eu-west-1',
  ],
  [
    'Environment',
    'a user as role',
    { 'spec.assumeRole.arn': 'arn:aws:iam::111122223333:user/sluice' },
    'spec.assumeRole.arn: Invalid value: "arn:aws:iam::111122223333:user/sluice": must be the ARN of an IAM role',
  ],
  [
    'Environment',
    'a Secret without a key',
    { 'spec.assumeRole.externalIdSecretRef.key': undefined },
    'spec.assumeRole.externalIdSecretRef.key: Required value',
  ],
  [
    'Environment',
    'a Secret of no possible name',
    { 'spec.assumeRole.externalIdSecretRef.name': 'A_B' },
    'must be the name of a Kubernetes object',
  ],
  ['Environment', 'no allowed namespaces', { 'spec.allowedNamespaces': undefined }, 'spec.allowedNamespaces: Required value'],
  [
    'Environment',
    'namespaces from nowhere',
    { 'spec.allowedNamespaces.from': 'Some' },
    'supported values: "All", "Names", "Selector"',
  ],
  [
    'Environment',
    'names with from: All',
    { 'spec.allowedNamespaces.names': ['a'] },
    'names goes with from: Names, and only with it',
  ],
  [
    'Environment',
    'from: Names without names',
    { 'spec.allowedNamespaces': { from: 'Names' } },
    'names goes with from: Names, and only with it',
  ],
  [
    'Environment',
    'from: Selector without a selector',
    { 'spec.allowedNamespaces': { from: 'Selector' } },
    'selector goes with from: Selector',
  ],
  [
    'Environment',
    'a namespace of no possible name',
    { 'spec.allowedNamespaces': { from: 'Names', names: ['A b'] } },
    'must be the name of a namespace',
  ],
  [
    'Environment',
    'too many names',
    { 'spec.allowedNamespaces': { from: 'Names', names: names(51) } },
    'must have at most 50 items',
  ],
  [
    'Environment',
    'a selector with an unknown operator',
    { 'spec.allowedNamespaces': { from: 'Selector', selector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } } },
    'supported values: "In", "NotIn", "Exists", "DoesNotExist"',
  ],
  [
    'Environment',
    'a claim on nothing',
    { 'spec.claims': [{ namespaces: { from: 'All' } }] },
    'a claim must say what it covers: give buckets, kmsKeys, roles or byTag',
  ],
  ['Environment', 'a claim for nobody', { 'spec.claims': [{ buckets: ['a'] }] }, 'spec.claims[0].namespaces: Required value'],
  [
    'Environment',
    'a bucket claimed by URL',
    claim({ buckets: ['s3://acme'] }),
    'must be a glob of bucket names, such as acme-orders or acme-orders-*, without s3://',
  ],
  ['Environment', 'a claimed key with a space', claim({ kmsKeys: ['a b'] }), 'must be a glob of KMS key ids or key ARNs'],
  ['Environment', 'a claimed role with a space', claim({ roles: ['a b'] }), 'must be a glob of role names'],
  ['Environment', 'a tag that AWS does not allow', claim({ byTag: 'a;b' }), 'must be the key of an AWS tag'],
  ['Environment', 'an unknown end of claims', claim({ onLoss: 'Never' }), 'supported values: "AfterGracePeriod", "Immediately"'],
  [
    'Environment',
    'a prefix that is too long',
    { 'spec.sharePolicyPrefix': 'thirteenchars' },
    'Too long: may not be more than 12 bytes',
  ],
  [
    'Environment',
    'a prefix with a dash',
    { 'spec.sharePolicyPrefix': 'my-prefix' },
    'must be 1 to 12 lower case letters and digits',
  ],
  [
    'Environment',
    'a share of documents beyond the whole',
    { 'spec.limits': { documentShare: 101 } },
    'spec.limits.documentShare in body should be less than or equal to 100',
  ],
  [
    'Environment',
    'no share of documents at all',
    { 'spec.limits': { documentShare: 0 } },
    'spec.limits.documentShare in body should be greater than or equal to 1',
  ],
];

/** Bad ConsumptionRoles. */
export const roles: BadInput[] = [
  [
    'ConsumptionRole',
    'a session instead of a role',
    { 'spec.principalArn': 'arn:aws:sts::444455556666:assumed-role/analysts/me' },
    'name the role itself',
  ],
  [
    'ConsumptionRole',
    'an account root',
    { 'spec.principalArn': 'arn:aws:iam::444455556666:root' },
    'must be the ARN of an IAM role or user',
  ],
  [
    'ConsumptionRole',
    'a wildcard',
    { 'spec.principalArn': 'arn:aws:iam::444455556666:role/*' },
    'must be the ARN of an IAM role or user',
  ],
  ['ConsumptionRole', 'no principal', { 'spec.principalArn': undefined }, 'spec.principalArn: Required value'],
  ['ConsumptionRole', 'no Environment', { 'spec.environmentRef': undefined }, 'spec.environmentRef: Required value'],
  [
    'ConsumptionRole',
    'an unknown way to manage policies',
    { 'spec.policyManagement': 'Auto' },
    'supported values: "Managed", "Detached", "External"',
  ],
  [
    'ConsumptionRole',
    'a managed role of IAM Identity Center',
    { 'spec.principalArn': 'arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x_1' },
    'use policyManagement: Detached or External',
  ],
];

/** Bad Datasets. */
export const datasets: BadInput[] = [
  ['Dataset', 'no bucket', { 'spec.buckets': [] }, 'spec.buckets in body should have at least 1 items'],
  [
    'Dataset',
    'a bucket as URL',
    { 'spec.buckets.0.name': 's3://acme-orders' },
    'must be the name of a bucket alone, such as acme-orders',
  ],
  ['Dataset', 'a bucket twice', { 'spec.buckets': [{ name: 'acme' }, { name: 'acme' }] }, 'spec.buckets[1]: Duplicate value'],
  [
    'Dataset',
    'too many buckets',
    { 'spec.buckets': items(51).map((_, i) => ({ name: `bucket-${i}` })) },
    'must have at most 50 items',
  ],
  [
    'Dataset',
    'the alias of a key',
    { 'spec.buckets.1.kmsKeyArn': keyArn.replace('key/', 'alias/') },
    'not an alias or a key id alone: "aws kms describe-key --key-id <alias>" prints it',
  ],
  [
    'Dataset',
    'a key id alone',
    { 'spec.buckets.1.kmsKeyArn': '1234abcd-12ab-34cd-56ef-1234567890ab' },
    'must be the ARN of a KMS key',
  ],
  ['Dataset', 'no Environment', { 'spec.environmentRef': undefined }, 'spec.environmentRef: Required value'],
  [
    'Dataset',
    'an unknown confidentiality',
    { 'spec.confidentiality': 'Public' },
    'supported values: "Unclassified", "Official", "Secret"',
  ],
  ['Dataset', 'a title that is too long', { 'spec.title': 'x'.repeat(257) }, 'spec.title: Too long'],
  [
    'Dataset',
    'secret data shared automatically',
    { 'spec.confidentiality': 'Secret', 'spec.sharing.approval': 'Automatic' },
    'secret data is never shared automatically: use approval: Manual',
  ],
  [
    'Dataset',
    'secret data shared automatically with some',
    { 'spec.confidentiality': 'Secret', ...autoApprove({}) },
    'secret data is never shared automatically: remove autoApprove',
  ],
  [
    'Dataset',
    'automatic approval of more than is offered',
    autoApprove({ permissions: ['Read', 'Modify'] }),
    'autoApprove can give no more than sharing.permissions allows',
  ],
  [
    'Dataset',
    'automatic approval for nobody',
    { 'spec.sharing.autoApprove': [{ items: [] }] },
    'say for whom: give either namespaces or selector',
  ],
  ['Dataset', 'automatic approval twice over', autoApprove({ selector: {} }), 'say for whom: give either namespaces or selector'],
  [
    'Dataset',
    'automatic approval of an unknown kind',
    autoApprove({ items: [{ type: 'Row', name: 'acme' }] }),
    'supported values: "Bucket"',
  ],
  ['Dataset', 'no permission', { 'spec.sharing.permissions': [] }, 'should have at least 1 items'],
  ['Dataset', 'writing without reading', { 'spec.sharing.permissions': ['Write'] }, 'permissions must contain Read'],
  ['Dataset', 'a permission twice', { 'spec.sharing.permissions': ['Read', 'Read'] }, 'Duplicate value: "Read"'],
  [
    'Dataset',
    'requesters from nowhere',
    { 'spec.sharing.requesters': { from: 'Us' } },
    'supported values: "All", "Same", "Names", "Selector"',
  ],
  ['Dataset', 'an unknown approval', { 'spec.sharing.approval': 'Sometimes' }, 'supported values: "Manual", "Automatic"'],
  ['Dataset', 'an unknown drift', { 'spec.sharing.drift': 'Ignore' }, 'supported values: "Reapply", "Report"'],
  [
    'Dataset',
    'an unknown answer to new principals',
    { 'spec.sharing.onPrincipalRecreated': 'Ignore' },
    'supported values: "Reapprove", "Follow"',
  ],
  [
    'Dataset',
    'a duration in days',
    { 'spec.sharing.expiration.max': '30d' },
    'must be a duration in hours, minutes and seconds, such as 2160h, 90m or 1h30m (a day is 24h)',
  ],
  [
    'Dataset',
    'a shortest time longer than the longest',
    { 'spec.sharing.expiration': { min: '48h', max: '24h' } },
    'min must not be longer than max',
  ],
  [
    'Dataset',
    'a longest time in days beside a shortest',
    { 'spec.sharing.expiration': { min: '24h', max: '30d' } },
    'spec.sharing.expiration.max: Invalid value: "30d": must be a duration',
  ],
  [
    'Dataset',
    'verification once a day, in days',
    { 'spec.sharing.verifyInterval': '1d' },
    'must be a duration in hours, minutes and seconds',
  ],
  [
    'Dataset',
    'verification every second',
    { 'spec.sharing.verifyInterval': '1s' },
    'must be at least 1m: every verification reads AWS',
  ],
  ['Dataset', 'a negative limit', { 'spec.sharing.limits.requestsPerNamespace': -1 }, 'should be greater than or equal to 0'],
  [
    'Dataset',
    'a name with the mail address',
    { 'spec.notify': { emails: ['Sales <sales@example.com>'] } },
    'must be a mail address alone, such as data@example.com',
  ],
  [
    'Dataset',
    'a header in a mail address',
    { 'spec.notify': { emails: ['a@b.com\nBcc: c@d.com'] } },
    'must be a mail address alone',
  ],
  ['Dataset', 'too many stewards', { 'spec.stewards': names(21) }, 'must have at most 20 items'],
];
