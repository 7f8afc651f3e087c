/**
 * Writes Kubernetes Events (events.k8s.io/v1), for people who look at an object. Events are decoration: recording never waits, never
 * fails, and drops when there are too many. What must not be lost belongs into conditions.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { nextStep } from './event-series.ts';
import type { Series } from './event-series.ts';
import { isAlreadyExists, isNotFound } from './errors.ts';
import type { Logger } from './logging.ts';
import { microTime } from './micro-time.ts';
import type { DeepReadonly, KubeObject } from './object.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';
import type { Transport } from './transport.ts';

/** Something that happened to an object. */
export interface EventRecord {
  /** The object it is about. Its namespace is where the Event goes. */
  readonly regarding: DeepReadonly<Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>>;
  /** A second object that had to do with it. */
  readonly related?: DeepReadonly<Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>>;
  readonly type: 'Normal' | 'Warning';
  /** Why, in one CamelCase word. */
  readonly reason: string;
  /** What was done, in one CamelCase word. */
  readonly action: string;
  /** For people. Cut at 1,024 characters. In a series, the first note stays. */
  readonly note: string;
  /** What happened, where it happens once for the object: a second record of it, by this process or the next one, changes nothing while the first Event exists. */
  readonly once?: string;
}

/** What an Event says of the object that it is about. The kind is told: objects of a list carry neither apiVersion nor kind. */
export function regardingOf(
  type: ResourceType,
  { metadata }: Pick<EventRecord['regarding'], 'metadata'>,
): EventRecord['regarding'] {
  return { apiVersion: apiVersionOf(type), kind: type.kind, metadata };
}

/** What the recorder tells of itself. */
export interface EventMetrics {
  dropped(cause: 'queue-full' | 'failed'): void;
}

/** Options of {@link createEventRecorder}. */
export interface EventRecorderOptions {
  readonly transport: Transport;
  /** Who reports, such as "sluice.dev/operator". */
  readonly controller: string;
  /** Which replica, such as the pod's name. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: EventMetrics;
  /** How many Events may wait to be written. @default 1000 */
  readonly queueSize?: number;
}

/** Records Events. */
export interface EventRecorder {
  /** Puts the Event into the queue, or drops it. Never throws, never waits. */
  record(event: EventRecord): void;
  /** Writes what is recorded until the signal is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** How many wait to be written. */
  readonly length: number;
}

interface Occurrence {
  readonly event: EventRecord;
  readonly at: number;
}

interface State {
  readonly options: EventRecorderOptions;
  readonly queue: Occurrence[];
  /** By series key, the longest unseen first. */
  readonly series: Map<string, Series>;
  wake: () => void;
  sequence: number;
}

const NOTE_LIMIT = 1024;
/** Same bound as the correlator of client-go. */
const SERIES_LIMIT = 4096;

/** A recorder; `run` makes it write. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const state: State = { options, queue: [], series: new Map(), wake: () => undefined, sequence: 0 };
  return {
    get length() {
      return state.queue.length;
    },
    record: (event) => {
      if (state.queue.length >= (options.queueSize ?? 1000)) {
        options.metrics?.dropped('queue-full');
        return;
      }
      state.queue.push({ event, at: options.clock.now() });
      state.wake();
    },
    run: (signal) => run(state, signal),
  };
}

async function run(state: State, signal: AbortSignal): Promise<void> {
  const { logger, metrics } = state.options;
  while (!signal.aborted) {
    const next = state.queue.shift();
    if (next === undefined) {
      await nextRecord(state, signal);
      continue;
    }
    try {
      await write(state, next, signal);
    } catch (error) {
      metrics?.dropped('failed');
      logger.debug({ error, reason: next.event.reason, name: next.event.regarding.metadata.name }, 'an Event was not written');
    }
  }
}

/** Resolves at the next record, or when the signal is aborted. */
function nextRecord(state: State, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      state.wake = () => undefined;
      resolve();
    };
    state.wake = done;
    signal.addEventListener('abort', done, { once: true });
  });
}

async function write(state: State, { event, at }: Occurrence, signal: AbortSignal): Promise<void> {
  if (event.once !== undefined) {
    await createOnce(state, { event, at }, signal);
    return;
  }
  const key = seriesKey(event);
  const step = nextStep(state.series.get(key), at);
  switch (step.kind) {
    case 'count':
      remember(state, key, step.series);
      return;
    case 'update':
      // Remembered before the write: a failed one is not repeated at each occurrence.
      remember(state, key, step.series);
      if (await updateSeries(state, step.series, signal)) return;
      await create(state, { event, at }, signal);
      return;
    case 'create':
      await create(state, { event, at }, signal);
  }
}

async function create(state: State, { event, at }: Occurrence, signal: AbortSignal): Promise<void> {
  const body = eventBody(state, { event, at });
  const { namespace, name } = body.metadata;
  await state.options.transport.request({ method: 'POST', path: eventsPath(namespace), body, signal });
  remember(state, seriesKey(event), { eventName: name, namespace, count: 1, lastSeen: at, lastWritten: at });
}

/** The name says what it tells: the API server keeps a second one out. */
async function createOnce(state: State, occurrence: Occurrence, signal: AbortSignal): Promise<void> {
  const body = eventBody(state, occurrence);
  try {
    await state.options.transport.request({ method: 'POST', path: eventsPath(body.metadata.namespace), body, signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** False if the Event is gone: they live for an hour only. */
async function updateSeries(state: State, series: Series, signal: AbortSignal): Promise<boolean> {
  const body = { series: { count: series.count, lastObservedTime: microTime(series.lastSeen) } };
  const path = `${eventsPath(series.namespace)}/${series.eventName}`;
  try {
    await state.options.transport.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json', signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function remember(state: State, key: string, series: Series): void {
  state.series.delete(key);
  state.series.set(key, series);
  const oldest = state.series.keys().next();
  if (state.series.size > SERIES_LIMIT && !oldest.done) state.series.delete(oldest.value);
}

function eventsPath(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
}

interface EventBody {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

function eventBody(state: State, { event, at }: Occurrence): EventBody & Record<string, unknown> {
  const { controller, instance } = state.options;
  const { name, namespace } = event.regarding.metadata;
  // Unique as in client-go (name + time), and also within one millisecond. The object's name is cut to the limit of names.
  const suffix =
    event.once === undefined
      ? `${at.toString(16)}${(state.sequence++ % 4096).toString(16).padStart(3, '0')}`
      : createHash('sha256')
          .update(JSON.stringify([event.regarding.metadata.uid, event.reason, event.once]))
          .digest('hex')
          .slice(0, 16);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 230)}.${suffix}`, namespace: namespace ?? 'default' },
    eventTime: microTime(at),
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    type: event.type,
    reason: event.reason,
    action: event.action,
    note: cutNote(event.note),
    regarding: reference(event.regarding),
    ...(event.related === undefined ? {} : { related: reference(event.related) }),
  };
}

/** The API counts bytes, not characters, and refuses longer notes. */
function cutNote(note: string): string {
  if (Buffer.byteLength(note) <= NOTE_LIMIT) return note;
  const ellipsis = '…';
  const room = NOTE_LIMIT - Buffer.byteLength(ellipsis);
  // Decoding drops the character that the cut went through.
  return `${Buffer.from(note)
    .subarray(0, room)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')}${ellipsis}`;
}

function reference({ apiVersion, kind, metadata }: EventRecord['regarding']): Record<string, unknown> {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion, kind, name, namespace, uid, resourceVersion };
}

function seriesKey({ regarding, related, type, reason, action }: EventRecord): string {
  const identity = (object: EventRecord['regarding'] | undefined): unknown =>
    object && [object.apiVersion, object.kind, object.metadata.namespace, object.metadata.name, object.metadata.uid];
  return JSON.stringify([type, action, reason, identity(regarding), identity(related)]);
}
