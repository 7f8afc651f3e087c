/**
 * Thousands of shares as objects for the benchmark of an operator at rest: the numbers of estate.ts (a bucket is shared with 50 roles, a role gets 20 buckets, a
 * request has ten items), put into the store at once, with consent given.
 */
import type { Aws } from '../../sandbox/aws/index.ts';
import { operatorRolePolicy, trust } from '../../sandbox/operator-policy.ts';
import type { Objects } from '../worlds/objects.ts';

const rolesPerBucket = 50;
const bucketsPerRole = 20;
const itemsPerRequest = 10;
const accounts = { producer: '111122223333', consumer: '444455556666', platform: '999988887777' };
const region = 'eu-west-1';

/** What the operator signs its calls with. */
export interface OperatorKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Seeds accounts and objects with about `size` ShareItems; the exact number comes back with the operator's keys. */
export function seedEstate(aws: Aws, objects: Objects, size: number): OperatorKeys & { readonly items: number } {
  const roles = Array.from({ length: Math.max(rolesPerBucket, Math.round(size / bucketsPerRole)) }, (_, n) => name('team', n));
  const count = Math.max(bucketsPerRole, Math.round((roles.length * bucketsPerRole) / rolesPerBucket / 10) * 10);
  const buckets = Array.from({ length: count }, (_, n) => name('data', n));
  const user = aws.seed.user(accounts.platform, 'sluice-operator', { policies: { assume: assumePolicy } });
  for (const account of [accounts.producer, accounts.consumer])
    aws.seed.role(account, 'sluice', { trust: trust(user.arn, undefined), policies: { sluice: operatorRolePolicy(account) } });
  for (const bucket of buckets) aws.seed.bucket(accounts.producer, bucket, {});
  const arns = roles.map((role) => aws.seed.role(accounts.consumer, role).arn);
  seedPlatform(objects);
  const datasets = Array.from({ length: buckets.length / itemsPerRequest }, (_, n) => buckets.slice(n * 10, n * 10 + 10));
  for (const [n, own] of datasets.entries())
    create(
      objects,
      'Dataset',
      { name: name('set', n), namespace: 'owner' },
      {
        environmentRef: { name: 'producer' },
        buckets: own.map((bucket) => ({ name: bucket })),
      },
    );
  let items = 0;
  for (const [n, role] of roles.entries()) {
    const principalArn = arns[n] ?? '';
    const metadata = { name: role, namespace: 'requester' };
    create(objects, 'ConsumptionRole', metadata, { environmentRef: { name: 'consumer' }, principalArn });
    for (let k = 0; k < bucketsPerRole / itemsPerRequest; k++) {
      const dataset = (n * 2 + k) % datasets.length;
      items += ask(objects, { role, principalArn, dataset: name('set', dataset), buckets: datasets[dataset] ?? [] });
    }
  }
  return { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey, items };
}

const assumePolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }],
};

function seedPlatform(objects: Objects): void {
  for (const namespace of ['owner', 'requester', 'sluice-system'])
    objects.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace }, spec: {} });
  const named = (namespace: string): object => ({ from: 'Names', names: [namespace] });
  const environment = (which: 'producer' | 'consumer', namespace: string, claim: object): void =>
    create(
      objects,
      'Environment',
      { name: which },
      {
        accountId: accounts[which],
        region,
        assumeRole: { arn: `arn:aws:iam::${accounts[which]}:role/sluice` },
        allowedNamespaces: named(namespace),
        claims: [{ namespaces: named(namespace), ...claim }],
      },
    );
  environment('producer', 'owner', { buckets: ['*'] });
  environment('consumer', 'requester', { roles: ['*', 'role/*'] });
}

interface Asked {
  readonly role: string;
  readonly principalArn: string;
  readonly dataset: string;
  readonly buckets: readonly string[];
}

function ask(objects: Objects, { role, principalArn, dataset, buckets }: Asked): number {
  const request = `${role}-${dataset}`;
  const items = buckets.map((bucket) => ({ type: 'Bucket', name: bucket }));
  create(
    objects,
    'ShareRequest',
    { name: request, namespace: 'requester' },
    {
      datasetRef: { namespace: 'owner', name: dataset },
      principal: { kind: 'ConsumptionRole', name: role },
      items,
    },
  );
  create(
    objects,
    'ShareApproval',
    { name: request, namespace: 'owner' },
    {
      datasetRef: { name: dataset },
      requestRef: { namespace: 'requester', name: request },
      decision: 'Approved',
      principal: { arn: principalArn },
      items: items.map((item) => ({ ...item, permissions: ['Read'] })),
    },
  );
  return items.length;
}

function create(objects: Objects, kind: string, { name: of, namespace }: Named, spec: object): void {
  const plural = `${kind.toLowerCase()}s`;
  const metadata = { name: of, ...(namespace === undefined ? {} : { namespace }) };
  objects.create(plural, { apiVersion: 'sluice.dev/v1alpha1', kind, metadata, spec });
}

interface Named {
  readonly name: string;
  readonly namespace?: string;
}

function name(what: string, number: number): string {
  return `${what}-${String(number).padStart(4, '0')}`;
}
