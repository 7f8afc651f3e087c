/**
 * One request, its ReceivedShare on an API server with a cache that may lag, and channels that deliver when the test says so. Deciding, recording and handing over are
 * real. Tests only.
 */
import type { ConsumptionRole, Dataset, ReceivedShare } from '../../../src/api/index.ts';
import { createMemory } from '../../../src/controllers/memory.ts';
import type { Operator } from '../../../src/controllers/operator.ts';
import { removeReceivedShare, syncReceivedShare } from '../../../src/controllers/received-share.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import type { EventRecord } from '../../../src/kube/events.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import { createReadYourWrites } from '../../../src/kube/read-your-writes.ts';
import { createStore } from '../../../src/kube/store.ts';
import type { Channel, Message, Notifier } from '../../../src/notify/notifier.ts';
import { aDataset, aRole, spec } from '../../support/builders.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { createRequestWorld, type RequestWorld } from '../notify/world.ts';

/** The ways out. */
export const owner: Channel = { name: 'owner', side: 'owner', to: ['owner@example.com'], refused: [] };
export const requester: Channel = { name: 'requester', side: 'requester', to: ['team@example.com'], refused: [] };
export const audit: Channel = { name: 'webhook:audit', side: 'platform', to: [], refused: [] };

/** Channels without servers. */
export interface FakeNotifier extends Notifier {
  channelsNow: readonly Channel[] | undefined;
  /** Addresses that were asked for last. */
  asked: unknown;
  readonly waiting: Message[];
  /** Deals with what waits, or with as many of it; returns it as `channel kind`. */
  deliver(count?: number): string[];
}

/** The world. */
export interface NoticesWorld {
  readonly world: RequestWorld;
  readonly clock: VirtualClock;
  readonly events: EventRecord[];
  /** Everything that was delivered by any process: `channel id`. */
  readonly delivered: string[];
  notify: FakeNotifier;
  operator: Operator;
  /** Writes of ReceivedShares so far, without those of their status. */
  writes: number;
  /** The cache shows no write until it is false again. */
  lagging: boolean;
  /** Called while each write of a ReceivedShare is under way. */
  duringWrite: () => void;
  /** The ReceivedShare as the API server has it. */
  received(): ReceivedShare | undefined;
  /** By channel: how many marks are recorded. */
  recorded(): readonly (readonly [string, number])[] | undefined;
  reconcile(): Promise<number | undefined>;
  /** The request is gone, or hidden from its Dataset. */
  remove(why: 'gone' | 'hidden'): Promise<void>;
  /** Reconciles and delivers until nothing is said any more; returns what was said. */
  tellAll(): Promise<string[]>;
  /** A new process: its memory and its queue are empty, the cluster is as it was. */
  restart(): void;
  /** A new process that sends nothing. */
  restartSilent(): void;
}

const key = 'team-analytics/orders-for-analysts';

/** A request of today, with nobody told yet. */
export function createNoticesWorld(): NoticesWorld {
  const world = createRequestWorld({ dataset: aDataset(spec({ notify: { emails: ['owner@example.com'] } })) });
  const server = createServer();
  const events: EventRecord[] = [];
  const delivered: string[] = [];
  const clock = createVirtualClock({ start: world.now() });
  const start = (notify: Notifier | undefined): Operator => operatorOn({ server, world, events, clock, notify });
  const notify = fakeNotifier(delivered);
  const made: NoticesWorld = {
    world,
    clock,
    events,
    delivered,
    notify,
    operator: start(notify),
    get writes() {
      return server.writes;
    },
    get lagging() {
      return server.lagging;
    },
    set lagging(value) {
      server.lagging = value;
      server.show();
    },
    get duringWrite() {
      return server.duringWrite;
    },
    set duringWrite(value) {
      server.duringWrite = value;
    },
    received: () => server.stored,
    recorded: () => server.stored?.spec.told?.channels.map(({ channel, marks }) => [channel, marks.length] as const),
    reconcile: () => {
      const { summary, conditions } = world.sum();
      const { request, dataset } = world.story;
      if (request === undefined) throw new RangeError('the request is gone');
      return syncReceivedShare(made.operator, { request, dataset, summary, conditions });
    },
    remove: (why) => removeReceivedShare(made.operator, key, why),
    tellAll: async () => {
      const said: string[] = [];
      for (let round = 0; round < 4; round++) {
        await made.reconcile();
        said.push(...made.notify.deliver());
      }
      return said;
    },
    restart: () => {
      made.notify = fakeNotifier(delivered);
      made.operator = start(made.notify);
    },
    restartSilent: () => {
      made.operator = start(undefined);
    },
  };
  return made;
}

function fakeNotifier(delivered: string[]): FakeNotifier {
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
      const isSame = ({ channel, notice }: Message): boolean =>
        channel.name === message.channel.name && notice.id === message.notice.id;
      if (made.waiting.some(isSame)) return false;
      made.waiting.push(message);
      return true;
    },
    settled: () => settled,
    recorded: (_uid, told) => {
      for (const { channel, marks } of told) for (const mark of marks) settled.get(channel)?.delete(mark);
    },
    forget: () => settled.clear(),
    length: 0,
    run: () => Promise.resolve(),
    deliver: (count = Infinity) => {
      const messages = made.waiting.splice(0, count);
      for (const { channel, notice } of messages)
        settled.set(channel.name, (settled.get(channel.name) ?? new Set<string>()).add(notice.news.mark));
      delivered.push(...messages.map(({ channel, notice }) => `${channel.name} ${notice.id}`));
      return messages.map(({ channel, notice }) => `${channel.name} ${notice.news.kind}`);
    },
  };
  return made;
}

/** The one ReceivedShare, where it is kept, and the cache of it. */
interface Server {
  readonly cache: ReturnType<typeof createStore<ReceivedShare>>;
  stored: ReceivedShare | undefined;
  writes: number;
  lagging: boolean;
  duringWrite: () => void;
  show(): void;
  write(object: ReceivedShare): Promise<ReceivedShare>;
  writeStatus(status: ReceivedShare['status']): Promise<ReceivedShare>;
  remove(): Promise<void>;
}

function createServer(): Server {
  const conflict = (reason: string): ApiError => new ApiError({ status: 409, reason, message: 'somebody was faster' });
  let version = 0;
  const store = (object: ReceivedShare): ReceivedShare => {
    const stored = { ...object, metadata: { ...object.metadata, uid: 'uid-received', resourceVersion: String(++version) } };
    server.stored = stored;
    server.show();
    return stored;
  };
  const server: Server = {
    cache: createStore<ReceivedShare>({
      indexes: { request: ({ spec: { requestRef } }) => [`${requestRef.namespace}/${requestRef.name}`] },
    }),
    stored: undefined,
    writes: 0,
    lagging: false,
    duringWrite: () => undefined,
    show: () => {
      if (!server.lagging) server.cache.replace(server.stored === undefined ? [] : [server.stored]);
    },
    write: async (object) => {
      server.duringWrite();
      const { resourceVersion } = object.metadata;
      if (resourceVersion !== server.stored?.metadata.resourceVersion)
        throw conflict(resourceVersion === undefined ? 'AlreadyExists' : 'Conflict');
      server.writes++;
      const { status } = server.stored ?? {};
      return store({ ...object, ...(status === undefined ? {} : { status }) });
    },
    writeStatus: async (status) => {
      if (server.stored === undefined) throw new ApiError({ status: 404, reason: 'NotFound', message: 'there is none' });
      return store({ ...server.stored, ...(status === undefined ? {} : { status }) });
    },
    remove: async () => {
      server.stored = undefined;
      server.show();
    },
  };
  return server;
}

interface Parts {
  readonly server: Server;
  readonly world: RequestWorld;
  readonly events: EventRecord[];
  readonly clock: VirtualClock;
  readonly notify: Notifier | undefined;
}

function operatorOn({ server, world, events, clock, notify }: Parts): Operator {
  const roles = createStore<ConsumptionRole>({ indexes: {} });
  roles.replace([aRole(spec({ notify: { emails: ['team@example.com'] } }))]);
  const datasets = createStore<Dataset>({ indexes: {} });
  datasets.replace([world.story.dataset]);
  const parts = {
    cluster: { received: { store: server.cache }, roles: { store: roles }, datasets: { store: datasets } },
    client: {
      create: (_type: unknown, object: ReceivedShare) => server.write(object),
      replace: (_type: unknown, object: ReceivedShare) => server.write(object),
      delete: () => server.remove(),
      applyStatus: (_type: unknown, { status }: ReceivedShare) => server.writeStatus(status),
    },
    queues: { request: { add: () => undefined } },
    writes: createReadYourWrites({ clock }),
    events: { record: (event: EventRecord) => void events.push(event) },
    memory: createMemory(),
    installation: 'abcd1234',
    clock,
    logger: silentLogger,
    ...(notify === undefined ? {} : { notify }),
  };
  // Only what these functions use: everything else would be noise here.
  return parts as unknown as Operator;
}
