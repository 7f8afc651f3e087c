/**
 * Objects on the real API server: defaults, fields that never change, and what kubectl shows of them. Bad input is in
 * api-validation.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { get, installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';
import type { Changes, SampleKind } from '../unit/api/objects.ts';
import { analysts, manifest, sampleKinds } from '../unit/api/objects.ts';
import { definitions, operator, plural, write, writeStatus } from './api-writers.ts';

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
