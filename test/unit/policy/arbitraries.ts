/** Generators of policy documents as people write them: odd Sids, single values and lists, unknown fields, any layout. Tests only. */
import fc from 'fast-check';
import type { JsonObject } from '../../../src/policy/document.ts';

/** The mark that the tests' own statements carry. */
export const prefix = 'Sluiceabcd1234';

const action = fc.constantFrom('s3:GetObject', 's3:getobject', 's3:PutObject', 's3:*', 'kms:Decrypt', 's3:ListBucket');
const resource = fc.constantFrom('arn:aws:s3:::acme', 'arn:aws:s3:::acme/*', 'arn:aws:s3:::acme/é "x"/*', '*');
const arn = fc.integer({ min: 0, max: 9 }).map((number) => `arn:aws:iam::444455556666:role/team/reader-${String(number)}`);
const oneOrMore = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 4 }));

const sid = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom('', 'Read', 'Read', 'DenyInsecure', 'Sluicexyz98765Read', 'statement with spaces'),
);

/** A statement of somebody else's. */
export const foreignStatement: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      Sid: sid,
      Effect: fc.constantFrom('Allow', 'Deny'),
      Principal: fc.oneof(
        fc.constant('*'),
        fc.record({ AWS: oneOrMore(arn) }),
        fc.constant({ Service: 'logging.s3.amazonaws.com' }),
      ),
      Action: oneOrMore(action),
      Resource: oneOrMore(resource),
      Condition: fc.constantFrom({ Bool: { 'aws:SecureTransport': false } }, { StringLike: { 's3:prefix': ['a', 'b/*'] } }),
      Note: fc.string(),
    },
    { requiredKeys: ['Effect', 'Action', 'Resource', 'Principal'] },
  )
  .map((statement) => JSON.parse(JSON.stringify(statement)) as JsonObject);

/** A statement of ours, with a Sid of one of a few names. */
export const ownStatement: fc.Arbitrary<JsonObject & { readonly Sid: string }> = fc
  .tuple(
    fc.constantFrom('Read', 'Write', 'ReadUse'),
    fc.array(arn, { minLength: 1, maxLength: 5 }),
    fc.array(action, { minLength: 1, maxLength: 3 }),
  )
  .map(([name, principals, actions]) => ({
    Sid: `${prefix}${name}`,
    Effect: 'Allow',
    Principal: { AWS: principals },
    Action: actions,
    Resource: ['arn:aws:s3:::acme'],
  }));

/** Statements of ours with different Sids, as they are wanted. */
export const desiredStatements = fc.uniqueArray(ownStatement, { selector: ({ Sid }) => Sid, maxLength: 3 });

/** The text of a document with these statements, laid out in one of several ways. */
export function documentText(statements: readonly JsonObject[], layout: number | undefined): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'Policy "1"', Statement: statements }, null, layout);
}

/** A document's text, with foreign and own statements mixed. */
export const anyDocument = fc
  .tuple(fc.array(fc.oneof(foreignStatement, ownStatement), { maxLength: 8 }), fc.constantFrom(undefined, 1, 4))
  .map(([statements, layout]) => documentText(statements, layout));
