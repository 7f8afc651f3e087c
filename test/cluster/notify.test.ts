/**
 * People are told, on the whole product: a real mail server, a real receiver of webhooks, the operator as a process that is killed in between. What is news is in
 * test/unit/notify; what the connections do is in test/contract/notify.test.ts.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { types } from '../../src/controllers/cluster.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startMailServer, type MailServer } from '../support/mail-server.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';
import { watcher } from '../support/workflow.ts';

let mails: MailServer;
let hooks: WebhookServer;
let sluice: Sluice;

const settings = ({ port }: { readonly port: number }): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'sluice-test-notify', namespace: operatorNamespace },
  stringData: {
    'notify.yaml': JSON.stringify({
      smtp: {
        url: `smtp://sluice:s3cret@127.0.0.1:${String(port)}`,
        from: 'sluice@example.com',
        domains: ['example.com'],
        allowPlaintext: true,
      },
      webhooks: [{ name: 'audit', url: hooks.url, secret: hooks.secret }],
    }),
  },
});

beforeAll(async () => {
  mails = await startMailServer({ user: 'sluice', password: 's3cret' });
  hooks = await startWebhookServer();
  // Secrets live in the operator's namespace, which the chart makes.
  sluice = await startSluice({ flags: ['--notify-secret=sluice-test-notify'] });
  await apply([settings(mails)]);
});
afterAll(async () => {
  await sluice.stop();
  await kubectl(['delete', 'secret', 'sluice-test-notify', '-n', operatorNamespace, '--ignore-not-found']);
  await Promise.all([mails.stop(), hooks.stop()]);
});

const addresses = { owner: 'owner@example.com', requester: 'team@example.com' };

/** A world whose owner and requester want mail. */
async function worldWithPeople(): Promise<World> {
  const world = await sluice.world();
  await apply([
    world.dataset('orders', { notify: { emails: [addresses.owner] } }),
    world.role('analysts', { notify: { emails: [addresses.requester] } }),
  ]);
  return world;
}

/** Subjects of the mails about this world that somebody got, in order. */
function mailsTo(world: World, address: string): string[] {
  return mails.mails
    .filter(({ to, text }) => to.includes(address) && text.includes(world.consumer.namespace))
    .map(({ text }) => /^Subject: ((?:.*)(?:\r\n[ \t].*)*)/m.exec(text)?.[1]?.replaceAll(/\r\n[ \t]/g, ' ') ?? '');
}

function kindsOf(world: World): string[] {
  return hooks.hooks
    .filter(({ event }) => event.data.request.namespace === world.consumer.namespace)
    .map(({ event }) => event.data.kind);
}

const has = (list: () => string[], part: string): Promise<unknown> =>
  until(`${part} was told: ${list().join(', ')}`, async () => list().some((each) => each.includes(part)));

it('tells owner, requester and platform of a share from request to end, each once, and signs what it posts', async () => {
  const world = await worldWithPeople();
  const see = watcher(sluice, world);
  const [owner, team] = [() => mailsTo(world, addresses.owner), () => mailsTo(world, addresses.requester)];
  await apply([world.request('weekly', { items: ['orders'], purpose: 'Weekly report' })]);
  await has(owner, `User ${world.consumer.namespace} submitted share request for dataset orders`);
  await apply([world.approval('weekly', { request: 'weekly', items: ['orders'] })]);
  await has(team, 'User sluice granted share request for dataset orders');
  await kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
  await has(owner, `User ${world.producer.namespace} revoked share request`);
  await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
  await has(owner, `User ${world.consumer.namespace} deleted share request`);
  await until('the ReceivedShare is gone', async () => {
    const { items } = await sluice.client.list(types.received, { namespace: world.producer.namespace });
    return items.length === 0;
  });
  expect(owner().map((subject) => subject.split(' ')[2])).toEqual(['submitted', 'approved', 'revoked', 'deleted']);
  const toldTeam = team().map((subject) => subject.split(' ')[2]);
  expect([toldTeam[0], toldTeam.at(-1)]).toEqual(['submitted', 'revoked']);
  // Several messages are delivered at a time: what happens within two seconds comes in any order.
  expect(toldTeam.toSorted()).toEqual(['approved', 'granted', 'revoked', 'submitted']);
  expect(kindsOf(world).toSorted()).toEqual(['Approved', 'Revoked', 'Submitted', 'Succeeded', 'Withdrawn']);
  expect(hooks.hooks.every(({ signed }) => signed)).toBe(true);
  expect(await see.leftInAws()).toEqual([]);
  expect(await sluice.operator.metrics()).toContain('sluice_notifications_total{channel="mail",result="delivered"}');
});

it('loses nothing and repeats nothing when it is killed while the mail server is away, and delays no share for it', async () => {
  const world = await worldWithPeople();
  const { port } = mails;
  await mails.stop();
  await apply([
    world.request('weekly', { items: ['orders'] }),
    world.approval('weekly', { request: 'weekly', items: ['orders'] }),
  ]);
  await watcher(sluice, world).request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });
  const recorded = async (): Promise<boolean> => {
    const { items } = await sluice.client.list(types.received, { namespace: world.producer.namespace });
    const hook = items[0]?.spec.told?.channels.find(({ channel }) => channel === 'webhook:audit');
    return ['Approved/', 'Succeeded/'].every((kind) => hook?.marks.some((mark) => mark.startsWith(kind)) === true);
  };
  // What has arrived and is not recorded when the process dies is repeated, under the same id: that is no matter of this test.
  await until('that the webhook was told is recorded', recorded);
  const told = kindsOf(world);
  await sluice.operator.kill();
  mails = await startMailServer({ port, user: 'sluice', password: 's3cret' });
  await sluice.operator.start();
  await has(() => mailsTo(world, addresses.requester), 'granted share request');
  await has(() => mailsTo(world, addresses.owner), 'approved share request');
  await sluice.operator.restart();
  await watcher(sluice, world).request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });
  await apply([world.request('second', { items: ['orders'] })]);
  // What a new process has to tell comes before what happened later.
  await until('the second request was told', async () => kindsOf(world).filter((kind) => kind === 'Submitted').length > 0);
  expect(mailsTo(world, addresses.owner).filter((subject) => subject.includes('approved'))).toHaveLength(1);
  expect(kindsOf(world).slice(0, told.length)).toEqual(told);
  expect(kindsOf(world).filter((kind) => kind === 'Approved' || kind === 'Succeeded')).toHaveLength(2);
});

it('keeps what is secret out of log, metrics, Events and objects', async () => {
  const world = await worldWithPeople();
  await apply([world.request('weekly', { items: ['orders'] })]);
  await has(() => mailsTo(world, addresses.owner), 'submitted');
  const objects = await kubectl(['get', 'receivedshares,sharerequests,datasets,events', '-A', '--output=yaml']);
  for (const text of [sluice.operator.log(), await sluice.operator.metrics(), objects]) {
    expect(text).not.toContain('s3cret');
    expect(text).not.toContain(hooks.secret);
    expect(text).not.toContain(hooks.url);
  }
});
