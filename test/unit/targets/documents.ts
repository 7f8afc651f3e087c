/** Bucket policies as the tests write and read them. Tests only. */
import { statementOf, type JsonObject } from '../../../src/policy/document.ts';
import { isOwned, ownedPrefix } from '../../../src/policy/merge.ts';
import { installation, type TestWorld } from './world.ts';

/** Somebody else's statement, as many buckets have it. */
export const deny: JsonObject = {
  Sid: 'DenyInsecure',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: 'arn:aws:s3:::acme/*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};

/** The text of a document with these statements. */
export const documentOf = (...statements: readonly JsonObject[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** True for a statement under our mark. */
export const isOurs = (value: JsonObject): boolean => isOwned(statementOf(value), ownedPrefix(installation));

/** The statements of the bucket acme, as S3 shows them. */
export async function statements(world: TestWorld): Promise<JsonObject[]> {
  const text = await world.policyOf('acme');
  return text === undefined ? [] : (JSON.parse(text) as { readonly Statement: JsonObject[] }).Statement;
}

/** Those of them that are ours. */
export async function ownStatements(world: TestWorld): Promise<JsonObject[]> {
  return (await statements(world)).filter(isOurs);
}
