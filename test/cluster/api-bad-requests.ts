/** Bad input of what is asked for and decided, and what the API server has to say of it. */
import type { BadInput } from './api-bad-input.ts';

const items = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ type: 'Bucket', name: `bucket-${i}` }));

/** Bad ShareRequests. */
export const requests: BadInput[] = [
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
  ['ShareRequest', 'an unknown kind of item', { 'spec.items.0.type': 'Table' }, 'supported values: "Bucket", "Folder"'],
  [
    'ShareRequest',
    'an item of no possible name',
    { 'spec.items.0.name': 'Acme Orders' },
    'spec.items[0].name: Invalid value: "Acme Orders": must be the name of an item',
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

/** Bad ShareApprovals. */
export const approvals: BadInput[] = [
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
