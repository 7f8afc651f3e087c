/** What the schemas themselves promise, offline. That the API server says the same is in test/cluster/api-validation.test.ts. */
import { describe, expect, test } from 'vitest';
import type { KindDefinition } from '../../../src/api/kind.ts';
import { kinds } from '../../../src/api/kinds.ts';
import { manifest, sampleKinds } from './objects.ts';

const definition = (kind: string): KindDefinition => {
  const found = (kinds as readonly KindDefinition[]).find((candidate) => candidate.kind === kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
};

describe('schemas', () => {
  test('there is a sample of every kind', () => {
    expect(sampleKinds.toSorted()).toEqual(kinds.map(({ kind }) => kind).toSorted());
  });

  test.each(sampleKinds)('given a valid %s, then its schema takes it', (kind) => {
    expect(definition(kind).specSchema.safeParse(manifest(kind, 'a').spec).error).toBeUndefined();
  });

  test.each(sampleKinds)('given a %s with an unknown field, then its schema refuses it', (kind) => {
    const { spec } = manifest(kind, 'a', { changes: { 'spec.glue': {} } });
    expect(definition(kind).specSchema.safeParse(spec).error?.message).toContain('glue');
  });

  test('given a Dataset that says nothing of sharing, then it is closed: manual approval, reading only, a new principal asks again', () => {
    const { spec } = manifest('Dataset', 'a', { changes: { 'spec.sharing': undefined } });
    expect(definition('Dataset').specSchema.parse(spec)).toMatchObject({
      confidentiality: 'Unclassified',
      sharing: {
        requesters: { from: 'All' },
        approval: 'Manual',
        autoApprove: [],
        permissions: ['Read'],
        expiration: { required: false },
        drift: 'Reapply',
        onPrincipalRecreated: 'Reapprove',
      },
    });
  });

  test('given an alias instead of a key ARN, then the message says how to find the key', () => {
    const { spec } = manifest('Dataset', 'a', { changes: { 'spec.buckets.1.kmsKeyArn': 'alias/payments' } });
    expect(definition('Dataset').specSchema.safeParse(spec).error?.issues[0]?.message).toMatch(
      /not an alias.*aws kms describe-key/,
    );
  });
});

describe('fields that never change', () => {
  const held: Record<string, string[]> = {
    Environment: ['accountId', 'region', 'sharePolicyPrefix'],
    ConsumptionRole: ['environmentRef', 'principalArn'],
    Dataset: ['environmentRef'],
    ShareRequest: ['datasetRef', 'principal'],
    ReceivedShare: [],
    ShareApproval: ['datasetRef', 'requestRef'],
    ShareItem: ['requestRef', 'datasetRef', 'type', 'name'],
  };

  test.each(sampleKinds)('of %s are exactly those that the API promises', (kind) => {
    const rules = definition(kind).validations.filter(({ rule }) => rule.includes('oldSelf'));
    expect(rules.map(({ fieldPath }) => fieldPath?.slice(1))).toEqual(held[kind]);
  });
});
