/**
 * A mail server as a process of its own, started by mail-server.ts. What it is to do comes as JSON in MAIL_SERVER; it says its port and each mail as one line of
 * JSON on standard output. Tests only: it keeps nothing and relays nothing.
 */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { MailServerOptions } from './mail-server.ts';

const options = JSON.parse(process.env['MAIL_SERVER'] ?? '{}') as MailServerOptions;
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const state = { busy: options.busy ?? 0 };

function refusal(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

const server = new SMTPServer({
  disabledCommands: [...(options.startTls === true ? [] : ['STARTTLS']), ...(options.user === undefined ? ['AUTH'] : [])],
  allowInsecureAuth: true,
  authOptional: options.user === undefined,
  onAuth: ({ username, password }, _session, done) => {
    say({ auth: username ?? '' });
    if (username === options.user && password === options.password) done(null, { user: username });
    else done(refusal(535, 'wrong'));
  },
  onRcptTo: ({ address }, _session, done) => {
    if (options.unknown?.includes(address) === true) done(refusal(550, `no such user ${address}`));
    else done();
  },
  onData: (stream, { envelope }, done) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    stream.on('end', () => {
      if (state.busy > 0) {
        state.busy--;
        done(refusal(451, 'try again later'));
        return;
      }
      say({ mail: { to: envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString('utf8') } });
      done();
    });
  },
});

const listener = server.listen(options.port ?? 0, '127.0.0.1', () => say({ port: (listener.address() as AddressInfo).port }));
server.on('error', () => undefined);
// Ends with whoever started it.
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
