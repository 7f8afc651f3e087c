/**
 * What the process knows of its own work: decisions, intents and the results of targets. All of it is rebuilt after a restart; nothing here is a fact
 * that has to survive.
 */
import { createValuePool, type ValuePool } from '../kube/value-pool.ts';
import type { Decision } from '../shares/decide.ts';
import type { RemovalCount } from '../shares/guard.ts';
import type { ItemReport, TargetState } from '../shares/report.ts';
import type { SeenOrphan } from '../shares/orphans.ts';
import type { Conflict } from '../targets/writer-conflict.ts';
import { wantedBy, type StampedIntent } from './intents.ts';
import type { TargetWork } from './ledger.ts';
import type { ActionAnswer } from './permissions.ts';

/** One target's answer for one contribution, and for which intent it was given. */
export interface TargetResult {
  /** Fingerprint of the contribution that the answer is about: an answer to another question says nothing. */
  readonly fingerprint: string;
  readonly state: TargetState;
  /** What only the owner of the document may read of a refusal. */
  readonly ownerMessage?: string;
}

/** One change in AWS, for the history of the items that it was made for. */
export interface HistoryEntry {
  readonly time: string;
  readonly action: string;
  readonly target: string;
  readonly result: string;
  readonly requestId?: string;
}

/** What is known of an item. */
export interface ItemMemory {
  readonly decision: Decision;
  readonly report: ItemReport | undefined;
  /** Ids of the entries that this process recorded itself: what was written for the others before it started may not be shown by AWS yet. */
  readonly own: readonly string[];
  /** By contribution id, then by target key. */
  readonly intents: ReadonlyMap<string, ReadonlyMap<string, StampedIntent>>;
  /** Values of the annotations that have been answered. */
  readonly handledReapply: string;
  readonly handledVerify: string;
  /** A verify request that waits for its targets to be read again. */
  readonly verifyAsked?: { readonly token: string; readonly at: number };
}

/** One policy of a principal, as its ConsumptionRole shows it. */
export interface PolicyLine {
  readonly arn: string;
  readonly attached: boolean;
  /** Characters without white space. */
  readonly size: number;
}

/** Something that was let go by force and is still in AWS. */
export interface Leftover {
  readonly target: string;
  readonly principal: string;
  readonly time: string;
  readonly message?: string;
}

/** What the last sweep of an Environment found. */
export interface Sweep {
  readonly orphans: readonly SeenOrphan[];
  /** What could not be looked at. */
  readonly gaps: readonly string[];
  /** Orphans are not removed, since objects may have been lost. */
  readonly held: boolean;
  /** The annotation that it answered. */
  readonly handled?: string;
}

/** An orphan that is to be removed. */
export interface OrphanOrder {
  readonly environment: string;
  /** The document, with everything in it to be dropped. */
  readonly work: TargetWork;
}

/** The memory of the process. */
export interface Memory {
  /** What many items say alike is kept once. */
  readonly values: ValuePool;
  /** By uid of the ShareItem. */
  readonly items: Map<string, ItemMemory>;
  /** The uid under which an item was known, by its key: what is left when the object is gone. */
  readonly uids: Map<string, string>;
  /** Results by target key, then by contribution id. */
  readonly results: Map<string, Map<string, TargetResult>>;
  /** Findings on a target that belong to no item: for the owner's eyes. */
  readonly unowned: Map<string, readonly string[]>;
  /** Documents that somebody keeps changing back, by target key. */
  readonly conflicts: Map<string, Conflict>;
  /** Changes in AWS not yet written into a status, by uid. */
  readonly history: Map<string, HistoryEntry[]>;
  /** Since when an item or a request has been on its way without its status saying so (milliseconds), by uid. */
  readonly untold: Map<string, number>;
  /** Reminders of ends that were announced as Events, by uid of the ShareRequest. */
  readonly reminded: Map<string, ReadonlySet<string>>;
  /**
   * Finalizers of ours, by kind, uid and name: when the object was last held for a record (milliseconds), and our write of it that the cache may not show
   * yet, with the resourceVersion that came of it.
   */
  readonly holds: Map<string, { readonly at: number; readonly version: Promise<string | undefined> | undefined }>;
  /** What was let go by force and is not in a status yet, by `dataset/<key>` or `environment/<name>`. */
  readonly leftovers: Map<string, readonly Leftover[]>;
  /** Leftovers that AWS does not show any more, until no status lists them (leftovers.ts). */
  readonly cleared: Set<string>;
  /** By name of the Environment: what its last sweep found, and when the next one is due and what for. */
  readonly sweeps: Map<string, Sweep>;
  readonly sweepPlans: Map<string, { readonly dueAt: number; readonly basis: string }>;
  /** By target key: until when the document keeps what no share explains (adoption.ts); absent while it was not read since start-up. */
  readonly adoption: Map<string, number>;
  /** By target key: orphans that the target controller is to remove, unless a share names them by then. */
  readonly orphanOrders: Map<string, OrphanOrder>;
  /** UIDs of approvals that were seen to be deleted. */
  readonly withdrawn: Set<string>;
  /** Shares that would end unexplained, by Environment, as counted last (guard.ts). */
  readonly removals: Map<string, { readonly at: number; readonly count: RemovalCount }>;
  /** Our policies of each principal, as read last, by ARN. */
  readonly policies: Map<string, readonly PolicyLine[]>;
  /** Aliases of access points, by target key: S3 makes them up. */
  readonly pointAliases: Map<string, string>;
  /** Targets that somebody asked to verify, with the time from which on a read-back answers (milliseconds). */
  readonly verify: Map<string, number>;
  /** By target key: the questions that a run in progress is about to answer, by contribution id. Asking them again would only make it run twice. */
  readonly asked: Map<string, ReadonlyMap<string, string>>;
  /** When each target was read last (milliseconds). */
  readonly observedAt: Map<string, number>;
  /** When each target was verified last, or read first (milliseconds). */
  readonly verifiedAt: Map<string, number>;
  /** By account, then by action: what AWS answered when the operator last asked (permissions.ts). */
  readonly permissions: Map<string, Map<string, ActionAnswer>>;
  /** Since when contributions are being granted (milliseconds), for the time that it takes. */
  readonly grantingSince: Map<string, number>;
}

/** An empty memory. */
export function createMemory(): Memory {
  return {
    values: createValuePool(),
    items: new Map(),
    uids: new Map(),
    results: new Map(),
    unowned: new Map(),
    conflicts: new Map(),
    history: new Map(),
    untold: new Map(),
    reminded: new Map(),
    holds: new Map(),
    leftovers: new Map(),
    cleared: new Set(),
    sweeps: new Map(),
    sweepPlans: new Map(),
    adoption: new Map(),
    orphanOrders: new Map(),
    withdrawn: new Set(),
    removals: new Map(),
    policies: new Map(),
    pointAliases: new Map(),
    verify: new Map(),
    asked: new Map(),
    observedAt: new Map(),
    verifiedAt: new Map(),
    permissions: new Map(),
    grantingSince: new Map(),
  };
}

/** The intent that an item's decision has for a contribution on a target. */
export function intentOf(memory: Memory, contribution: string, target: string): StampedIntent | undefined {
  return memory.items
    .get(contribution.slice(0, contribution.indexOf('/')))
    ?.intents.get(contribution)
    ?.get(target);
}

/**
 * Forgets what targets answered to questions that are asked no more: while something else is asked AWS may be changed, and were the same asked again, the old answer
 * would pass for one to it. To hold what is there changes nothing, and a request to write the same again needs the old answer: what was too much then is drift.
 */
export function forgetAnswers({ results }: Memory, before: ItemMemory['intents'], now: ItemMemory['intents']): void {
  for (const [contribution, intents] of before) {
    for (const [target, intent] of intents) {
      const asked = now.get(contribution)?.get(target);
      const same = asked !== undefined && wantedBy(asked.fingerprint) === wantedBy(intent.fingerprint);
      if (!same && asked?.mode !== 'hold') results.get(target)?.delete(contribution);
    }
  }
}

/** Appends to an item's unwritten history, newest first. */
export function remember(memory: Memory, uid: string, entries: readonly HistoryEntry[]): void {
  if (entries.length > 0)
    memory.history.set(uid, [...entries.toReversed(), ...(memory.history.get(uid) ?? [])].slice(0, historyLength));
}

/** How many changes a status shows. */
export const historyLength = 20;
