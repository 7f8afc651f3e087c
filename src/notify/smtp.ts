/**
 * Sends mail by SMTP (nodemailer). Plain text, no attachments, nothing fetched. Without TLS only where the settings allow it; reasons of failures are SMTP's codes,
 * never its texts, which may repeat addresses and credentials.
 */
import { createTransport, type Transporter } from 'nodemailer';
import type { Attempt } from './outbox.ts';
import type { SmtpSettings } from './settings.ts';

/** One mail to some people of one side. */
export interface Mail {
  /** Unique and the same at each attempt: becomes the Message-ID. */
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** A mail server. */
export interface Mailer {
  readonly send: (mail: Mail) => Promise<Attempt>;
  /** Closes connections. */
  close(): void;
}

const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000, dnsTimeout: 10_000 };

/** A mailer; connects when there is something to send. */
export function createMailer({ url, from, allowPlaintext }: SmtpSettings): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !allowPlaintext,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    pool: true,
    maxConnections: 2,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...timeouts,
  });
  return { send: (mail) => send(transport, from, mail), close: () => transport.close() };
}

async function send(transport: Transporter, from: string, { id, to, subject, text }: Mail): Promise<Attempt> {
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject,
      text,
      messageId: `<${id}@sluice>`,
      // RFC 3834: no vacation notes, please.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Sluice-Id': id },
    });
    return { kind: 'delivered' };
  } catch (error) {
    return failure(error);
  }
}

/** The server said no to this mail for good (5xx to recipients or content); everything else may be better later, a wrong password included. */
function failure(error: unknown): Attempt {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  const status = typeof responseCode === 'number' ? responseCode : undefined;
  const reason = `SMTP ${status === undefined ? '' : `${String(status)} `}${typeof code === 'string' ? code : 'error'}`;
  const isFinal = status !== undefined && status >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return { kind: isFinal ? 'refused' : 'retry', reason };
}
