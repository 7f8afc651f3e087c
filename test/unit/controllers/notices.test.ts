/**
 * What is told is recorded in the ReceivedShare after it was dealt with: nothing is told twice, not after a restart either, and nothing that was under way when the
 * operator died is lost. Caches, client and channels are the test's; deciding and recording are real.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConsumptionRole, Dataset, ReceivedShare } from '../../../src/api/index.ts';
import { createMemory } from '../../../src/controllers/memory.ts';
import type { Operator } from '../../../src/controllers/operator.ts';
import { removeReceivedShare, syncReceivedShare } from '../../../src/controllers/received-share.ts';
import type { EventRecord } from '../../../src/kube/events.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import { createStore } from '../../../src/kube/store.ts';
import type { Channel, Message, Notifier } from '../../../src/notify/notifier.ts';
import { aDataset, anApproval, aRequest, aRole, day, meta, spec, time } from '../../support/builders.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { createRequestWorld, type RequestWorld } from '../notify/world.ts';

const owner: Channel = { name: 'owner', side: 'owner', to: ['owner@example.com'], refused: [] };
const requester: Channel = { name: 'requester', side: 'requester', to: ['team@example.com'], refused: [] };
const audit: Channel = { name: 'webhook:audit', side: 'platform', to: [], refused: [] };

/** Channels without servers: the test says when a message was dealt with. */
interface FakeNotifier extends Notifier {
  channelsNow: readonly Channel[] | undefined;
  /** Addresses that were asked for last. */
  asked: unknown;
  readonly waiting: Message[];
  /** Deals with everything that waits; returns it as `channel kind`. */
  deliver(): string[];
}

function fakeNotifier(): FakeNotifier {
  const settled = new Map<string, Set<string>>();
  const made: FakeNotifier = {
    secretName: 'notify',
    channelsNow: [owner, requester, audit],
    asked: undefined,
    waiting: [],
    channels: (addresses) => {
      made.asked = addresses;
      return made.channelsNow;
    },
    tell: (message) => {
      const same = made.waiting.some(
        ({ channel, notice }) => channel.name === message.channel.name && notice.id === message.notice.id,
      );
      if (!same) made.waiting.push(message);
      return !same;
    },
    settled: () => settled,
    recorded: (_uid, told) => {
      for (const { channel, marks } of told) for (const mark of marks) settled.get(channel)?.delete(mark);
    },
    forget: () => settled.clear(),
    length: 0,
    run: () => Promise.resolve(),
    deliver: () => {
      const messages = made.waiting.splice(0);
      for (const { channel, notice } of messages)
        settled.set(channel.name, (settled.get(channel.name) ?? new Set<string>()).add(notice.news.mark));
      return messages.map(({ channel, notice }) => `${channel.name} ${notice.news.kind}`);
    },
  };
  return made;
}

interface Cluster {
  readonly received: ReturnType<typeof createStore<ReceivedShare>>;
  readonly events: EventRecord[];
  /** Writes of ReceivedShare specs. */
  writes: number;
}

function operatorOn(
  cluster: Cluster,
  parts: { readonly clock: VirtualClock; readonly notify?: Notifier; readonly world: RequestWorld },
): Operator {
  const roles = createStore<ConsumptionRole>({ indexes: {} });
  roles.replace([aRole(spec({ notify: { emails: ['team@example.com'] } }))]);
  const datasets = createStore<Dataset>({ indexes: {} });
  datasets.replace([parts.world.story.dataset]);
  const write = (object: ReceivedShare): Promise<ReceivedShare> => {
    cluster.writes++;
    const stored = { ...object, metadata: { ...object.metadata, uid: 'uid-received', resourceVersion: String(cluster.writes) } };
    cluster.received.replace([stored]);
    return Promise.resolve(stored);
  };
  const operator = {
    cluster: { received: { store: cluster.received }, roles: { store: roles }, datasets: { store: datasets } },
    client: {
      create: (_type: unknown, object: ReceivedShare) => write(object),
      replace: (_type: unknown, object: ReceivedShare) => write(object),
      delete: () => {
        cluster.received.replace([]);
        return Promise.resolve();
      },
      applyStatus: (_type: unknown, { metadata }: ReceivedShare) => Promise.resolve({ metadata }),
    },
    writes: { wrote: () => undefined },
    events: { record: (event: EventRecord) => void cluster.events.push(event) },
    memory: createMemory(),
    installation: 'abcd1234',
    clock: parts.clock,
    logger: silentLogger,
    ...(parts.notify === undefined ? {} : { notify: parts.notify }),
  };
  // Only what these functions use: everything else would be noise here.
  return operator as unknown as Operator;
}

let cluster: Cluster;
let world: RequestWorld;
let notify: FakeNotifier;
let operator: Operator;
let clock: VirtualClock;

beforeEach(() => {
  const dataset = aDataset(spec({ notify: { emails: ['owner@example.com'] } }));
  world = createRequestWorld({ dataset });
  clock = createVirtualClock({ start: world.now() });
  cluster = {
    received: createStore<ReceivedShare>({
      indexes: { request: ({ spec: { requestRef } }) => [`${requestRef.namespace}/${requestRef.name}`] },
    }),
    events: [],
    writes: 0,
  };
  notify = fakeNotifier();
  operator = operatorOn(cluster, { clock, notify, world });
});

const key = 'team-analytics/orders-for-analysts';

async function reconcile(): Promise<number | undefined> {
  const { summary, conditions } = world.sum();
  const { request, dataset } = world.story;
  if (request === undefined) throw new RangeError('the request is gone');
  return syncReceivedShare(operator, { request, dataset, summary, conditions });
}

/** Reconciles until nothing is said any more; returns what was said. */
async function tellAll(): Promise<string[]> {
  const said: string[] = [];
  for (let round = 0; round < 4; round++) {
    await reconcile();
    said.push(...notify.deliver());
  }
  return said;
}

/** A new process: its memory and its queue are empty, the cluster is as it was. */
function restart(): void {
  notify = fakeNotifier();
  operator = operatorOn(cluster, { clock, notify, world });
}

const recordedMarks = (): unknown =>
  cluster.received.list()[0]?.spec.told?.channels.map(({ channel, marks }) => [channel, marks.length]);

describe('what is told', () => {
  it('goes to both sides and the platform, at the addresses of the Dataset and the ConsumptionRole', async () => {
    expect(await tellAll()).toEqual(['owner Submitted', 'requester Submitted', 'webhook:audit Submitted']);
    expect(notify.asked).toEqual({ owner: ['owner@example.com'], requester: ['team@example.com'] });
    world.story.approvals = [anApproval()];
    world.story.settle();
    expect(await tellAll()).toEqual([
      'owner Approved',
      'requester Approved',
      'requester Succeeded',
      'webhook:audit Approved',
      'webhook:audit Succeeded',
    ]);
  });

  it('is not told again by a new process', async () => {
    await tellAll();
    restart();
    expect(await tellAll()).toEqual([]);
    expect(recordedMarks()).toEqual([
      ['owner', 1],
      ['requester', 1],
      ['webhook:audit', 1],
    ]);
  });

  it('and was under way when the process died is told by the next one, under the same id', async () => {
    await reconcile();
    const ids = notify.waiting.map(({ notice }) => notice.id);
    await clock.advance(3_600_000);
    restart();
    await reconcile();
    expect(ids).toHaveLength(3);
    expect(notify.waiting.map(({ notice }) => notice.id)).toEqual(ids);
  });

  it('by one way and not yet by another is not repeated where it arrived', async () => {
    await reconcile();
    const hook = notify.waiting.splice(2);
    expect(notify.deliver()).toEqual(['owner Submitted', 'requester Submitted']);
    await reconcile();
    expect(hook).toHaveLength(1);
    restart();
    expect(await tellAll()).toEqual(['webhook:audit Submitted']);
  });

  it('is handed over once, however often the request is looked at, and costs one write', async () => {
    for (let round = 0; round < 5; round++) await reconcile();
    expect(notify.waiting).toHaveLength(3);
    notify.deliver();
    const { writes } = cluster;
    for (let round = 0; round < 5; round++) await reconcile();
    expect(cluster.writes).toBe(writes + 1);
  });

  it('costs nothing where the installation sends nothing, and leaves no record', async () => {
    await tellAll();
    operator = operatorOn(cluster, { clock, world });
    await reconcile();
    expect(cluster.received.list()[0]?.spec.told).toBeUndefined();
    const { writes } = cluster;
    await reconcile();
    expect(cluster.writes).toBe(writes);
  });

  it('is not forgotten while the settings cannot be read', async () => {
    await tellAll();
    notify.channelsNow = undefined;
    expect(await tellAll()).toEqual([]);
    expect(recordedMarks()).toHaveLength(3);
    notify.channelsNow = [owner, requester, audit];
    world.story.approvals = [anApproval()];
    expect(await tellAll()).toContain('owner Approved');
  });

  it('by a new way out begins with what comes after: nobody is sent the past', async () => {
    notify.channelsNow = [owner];
    await tellAll();
    notify.channelsNow = [owner, audit];
    expect(await tellAll()).toEqual([]);
    world.story.approvals = [anApproval()];
    expect(await tellAll()).toEqual(expect.arrayContaining(['webhook:audit Approved']));
  });

  it('of a request that is made again under the same name is told anew', async () => {
    await tellAll();
    world.story.request = aRequest(meta({ uid: 'uid-another' }));
    expect(await tellAll()).toEqual(['owner Submitted', 'requester Submitted', 'webhook:audit Submitted']);
  });

  it('is looked at again when a reminder falls due', async () => {
    world.story.approvals = [anApproval(spec({ expireTime: time(60 * day) }))];
    world.story.settle();
    await tellAll();
    expect(await reconcile()).toBe(Date.parse(time(30 * day)));
  });
});

describe('what could not be told', () => {
  it('is an Event on the side that should have heard, which names no server', async () => {
    await reconcile();
    for (const message of notify.waiting) message.undelivered('SMTP 550 EENVELOPE');
    const failures = cluster.events.filter(({ reason }) => reason === 'NotificationFailed');
    expect(failures.map(({ regarding, note }) => [regarding.kind, note])).toEqual([
      ['ReceivedShare', 'the message Submitted to the owner could not be delivered: SMTP 550 EENVELOPE'],
      ['ShareRequest', 'the message Submitted to the requester could not be delivered: SMTP 550 EENVELOPE'],
      ['ReceivedShare', 'the message Submitted to webhook audit could not be delivered: SMTP 550 EENVELOPE'],
    ]);
  });

  it('since the domain is not allowed is said once, with the addresses', async () => {
    notify.channelsNow = [{ ...requester, refused: ['a@evil.org'] }];
    await reconcile();
    await reconcile();
    const failures = cluster.events.filter(({ reason }) => reason === 'NotificationFailed');
    expect(failures).toMatchObject([
      { regarding: { kind: 'ShareRequest' }, note: expect.stringContaining('a@evil.org') as unknown },
    ]);
  });
});

describe('a request that is deleted', () => {
  const gone = (): Promise<void> => removeReceivedShare(operator, key, 'gone');

  it('is told to the owner and the platform; until then its ReceivedShare stays, whatever process looks', async () => {
    await tellAll();
    await gone();
    expect(cluster.received.list()).toHaveLength(1);
    restart();
    notify.channelsNow = [owner, audit];
    await gone();
    expect(notify.deliver()).toEqual(['owner Withdrawn', 'webhook:audit Withdrawn']);
    await gone();
    expect(cluster.received.list()).toEqual([]);
  });

  it('is told to nobody who had not heard of it, and nobody is waited for where nothing is sent', async () => {
    await reconcile();
    await gone();
    expect(cluster.received.list()).toEqual([]);
    await tellAll();
    operator = operatorOn(cluster, { clock, world });
    await gone();
    expect(cluster.received.list()).toEqual([]);
  });

  it('whose Dataset is hidden from it now just loses its ReceivedShare', async () => {
    await tellAll();
    await removeReceivedShare(operator, key, 'hidden');
    expect(cluster.received.list()).toEqual([]);
  });
});

describe('Events', () => {
  it('of a new phase are on both sides, and on the Dataset where the owner has to decide', async () => {
    await reconcile();
    expect(cluster.events.map(({ regarding, reason }) => `${regarding.kind} ${reason}`)).toEqual([
      'ReceivedShare Submitted',
      'ShareRequest Submitted',
      'Dataset Submitted',
    ]);
    expect(cluster.events[2]?.related?.kind).toBe('ReceivedShare');
  });

  it('remind both sides once, within the hour in which the reminder falls due, with or without channels', async () => {
    operator = operatorOn(cluster, { clock, world });
    world.story.approvals = [anApproval(spec({ expireTime: time(60 * day) }))];
    world.story.settle();
    await reconcile();
    const reminders = (): string[] =>
      cluster.events.filter(({ reason }) => reason === 'ExpiringSoon').map(({ regarding }) => regarding.kind);
    const at = async (seconds: number): Promise<void> => {
      await clock.advance(seconds * 1000 - (clock.now() - Date.parse(time(0))));
      world.story.now = seconds;
      await reconcile();
    };
    await at(30 * day);
    await at(30 * day + 60);
    expect(reminders()).toEqual(['ShareRequest', 'ReceivedShare']);
    restart();
    await at(30 * day + 7200);
    expect(reminders()).toHaveLength(2);
    await at(46 * day);
    expect(reminders()).toHaveLength(4);
  });
});
