/** Mail and webhooks over real connections: a mail server that is a process of its own, and a receiver over HTTP that checks signatures. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Agent } from 'undici';
import { systemClock } from '../../src/clock.ts';
import { silentLogger, type Logger } from '../../src/kube/logging.ts';
import type { News } from '../../src/notify/kinds.ts';
import { noticeOf, type Notice } from '../../src/notify/notice.ts';
import { createNotifier, type Channel, type Notifier } from '../../src/notify/notifier.ts';
import { createMailer } from '../../src/notify/smtp.ts';
import { postNotice } from '../../src/notify/webhook.ts';
import { startMailServer } from '../support/mail-server.ts';
import { until } from '../support/sluice.ts';
import { startWebhookServer } from '../support/webhook-server.ts';

const cleanUps: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});
async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  cleanUps.push(() => server.stop());
  return server;
}

const news: News = {
  kind: 'Approved',
  mark: 'Approved/a',
  items: ['Bucket acme-orders'],
  message: 'approved by ShareApproval yes',
};
const notice: Notice = noticeOf(
  news,
  {
    installation: 'abcd1234',
    request: { namespace: 'team-analytics', name: 'weekly', uid: 'uid' },
    dataset: { namespace: 'team-sales', name: 'orders' },
    principal: undefined,
  },
  Date.UTC(2026, 0, 1),
);
const mail = { id: 'abc.owner', to: ['a@example.com', 'b@example.com'], subject: 'Hello', text: 'line one\nline two\n' };

interface Account {
  readonly url: string;
  readonly allowPlaintext?: boolean;
}
function mailer({ url, allowPlaintext = true }: Account): ReturnType<typeof createMailer> {
  const made = createMailer({ url, allowPlaintext, from: 'Sluice <sluice@example.com>', domains: ['*'] });
  cleanUps.push(() => made.close());
  return made;
}

describe('mail', () => {
  it('reaches everybody named, from the configured sender, with an id that stays the same and a mark that no answer is wanted', async () => {
    const server = await started(startMailServer({ user: 'sluice', password: 'p@ss:word' }));
    const { send } = mailer({ url: `smtp://sluice:p%40ss%3Aword@127.0.0.1:${String(server.port)}` });
    expect(await send(mail)).toEqual({ kind: 'delivered' });
    expect(await send(mail)).toEqual({ kind: 'delivered' });
    await until('both mails came', async () => server.mails.length === 2);
    expect(server.mails[0]?.to).toEqual(['a@example.com', 'b@example.com']);
    for (const { text } of server.mails) {
      expect(text).toContain('Message-ID: <abc.owner@sluice>');
      expect(text).toContain('From: Sluice <sluice@example.com>');
      expect(text).toContain('Subject: Hello');
      expect(text).toContain('Auto-Submitted: auto-generated');
      expect(text).toContain('line one\r\nline two');
    }
  });

  it('is not sent, nor the password, to a server without TLS, unless that is allowed', async () => {
    const server = await started(startMailServer({ user: 'sluice', password: 'word' }));
    const url = `smtp://sluice:word@127.0.0.1:${String(server.port)}`;
    expect(await mailer({ url, allowPlaintext: false }).send(mail)).toMatchObject({
      kind: 'retry',
      reason: expect.stringMatching(/^SMTP .*ETLS$/) as unknown,
    });
    expect(server.logins).toEqual([]);
    expect(server.mails).toEqual([]);
  });

  it('is not sent to a server whose certificate nobody vouches for', async () => {
    const server = await started(startMailServer({ startTls: true }));
    const outcome = await mailer({ url: `smtp://127.0.0.1:${String(server.port)}`, allowPlaintext: false }).send(mail);
    expect(outcome.kind).toBe('retry');
    expect(server.mails).toEqual([]);
  });

  it('that is put off is tried again; one that all addresses refuse is not; the reason names no address', async () => {
    const server = await started(startMailServer({ busy: 1, unknown: ['gone@example.com'] }));
    const { send } = mailer({ url: `smtp://127.0.0.1:${String(server.port)}` });
    expect(await send(mail)).toMatchObject({ kind: 'retry', reason: expect.stringContaining('451') as unknown });
    expect(await send(mail)).toEqual({ kind: 'delivered' });
    expect(await send({ ...mail, to: ['gone@example.com'] })).toEqual({ kind: 'refused', reason: 'SMTP 550 EENVELOPE' });
    expect(await send({ ...mail, to: ['gone@example.com', 'a@example.com'] })).toEqual({ kind: 'delivered' });
  });

  it('waits where there is no server, and where the password is wrong', async () => {
    const server = await started(startMailServer({ user: 'sluice', password: 'word' }));
    const wrong = await mailer({ url: `smtp://sluice:s3cret@127.0.0.1:${String(server.port)}` }).send(mail);
    expect(wrong).toEqual({ kind: 'retry', reason: 'SMTP 535 EAUTH' });
    const none = await mailer({ url: `smtp://127.0.0.1:${String(await freePort())}` }).send(mail);
    expect(none).toMatchObject({ kind: 'retry', reason: expect.stringMatching(/^SMTP E\w+$/) as unknown });
  });
});

describe('a webhook', () => {
  const post = async (url: string, secret: string): ReturnType<typeof postNotice> => {
    const dispatcher = new Agent();
    cleanUps.push(() => dispatcher.destroy());
    return postNotice({ name: 'audit', url, secret }, notice, {
      clock: systemClock,
      signal: new AbortController().signal,
      dispatcher,
    });
  };

  it('gets a CloudEvent in structured JSON, signed at the time of the attempt', async () => {
    const server = await started(startWebhookServer());
    const before = Math.floor(Date.now() / 1000);
    expect(await post(server.url, server.secret)).toEqual({ kind: 'delivered' });
    const [hook] = server.hooks;
    expect(hook?.signed).toBe(true);
    expect(hook?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(hook?.headers['webhook-id']).toBe(notice.id);
    expect(Number(hook?.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before);
    expect(hook?.event).toMatchObject({ specversion: '1.0', id: notice.id, type: 'dev.sluice.share.Approved' });
  });

  it('is tried again after any answer but 2xx, except 410; a redirect is not followed', async () => {
    const server = await started(startWebhookServer());
    server.answer(200, 404, 500, 307, 410);
    const answers = [];
    for (let number = 0; number < 5; number++) answers.push(await post(server.url, server.secret));
    expect(answers).toEqual([
      { kind: 'delivered' },
      { kind: 'retry', reason: 'HTTP 404' },
      { kind: 'retry', reason: 'HTTP 500' },
      { kind: 'retry', reason: 'HTTP 307' },
      { kind: 'refused', reason: 'HTTP 410' },
    ]);
    expect(server.hooks.map(({ path }) => path)).toEqual(Array.from({ length: 5 }, () => '/sluice'));
  });

  it('that cannot be reached is tried again, and the reason does not name its address', async () => {
    expect(await post(`http://127.0.0.1:${String(await freePort())}/s3cret`, 'whsec_x')).toEqual({
      kind: 'retry',
      reason: 'ECONNREFUSED',
    });
  });
});

describe('the notifier', () => {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields, text) => void warnings.push(`${text} ${JSON.stringify(fields)}`) };

  function running(secret: { text: string | undefined; version: number }): {
    notifier: Notifier;
    woken: string[];
    stop: () => Promise<void>;
  } {
    const woken: string[] = [];
    const notifier = createNotifier({
      secretName: 'notify',
      secret: () => ({ resourceVersion: String(secret.version), text: secret.text }),
      wake: (key) => void woken.push(key),
      clock: systemClock,
      random: () => 0,
      logger,
    });
    const end = new AbortController();
    const run = notifier.run(end.signal);
    const stop = async (): Promise<void> => {
      end.abort();
      await run;
    };
    cleanUps.push(stop);
    return { notifier, woken, stop };
  }

  const addresses = { owner: ['owner@example.com', 'owner@evil.org'], requester: [] };
  const send = (notifier: Notifier, channels: readonly Channel[], failures: string[] = []): void => {
    for (const channel of channels)
      notifier.tell({
        channel,
        notice,
        requestKey: 'team-analytics/weekly',
        undelivered: (reason) => void failures.push(reason),
      });
  };

  it('sends one message each by mail and webhook, says when they are dealt with, and forgets that when it is recorded', async () => {
    const [mails, hooks] = [await started(startMailServer()), await started(startWebhookServer())];
    const text = `
smtp: {url: "smtp://127.0.0.1:${String(mails.port)}", from: sluice@example.com, domains: [example.com], allowPlaintext: true}
webhooks: [{name: audit, url: "${hooks.url}", secret: ${hooks.secret}}]
templates: {Approved: {subject: "Yes to {{dataset}}"}}
`;
    const { notifier, woken } = running({ text, version: 1 });
    const channels = notifier.channels(addresses) ?? [];
    expect(channels).toMatchObject([
      { name: 'owner', to: ['owner@example.com'], refused: ['owner@evil.org'] },
      { name: 'webhook:audit', side: 'platform' },
    ]);
    send(notifier, channels);
    send(notifier, channels);
    expect(notifier.length).toBe(2);
    await until('both were dealt with', async () => notifier.length === 0);
    expect(hooks.hooks.map(({ signed, event }) => [signed, event.id])).toEqual([[true, notice.id]]);
    await until('the mail came', async () => mails.mails.length === 1);
    expect(mails.mails[0]?.to).toEqual(['owner@example.com']);
    expect(mails.mails[0]?.text).toContain('Subject: Yes to orders');
    expect(woken).toEqual(['team-analytics/weekly', 'team-analytics/weekly']);
    expect([...notifier.settled('uid').keys()].toSorted()).toEqual(['owner', 'webhook:audit']);
    notifier.recorded('uid', [{ channel: 'owner', marks: ['Approved/a'] }]);
    expect([...notifier.settled('uid').keys()]).toEqual(['webhook:audit']);
    notifier.recorded('uid', [{ channel: 'webhook:audit', marks: ['Approved/a', 'x'] }]);
    expect(notifier.settled('uid').size).toBe(0);
  });

  it('goes on with the settings of a Secret that was corrected, without a restart, and logs no value of a wrong one', async () => {
    const hooks = await started(startWebhookServer());
    const secret: { text: string | undefined; version: number } = { text: 'webhooks: [{url: "http://s3cret"}]', version: 1 };
    const { notifier } = running(secret);
    warnings.length = 0;
    expect(notifier.channels(addresses)).toBeUndefined();
    expect(notifier.channels(addresses)).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('s3cret');
    secret.text = `webhooks: [{name: audit, url: "${hooks.url}", secret: ${hooks.secret}}]`;
    secret.version = 2;
    send(notifier, notifier.channels(addresses) ?? []);
    await until('it came', async () => hooks.hooks.length === 1);
  });

  it('says that a message was given up, with a reason and nothing else', async () => {
    const hooks = await started(startWebhookServer());
    hooks.answer(410);
    const text = `webhooks: [{name: audit, url: "${hooks.url}", secret: ${hooks.secret}}]`;
    const { notifier } = running({ text, version: 1 });
    const failures: string[] = [];
    send(notifier, notifier.channels(addresses) ?? [], failures);
    await until('it was given up', async () => failures.length === 1);
    expect(failures).toEqual(['HTTP 410']);
    expect([...(notifier.settled('uid').get('webhook:audit') ?? [])]).toEqual(['Approved/a']);
  });
});

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
