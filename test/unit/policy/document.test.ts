import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePolicy, renderPolicy, sidOf, statementOf, type PolicyDocument } from '../../../src/policy/document.ts';
import { foreignText, isOwned, mergeOwned, ownedPrefix } from '../../../src/policy/merge.ts';
import { sameStatements } from '../../../src/policy/compare.ts';
import { byteSize, characterSize } from '../../../src/policy/size.ts';
import { anyDocument, desiredStatements, documentText, foreignStatement, prefix } from './arbitraries.ts';

function read(text: string): PolicyDocument {
  const parsed = parsePolicy(text);
  if (parsed.kind !== 'document') throw new Error(parsed.message);
  return parsed.document;
}

const foreignTexts = (document: PolicyDocument): string[] =>
  document.statements.filter((statement) => !isOwned(statement, prefix)).map(({ text }) => text);

describe('reading a policy document', () => {
  it('keeps every statement byte for byte, whatever its layout', () => {
    fc.assert(
      fc.property(fc.array(foreignStatement, { maxLength: 6 }), fc.constantFrom(undefined, 2), (statements, layout) => {
        const document = read(documentText(statements, layout));
        expect(document.statements.map(({ value }) => value)).toEqual(statements);
        expect(JSON.parse(renderPolicy(document))).toEqual(JSON.parse(documentText(statements, layout)));
        for (const { text } of document.statements) expect(documentText(statements, layout)).toContain(text);
      }),
    );
  });

  it('keeps what JSON.parse would change: duplicate keys, long numbers, escapes, keys that look like numbers', () => {
    const odd = '{"Effect":"Allow","Action":"a","Action":"b","Resource":"\\u002a","Max":10000000000000000000001,"2":1,"1":2.50}';
    const text = ` { "Statement" :\n[ ${odd} , {"Sid":"]}\\"" ,"Effect":"Deny"} ] , "Version":"2008-10-17" } `;
    const document = read(text);
    expect(document.statements.map((statement) => statement.text)).toEqual([odd, '{"Sid":"]}\\"" ,"Effect":"Deny"}']);
    expect(renderPolicy(document)).toBe(
      ` { "Statement" :\n[${odd},{"Sid":"]}\\"" ,"Effect":"Deny"}] , "Version":"2008-10-17" } `,
    );
  });

  it('takes a Statement that is one object for a list of one', () => {
    const document = read('{"Version":"2012-10-17","Statement":{"Sid":"Only","Effect":"Allow"}}');
    expect(document.statements.map(sidOf)).toEqual(['Only']);
    expect(renderPolicy(document)).toBe('{"Version":"2012-10-17","Statement":[{"Sid":"Only","Effect":"Allow"}]}');
  });

  it.each([
    ['no JSON', 'hello', 'the policy is not a JSON object'],
    ['a list', '[]', 'the policy is not a JSON object'],
    ['no Statement', '{"Version":"2012-10-17"}', 'the policy has no Statement element'],
    ['two Statements', '{"Statement":[],"Statement":[]}', 'the policy has more than one Statement element'],
    ['a statement that is a text', '{"Statement":["x"]}', 'the policy has a statement that is not a JSON object'],
  ])('says what is wrong with %s', (_name, text, message) => {
    expect(parsePolicy(text)).toEqual({ kind: 'unreadable', message });
  });

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parsePolicy(text)));
  });
});

describe('merging our statements', () => {
  it('leaves foreign statements byte for byte, in their order', () => {
    fc.assert(
      fc.property(anyDocument, desiredStatements, (text, desired) => {
        const before = read(text);
        const after = read(renderPolicy(mergeOwned(before, prefix, desired)));
        expect(foreignTexts(after)).toEqual(foreignTexts(before));
        expect({ head: after.head, tail: after.tail }).toEqual({ head: before.head, tail: before.tail });
        expect(foreignText(after, prefix)).toBe(foreignText(before, prefix));
      }),
    );
  });

  it('leaves exactly the desired statements under our mark', () => {
    fc.assert(
      fc.property(anyDocument, desiredStatements, (text, desired) => {
        const own = mergeOwned(read(text), prefix, desired).statements.filter((statement) => isOwned(statement, prefix));
        expect(own).toHaveLength(desired.length);
        expect(
          sameStatements(
            own.map(({ value }) => value),
            desired,
          ),
        ).toBe(true);
      }),
    );
  });

  it('changes nothing when done twice', () => {
    fc.assert(
      fc.property(anyDocument, desiredStatements, (text, desired) => {
        const once = renderPolicy(mergeOwned(read(text), prefix, desired));
        expect(renderPolicy(mergeOwned(read(once), prefix, desired))).toBe(once);
      }),
    );
  });

  it('keeps the place and the bytes of a statement of ours that still means the same', () => {
    const [a, mine, b] = [
      '{"Effect":"Deny"}',
      `{ "Sid":"${prefix}Read", "Effect":"Allow","Action":["s3:GETOBJECT"]}`,
      '{"Effect":"Allow"}',
    ];
    const merged = mergeOwned(read(`{"Statement":[${a},${mine},${b}]}`), prefix, [
      { Sid: `${prefix}Read`, Action: 's3:GetObject', Effect: 'Allow' },
    ]);
    expect(renderPolicy(merged)).toBe(`{"Statement":[${a},${mine},${b}]}`);
    const changed = { Sid: `${prefix}Read`, Action: 's3:PutObject', Effect: 'Allow' };
    expect(renderPolicy(mergeOwned(read(`{"Statement":[${a},${mine},${b}]}`), prefix, [changed]))).toBe(
      `{"Statement":[${a},${statementOf(changed).text},${b}]}`,
    );
  });

  it("does not touch another installation's statements", () => {
    const theirs = `{"Sid":"${ownedPrefix('zzzz9999')}Read","Effect":"Allow"}`;
    expect(renderPolicy(mergeOwned(read(`{"Statement":[${theirs}]}`), prefix, []))).toBe(`{"Statement":[${theirs}]}`);
  });
});

describe('the size of a document', () => {
  it('is bytes for S3 and KMS, and characters without white space for IAM', () => {
    expect(byteSize('{"a": "é"}')).toBe(11);
    expect(characterSize('{"a": "é"}\n\t')).toBe(9);
  });
});
