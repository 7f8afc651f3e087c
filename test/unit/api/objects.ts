/**
 * Objects of every kind for tests of the API: valid as they are, changed by path. Not for tests of what the operator does with them.
 */

/** A custom resource as a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly spec: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
}

/** A digest of the right form. */
export const digest = `v1:sha256:${'a'.repeat(64)}`;
/** ARN of a role that may receive shares. */
export const analysts = 'arn:aws:iam::444455556666:role/teams/analysts';
/** ARN of a KMS key. */
export const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

const item = { type: 'Bucket', name: 'acme-orders' };
const session = {
  name: 'sales',
  accountId: '111122223333',
  region: 'eu-west-1',
  roleArn: 'arn:aws:iam::111122223333:role/sluice',
  externalIdSecretRef: { name: 'sluice-aws', key: 'externalId' },
};

const specs = {
  Environment: {
    accountId: '111122223333',
    region: 'eu-west-1',
    assumeRole: { arn: 'arn:aws:iam::111122223333:role/sluice', externalIdSecretRef: { name: 'sluice-aws', key: 'externalId' } },
    allowedNamespaces: { from: 'All' },
    claims: [{ namespaces: { from: 'Names', names: ['team-sales'] }, buckets: ['acme-orders*'] }],
  },
  ConsumptionRole: { environmentRef: { name: 'analytics' }, principalArn: analysts },
  Dataset: {
    environmentRef: { name: 'sales' },
    title: 'Orders',
    buckets: [{ name: 'acme-orders' }, { name: 'acme-payments', kmsKeyArn: keyArn }],
    sharing: { permissions: ['Read', 'Write'] },
  },
  ShareRequest: {
    datasetRef: { namespace: 'team-sales', name: 'orders' },
    principal: { kind: 'ConsumptionRole', name: 'analysts' },
    items: [item],
  },
  ReceivedShare: {
    datasetRef: { name: 'orders' },
    requestRef: { namespace: 'team-analytics', name: 'orders-for-analysts' },
    permissions: ['Read'],
    items: [item],
  },
  ShareApproval: {
    datasetRef: { name: 'orders' },
    requestRef: { namespace: 'team-analytics', name: 'orders-for-analysts' },
    decision: 'Approved',
    principal: { arn: analysts },
    items: [item],
  },
  ShareItem: {
    requestRef: { name: 'orders-for-analysts', uid: '7b1c2f6e-3f0a-4a57-9d59-0a4d8a1f7c11' },
    datasetRef: { namespace: 'team-sales', name: 'orders' },
    ...item,
    permissions: ['Read'],
    consent: { source: 'Automatic', digest, permissions: ['Read'], grantedTime: '2026-11-21T12:00:00Z' },
    resolved: [
      {
        id: 'first',
        type: 'Bucket',
        environment: session,
        consumer: { ...session, name: 'analytics', accountId: '444455556666' },
        partition: 'aws',
        bucket: 'acme-orders',
        principal: { arn: analysts, uniqueId: 'AROAEXAMPLEEXAMPLE123' },
        permissions: ['Read'],
        policyManagement: 'Managed',
        awsNamePrefix: 'sluice',
        targets: ['s3:bucket-policy/111122223333/acme-orders'],
        state: 'Live',
        digest,
      },
    ],
  },
} satisfies Record<string, Record<string, unknown>>;

/** A kind that there is a valid object of. */
export type SampleKind = keyof typeof specs;
/** All of them. */
export const sampleKinds = Object.keys(specs) as SampleKind[];

/** Changes by path into the object (`spec.items.0.name`); undefined removes. */
export type Changes = Readonly<Record<string, unknown>>;

/** A valid object of this kind, in this namespace unless the kind has none, with these changes. */
export function manifest(kind: SampleKind, name: string, options: { namespace?: string; changes?: Changes } = {}): Manifest {
  const { namespace, changes = {} } = options;
  const place = kind === 'Environment' || namespace === undefined ? {} : { namespace };
  const object = { apiVersion: 'sluice.dev/v1alpha1', kind, metadata: { name, ...place }, spec: structuredClone(specs[kind]) };
  for (const [path, value] of Object.entries(changes)) setPath(object, path.split('.'), value);
  return object;
}

function setPath(target: object, [head, ...rest]: readonly string[], value: unknown): void {
  if (head === undefined) return;
  const record = target as Record<string, unknown>;
  if (rest.length === 0) {
    if (value === undefined) delete record[head];
    else record[head] = value;
    return;
  }
  record[head] ??= {};
  setPath(record[head] as object, rest, value);
}
