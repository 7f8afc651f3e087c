/**
 * A cache of one kind that follows the cluster: reflector + store + handlers. Handlers hear of each difference once, after the store
 * holds it; they should only put keys into queues. Nothing is decided here.
 */
import type { Clock } from '../clock.ts';
import { ApiError } from './errors.ts';
import type { Logger } from './logging.ts';
import { keyOf } from './object.ts';
import type { DeepReadonly, KubeObject } from './object.ts';
import { runReflector } from './reflector.ts';
import type { ReflectorLimits, ReflectorSink } from './reflector.ts';
import type { ResourceType } from './resource.ts';
import { createStore } from './store.ts';
import type { IndexFunctions, Store, StoreChange, WritableStore } from './store.ts';
import type { Transport } from './transport.ts';

/**
 * A difference in the store. `initial`: the object was there when we first looked, so that the key can wait behind changes. A `deleted`
 * object is its last known state, also if it went while we were away.
 */
export type InformerEvent<T extends KubeObject> =
  | { readonly type: 'added'; readonly object: DeepReadonly<T>; readonly initial: boolean }
  | { readonly type: 'updated'; readonly object: DeepReadonly<T>; readonly old: DeepReadonly<T> }
  | { readonly type: 'deleted'; readonly object: DeepReadonly<T> };

/** Hears of differences. What it throws is logged and counted, and goes no further. */
export type InformerHandler<T extends KubeObject> = (event: InformerEvent<T>) => void;

/** What informers tell of themselves; metrics.ts gives them names. `name` is the plural with its group. */
export interface InformerMetrics {
  listed(name: string): void;
  watched(name: string): void;
  failed(name: string): void;
  handlerFailed(name: string): void;
  cached(name: string, count: number): void;
}

/** Options of {@link createInformer}. */
export interface InformerOptions<T extends KubeObject> {
  readonly transport: Transport;
  readonly type: ResourceType<T>;
  readonly indexes?: IndexFunctions<T>;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly metrics?: InformerMetrics;
  readonly limits?: Partial<ReflectorLimits>;
}

/** A cache that follows the cluster once `run` was called. */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly store: Store<T>;
  /**
   * A complete list is in the store, a watch goes on from there, and the kind hasn't become missing or forbidden since. Stays true while
   * contact is lost: what is cached was true, and is caught up with later.
   */
  hasSynced(): boolean;
  /** Why contact is not good, in people's words; undefined while it is. */
  lastError(): string | undefined;
  /** Adds a handler; it hears of what is there already as `initial`. Returns a function that takes it away. */
  onEvent(handler: InformerHandler<T>): () => void;
  /** Follows the cluster until the signal is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface State<T extends KubeObject> {
  readonly options: InformerOptions<T>;
  readonly name: string;
  readonly store: WritableStore<T>;
  readonly handlers: Set<InformerHandler<T>>;
  synced: boolean;
  /** Some list was complete once: later additions are changes, not the initial contents. */
  everListed: boolean;
  lastError: string | undefined;
}

/** An informer that hasn't looked yet. */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { type, logger } = options;
  const name = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
  const onIndexError = (index: string, key: string, error: unknown): void =>
    logger.error({ error, kind: type.kind, index, key }, 'an index function failed, the object is missing from this index');
  const store = createStore<T>({ ...(options.indexes === undefined ? {} : { indexes: options.indexes }), onIndexError });
  const state: State<T> = { options, name, store, handlers: new Set(), synced: false, everListed: false, lastError: undefined };
  const { transport, namespace, clock, random, limits } = options;
  return {
    type,
    store,
    hasSynced: () => state.synced,
    lastError: () => state.lastError,
    onEvent: (handler) => subscribe(state, handler),
    run: (signal) => {
      const reflector = {
        transport,
        type,
        namespace,
        clock,
        random,
        sink: sinkOf(state),
        onWatch: () => options.metrics?.watched(name),
      };
      return runReflector({ ...reflector, ...(limits === undefined ? {} : { limits }) }, signal);
    },
  };
}

function sinkOf<T extends KubeObject>(state: State<T>): ReflectorSink<T> {
  const { store, options, name } = state;
  const { metrics, logger, type } = options;
  return {
    replaced: (objects) => {
      const changes = store.replace(objects);
      const initial = !state.everListed;
      state.everListed = true;
      metrics?.listed(name);
      if (initial) logger.info({ kind: type.kind, objects: objects.length }, 'the first list is complete');
      publish(state, changes, initial);
    },
    changed: (object) => publish(state, store.put(object), false),
    deleted: (object) => publish(state, removeLastState(store, object), false),
    failed: (error, refused) => {
      if (refused && state.synced)
        logger.warn({ error, kind: type.kind }, 'the kind can no longer be read, nothing is decided on it');
      if (refused) state.synced = false;
      const message = describeFailure(type, error);
      if (message !== state.lastError) logger.warn({ error, kind: type.kind }, message);
      state.lastError = message;
      metrics?.failed(name);
    },
    following: () => {
      state.synced = true;
      state.lastError = undefined;
    },
  };
}

/** The event carries the object as it was at the end, newer than what is cached. */
function removeLastState<T extends KubeObject>(store: WritableStore<T>, object: DeepReadonly<T>): readonly StoreChange<T>[] {
  const removed = store.remove(keyOf(object));
  return removed.map(() => ({ type: 'deleted', object }));
}

function subscribe<T extends KubeObject>(state: State<T>, handler: InformerHandler<T>): () => void {
  state.handlers.add(handler);
  for (const object of state.store.list()) call(state, handler, { type: 'added', object, initial: true });
  return () => void state.handlers.delete(handler);
}

function publish<T extends KubeObject>(state: State<T>, changes: readonly StoreChange<T>[], initial: boolean): void {
  state.options.metrics?.cached(state.name, state.store.size);
  for (const change of changes) {
    const event: InformerEvent<T> = change.type === 'added' ? { ...change, initial } : change;
    for (const handler of state.handlers) call(state, handler, event);
  }
}

function call<T extends KubeObject>(state: State<T>, handler: InformerHandler<T>, event: InformerEvent<T>): void {
  const { logger, metrics, type } = state.options;
  try {
    handler(event);
  } catch (error) {
    metrics?.handlerFailed(state.name);
    logger.error(
      { error, kind: type.kind, event: event.type, key: keyOf(event.object) },
      'an event handler failed, others go on',
    );
  }
}

/** What an operator should do, first of all for the two failures that won't pass by themselves. */
function describeFailure(type: ResourceType, error: unknown): string {
  const plural = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
  if (error instanceof ApiError && error.status === 403)
    return `not allowed to list and watch ${plural}: grant both to the operator's role`;
  if (error instanceof ApiError && error.status === 404)
    return `the API server does not know ${plural} ${type.version}: install the CRDs`;
  const reason = error instanceof Error ? error.message : String(error);
  return `can't follow ${plural}: ${reason}`;
}
