/** What messages look like, what settings are taken, and that neither lets anything in or out that should not be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudEvent, signatureHeaders } from '../../../src/notify/cloud-event.ts';
import type { News } from '../../../src/notify/kinds.ts';
import { noticeOf, type Notice, type Subject } from '../../../src/notify/notice.ts';
import { isAllowed, parseSettings, type SmtpSettings } from '../../../src/notify/settings.ts';
import { defaultTemplate, mailText } from '../../../src/notify/text.ts';
import { allMarks, marksKept, nextTold, untold } from '../../../src/notify/told.ts';

const subject: Subject = {
  installation: 'abcd1234',
  request: { namespace: 'team-analytics', name: 'orders-for-analysts', uid: '0a1b' },
  dataset: { namespace: 'team-sales', name: 'orders' },
  principal: 'arn:aws:iam::444455556666:role/teams/analysts',
};
const news = (patch: Partial<News> = {}): News => ({
  kind: 'Submitted',
  mark: 'Submitted/1/',
  items: ['Bucket acme-orders'],
  message: 'purpose: Weekly report',
  ...patch,
});
const now = Date.UTC(2026, 0, 1, 12);
const notice = (patch: Partial<News> = {}): Notice => noticeOf(news(patch), subject, now);

describe('a mail', () => {
  it("has data.all's sentence as its subject, and in its body who, what, which and when", () => {
    expect(mailText(notice())).toEqual({
      subject: 'User team-analytics submitted share request for dataset orders',
      text: [
        'User team-analytics submitted share request for dataset orders for principal arn:aws:iam::444455556666:role/teams/analysts',
        '',
        'Request: team-analytics/orders-for-analysts',
        'Dataset: team-sales/orders',
        'Items: Bucket acme-orders',
        'Details: purpose: Weekly report',
        'Time: 2026-01-01T12:00:00Z',
        '',
      ].join('\n'),
    });
    expect(mailText(notice({ kind: 'Approved' })).subject).toBe('User team-sales approved share request for dataset orders');
    expect(mailText(notice({ kind: 'Failed' })).subject).toBe('User sluice failed to carry out share request for dataset orders');
  });

  it('takes its texts from the template of its kind, then from Default, then from the product', () => {
    const templates = { Default: { subject: 'D {{kind}}', body: 'body' }, Submitted: { subject: '{{ dataset }}: {{message}}' } };
    expect(mailText(notice(), templates)).toEqual({ subject: 'orders: purpose: Weekly report', text: 'body' });
    expect(mailText(notice({ kind: 'Expired' }), templates).subject).toBe('D Expired');
    expect(mailText(notice(), { Submitted: { body: 'b' } }).subject).toContain('submitted share request');
    expect(defaultTemplate.subject).not.toContain('\n');
  });

  it('reads nothing that others wrote as a template, a header or a paragraph', () => {
    const hostile = 'x\r\nBcc: all@example.com\r\n\r\n{{principal}} $& \u2028';
    const { subject: line, text } = mailText(notice({ message: hostile }), { Default: { subject: '{{message}}' } });
    expect(line).toBe('x Bcc: all@example.com {{principal}} $&');
    expect(text.split('\n').filter((each) => each.startsWith('Bcc'))).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (message) => {
        expect(mailText(notice({ message }), { Default: { subject: '{{message}}' } }).subject).not.toMatch(/[\r\n\0]/);
      }),
    );
  });

  it('names twenty items and counts the rest', () => {
    const items = Array.from({ length: 23 }, (_, number) => `Bucket b${String(number)}`);
    expect(mailText(notice({ items })).text).toContain('Bucket b19 and 3 more');
  });
});

describe('a CloudEvent', () => {
  it('has the attributes of CloudEvents 1.0 and everything that the mail says', () => {
    const event = cloudEvent(notice({ expireTime: '2026-02-01T00:00:00Z' }));
    expect(event).toEqual({
      specversion: '1.0',
      id: notice().id,
      source: '/sluice/abcd1234/namespaces/team-analytics/sharerequests/orders-for-analysts',
      type: 'dev.sluice.share.Submitted',
      subject: 'team-sales/orders',
      time: '2026-01-01T12:00:00Z',
      datacontenttype: 'application/json',
      data: {
        kind: 'Submitted',
        who: 'team-analytics',
        dataset: subject.dataset,
        request: subject.request,
        principal: subject.principal,
        items: ['Bucket acme-orders'],
        message: 'purpose: Weekly report',
        expireTime: '2026-02-01T00:00:00Z',
      },
    });
  });

  it('has the same id whenever it is made, and another one for each occurrence and each request', () => {
    expect(noticeOf(news({ items: [], message: '' }), subject, now + 1e9).id).toBe(notice().id);
    expect(notice({ mark: 'Submitted/2/' }).id).not.toBe(notice().id);
    expect(noticeOf(news(), { ...subject, request: { ...subject.request, uid: 'other' } }, now).id).not.toBe(notice().id);
  });

  it('is signed as Standard Webhooks says (the example of its specification)', () => {
    const headers = signatureHeaders('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      now: 1_614_265_330_000,
      body: '{"test": 2432232314}',
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});

describe('settings', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const good = `
smtp: {url: "smtps://user:pass@mail.example.com", from: "Sluice <sluice@example.com>", domains: [example.com]}
webhooks: [{name: audit, url: "https://hooks.example.com/x", secret: ${secret}}]
templates: {Default: {subject: "[data] {{action}} {{dataset}}"}}
`;

  it('are read from YAML', () => {
    expect(parseSettings(good)).toMatchObject({
      kind: 'settings',
      settings: { smtp: { allowPlaintext: false, domains: ['example.com'] }, webhooks: [{ name: 'audit' }] },
    });
    expect(parseSettings('webhooks: []')).toMatchObject({ kind: 'settings', settings: { templates: {} } });
  });

  it.each([
    ['', 'notify.yaml is not a YAML mapping'],
    ['smtp: {url: "s3cret', 'notify.yaml is not a YAML mapping'],
    ['s3cret', 'notify.yaml is not a YAML mapping'],
    ['smpt: {url: s3cret}', 'notify.yaml: unknown: smpt'],
    ['smtp: {url: "http://s3cret", from: a@b.c, domains: ["*"]}', 'smtp.url: must be a URL that begins with smtp:// or smtps://'],
    ['smtp: {url: "smtp://s3cret", from: a@b.c}', 'smtp.domains: must be given as array'],
    [
      'webhooks: [{name: a, url: "ftp://s3cret", secret: s3cret}]',
      'webhooks.0.secret: must be whsec_ and base64 of 24 to 64 bytes',
    ],
    [`webhooks: [{name: a, url: "http://a", secret: ${secret}}, {name: a, url: "http://b", secret: ${secret}}]`, 'two webhooks'],
    ['templates: {Submitted: {body: "{{s3cret.constructor}} {{nope}}"}}', 'has unknown placeholders: nope'],
    ['templates: {Nope: {body: "x"}}', 'templates'],
  ])('that are wrong are explained by field, never by value: %s', (text, problem) => {
    const parsed = parseSettings(text);
    expect(parsed).toMatchObject({ kind: 'problem', problem: expect.stringContaining(problem) as unknown });
    expect(JSON.stringify(parsed)).not.toContain('s3cret');
  });

  it('say which domains mail may go to', () => {
    const smtp = (domains: string[]): SmtpSettings => ({ url: 'smtp://x', from: 'a@b.c', domains, allowPlaintext: false });
    expect(isAllowed('a@Example.com', smtp(['example.com']))).toBe(true);
    expect(isAllowed('a@evil.com', smtp(['example.com']))).toBe(false);
    expect(isAllowed('a@sub.example.com', smtp(['example.com']))).toBe(false);
    expect(isAllowed('"x@example.com"@evil.com', smtp(['example.com']))).toBe(false);
    expect(isAllowed('a@anywhere.org', smtp(['*']))).toBe(true);
  });
});

describe('the record of what was told', () => {
  const base = { before: undefined, isNew: true, channels: ['owner'], settled: new Map(), news: [news()], now };

  it('of a new request is empty: everything is news', () => {
    expect(nextTold(base)).toEqual([{ channel: 'owner', marks: [] }]);
    expect(untold(nextTold(base), 'owner', [news()])).toEqual([news()]);
  });

  it('of a new ReceivedShare for an old share holds what came about more than an hour ago', () => {
    const old = news({ mark: 'Approved/a', time: '2026-01-01T10:59:00Z' });
    const fresh = news({ mark: 'Succeeded/a', time: '2026-01-01T11:30:00Z' });
    expect(nextTold({ ...base, news: [old, fresh, news()] })).toEqual([{ channel: 'owner', marks: ['Approved/a'] }]);
  });

  it('of a channel that is new begins with all that holds: nobody is sent the past', () => {
    const before = [{ channel: 'owner', marks: ['x'] }];
    const told = nextTold({ ...base, isNew: false, before, channels: ['owner', 'webhook:audit'] });
    expect(told).toEqual([...before, { channel: 'webhook:audit', marks: ['Submitted/1/'] }]);
    expect(nextTold({ ...base, isNew: false })).toEqual([{ channel: 'owner', marks: ['Submitted/1/'] }]);
  });

  it('takes up what was delivered or given up, and forgets channels that are gone', () => {
    const before = [
      { channel: 'owner', marks: ['x'] },
      { channel: 'webhook:gone', marks: ['x'] },
    ];
    const settled = new Map([['owner', new Set(['Submitted/1/', 'x'])]]);
    const told = nextTold({ ...base, isNew: false, before, settled });
    expect(told).toEqual([{ channel: 'owner', marks: ['x', 'Submitted/1/'] }]);
    expect(untold(told, 'owner', [news()])).toEqual([]);
    expect(untold(told, 'webhook:gone', [news()])).toEqual([]);
    expect(allMarks(told)).toEqual(new Set(['x', 'Submitted/1/']));
  });

  it('keeps a bounded number of marks, and always those of what still holds', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 60, size: 'max' }),
        fc.nat(),
        (marks, seed) => {
          const holding = marks.filter((_, index) => (index * 7 + seed) % 5 === 0).slice(0, 16);
          const [told] = nextTold({
            ...base,
            isNew: false,
            before: [{ channel: 'owner', marks }],
            news: holding.map((mark) => news({ mark })),
          });
          expect(told?.marks.length).toBe(Math.min(marks.length, marksKept));
          expect(holding.filter((mark) => !told?.marks.includes(mark))).toEqual([]);
        },
      ),
    );
  });
});
