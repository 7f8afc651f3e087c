/** The greatest object that a schema allows: every list full, every text at its longest. For the test of sizes. */
import type { Structural } from '../../scripts/generate/structural.ts';
import { digest, keyArn } from '../unit/api/objects.ts';

/** Texts that a rule wants to have a certain form, at their longest, by the name of the field. */
const longest: Record<string, (index: number) => string> = {
  accountId: () => '111122223333',
  region: () => 'ap-southeast-1',
  arn: (i) => `arn:aws-us-gov:iam::444455556666:role/${'p'.repeat(500)}/${'n'.repeat(40)}${i}`,
  roleArn: () => `arn:aws-us-gov:iam::444455556666:role/${'p'.repeat(500)}/${'n'.repeat(40)}`,
  principalArn: () => `arn:aws-us-gov:iam::444455556666:role/${'p'.repeat(500)}/${'n'.repeat(40)}`,
  kmsKeyArn: () => keyArn,
  uniqueId: () => `AROA${'A'.repeat(124)}`,
  principalUniqueId: () => `AROA${'A'.repeat(124)}`,
  digest: () => digest,
  sharePolicyPrefix: () => 'twelveletter',
  awsNamePrefix: () => 'twelveletter',
  // A folder's bucket is one of the list's.
  bucket: () => `${'x'.repeat(59)}0000`,
  emails: (i) => `${'a'.repeat(64)}@${`${'b'.repeat(60)}.`.repeat(3)}c${String(i)}`,
  min: () => '1h',
  max: () => '999999h',
  expiresAfter: () => '999999h',
  verifyInterval: () => '999999h',
};
/** Fields that exclude others which are longer. */
const left = new Set(['names', 'expireTime:ShareRequest']);

/** The greatest value of a schema: every list full, every text at its longest, every optional field there. */
export function greatest(schema: Structural, name: string, index: number, kind: string): unknown {
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
