/** Starts a real mail server as a process, for tests of what leaves the operator. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the server does. */
export interface MailServerOptions {
  /** @default a free one */
  readonly port?: number;
  /** Who may send; absent: everybody. */
  readonly user?: string;
  readonly password?: string;
  /** Offers STARTTLS, with a certificate that nobody trusts. */
  readonly startTls?: boolean;
  /** Addresses that it refuses (550). */
  readonly unknown?: readonly string[];
  /** How many mails it puts off (451) before it takes one. */
  readonly busy?: number;
}

/** One mail as it came, headers included. */
export interface ReceivedMail {
  readonly to: readonly string[];
  readonly text: string;
}

/** The server. */
export interface MailServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Users that tried to log in. */
  readonly logins: readonly string[];
  stop(): Promise<void>;
}

/** Starts it and waits until it listens. */
export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'mail-server-process.ts')], {
    env: { PATH: process.env['PATH'], MAIL_SERVER: JSON.stringify(options) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const [mails, logins]: [ReceivedMail[], string[]] = [[], []];
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('exit', () => reject(new Error('the mail server ended before it listened')));
  createInterface(child.stdout).on('line', (line) => {
    const said = JSON.parse(line) as { port?: number; mail?: ReceivedMail; auth?: string };
    if (said.port !== undefined) resolve(said.port);
    if (said.mail !== undefined) mails.push(said.mail);
    if (said.auth !== undefined) logins.push(said.auth);
  });
  return {
    port: await promise,
    mails,
    logins,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
