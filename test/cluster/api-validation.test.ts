/**
 * What the API server says to bad input of each field: the field, what is wrong, and what to do. One call sends all bad objects; the table says
 * what must be said of each. Defaults and immutability are in api-objects.test.ts.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { CommandError } from '../../sandbox/cluster/run.ts';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';
import type { Changes, Manifest, SampleKind } from '../unit/api/objects.ts';
import { analysts, digest, keyArn, manifest, sampleKinds } from '../unit/api/objects.ts';

type BadInput = readonly [kind: SampleKind, what: string, changes: Changes, message: string];

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
const items = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ type: 'Bucket', name: `bucket-${i}` }));
const claim = (changes: object): Changes => ({
  'spec.claims': [{ namespaces: { from: 'All' }, buckets: ['acme-*'], ...changes }],
});
const autoApprove = (changes: object): Changes => ({ 'spec.sharing.autoApprove': [{ namespaces: ['team-a'], ...changes }] });

const environments: BadInput[] = [
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
];

const roles: BadInput[] = [
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

const datasets: BadInput[] = [
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
  ['Dataset', 'too many stewards', { 'spec.stewards': names(21) }, 'must have at most 20 items'],
];

const requests: BadInput[] = [
  ['ShareRequest', 'no Dataset', { 'spec.datasetRef': undefined }, 'spec.datasetRef: Required value'],
  [
    'ShareRequest',
    'a Dataset without a namespace',
    { 'spec.datasetRef.namespace': undefined },
    'spec.datasetRef.namespace: Required value',
  ],
  ['ShareRequest', 'no principal', { 'spec.principal': undefined }, 'spec.principal: Required value'],
  ['ShareRequest', 'an unknown kind of principal', { 'spec.principal.kind': 'User' }, 'supported values: "ConsumptionRole"'],
  [
    'ShareRequest',
    'no item',
    { 'spec.items': [] },
    'a request needs at least one item: add it to items, or use state: Draft until you know',
  ],
  ['ShareRequest', 'an item twice', { 'spec.items': [...items(1), ...items(1)] }, 'spec.items[1]: Duplicate value'],
  ['ShareRequest', 'too many items', { 'spec.items': items(101) }, 'must have at most 100 items'],
  ['ShareRequest', 'an unknown kind of item', { 'spec.items.0.type': 'Table' }, 'supported values: "Bucket"'],
  [
    'ShareRequest',
    'an item of no possible name',
    { 'spec.items.0.name': 'Acme Orders' },
    'spec.items[0].name: Invalid value: "Acme Orders": must be the name of a bucket',
  ],
  ['ShareRequest', 'writing without reading', { 'spec.permissions': ['Modify'] }, 'permissions must contain Read'],
  [
    'ShareRequest',
    'an unknown permission',
    { 'spec.permissions': ['Read', 'Delete'] },
    'supported values: "Read", "Write", "Modify"',
  ],
  ['ShareRequest', 'an unknown state', { 'spec.state': 'Approved' }, 'supported values: "Submitted", "Draft"'],
  [
    'ShareRequest',
    'two ends',
    { 'spec.expireTime': '2027-01-31T00:00:00Z', 'spec.expiresAfter': '24h' },
    'expireTime and expiresAfter exclude each other: keep one of them',
  ],
  [
    'ShareRequest',
    'a date without a time',
    { 'spec.expireTime': '2027-01-31' },
    'spec.expireTime in body must be of type date-time',
  ],
  [
    'ShareRequest',
    'a duration in words',
    { 'spec.expiresAfter': '3 months' },
    'must be a duration in hours, minutes and seconds',
  ],
  ['ShareRequest', 'an unknown deletion policy', { 'spec.deletionPolicy': 'Keep' }, 'supported values: "Revoke", "Block"'],
  ['ShareRequest', 'a purpose that is too long', { 'spec.purpose': 'x'.repeat(1025) }, 'spec.purpose: Too long'],
  [
    'ShareRequest',
    'a name that fits no label',
    { 'metadata.name': `z${'x'.repeat(63)}` },
    'metadata.name must have at most 63 characters',
  ],
];

const approvals: BadInput[] = [
  [
    'ShareApproval',
    'an approval of nobody',
    { 'spec.principal': undefined },
    'an approval names who gets access: add principal.arn as ReceivedShare.spec.principal shows it',
  ],
  [
    'ShareApproval',
    'an approval of nothing',
    { 'spec.items': undefined },
    'an approval names what is shared: add at least one item',
  ],
  ['ShareApproval', 'no decision', { 'spec.decision': undefined }, 'spec.decision: Required value'],
  ['ShareApproval', 'an unknown decision', { 'spec.decision': 'Maybe' }, 'supported values: "Approved", "Rejected"'],
  ['ShareApproval', 'a principal that is no ARN', { 'spec.principal.arn': 'analysts' }, 'must be the ARN of an IAM role or user'],
  [
    'ShareApproval',
    'a digest that is none',
    { 'spec.items.0.digest': 'latest' },
    'must be a digest as ReceivedShare.spec.items shows it',
  ],
  ['ShareApproval', 'writing without reading', { 'spec.items.0.permissions': ['Write'] }, 'permissions must contain Read'],
  ['ShareApproval', 'no request', { 'spec.requestRef': undefined }, 'spec.requestRef: Required value'],
  ['ShareApproval', 'no Dataset', { 'spec.datasetRef': undefined }, 'spec.datasetRef: Required value'],
  ['ShareApproval', 'an end that is no time', { 'spec.expireTime': 'tomorrow' }, 'must be of type date-time'],
  [
    'ShareApproval',
    'a rejected extension without a time',
    { 'spec.extension': { reason: 'no' } },
    'spec.extension.rejectedExpireTime: Required value',
  ],
];

const operator = `system:serviceaccount:${operatorNamespace}:sluice`;
const cases = [...environments, ...roles, ...datasets, ...requests, ...approvals].map((bad, index) => ({
  bad,
  name: `bad-${index}`,
}));
const words = new Map<string, string>();
let namespace: string;

/** Errors by object: kubectl says `The Dataset "bad-3" is invalid: …`, or lists several with `* `. */
function collectErrors(stderr: string): void {
  const errors = stderr.split(/^(?=The \w+ "|Error from server)/m);
  for (const error of errors) {
    const name = /"([a-z0-9.-]+)"/.exec(error)?.[1];
    if (name !== undefined) words.set(name, error);
  }
}

async function dryRun(objects: readonly Manifest[], identity: { as?: string } = {}): Promise<string> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  return kubectl(['create', '--dry-run=server', '--validate=false', '--filename', '-'], { input, ...identity });
}

beforeAll(async () => {
  await installChart();
  namespace = await uniqueNamespace('api');
  const objects = cases.map(({ bad: [kind, , changes], name }) => manifest(kind, name, { namespace, changes }));
  await dryRun(objects).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error;
    collectErrors(error.stderr);
  });
});

describe('given bad input, then the API server says what is wrong and what to do', () => {
  test.each(cases)('$bad.0: $bad.1', ({ bad: [, , changes, message], name }) => {
    const renamed = changes['metadata.name'];
    expect(words.get(typeof renamed === 'string' ? renamed : name) ?? 'accepted').toContain(message);
  });

  test('every message names the field and none shows a regular expression', () => {
    for (const [name, error] of words) expect(error, name).not.toMatch(/should match '|self\.|rule evaluation/);
  });
});

describe('given good input, then the API server takes it', () => {
  test.each(sampleKinds)('%s', async (kind) => {
    // Two kinds are written by the operator only.
    const identity = kind === 'ShareItem' || kind === 'ReceivedShare' ? { as: operator } : {};
    await expect(dryRun([manifest(kind, `good-${kind.toLowerCase()}`, { namespace })], identity)).resolves.toContain(
      'created (server dry run)',
    );
  });

  test('a draft without items, a rejection of everything, and a request with one end', async () => {
    const objects = [
      manifest('ShareRequest', 'draft', { namespace, changes: { 'spec.items': undefined, 'spec.state': 'Draft' } }),
      manifest('ShareRequest', 'ends', {
        namespace,
        changes: { 'spec.expiresAfter': '2160h', 'spec.permissions': ['Read', 'Write', 'Modify'] },
      }),
      manifest('ShareApproval', 'no', {
        namespace,
        changes: { 'spec.decision': 'Rejected', 'spec.principal': undefined, 'spec.items': undefined },
      }),
      manifest('ShareApproval', 'yes', { namespace, changes: { 'spec.items.0.digest': digest, 'spec.principal.arn': analysts } }),
    ];
    await expect(dryRun(objects)).resolves.toMatch(/^(.*created \(server dry run\)\n){4}$/);
  });

  test.each([
    'arn:aws-cn:iam::444455556666:role/analysts',
    'arn:aws-us-gov:iam::444455556666:user/people/ana@example.com',
    "arn:aws:iam::444455556666:role/o'brien/analysts",
  ])('the principal %s', async (arn) => {
    const object = manifest('ConsumptionRole', 'role', { namespace, changes: { 'spec.principalArn': arn } });
    await expect(dryRun([object])).resolves.toContain('created');
  });

  test('given an unknown field, then kubectl names it instead of dropping it', async () => {
    const object = manifest('Dataset', 'unknown', { namespace, changes: { 'spec.folders': [{ name: 'raw' }] } });
    const create = kubectl(['create', '--dry-run=server', '--filename', '-'], { input: JSON.stringify(object) });
    await expect(create).rejects.toThrow(/unknown field "spec.folders"/);
  });
});
