/**
 * Posts a notice to a webhook as a signed CloudEvent. Redirects are not followed: where events go is the platform's word alone. The answer's body is not read.
 */
import { request, type Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { cloudEvent, cloudEventType, signatureHeaders } from './cloud-event.ts';
import type { Notice } from './notice.ts';
import type { Attempt } from './outbox.ts';
import type { WebhookSettings } from './settings.ts';

/** Longest time that a receiver may take to answer, in milliseconds. */
const timeoutMs = 10_000;

/** What a post needs beside the notice. */
export interface PostOptions {
  /** Signatures carry the time of the attempt: receivers refuse old ones. */
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly dispatcher: Dispatcher;
}

/** One attempt. Any answer of 2xx is a receipt; 410 says that nothing more is wanted; all others are tried again, as Standard Webhooks has it. */
export async function postNotice({ url, secret }: WebhookSettings, notice: Notice, options: PostOptions): Promise<Attempt> {
  const { clock, dispatcher } = options;
  const body = JSON.stringify(cloudEvent(notice));
  const tooLong = new AbortController();
  const stop = clock.after(timeoutMs, () => tooLong.abort(new TimedOut()));
  try {
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      headers: {
        'content-type': cloudEventType,
        'user-agent': 'sluice',
        ...signatureHeaders(secret, { id: notice.id, now: clock.now(), body }),
      },
      body,
      signal: AbortSignal.any([options.signal, tooLong.signal]),
      dispatcher,
    });
    await answer.dump({ limit: 65_536 });
    if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
    return { kind: statusCode === 410 ? 'refused' : 'retry', reason: `HTTP ${String(statusCode)}` };
  } catch (error) {
    return { kind: 'retry', reason: codeOf(error) };
  } finally {
    stop();
  }
}

class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** Messages of network errors name addresses; their codes don't. */
function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'error';
}
