/** What is known of AWS: a call that AWS did not answer says nothing, and takes nothing away. */
import { describe, expect, test } from 'vitest';
import type { AwsFailureKind } from '../../../src/aws/errors.ts';
import { afterLook, seen } from '../../../src/controllers/observations.ts';
import { retryAfter, verdictConditions } from '../../../src/controllers/verdict.ts';

const failedWith = (kind: AwsFailureKind, actions?: readonly string[]) =>
  seen<string>({
    kind: 'failed',
    failure: { kind, code: 'Code', message: 'words', ...(actions === undefined ? {} : { actions }) },
  });
const found = seen({ kind: 'found', value: 'bucket' } as const);

describe('another look', () => {
  test.each(['throttled', 'transient', 'expired', 'aborted'] as const)(
    'given AWS is %s, then what was found stays known',
    (kind) => {
      expect(afterLook(found, failedWith(kind))).toBe(found);
      expect(afterLook(undefined, failedWith(kind))).toMatchObject({ kind: 'failed', passing: true });
    },
  );

  test.each(['denied', 'permanent'] as const)('given AWS refuses for good (%s), then that is what is known', (kind) => {
    expect(afterLook(found, failedWith(kind))).toMatchObject({ kind: 'failed' });
    expect(afterLook(found, failedWith(kind))).not.toHaveProperty('passing');
  });

  test('given it is gone, then it is gone', () => {
    expect(afterLook(found, seen({ kind: 'notFound' }))).toEqual({ kind: 'notFound' });
  });

  test('given a permission is missing, then its name comes first', () => {
    expect(failedWith('denied', ['s3:GetEncryptionConfiguration'])).toMatchObject({
      message: 's3:GetEncryptionConfiguration is denied: words',
    });
  });
});

describe('a verdict that passes by itself', () => {
  const passing = { kind: 'problem', reason: 'ProgressingWithRetry', message: 'm' } as const;
  const lasting = { kind: 'problem', reason: 'BucketNotFound', message: 'm' } as const;

  test('is Reconciling and looked at again soon; any other is Stalled and looked at less often', () => {
    expect(verdictConditions(passing, '').map(({ type }) => type)).toEqual(['Ready', 'Reconciling']);
    expect(verdictConditions(lasting, '').map(({ type }) => type)).toEqual(['Ready', 'Stalled']);
    expect(retryAfter(passing)).toBeLessThan(retryAfter(lasting));
  });
});
