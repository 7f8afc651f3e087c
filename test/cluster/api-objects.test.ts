/**
 * Objects on the real API server: defaults, fields that never change, the greatest objects, and what kubectl shows of them. Bad input is in
 * api-validation.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { objectSchema } from '../../scripts/generate/crd.ts';
import type { Structural } from '../../scripts/generate/structural.ts';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import type { KindDefinition } from '../../src/api/kind.ts';
import { kinds } from '../../src/api/kinds.ts';
import { apply, get, installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';
import type { Changes, Manifest, SampleKind } from '../unit/api/objects.ts';
import { analysts, digest, keyArn, manifest, sampleKinds } from '../unit/api/objects.ts';

const operator = `system:serviceaccount:${operatorNamespace}:sluice`;
const definitions = kinds as readonly KindDefinition[];
const plural = (kind: string): string => definitions.find((candidate) => candidate.kind === kind)?.plural ?? kind;

/** Writes an object as whoever may: the operator its own two kinds, the administrator the rest. */
async function write(object: Manifest): Promise<string> {
  const own = object.kind === 'ShareItem' || object.kind === 'ReceivedShare';
  return apply([object], own ? { as: operator } : {});
}

async function writeStatus(object: Manifest, status: object): Promise<string> {
  const { apiVersion, kind, metadata } = object;
  const input = JSON.stringify({ apiVersion, kind, metadata, status });
  const args = ['apply', '--server-side', '--subresource=status', '--field-manager=sluice-status', '--filename', '-'];
  return kubectl(args, { input, as: operator });
}

let namespace: string;

beforeAll(async () => {
  await installChart();
  namespace = await uniqueNamespace('api');
});

describe('a new object', () => {
  test.each(sampleKinds.filter((kind) => kind !== 'Environment'))(
    'of kind %s has a status that says that it was not looked at yet',
    async (kind) => {
      await write(manifest(kind, 'new', { namespace }));
      await expect(get(plural(kind), 'new', namespace)).resolves.toMatchObject({ status: { observedGeneration: -1 } });
    },
  );

  test('of kind Dataset has its terms written out, and closed', async () => {
    await write(manifest('Dataset', 'defaults', { namespace, changes: { 'spec.sharing': undefined } }));
    await expect(get('datasets', 'defaults', namespace)).resolves.toMatchObject({
      spec: {
        confidentiality: 'Unclassified',
        stewards: [],
        sharing: {
          requesters: { from: 'All' },
          approval: 'Manual',
          autoApprove: [],
          permissions: ['Read'],
          expiration: { required: false },
          drift: 'Reapply',
          onPrincipalRecreated: 'Reapprove',
          limits: {},
        },
      },
    });
  });

  test('is listed by the category sluice for people who may see one namespace only', async () => {
    await kubectl(['create', 'rolebinding', 'viewers', '--clusterrole=view', '--user=vera', '--namespace', namespace]);
    await write(manifest('ShareRequest', 'listed', { namespace }));
    await expect(kubectl(['get', 'sluice', '--namespace', namespace], { as: 'vera' })).resolves.toContain('listed');
  });
});

describe('the examples of the reference', () => {
  test.each(definitions.map(({ kind, singular }) => ({ kind, singular })))(
    '$kind: the API server takes it as it stands',
    async ({ kind, singular }) => {
      const page = readFileSync(join(import.meta.dirname, '../../docs/reference', `${singular}.md`), 'utf8');
      const example = /```yaml\n([^`]*)```/.exec(page)?.[1] ?? '';
      const input = example.replace(/namespace: [a-z-]+$/m, `namespace: ${namespace}`);
      const own = kind === 'ShareItem' || kind === 'ReceivedShare';
      await expect(
        kubectl(['create', '--dry-run=server', '--filename', '-'], { input, ...(own && { as: operator }) }),
      ).resolves.toContain('created');
    },
  );
});

describe('a field that decides who gets what never changes', () => {
  const otherArn = analysts.replace('analysts', 'interns');
  const table: [SampleKind, string, Changes, string][] = [
    [
      'ConsumptionRole',
      'environmentRef',
      { 'spec.environmentRef.name': 'b' },
      "environmentRef can't be changed: create another ConsumptionRole",
    ],
    ['ConsumptionRole', 'principalArn', { 'spec.principalArn': otherArn }, "principalArn can't be changed"],
    ['Dataset', 'environmentRef', { 'spec.environmentRef.name': 'b' }, "environmentRef can't be changed: create another Dataset"],
    ['ShareRequest', 'datasetRef', { 'spec.datasetRef.name': 'b' }, "datasetRef can't be changed: create another ShareRequest"],
    ['ShareRequest', 'principal', { 'spec.principal.name': 'b' }, "principal can't be changed"],
    ['ShareApproval', 'datasetRef', { 'spec.datasetRef.name': 'b' }, "datasetRef can't be changed: create another ShareApproval"],
    ['ShareApproval', 'requestRef', { 'spec.requestRef.namespace': 'b' }, "requestRef can't be changed"],
    ['ShareItem', 'requestRef', { 'spec.requestRef.uid': 'b' }, "requestRef can't be changed"],
    ['ShareItem', 'datasetRef', { 'spec.datasetRef.name': 'b' }, "datasetRef can't be changed"],
    ['ShareItem', 'name', { 'spec.name': 'other' }, "name can't be changed"],
  ];

  test.each(table)('%s: %s', async (kind, field, changes, message) => {
    const name = `held-${field.toLowerCase()}`;
    await write(manifest(kind, name, { namespace }));
    await expect(write(manifest(kind, name, { namespace, changes }))).rejects.toThrow(message);
  });

  test.each([
    ['accountId', { 'spec.accountId': '222233334444' }],
    ['region', { 'spec.region': 'eu-central-1' }],
    ['sharePolicyPrefix', { 'spec.sharePolicyPrefix': 'other' }],
  ])('Environment: %s', async (field, changes) => {
    const name = `${namespace}-${field.toLowerCase()}`;
    await write(manifest('Environment', name));
    await expect(write(manifest('Environment', name, { changes }))).rejects.toThrow(`${field} can't be changed`);
    await kubectl(['delete', 'environment', name]);
  });

  test('while what people are meant to change can be changed', async () => {
    await write(manifest('ShareRequest', 'changed', { namespace }));
    await write(
      manifest('ShareRequest', 'changed', {
        namespace,
        changes: { 'spec.permissions': ['Read', 'Write'], 'spec.expiresAfter': '24h' },
      }),
    );
    await expect(get('sharerequests', 'changed', namespace)).resolves.toMatchObject({ spec: { permissions: ['Read', 'Write'] } });
  });
});

/** Texts that a rule wants to have a certain form, at their longest, by the name of the field. */
const longest: Record<string, (index: number) => string> = {
  accountId: () => '111122223333',
  region: () => 'ap-southeast-1',
  arn: (i) => `arn:aws-us-gov:iam::444455556666:role/${'p'.repeat(500)}/${'n'.repeat(40)}${i}`,
  roleArn: () => `arn:aws-us-gov:iam::444455556666:role/${'p'.repeat(500)}/${'n'.repeat(40)}`,
  principalArn: () => `arn:aws-us-gov:iam::444455556666:role/${'p'.repeat(500)}/${'n'.repeat(40)}`,
  kmsKeyArn: () => keyArn,
  uniqueId: () => `AROA${'A'.repeat(124)}`,
  digest: () => digest,
  sharePolicyPrefix: () => 'twelveletter',
  awsNamePrefix: () => 'twelveletter',
  min: () => '1h',
  max: () => '999999h',
  expiresAfter: () => '999999h',
  verifyInterval: () => '999999h',
};
/** Fields that exclude others which are longer. */
const left = new Set(['names', 'expireTime:ShareRequest', 'autoApprove.namespaces']);

/** The greatest value of a schema: every list full, every text at its longest, every optional field there. */
function greatest(schema: Structural, name: string, index: number, kind: string): unknown {
  if (schema.enum !== undefined)
    return name === 'from' ? 'Selector' : (schema.enum[index % schema.enum.length] ?? schema.enum[0]);
  if (schema.items !== undefined) return greatestList(schema, name, kind);
  if (schema.additionalProperties !== undefined) {
    return Object.fromEntries(
      Array.from({ length: schema.maxProperties ?? 0 }, (_, i) => [`${'k'.repeat(127)}${i}`, 'v'.repeat(63)]),
    );
  }
  if (schema.properties !== undefined) {
    const excluded = (field: string): boolean =>
      left.has(field) || left.has(`${field}:${kind}`) || (field === 'namespaces' && 'permissions' in (schema.properties ?? {}));
    const fields = Object.entries(schema.properties).filter(([field]) => !excluded(field));
    return Object.fromEntries(fields.map(([field, child]) => [field, greatest(child, field, index, kind)]));
  }
  if (schema.type === 'integer') return typeof schema['maximum'] === 'number' ? schema['maximum'] : 0;
  if (schema.type === 'boolean') return true;
  if (schema['format'] === 'date-time') return '2027-01-31T00:00:00Z';
  return longest[name]?.(index) ?? `${'x'.repeat((schema.maxLength ?? 0) - 4)}${String(index).padStart(4, '0')}`;
}

function greatestList(schema: Structural, name: string, kind: string): unknown[] {
  const { items, maxItems = 0 } = schema;
  if (items === undefined) return [];
  // A set of words holds each word once.
  const length = items.enum === undefined ? maxItems : Math.min(maxItems, items.enum.length);
  return Array.from({ length }, (_, i) => greatest(items, name, i, kind));
}

describe('the greatest object', () => {
  // etcd refuses 1.5 MiB; a third of it leaves room for texts in other alphabets.
  const limit = 512 * 1024;

  test.each(definitions.map((definition): [string, KindDefinition] => [definition.kind, definition]))(
    'of kind %s, every list full, is taken by the API server and stays below 512 KiB',
    async (kind, definition) => {
      const { spec, status } = objectSchema(definition).properties ?? {};
      if (spec === undefined || status === undefined) throw new Error('no schema');
      const name = kind === 'Environment' ? `${namespace}-greatest` : 'greatest';
      const place = kind === 'Environment' ? {} : { namespace };
      const object = {
        ...manifest('Dataset', name, {}),
        kind,
        metadata: { name, ...place },
        spec: greatest(spec, 'spec', 0, kind),
      } as Manifest;
      await write(object);
      await writeStatus(object, greatest(status, 'status', 0, kind) as object);
      const scope = kind === 'Environment' ? [] : ['--namespace', namespace];
      const stored = await kubectl(['get', plural(kind), name, '--output', 'json', '--show-managed-fields', ...scope]);
      const size = Buffer.byteLength(JSON.stringify(JSON.parse(stored)));
      expect(size).toBeGreaterThan(1000);
      expect(size).toBeLessThan(limit);
      await kubectl(['delete', plural(kind), name, ...scope]);
    },
  );
});

describe('kubectl get', () => {
  const at = '2026-11-21T12:00:00Z';
  const ready = { type: 'Ready', status: 'True', reason: 'Succeeded', message: 'in place', lastTransitionTime: at };
  const healthy = { ...ready, type: 'Healthy', reason: 'Verified' };
  const display = {
    dataset: 'team-sales/orders',
    principal: '444455556666:analysts',
    expires: '2027-06-30',
    shared: '3/4',
    items: '3/4',
  };
  const shown: [SampleKind, string, object, string[]][] = [
    [
      'ShareRequest',
      'orders-for-analysts',
      { phase: 'SubmittedForExtension', conditions: [ready, healthy], display: only('shared', 'dataset', 'principal') },
      ['team-sales/orders', '444455556666:analysts', '3/4'],
    ],
    [
      'ShareItem',
      'orders-for-analysts-bucket-acme-orders-1a2b3c4d',
      {
        phase: 'ShareSucceeded',
        healthStatus: 'PendingReapply',
        conditions: [ready, healthy],
        display: only('dataset', 'principal'),
      },
      ['ShareSucceeded', 'PendingReapply'],
    ],
    [
      'ReceivedShare',
      'team-analytics-orders-for-analysts-1a2b3c4d',
      {
        phase: 'Submitted',
        conditions: [ready, healthy],
        display: only('principal', 'items', 'expires'),
      },
      ['444455556666:analysts', '2027-06-30'],
    ],
    [
      'ShareApproval',
      'orders-for-analysts',
      { conditions: [{ ...ready, type: 'Effective', reason: 'PrincipalRecreated' }] },
      ['Approved', 'PrincipalRecreated'],
    ],
    [
      'Dataset',
      'orders',
      { conditions: [ready], shares: { pendingRequests: 2, granted: 30, failed: 0, unhealthy: 1 } },
      ['sales', '30'],
    ],
    ['ConsumptionRole', 'analysts', { conditions: [ready] }, [analysts]],
  ];

  function only(...names: (keyof typeof display)[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, display[name]]));
  }

  test.each(shown)('shows a %s in a table of at most 140 columns', async (kind, name, status, words) => {
    const object = manifest(kind, name, { namespace });
    await write(object);
    await writeStatus(object, { observedGeneration: 1, ...status });
    const table = await kubectl(['get', plural(kind), name, '--namespace', namespace]);
    for (const word of words) expect(table).toContain(word);
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(140);
  });
});
