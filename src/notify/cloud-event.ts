/**
 * A notice as a CloudEvent 1.0 in structured JSON (cloudevents.io, spec v1.0.2, and its JSON format), and the signature of Standard Webhooks
 * (standardwebhooks.com, v1.0.0). Pure. Fields may be added to `data`; the meaning of a field never changes.
 */
import { createHmac } from 'node:crypto';
import type { NewsKind } from './kinds.ts';
import type { Notice } from './notice.ts';

/** Media type of the body. */
export const cloudEventType = 'application/cloudevents+json; charset=utf-8';

/** What every event's `type` begins with; the kind follows, such as dev.sluice.share.Approved. */
export const typePrefix = 'dev.sluice.share.';

/** The event as receivers get it. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  /** Which installation, and which request. */
  readonly source: string;
  readonly type: string;
  /** The Dataset. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: {
    readonly kind: NewsKind;
    readonly who: string;
    readonly dataset: { readonly namespace: string; readonly name: string };
    readonly request: { readonly namespace: string; readonly name: string; readonly uid: string };
    readonly principal?: string;
    readonly items: readonly string[];
    readonly message: string;
    readonly expireTime?: string;
  };
}

/** The event of a notice. */
export function cloudEvent({ id, news, subject, who, time }: Notice): CloudEvent {
  const { installation, request, dataset, principal } = subject;
  return {
    specversion: '1.0',
    id,
    source: `/sluice/${installation}/namespaces/${request.namespace}/sharerequests/${request.name}`,
    type: `${typePrefix}${news.kind}`,
    subject: `${dataset.namespace}/${dataset.name}`,
    time,
    datacontenttype: 'application/json',
    data: {
      kind: news.kind,
      who,
      dataset,
      request,
      ...(principal === undefined ? {} : { principal }),
      items: news.items,
      message: news.message,
      ...(news.expireTime === undefined ? {} : { expireTime: news.expireTime }),
    },
  };
}

/** What is signed: the receiver recomputes it from the headers and the bytes that it got. */
export interface Signed {
  readonly id: string;
  /** Milliseconds since the epoch, of this attempt. */
  readonly now: number;
  readonly body: string;
}

/** Headers `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature` (`v1,` and base64 of HMAC-SHA256). `secret` is `whsec_` and base64. */
export function signatureHeaders(secret: string, { id, now, body }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const key = Buffer.from(secret.slice(secret.indexOf('_') + 1), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
