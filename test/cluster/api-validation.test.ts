/**
 * What the API server says to bad input of each field: the field, what is wrong, and what to do. One call sends all bad objects; the
 * tables (api-bad-input.ts, api-bad-requests.ts) say what must be said of each. Defaults and immutability are in api-objects.test.ts.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { CommandError } from '../../sandbox/cluster/run.ts';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';
import type { Manifest } from '../unit/api/objects.ts';
import { analysts, digest, manifest, sampleKinds } from '../unit/api/objects.ts';
import { datasets, environments, roles } from './api-bad-input.ts';
import { approvals, requests } from './api-bad-requests.ts';

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
    const object = manifest('Dataset', 'unknown', { namespace, changes: { 'spec.glue': { database: 'orders' } } });
    const create = kubectl(['create', '--dry-run=server', '--filename', '-'], { input: JSON.stringify(object) });
    await expect(create).rejects.toThrow(/unknown field "spec.glue"/);
  });
});
