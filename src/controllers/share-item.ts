/**
 * The ShareItem controller: gather → decide → record → (targets do the AWS work) → report. It makes no AWS call itself.
 */
import type { ShareItem } from '../api/index.ts';
import { earliest } from '../earliest.ts';
import type { Result } from '../kube/controller.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import { Priority } from '../kube/queue.ts';
import type { ValuePool } from '../kube/value-pool.ts';
import { decide, modeOf, type Decision } from '../shares/decide.ts';
import { isReady, reportItem, type EntryState, type ItemReport, type TargetState } from '../shares/report.ts';
import { indexKeys, types } from './cluster.ts';
import { isForced } from './force-delete.ts';
import { staleCacheMs } from './fresh.ts';
import { datasetOf } from './gather.ts';
import { removalHeld } from './guard.ts';
import { holdUsed } from './finalizers.ts';
import { noteGrants } from './grant-times.ts';
import { intentsOf, questionOf, type RepairRule, type StampedIntent } from './intents.ts';
import { decisionInputOf, lookupIn, newest, repairRule, requestOf } from './item-input.ts';
import { publish } from './item-status.ts';
import { contributionId } from './ledger.ts';
import { forgetAnswers, type ItemMemory } from './memory.ts';
import { annotations, finalizers, type Operator } from './operator.ts';
import { countPatience, sumPatience } from './patience.ts';
import { sameJson } from './status.ts';

const forcedRetryMs = 500;
const noEntries: readonly string[] = [];

/** Reconciles one ShareItem. */
export async function reconcileItem(operator: Operator, key: string): Promise<Result> {
  const { cluster, memory, clock } = operator;
  const item = cluster.items.store.get(key);
  if (item === undefined) return forgetItem(operator, key);
  // Made again under its old name: what was known was about another one.
  if ((memory.uids.get(key) ?? item.metadata.uid) !== item.metadata.uid) forgetItem(operator, key);
  const request = requestOf(operator, item);
  const rule = repairRule(operator, item, request);
  const decided = decide({ ...decisionInputOf(operator, item), removalHeld: () => isHeldBack(operator, item) });
  const decision = asRecorded(decided, item);
  const recorded = await record(operator, item, decision);
  if (recorded === 'conflict') return { kind: 'requeue', afterMs: staleCacheMs };
  const intents = intentsOf(recorded, decision, lookupIn(operator), rule);
  const report = reportItem({
    decision,
    entries: entryStates(operator, recorded, { decision, intents }),
    reportOnly: rule.reportOnly,
    label: `${item.spec.type} ${item.spec.name}`,
  });
  const previous = memory.items.get(item.metadata.uid ?? '');
  remember(operator, { key, before: item, item: recorded, decision, report, intents, rule });
  // Targets find their contributors by the cache's index. What was just recorded is not in it yet: its event brings us back, and then they are due.
  if (recorded === item) addTargets(operator, recorded, { decision, intents });
  if (decision.discard && decision.resolved.length === 0) return discard(operator, recorded);
  // At once: if the status can't be written, the next look finds nothing changed.
  if (!sameJson(previous?.report, report) || !sameJson(previous?.decision.situation, decision.situation))
    addRequest(operator, item, sumPatience(operator));
  const waitMs = report === undefined ? undefined : await publish(operator, { item: recorded, decision, report });
  // Its leftovers are on their way into a status, which wakes nobody.
  if (isForced(recorded) && decision.resolved.length > 0) return { kind: 'requeue', afterMs: forcedRetryMs };
  const delays = [waitMs, decision.dueAt === undefined ? undefined : Math.max(0, decision.dueAt - clock.now())];
  const next = earliest(delays);
  return next === undefined ? { kind: 'done' } : { kind: 'requeue', afterMs: next, priority: Priority.change };
}

/** The guard is the Environment's whose data is shared. */
function isHeldBack(operator: Operator, item: ShareItem): boolean {
  const live = item.spec.resolved.find((entry) => entry.state !== 'Revoking');
  return live !== undefined && removalHeld(operator, live.environment.name, (each) => decisionInputOf(operator, each));
}

/** Nearly always the record says the same already: one copy of it is enough. */
function asRecorded(decision: Decision, { spec }: ShareItem): Decision {
  const same = <T>(decided: T, recorded: T): T => (sameJson(decided, recorded) ? recorded : decided);
  return {
    ...decision,
    consent: same(decision.consent, spec.consent),
    resolved: same(decision.resolved, spec.resolved),
    permissions: same(decision.permissions, spec.permissions),
  };
}

// — record: the write-ahead —

/** Writes what has to survive, with the resourceVersion that it was decided on, before any AWS call that it leads to. */
async function record(operator: Operator, item: ShareItem, decision: Decision): Promise<ShareItem | 'conflict'> {
  const held = item.metadata.finalizers ?? [];
  const others = held.filter((finalizer) => finalizer !== finalizers.share);
  const wanted = decision.resolved.length > 0 ? [...others, finalizers.share] : others;
  const { consent: _previous, ...rest } = item.spec;
  const spec: ShareItem['spec'] = {
    ...rest,
    permissions: decision.permissions.length > 0 ? decision.permissions : item.spec.permissions,
    resolved: decision.resolved,
    ...(decision.consent === undefined ? {} : { consent: decision.consent }),
  };
  if (sameJson(spec, item.spec) && sameJson(held.toSorted(), wanted.toSorted())) return item;
  const decidedAt = operator.clock.now();
  const added = decision.resolved.filter((entry) => !item.spec.resolved.some(({ id }) => id === entry.id));
  const { namespace: owner, name: dataset } = item.spec.datasetRef;
  await holdUsed(operator, { namespace: item.metadata.namespace ?? '', datasetKey: `${owner}/${dataset}` }, added);
  try {
    const written = await operator.client.replace(types.item, {
      ...item,
      metadata: { ...item.metadata, finalizers: wanted },
      spec,
    });
    operator.writes.wrote(
      `shareitems/${item.metadata.namespace ?? ''}/${item.metadata.name}`,
      written.metadata.resourceVersion ?? '',
    );
    noteGrants(operator, item, { resolved: decision.resolved, decidedAt });
    return written;
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return 'conflict';
    throw error;
  }
}

/** Nothing of it is left in AWS: the object goes. One that is being deleted went with its finalizer. */
async function discard(operator: Operator, item: ShareItem): Promise<Result> {
  if (item.metadata.deletionTimestamp !== undefined) return { kind: 'done' };
  const { namespace, name, uid, resourceVersion } = item.metadata;
  const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  try {
    await operator.client.delete(
      types.item,
      { name, ...(namespace === undefined ? {} : { namespace }) },
      { preconditions, propagationPolicy: 'Background' },
    );
  } catch (error) {
    // What has changed may be no more than a status whose answer we never got, which brings nobody back.
    if (isConflict(error)) return { kind: 'requeue', afterMs: staleCacheMs };
    if (!isNotFound(error)) throw error;
  }
  return { kind: 'done' };
}

// — targets —

function addTargets(
  operator: Operator,
  item: ShareItem,
  work: { readonly decision: Decision; readonly intents: ReadonlyMap<string, ReadonlyMap<string, StampedIntent>> },
): void {
  for (const entry of work.decision.resolved) {
    const contribution = contributionId(item, entry);
    for (const [target, intent] of work.intents.get(contribution) ?? []) {
      const known = operator.memory.results.get(target)?.get(contribution);
      const answered = known?.fingerprint === intent.fingerprint;
      const beingAnswered = operator.memory.asked.get(target)?.get(contribution) === questionOf(intent);
      // What waits for another document of its own asks nothing; what is held as it is has a state to tell of.
      const worthAsking = intent.mode !== 'hold' || modeOf(entry, work.decision.situation) === 'hold';
      if (!answered && !beingAnswered && worthAsking) operator.queues.target.add(target);
    }
  }
}

function entryStates(
  operator: Operator,
  item: ShareItem,
  work: { readonly decision: Decision; readonly intents: ReadonlyMap<string, ReadonlyMap<string, StampedIntent>> },
): EntryState[] {
  const lookup = lookupIn(operator);
  return work.decision.resolved.map((entry) => {
    const contribution = contributionId(item, entry);
    const intents = work.intents.get(contribution);
    const targets = entry.targets.map((target): TargetState => {
      const intent = intents?.get(target);
      // Held back until another document is done: whatever was seen of it answers nothing yet.
      if (intent === undefined || (intent.mode === 'hold' && modeOf(entry, work.decision.situation) !== 'hold'))
        return unseen(target);
      const { fingerprint } = intent;
      return lookup({ contribution, target, fingerprint }) ?? unseen(target);
    });
    return { entry, targets };
  });
}

function unseen(target: string): TargetState {
  return { target, state: 'Unknown', missing: [], excess: [], observedAt: undefined };
}

// — memory and verification requests —

interface Outcome {
  readonly key: string;
  /** As it was read. */
  readonly before: ShareItem;
  /** With what was recorded. */
  readonly item: ShareItem;
  readonly decision: Decision;
  readonly report: ItemReport | undefined;
  readonly intents: ItemMemory['intents'];
  readonly rule: RepairRule;
}

function remember(operator: Operator, outcome: Outcome): void {
  const { memory, clock } = operator;
  const uid = outcome.item.metadata.uid ?? '';
  const previous = memory.items.get(uid);
  const token = verifyToken(operator, outcome.item);
  const handledVerify = previous?.handledVerify ?? outcome.item.status?.lastHandledVerifyAt ?? '';
  const asked =
    token === '' || token === handledVerify
      ? undefined
      : previous?.verifyAsked?.token === token
        ? previous.verifyAsked
        : { token, at: clock.now() };
  const targets = outcome.decision.resolved.flatMap((entry) => entry.targets);
  const verified = asked !== undefined && targets.every((target) => (memory.observedAt.get(target) ?? 0) >= asked.at);
  if (asked !== undefined) askToVerify(operator, targets, asked.at);
  const applied = outcome.report !== undefined && isReady(outcome.report);
  if (previous !== undefined) forgetAnswers(memory, previous.intents, outcome.intents);
  memory.uids.set(outcome.key, uid);
  const { keep } = memory.values;
  memory.items.set(uid, {
    decision: { ...outcome.decision, situation: keep(outcome.decision.situation) },
    report: outcome.report === undefined ? undefined : keptReport(outcome.report, keep),
    own: ownEntries(previous, outcome),
    intents: keptIntents(outcome.intents, keep),
    handledReapply:
      outcome.rule.reapply && !applied
        ? (previous?.handledReapply ?? outcome.item.status?.lastHandledReapplyAt ?? '')
        : outcome.rule.token,
    handledVerify: verified ? asked.token : handledVerify,
    ...(asked === undefined || verified ? {} : { verifyAsked: asked }),
  });
}

function keptReport(report: ItemReport, keep: ValuePool['keep']): ItemReport {
  return { ...report, conditions: keep(report.conditions), grants: report.grants.map(keep), principal: keep(report.principal) };
}

function keptIntents(intents: ItemMemory['intents'], keep: ValuePool['keep']): ItemMemory['intents'] {
  return new Map(
    [...intents].map(([contribution, targets]) => [
      contribution,
      new Map([...targets].map(([target, intent]) => [target, keep(intent)])),
    ]),
  );
}

/** Few items have any after a restart, so that most share one empty list. */
function ownEntries(previous: ItemMemory | undefined, { before, item }: Outcome): readonly string[] {
  const known = previous?.own ?? noEntries;
  const added = item.spec.resolved.filter(({ id }) => !before.spec.resolved.some((entry) => entry.id === id));
  if (added.length === 0) return known;
  // Joined, not spread: that would leave room for sixteen more.
  return known.filter((id) => item.spec.resolved.some((entry) => entry.id === id)).concat(added.map(({ id }) => id));
}

/** Each target once for each request: items that hear of one target's answer don't ask the others again. */
function askToVerify({ memory, queues }: Operator, targets: readonly string[], at: number): void {
  for (const target of targets) {
    if ((memory.observedAt.get(target) ?? 0) >= at || (memory.verify.get(target) ?? 0) >= at) continue;
    memory.verify.set(target, at);
    queues.target.add(target);
  }
}

function verifyToken(operator: Operator, item: ShareItem): string {
  const request = requestOf(operator, item);
  const dataset = datasetOf(operator, item.spec.datasetRef);
  return newest([item, request, dataset].map((object) => object?.metadata.annotations?.[annotations.verify]));
}

function forgetItem(operator: Operator, key: string): Result {
  const { memory, queues } = operator;
  const uid = memory.uids.get(key) ?? '';
  const entries = memory.items.get(uid)?.decision.resolved ?? [];
  memory.uids.delete(key);
  memory.items.delete(uid);
  memory.history.delete(uid);
  memory.untold.delete(uid);
  for (const target of entries.flatMap((entry) => entry.targets)) queues.target.add(target, { priority: Priority.resync });
  return { kind: 'done' };
}

/** Who sums this item up, and how long they may wait for the others. */
function addRequest(operator: Operator, item: ShareItem, afterMs: number): void {
  const { namespace, name } = item.spec.datasetRef;
  operator.queues.dataset.add(`${namespace}/${name}`, { priority: Priority.resync, afterMs: countPatience(operator) });
  operator.queues.request.add(indexKeys.request(item.metadata.namespace ?? '', item.spec.requestRef.name), { afterMs });
}
