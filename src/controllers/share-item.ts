/**
 * The ShareItem controller: gather → decide → record → (targets do the AWS work) → report. It makes no AWS call itself.
 */
import { shareItem, type ResolvedShare, type ShareItem, type ShareItemStatus, type ShareRequest } from '../api/index.ts';
import type { Result } from '../kube/controller.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import { Priority } from '../kube/queue.ts';
import { shortPrincipal } from '../shares/arn.ts';
import { decide, modeOf, type Decision, type DecisionInput } from '../shares/decide.ts';
import { expirationProblem, limitProblem } from '../shares/limits.ts';
import type { Resolution } from '../shares/resolution.ts';
import { datasetNotAvailable } from '../shares/resolve.ts';
import { isReady, reportItem, type EntryState, type ItemReport, type TargetState } from '../shares/report.ts';
import { indexKeys, types } from './cluster.ts';
import { isForced, releasedEntries } from './force-delete.ts';
import { datasetOf, isVisible, limitsOf, resolutionOf, roleOf, siblingsOf, standing } from './gather.ts';
import { removalHeld } from './guard.ts';
import { holdUsed } from './finalizers.ts';
import { fingerprintOf, intentsOf, questionOf, type RepairRule, type StampedIntent } from './intents.ts';
import { contributionId } from './ledger.ts';
import { historyLength, type ItemMemory } from './memory.ts';
import { annotations, finalizers, type Operator } from './operator.ts';
import { sameJson, stampConditions, timestamp, writeStatus } from './status.ts';

/** A cache that is behind our own last write is asked again after this long. */
const staleCacheMs = 20;

const forcedRetryMs = 500;

/** Reconciles one ShareItem. */
export async function reconcileItem(operator: Operator, key: string): Promise<Result> {
  const { cluster, writes, memory, clock } = operator;
  const item = cluster.items.store.get(key);
  if (item === undefined) return forgetItem(operator, key);
  if (!writes.isFresh(`shareitems/${key}`, item.metadata.resourceVersion)) return { kind: 'requeue', afterMs: staleCacheMs };
  const request = requestOf(operator, item);
  const rule = repairRule(operator, item, request);
  const decision = decide({ ...decisionInputOf(operator, item), removalHeld: () => isHeldBack(operator, item) });
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
  remember(operator, { key, item: recorded, decision, report, intents, rule });
  addTargets(operator, recorded, { decision, intents });
  if (decision.discard && decision.resolved.length === 0) return discard(operator, recorded);
  if (report !== undefined) await publish(operator, { item: recorded, decision, report, rule });
  if (!sameJson(previous?.report, report) || !sameJson(previous?.decision.situation, decision.situation))
    addRequest(operator, item);
  // Its leftovers are on their way into a status, which wakes nobody.
  if (isForced(recorded) && decision.resolved.length > 0) return { kind: 'requeue', afterMs: forcedRetryMs };
  return decision.dueAt === undefined
    ? { kind: 'done' }
    : { kind: 'requeue', afterMs: Math.max(0, decision.dueAt - clock.now()), priority: Priority.change };
}

// — gather and decide —

function requestOf({ cluster }: Operator, item: ShareItem): ShareRequest | undefined {
  const request = cluster.requests.store.get(`${item.metadata.namespace ?? ''}/${item.spec.requestRef.name}`);
  return request?.metadata.uid === item.spec.requestRef.uid ? request : undefined;
}

/** Everything that the decision about an item is taken from, but for the guard. */
export function decisionInputOf(operator: Operator, item: ShareItem): Omit<DecisionInput, 'removalHeld'> {
  const request = requestOf(operator, item);
  const rule = repairRule(operator, item, request);
  return {
    item,
    request,
    limits: limitsOf(datasetOf(operator, item.spec.datasetRef)),
    resolution: resolutionFor(operator, item, request),
    standing: standing(operator, item.spec, request),
    cleared: new Set([
      ...entriesWith(operator, item, { state: 'Removed', mode: 'drop', rule }),
      ...releasedEntries(operator, item, dropStateIn(operator)),
    ]),
    applied: entriesWith(operator, item, { state: 'Applied', mode: 'want', rule }),
    withdrawalSeen: isWithdrawalSeen(operator, item),
    now: operator.clock.now(),
  };
}

/** The last answer to «take it away» on a target. */
function dropStateIn(operator: Operator) {
  return (contribution: string, target: string): TargetState | undefined =>
    lookupIn(operator)({ contribution, target, fingerprint: 'drop' });
}

/** Withdrawing is deleting or changing an approval. One that is gone and was not seen to go may have been lost. */
function isWithdrawalSeen({ cluster, memory }: Operator, { spec }: ShareItem): boolean {
  const ref = spec.consent?.approvalRef;
  if (ref === undefined) return true;
  const approval = cluster.approvals.store.get(`${spec.datasetRef.namespace}/${ref.name}`);
  return approval !== undefined || memory.withdrawn.has(ref.uid);
}

/** A Dataset that is closed to the namespace by now still serves what it consented to: who may ask is another question than who has. */
function resolutionFor(operator: Operator, item: ShareItem, request: ShareRequest | undefined): Resolution {
  if (request === undefined) return { kind: 'gone', discard: true, lost: true, ...datasetNotAvailable };
  const dataset = datasetOf(operator, item.spec.datasetRef);
  const live = item.spec.consent !== undefined && item.spec.consent.ended === undefined;
  const visible = live || isVisible(operator, dataset, item.metadata.namespace ?? '');
  const unacceptable =
    live || dataset === undefined
      ? undefined
      : (expirationProblem(dataset, request) ?? limitProblem(dataset, request, siblingsOf(operator, request)));
  if (visible && unacceptable !== undefined) return { kind: 'unavailable', ...unacceptable };
  return resolutionOf(operator, request, item.spec, visible ? dataset : undefined);
}

/** Ids of the entries of which every target's last read-back says `state`. */
function entriesWith(
  operator: Operator,
  item: ShareItem,
  asked: { readonly state: TargetState['state']; readonly mode: 'want' | 'drop'; readonly rule: RepairRule },
): ReadonlySet<string> {
  const entries = (item.spec.resolved ?? []).filter((entry) => (entry.state === 'Revoking') === (asked.mode === 'drop'));
  const lookup = lookupIn(operator);
  const done = entries.filter((entry) => {
    const fingerprint = fingerprintOf(entry, asked.mode, asked.rule);
    const contribution = contributionId(item, entry);
    return entry.targets.every((target) => lookup({ contribution, target, fingerprint })?.state === asked.state);
  });
  return new Set(done.map((entry) => entry.id));
}

function lookupIn({ memory }: Operator) {
  return (question: {
    readonly contribution: string;
    readonly target: string;
    readonly fingerprint: string;
  }): TargetState | undefined => {
    const result = memory.results.get(question.target)?.get(question.contribution);
    return result?.fingerprint === question.fingerprint ? result.state : undefined;
  };
}

function repairRule(operator: Operator, item: ShareItem, request: ShareRequest | undefined): RepairRule {
  const dataset = datasetOf(operator, item.spec.datasetRef);
  const token = newest([
    request?.metadata.annotations?.[annotations.reapply],
    dataset?.metadata.annotations?.[annotations.reapply],
  ]);
  const handled = operator.memory.items.get(item.metadata.uid ?? '')?.handledReapply ?? item.status?.lastHandledReapplyAt ?? '';
  return { reportOnly: dataset?.spec.sharing.drift === 'Report', token, reapply: token !== '' && token !== handled };
}

/** The latest of several requests by annotation; they are times, so that the order of text is the order of time. */
function newest(tokens: readonly (string | undefined)[]): string {
  return (
    tokens
      .filter((token) => token !== undefined)
      .toSorted()
      .at(-1) ?? ''
  );
}

/** The guard is the Environment's whose data is shared. */
function isHeldBack(operator: Operator, item: ShareItem): boolean {
  const live = item.spec.resolved.find((entry) => entry.state !== 'Revoking');
  return live !== undefined && removalHeld(operator, live.environment.name, (each) => decisionInputOf(operator, each));
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
    if (!isNotFound(error) && !isConflict(error)) throw error;
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
      const worthAsking = intent.mode !== 'hold' || entry.state === 'Live';
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
  memory.uids.set(outcome.key, uid);
  memory.items.set(uid, {
    decision: outcome.decision,
    report: outcome.report,
    intents: outcome.intents,
    handledReapply:
      outcome.rule.reapply && !applied
        ? (previous?.handledReapply ?? outcome.item.status?.lastHandledReapplyAt ?? '')
        : outcome.rule.token,
    handledVerify: verified ? asked.token : handledVerify,
    ...(asked === undefined || verified ? {} : { verifyAsked: asked }),
  });
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
  for (const target of entries.flatMap((entry) => entry.targets)) queues.target.add(target, { priority: Priority.resync });
  operator.writes.forget(`shareitems/${key}`);
  return { kind: 'done' };
}

/** Who sums this item up. */
function addRequest(operator: Operator, item: ShareItem): void {
  const { namespace, name } = item.spec.datasetRef;
  operator.queues.dataset.add(`${namespace}/${name}`, { priority: Priority.resync, afterMs: 500 });
  operator.queues.request.add(indexKeys.request(item.metadata.namespace ?? '', item.spec.requestRef.name));
}

// — report —

async function publish(
  operator: Operator,
  outcome: { readonly item: ShareItem; readonly decision: Decision; readonly report: ItemReport; readonly rule: RepairRule },
): Promise<void> {
  const { item, report } = outcome;
  const uid = item.metadata.uid ?? '';
  const fresh = operator.memory.history.get(uid) ?? [];
  const written = await writeStatus(operator, types.item, item, statusOf(operator, outcome, fresh));
  // More may have been done in AWS while the status was on its way.
  const later = (operator.memory.history.get(uid) ?? []).filter((entry) => !fresh.includes(entry));
  operator.memory.history.set(uid, later);
  if (written && item.status?.phase !== report.phase) announce(operator, item, report);
}

function statusOf(
  operator: Operator,
  outcome: { readonly item: ShareItem; readonly decision: Decision; readonly report: ItemReport },
  fresh: readonly NonNullable<ShareItemStatus['history']>[number][],
): ShareItemStatus {
  const { item, decision, report } = outcome;
  const known = operator.memory.items.get(item.metadata.uid ?? '');
  const generation = item.metadata.generation ?? 0;
  const live = decision.resolved.findLast((entry) => entry.state !== 'Revoking');
  const history = [...fresh, ...(item.status?.history ?? [])].slice(0, historyLength);
  const request = requestOf(operator, item);
  const declared = request === undefined ? undefined : roleOf(operator, request)?.spec.principalArn;
  const principalArn = decision.resolved.at(-1)?.principal.arn ?? declared ?? item.status?.display?.principalArn;
  return {
    observedGeneration: generation,
    phase: report.phase,
    ...(report.healthStatus === undefined ? {} : { healthStatus: report.healthStatus }),
    ...(report.healthMessage === '' ? {} : { healthMessage: report.healthMessage.slice(0, 4096) }),
    ...(report.verifiedAt === undefined ? {} : { lastVerificationTime: timestamp(report.verifiedAt) }),
    ...(decision.consent?.expireTime === undefined || live === undefined ? {} : { expireTime: decision.consent.expireTime }),
    conditions: stampConditions(report.conditions, item.status?.conditions, { generation, now: operator.clock.now() }),
    ...(report.grants.length === 0 ? {} : { grants: dedupeTargets(report.grants) }),
    ...(live === undefined ? {} : { connection: connectionOf(live) }),
    ...(history.length === 0 ? {} : { history }),
    ...(known === undefined || known.handledVerify === '' ? {} : { lastHandledVerifyAt: known.handledVerify }),
    ...(known === undefined || known.handledReapply === '' ? {} : { lastHandledReapplyAt: known.handledReapply }),
    display: {
      dataset: `${item.spec.datasetRef.namespace}/${item.spec.datasetRef.name}`,
      ...(principalArn === undefined ? {} : { principal: shortPrincipal(principalArn) }),
      ...(principalArn === undefined ? {} : { principalArn }),
    },
  };
}

/** An item may have two entries on one document while it moves; the list is keyed by document and shows the one that is furthest behind. */
function dedupeTargets(grants: ItemReport['grants']): NonNullable<ShareItemStatus['grants']> {
  const rank = { Failed: 0, Pending: 1, Applied: 2 };
  const byTarget = new Map<string, ItemReport['grants'][number]>();
  for (const grant of grants) {
    const other = byTarget.get(grant.target);
    if (other === undefined || rank[grant.state] < rank[other.state]) byTarget.set(grant.target, grant);
  }
  return [...byTarget.values()].map(({ target, state, message }) => ({
    target,
    state,
    ...(message === '' ? {} : { message: message.slice(0, 1024) }),
  }));
}

function connectionOf(entry: ResolvedShare): NonNullable<ShareItemStatus['connection']> {
  return {
    s3Uri: `s3://${entry.bucket}/`,
    region: entry.environment.region,
    example: `aws s3 ls s3://${entry.bucket}/ --region ${entry.environment.region}`,
  };
}

function announce(operator: Operator, item: ShareItem, report: ItemReport): void {
  const ready = report.conditions.find((condition) => condition.type === 'Ready');
  const bad = report.phase === 'ShareFailed' || report.phase === 'RevokeFailed' || report.phase === 'ShareRejected';
  const note = ready?.message ?? report.phase;
  const { apiVersion, kind } = { apiVersion: `${shareItem.resource.group}/${shareItem.resource.version}`, kind: shareItem.kind };
  operator.events.record({
    regarding: { apiVersion, kind, metadata: item.metadata },
    type: bad ? 'Warning' : 'Normal',
    reason: report.phase,
    action: 'Reconcile',
    note,
  });
}
