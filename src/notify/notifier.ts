/**
 * Where messages go out: reads the settings, says which channels a share has, and hands messages to the outbox. What is told to whom, and that it was told, is
 * decided by its caller (src/controllers/notices.ts).
 */
import { Agent } from 'undici';
import type { Clock } from '../clock.ts';
import type { Logger } from '../kube/logging.ts';
import type { Side } from './kinds.ts';
import type { Notice } from './notice.ts';
import { createOutbox, type Attempt, type Delivery, type Ending, type Outbox, type OutboxMetrics } from './outbox.ts';
import { isAllowed, parseSettings, settingsKey, type NotifySettings } from './settings.ts';
import { createMailer, type Mailer } from './smtp.ts';
import { mailText } from './text.ts';
import type { Told } from './told.ts';
import { postNotice } from './webhook.ts';

/** One way out: mail to one side, or a webhook. */
export interface Channel {
  /** `owner`, `requester` or `webhook:<name>`. */
  readonly name: string;
  readonly side: Side;
  /** Addresses; empty for a webhook. */
  readonly to: readonly string[];
  /** Addresses that mail may not go to. */
  readonly refused: readonly string[];
}

/** A message on its way. */
export interface Message {
  readonly channel: Channel;
  readonly notice: Notice;
  /** Key of the ShareRequest that is looked at again when the message was dealt with. */
  readonly requestKey: string;
  /** Called when it was given up; `reason` carries no secret. */
  readonly undelivered: (reason: string) => void;
}

/** Sends notices. */
export interface Notifier {
  /** The Secret that the settings are in. */
  readonly secretName: string;
  /** The ways out for these addresses; undefined while the settings can't be read, which says nothing about who wants to hear. */
  channels(addresses: {
    readonly owner: readonly string[];
    readonly requester: readonly string[];
  }): readonly Channel[] | undefined;
  /** Hands a message over unless it is on its way. True where it was not. */
  tell(message: Message): boolean;
  /** By channel: marks of a request (by uid) that were delivered or given up, and are not known to be recorded. */
  settled(requestUid: string): ReadonlyMap<string, ReadonlySet<string>>;
  /** The record, as the cache shows it, has these: a copy that is older will not be seen again. */
  recorded(requestUid: string, told: Told): void;
  /** Nobody will ever ask about the request again. */
  forget(requestUid: string): void;
  /** Messages that wait. */
  readonly length: number;
  run(signal: AbortSignal): Promise<void>;
}

/** The Secret that the settings are in, as the cache has it. */
export interface SettingsSecret {
  readonly resourceVersion: string;
  /** Decoded text of the key `notify.yaml`. */
  readonly text: string | undefined;
}

/** Options of {@link createNotifier}. */
export interface NotifierOptions {
  readonly secretName: string;
  readonly secret: () => SettingsSecret | undefined;
  /** Looks at a ShareRequest again. */
  readonly wake: (requestKey: string) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics?: OutboxMetrics;
  /** Messages that may wait. @default 1000 */
  readonly limit?: number;
}

interface Loaded {
  readonly version: string;
  readonly settings: NotifySettings | undefined;
  readonly mailer: Mailer | undefined;
}

interface State {
  readonly options: NotifierOptions;
  readonly settled: Map<string, Map<string, Set<string>>>;
  readonly agent: Agent;
  loaded: Loaded;
}

const unread: Loaded = { version: 'none', settings: undefined, mailer: undefined };

/** A notifier; connects to nothing before there is something to send. */
export function createNotifier(options: NotifierOptions): Notifier {
  const state: State = { options, settled: new Map(), agent: new Agent({ connections: 4 }), loaded: unread };
  const outbox = createOutbox<Message>({
    clock: options.clock,
    random: options.random,
    attempt: (delivery, signal) => attempt(state, delivery.message, signal),
    ended: (delivery, ending) => ended(state, delivery, ending),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  return {
    secretName: options.secretName,
    channels: (addresses) => {
      const settings = settingsOf(state);
      return settings === undefined ? undefined : channelsOf(settings, addresses);
    },
    tell: (message) => tell(outbox, message),
    settled: (uid) => state.settled.get(uid) ?? nothing,
    recorded: (uid, told) => recorded(state, uid, told),
    forget: (uid) => void state.settled.delete(uid),
    get length() {
      return outbox.length;
    },
    run: async (signal) => {
      await outbox.run(signal);
      state.loaded.mailer?.close();
      await state.agent.destroy();
    },
  };
}

const nothing: ReadonlyMap<string, ReadonlySet<string>> = new Map();

function tell(outbox: Outbox<Message>, message: Message): boolean {
  const { channel, notice } = message;
  const id = `${channel.name}/${notice.id}`;
  const isNew = !outbox.has(id);
  outbox.put({ id, lane: channel.side === 'platform' ? channel.name : 'mail', message });
  return isNew;
}

function channelsOf(
  { smtp, webhooks }: NotifySettings,
  addresses: { readonly owner: readonly string[]; readonly requester: readonly string[] },
): Channel[] {
  const mail = (['owner', 'requester'] as const).flatMap((side): Channel[] => {
    if (smtp === undefined) return [];
    const to = addresses[side].filter((email) => isAllowed(email, smtp));
    const refused = addresses[side].filter((email) => !to.includes(email));
    return to.length === 0 && refused.length === 0 ? [] : [{ name: side, side, to, refused }];
  });
  return [...mail, ...webhooks.map(({ name }): Channel => ({ name: `webhook:${name}`, side: 'platform', to: [], refused: [] }))];
}

async function attempt(state: State, { channel, notice }: Message, signal: AbortSignal): Promise<Attempt> {
  const settings = settingsOf(state);
  if (settings === undefined) return { kind: 'retry', reason: 'the settings cannot be read' };
  if (channel.side !== 'platform') return mail(state, settings, { channel, notice });
  const webhook = settings.webhooks.find(({ name }) => `webhook:${name}` === channel.name);
  if (webhook === undefined) return { kind: 'refused', reason: 'the webhook is no longer configured' };
  return postNotice(webhook, notice, { clock: state.options.clock, signal, dispatcher: state.agent });
}

async function mail(
  state: State,
  { smtp, templates }: NotifySettings,
  { channel, notice }: Pick<Message, 'channel' | 'notice'>,
): Promise<Attempt> {
  if (smtp === undefined) return { kind: 'refused', reason: 'no mail server is configured any more' };
  if (channel.to.length === 0) return { kind: 'refused', reason: 'mail may not go to the domain of any of the addresses' };
  state.loaded = { ...state.loaded, mailer: state.loaded.mailer ?? createMailer(smtp) };
  const { mailer } = state.loaded;
  if (mailer === undefined) return { kind: 'retry', reason: 'there is no mail server' };
  return mailer.send({ id: `${notice.id}.${channel.name}`, to: channel.to, ...mailText(notice, templates) });
}

function ended({ settled, options }: State, { message }: Delivery<Message>, ending: Ending): void {
  const { channel, notice, requestKey } = message;
  const { uid } = notice.subject.request;
  const channels = settled.get(uid) ?? new Map<string, Set<string>>();
  channels.set(channel.name, new Set([...(channels.get(channel.name) ?? []), notice.news.mark]));
  settled.set(uid, channels);
  options.wake(requestKey);
  if (ending.kind === 'delivered') return;
  options.logger.warn(
    { channel: channel.name, kind: notice.news.kind, request: requestKey, ending: ending.kind, reason: ending.reason },
    'a notification was given up',
  );
  message.undelivered(ending.reason);
}

function recorded({ settled }: State, uid: string, told: Told): void {
  const channels = settled.get(uid);
  if (channels === undefined) return;
  for (const { channel, marks } of told) {
    const open = [...(channels.get(channel) ?? [])].filter((mark) => !marks.includes(mark));
    if (open.length === 0) channels.delete(channel);
    else channels.set(channel, new Set(open));
  }
  if (channels.size === 0) settled.delete(uid);
}

/** The settings of the Secret as it is now; read anew when it has changed. What can't be read is said once. */
function settingsOf(state: State): NotifySettings | undefined {
  const secret = state.options.secret();
  const version = secret?.resourceVersion ?? 'absent';
  if (state.loaded.version === version) return state.loaded.settings;
  state.loaded.mailer?.close();
  const parsed = parseSettings(secret?.text ?? '');
  state.loaded = { version, settings: parsed.kind === 'settings' ? parsed.settings : undefined, mailer: undefined };
  if (parsed.kind === 'problem')
    state.options.logger.warn(
      { problem: secret === undefined ? 'the Secret does not exist' : parsed.problem },
      `notifications wait for their settings: correct the key ${settingsKey} of the Secret that --notify-secret names`,
    );
  return state.loaded.settings;
}
