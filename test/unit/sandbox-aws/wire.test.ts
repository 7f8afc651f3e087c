// The generic wire layer: every schema of the pinned SDK clients loads, and what is written is read back.
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as s3 from '@aws-sdk/client-s3';
import * as s3control from '@aws-sdk/client-s3-control';
import * as sts from '@aws-sdk/client-sts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AwsError, encodeError, fail } from '../../../sandbox/aws/wire/error.ts';
import { bytesOf, parseQuery, textOf, type WireRequest } from '../../../sandbox/aws/wire/http.ts';
import { jsonToValue, valueToJson } from '../../../sandbox/aws/wire/json.ts';
import { createProtocol } from '../../../sandbox/aws/wire/protocol.ts';
import { formToValue } from '../../../sandbox/aws/wire/query.ts';
import { loadModel, type Member, type Shape, type StructShape, type Traits } from '../../../sandbox/aws/wire/shape.ts';
import { credentialScope } from '../../../sandbox/aws/wire/sigv4.ts';
import { escapeXml, parseXml, valueToXml, xmlToValue, XmlSyntaxError } from '../../../sandbox/aws/wire/xml.ts';

const wire = (more: Partial<WireRequest>): WireRequest => ({
  method: 'GET',
  host: 'h',
  path: '/',
  query: new Map(),
  headers: {},
  body: new Uint8Array(),
  ...more,
});

function walk(shape: Shape, seen = new Set<Shape>()): number {
  if (seen.has(shape)) return 0;
  seen.add(shape);
  if (shape.kind === 'struct') return 1 + shape.members.reduce((sum, member) => sum + walk(member.shape, seen), 0);
  if (shape.kind === 'list') return 1 + walk(shape.item, seen);
  return shape.kind === 'map' ? 1 + walk(shape.value, seen) : 1;
}

test.each([
  ['iam', iam, 180],
  ['kms', kms, 56],
  ['s3', s3, 112],
  ['s3control', s3control, 97],
  ['sts', sts, 11],
])(
  'given the client of %s, when its schemas are loaded, then every operation has a readable input and output',
  (_name, client, operations) => {
    const model = loadModel(client);
    expect(model.operations.size).toBe(operations);
    for (const operation of model.operations.values()) expect(walk(operation.input) + walk(operation.output)).toBeGreaterThan(1);
    for (const error of model.errors.values()) expect(error.status).toBeGreaterThanOrEqual(400);
  },
);

const text: Shape = { kind: 'string', streaming: false };
const member = (name: string, shape: Shape, traits: Traits = {}): Member => ({
  name,
  own: traits,
  traits,
  required: false,
  shape,
});
const record: StructShape = {
  kind: 'struct',
  name: 'Record',
  traits: {},
  members: [
    member('Name', text, { jsonName: 'name', xmlName: 'TheName' }),
    member('Count', { kind: 'number', streaming: false }),
    member('Yes', { kind: 'boolean', streaming: false }),
    member('At', { kind: 'timestamp', format: 'default' }),
    member('Bytes', { kind: 'blob', streaming: false }),
    member('Wrapped', { kind: 'list', flat: false, element: 'member', item: text }),
    member('Flat', { kind: 'list', flat: true, element: 'member', item: text }),
    member('Pairs', { kind: 'map', flat: false, keyName: 'key', valueName: 'value', value: text }),
  ],
};
const value = fc.record(
  {
    Name: fc.string({ unit: 'grapheme' }),
    Count: fc.integer(),
    Yes: fc.boolean(),
    At: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
    Bytes: fc.uint8Array({ maxLength: 20 }),
    Wrapped: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
    Flat: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
    Pairs: fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.string(),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);
// XML 1.0 has no way to write these characters, escaped or not.
const writable = (found: unknown): boolean =>
  !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(JSON.stringify(found).replaceAll(/\\u00[01][0-9a-f]/g, '\u0000'));

describe('round trips', () => {
  test('given any value, when it is written as JSON and read, then it is the same', () => {
    const roundTrip = (one: unknown): unknown => jsonToValue(record, JSON.parse(JSON.stringify(valueToJson(record, one))));
    fc.assert(fc.property(value, (one) => void expect(roundTrip(one)).toEqual(one)));
  });

  test('given any value, when it is written as XML and read, then it is the same', () => {
    const roundTrip = (one: unknown): unknown => xmlToValue(record, parseXml(valueToXml('Record', record, one)));
    fc.assert(fc.property(value.filter(writable), (one) => void expect(roundTrip(one)).toEqual(one)));
  });
});

describe('XML', () => {
  test('given prolog, comments, CDATA, entities and prefixes, when it is parsed, then only the content counts', () => {
    const root = parseXml(
      '<?xml version="1.0"?><!-- x --><a:Root xmlns:a="u"><V a=\'1\'>&lt;&#65;&#x42;<![CDATA[<&>]]></V><E/></a:Root>',
    );
    expect(root.name).toBe('Root');
    expect(root.children.map((one) => [one.name, one.text])).toEqual([
      ['V', '<AB<&>'],
      ['E', ''],
    ]);
  });

  test.each(['<a>', '<a></b>', '</a>', '<a></a></a>', 'plain < text', ''])(
    'given %j, when it is parsed, then it is refused',
    (broken) => {
      expect(() => parseXml(broken)).toThrow(XmlSyntaxError);
    },
  );

  test('given a text that would close an element, when it is written, then it cannot', () => {
    expect(escapeXml('</a>&"')).toBe('&lt;/a&gt;&amp;&quot;');
  });
});

test('given form parameters of nested lists and maps, when they are read, then order follows the numbers', () => {
  const form = parseQuery(
    'TheName=a+b%2Bc&Wrapped.member.2=z&Wrapped.member.1=y&Wrapped.member.10=w&Pairs.entry.1.key=k&Pairs.entry.1.value=v',
    true,
  );
  expect(formToValue(record, form)).toEqual({ Name: 'a b+c', Wrapped: ['y', 'z', 'w'], Pairs: { k: 'v' } });
});

describe('restJson1', () => {
  const operation = {
    name: 'GrantPermissions',
    http: { method: 'POST', uri: '/grants/{Id}', status: 201 },
    input: {
      ...record,
      members: [
        ...record.members,
        member('Id', text, { httpLabel: 1 }),
        member('Dry', { kind: 'boolean', streaming: false }, { httpQuery: 'dry' }),
      ],
    },
    output: { ...record, members: [...record.members, member('Token', text, { httpHeader: 'x-token' })] },
  };
  const model = { operations: new Map([[operation.name, operation]]), errors: new Map() };
  const protocol = createProtocol({ name: 'restJson1', model, implemented: new Set() });

  test('given label, query and body, when a request is read, then all are members of the input', () => {
    const request = wire({
      method: 'POST',
      path: '/grants/a%2Fb',
      query: new Map([['dry', ['true']]]),
      body: bytesOf('{"name":"n","At":1.5}'),
    });
    expect(protocol.decode(request).input).toEqual({ Id: 'a/b', Dry: true, Name: 'n', At: new Date(1500) });
    expect(() => protocol.decode(wire({ method: 'POST', path: '/grants/a', body: bytesOf('{') }))).toThrow(AwsError);
  });

  test('given an output, when a reply is written, then headers and body are apart', () => {
    const reply = protocol.encode(operation, { Name: 'n', Token: 't' }, 'id');
    expect(reply).toMatchObject({ status: 201, headers: { 'x-token': 't', 'content-type': 'application/json' } });
    expect(JSON.parse(textOf(reply.body))).toEqual({ name: 'n' });
  });

  test('given an error, when it is written, then its type is in header and body', () => {
    const reply = encodeError(
      { protocol: 'restJson1', model, bareXml: false },
      fail('EntityNotFoundException', 'Table not found.'),
      'id',
      false,
    );
    expect(reply).toMatchObject({ status: 400, headers: { 'x-amzn-errortype': 'EntityNotFoundException' } });
    expect(JSON.parse(textOf(reply.body))).toEqual({ __type: 'EntityNotFoundException', message: 'Table not found.' });
  });
});

test('given signed, presigned and unsigned requests, when the scope is read, then it says who calls where', () => {
  const credential = 'ASIAX/20260101/eu-west-1/s3/aws4_request';
  const header = wire({
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
      'x-amz-security-token': 't',
    },
  });
  expect(credentialScope(header)).toEqual({ accessKeyId: 'ASIAX', region: 'eu-west-1', service: 's3', sessionToken: 't' });
  expect(credentialScope(wire({ query: new Map([['X-Amz-Credential', [credential]]]) }))).toEqual({
    accessKeyId: 'ASIAX',
    region: 'eu-west-1',
    service: 's3',
  });
  expect(credentialScope(wire({ query: new Map([['AWSAccessKeyId', ['A']]]) }))).toEqual({
    accessKeyId: 'A',
    region: '',
    service: 's3',
  });
  expect(credentialScope(wire({}))).toBeUndefined();
});
