/** An error as AWS answers it, and how each protocol writes it down. */
import { bytesOf, type WireReply } from './http.ts';
import type { ServiceModel } from './shape.ts';
import { structToJson } from './json.ts';
import { escapeXml, structToXml } from './xml.ts';

/** The four protocols of AWS's APIs that the stand-in speaks. */
export type ProtocolName = 'awsJson1.1' | 'restJson1' | 'awsQuery' | 'restXml';

/** An AWS error: the code is what goes over the wire (NoSuchEntity, not NoSuchEntityException, in IAM). */
export class AwsError extends Error {
  readonly code: string;
  /** HTTP status; absent: the model's status of that code, else 400. */
  readonly status: number | undefined;
  /** Further members of the error (Error structure in the model, or elements such as BucketName). */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Headers of the reply, for what AWS says there. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    options: { status?: number; fields?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status;
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
  }
}

/** Makes an AWS error to throw; `status` only where the service's model lists none for the code. */
export const fail = (code: string, message: string, status?: number): AwsError =>
  new AwsError(code, message, status === undefined ? {} : { status });

/** How errors of a service are written. */
export interface ErrorStyle {
  readonly protocol: ProtocolName;
  readonly model: ServiceModel;
  /** S3 puts Error at the root, S3 Control and the query services under ErrorResponse. */
  readonly bareXml: boolean;
}

/** HTTP status of an error by a service's model. */
export const statusOf = (style: Pick<ErrorStyle, 'model'>, error: AwsError): number =>
  error.status ?? style.model.errors.get(error.code)?.status ?? 400;

/** Writes an error as a reply. A reply to HEAD has no body, so its reader knows the status only. */
export function encodeError(style: ErrorStyle, error: AwsError, requestId: string, head: boolean): WireReply {
  const status = statusOf(style, error);
  const json = style.protocol === 'awsJson1.1' || style.protocol === 'restJson1';
  const body = head ? '' : json ? jsonError(style, error) : xmlError(style, error, requestId, status);
  const headers: Record<string, string> = json
    ? { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': error.code }
    : { 'content-type': 'application/xml' };
  return { status, headers: { ...headers, ...error.headers }, body: bytesOf(body), streaming: false };
}

function jsonError(style: ErrorStyle, error: AwsError): string {
  const shape = style.model.errors.get(error.code)?.shape;
  const fields = shape ? structToJson(shape, error.fields) : error.fields;
  // Services write "message" or "Message"; SDKs look for both.
  const messageKey = shape?.members.some((member) => member.name === 'Message') ? 'Message' : 'message';
  return JSON.stringify({ ...fields, __type: error.code, [messageKey]: error.message });
}

function xmlError(style: ErrorStyle, error: AwsError, requestId: string, status: number): string {
  const shape = style.model.errors.get(error.code)?.shape;
  const extra = shape?.members.length
    ? structToXml(shape, { ...error.fields, message: undefined, Message: undefined })
    : Object.entries(error.fields)
        .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
        .join('');
  const inner = `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>${extra}`;
  if (style.bareXml) {
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner}<RequestId>${requestId}</RequestId><HostId>stand-in</HostId></Error>`;
  }
  const type = status >= 500 ? 'Receiver' : 'Sender';
  return `<ErrorResponse><Error><Type>${type}</Type>${inner}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}
