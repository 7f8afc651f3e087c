/**
 * What all controllers share, made once in main: caches, client, memory, queues. A bag of named parts and nothing else.
 */
import type { Principals } from '../aws/principals.ts';
import type { Sessions } from '../aws/sessions.ts';
import type { Clock } from '../clock.ts';
import type { Client } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Logger } from '../kube/logging.ts';
import type { Queue } from '../kube/queue.ts';
import type { ReadYourWrites } from '../kube/read-your-writes.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { GatherContext } from './gather-context.ts';
import type { Memory } from './memory.ts';

/** One work queue per kind of key. */
export interface Queues {
  readonly environment: Queue;
  readonly role: Queue;
  readonly dataset: Queue;
  readonly request: Queue;
  readonly approval: Queue;
  readonly item: Queue;
  readonly target: Queue;
  readonly orphans: Queue;
}

/** The operator's parts. */
export interface Operator extends GatherContext {
  readonly client: Client;
  readonly writes: ReadYourWrites;
  readonly memory: Memory;
  readonly queues: Queues;
  readonly sessions: Sessions;
  readonly principals: Principals;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** How often AWS is read back where a Dataset says nothing else, in milliseconds. */
  readonly verifyIntervalMs: number;
  /** How often each Environment is searched for orphans, in milliseconds. */
  readonly orphanSweepMs: number;
  /** When AWS resources were read last outside of targets, and for which generation: they are read again when due, not whenever somebody looks. */
  readonly inspected: Map<string, { readonly at: number; readonly generation: number }>;
  readonly metrics: OperatorMetrics;
  /** Mail and webhooks; absent where the installation sends nothing. */
  readonly notify?: Notifier;
}

/** What is measured of shares; the runtime measures itself. */
export interface OperatorMetrics {
  /** Seconds from consent to the read-back that showed it. */
  granted(seconds: number): void;
}

/** Finalizers and field managers. */
export const finalizers = {
  /** On ShareItem and ShareRequest: AWS still holds something of it. */
  share: 'sluice.dev/share',
  /** On Dataset, ConsumptionRole and Environment: a record of a live share names it. */
  inUse: 'sluice.dev/in-use',
} as const;

/** Field manager of metadata that we own on people's objects. */
export const metadataManager = 'sluice';

/** Annotations by which people ask for something. */
export const annotations = {
  verify: 'sluice.dev/verify-requested-at',
  reapply: 'sluice.dev/reapply-requested-at',
  forceDelete: 'sluice.dev/force-delete',
} as const;

/** A delay with ±10 %, so that what was started together does not stay together. */
export function jittered(milliseconds: number, random: () => number): number {
  return Math.round(milliseconds * (0.9 + random() * 0.2));
}
