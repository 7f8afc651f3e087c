/**
 * The four protocols behind one pair of functions: a request becomes an operation with its input, an output becomes a reply. What an
 * operation does is the services' business.
 */
import { fail, type ProtocolName } from './error.ts';
import { bytesOf, parseQuery, textOf, type WireReply, type WireRequest } from './http.ts';
import { jsonToValue, structToJson } from './json.ts';
import { formToValue } from './query.ts';
import { decodeRest, encodeRest } from './rest.ts';
import { createRouter, type Router } from './route.ts';
import type { OperationShape, ServiceModel } from './shape.ts';
import { structToXml, XmlSyntaxError } from './xml.ts';

/** A decoded request. */
export interface Decoded {
  readonly operation: OperationShape;
  readonly input: Record<string, unknown>;
}

/** What a REST service's own addressing found before routing (S3: bucket in host or path). */
export interface Addressed {
  readonly path: string;
  readonly bucket?: string;
}

/** Decodes requests and encodes replies of one service. */
export interface Protocol {
  /** @throws AwsError UnknownOperationException, MalformedXML or SerializationException */
  decode(request: WireRequest, addressed?: Addressed): Decoded;
  encode(operation: OperationShape, output: Record<string, unknown>, requestId: string): WireReply;
}

/** Options of {@link createProtocol}. */
export interface ProtocolOptions {
  readonly name: ProtocolName;
  readonly model: ServiceModel;
  /** Operations that exist here; they win ties in routing. */
  readonly implemented: ReadonlySet<string>;
  /** xmlns of XML replies. */
  readonly namespace?: string;
}

/** Makes the protocol of one service. */
export function createProtocol(options: ProtocolOptions): Protocol {
  switch (options.name) {
    case 'awsJson1.1':
      return awsJson(options);
    case 'awsQuery':
      return awsQuery(options);
    case 'restXml':
      return rest('xml', options);
    case 'restJson1':
      return rest('json', options);
  }
}

function known(model: ServiceModel, name: string): OperationShape {
  const operation = model.operations.get(name);
  if (!operation) throw fail('UnknownOperationException', `The service has no operation ${name}.`, 400);
  return operation;
}

function awsJson({ model }: ProtocolOptions): Protocol {
  return {
    decode: (request) => {
      const operation = known(model, (request.headers['x-amz-target'] ?? '').split('.').at(-1) ?? '');
      const json = request.body.length === 0 ? {} : parseJson(textOf(request.body));
      return { operation, input: jsonToValue(operation.input, json) as Record<string, unknown> };
    },
    encode: (operation, output) => ({
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: bytesOf(operation.output.members.length === 0 ? '{}' : JSON.stringify(structToJson(operation.output, output))),
      streaming: false,
    }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fail('SerializationException', 'The request body is no valid JSON.', 400);
  }
}

function awsQuery({ model, namespace }: ProtocolOptions): Protocol {
  return {
    decode: (request) => {
      const form = parseQuery(textOf(request.body), true);
      for (const [name, values] of request.query) form.set(name, [...values]);
      const operation = known(model, form.get('Action')?.[0] ?? '');
      return { operation, input: formToValue(operation.input, form) };
    },
    encode: (operation, output, requestId) => {
      const { name } = operation;
      const result =
        operation.output.members.length > 0 ? `<${name}Result>${structToXml(operation.output, output)}</${name}Result>` : '';
      const xml =
        `<${name}Response xmlns="${namespace ?? ''}">${result}` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`;
      return { status: 200, headers: { 'content-type': 'text/xml' }, body: bytesOf(xml), streaming: false };
    },
  };
}

function rest(format: 'xml' | 'json', { model, implemented, namespace }: ProtocolOptions): Protocol {
  const router: Router = createRouter(model, implemented);
  return {
    decode: (request, addressed) => {
      const match = router.match(request, addressed?.path ?? request.path, addressed && addressed.bucket !== undefined);
      if (!match) throw fail('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
      const input = decodeOrFail(() => decodeRest(format, request, match), format);
      if (addressed?.bucket !== undefined) input['Bucket'] = addressed.bucket;
      return { operation: match.operation, input };
    },
    encode: (operation, output) => encodeRest(format, operation, output, namespace),
  };
}

function decodeOrFail(decode: () => Record<string, unknown>, format: 'xml' | 'json'): Record<string, unknown> {
  try {
    return decode();
  } catch (error) {
    if (error instanceof XmlSyntaxError || error instanceof SyntaxError) {
      const message = 'The XML you provided was not well-formed or did not validate against our published schema';
      throw format === 'xml'
        ? fail('MalformedXML', message, 400)
        : fail('SerializationException', 'The request body is no valid JSON.', 400);
    }
    throw error;
  }
}
