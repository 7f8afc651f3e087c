/**
 * The target controller: one key is one AWS document, one run reads it, merges what all items want of it, writes the difference and reads back. Many items that
 * change together cost one run. How a run works is src/targets/writer.ts; what it means for items is decided by them.
 */
import type { ShareItem } from '../api/index.ts';
import type { ReconcileContext, Result } from '../kube/controller.ts';
import { keyOf } from '../kube/object.ts';
import { Priority } from '../kube/queue.ts';
import { accessPointAlias, type ObservedAccessPoint } from '../targets/access-point-plan.ts';
import type { ObservedSharePolicies } from '../targets/share-policy-observe.ts';
import { characterSize } from '../policy/size.ts';
import type { TargetReport, Writer } from '../targets/writer-types.ts';
import type { Coalescer } from './coalesce.ts';
import { adoptionEnds, kindsFor, plainKinds, type Kinds } from './adoption.ts';
import { datasetOf } from './gather.ts';
import { questionOf } from './intents.ts';
import { workOf, type TargetWork } from './ledger.ts';
import { intentOf } from './memory.ts';
import { jittered, type Operator } from './operator.ts';
import { isOrdered, settleRemoval } from './orphan-removal.ts';
import { absorb } from './results.ts';
import { sameJson } from './status.ts';
import { nextTurn, untilTurn } from './turns.ts';
import { verifyIntervalOf } from './verify-interval.ts';

/** A refusal that only people can lift is looked at again this often, and at once when an input changes. */
const permanentRetryMs = 5 * 60_000;
/** While some contributor has not been decided since start-up, the document waits. */
const undecidedMs = 200;

/** What the target controller needs besides the operator's common parts. */
export interface TargetOperator extends Operator {
  readonly writer: Writer;
  readonly coalescer: Coalescer;
}

/** Reconciles one target. */
export async function reconcileTarget(
  operator: TargetOperator,
  key: string,
  { signal, logger }: Pick<ReconcileContext, 'signal' | 'logger'>,
): Promise<Result> {
  const { cluster, memory, coalescer } = operator;
  const items = cluster.items.store.index('target', key);
  if (items.some((item) => !memory.items.has(item.metadata.uid ?? ''))) return { kind: 'requeue', afterMs: undecidedMs };
  const wait = coalescer.wait(key, isRemovedFrom(operator, key, items));
  if (wait > 0) return { kind: 'requeue', afterMs: wait, priority: Priority.change };
  const work = workOf(key, items, {
    entries: (item) => memory.items.get(item.metadata.uid ?? '')?.decision.resolved ?? item.spec.resolved,
    intent: (contribution, target) => intentOf(memory, contribution, target),
    isInherited: (item, { id }) => memory.items.get(item.metadata.uid ?? '')?.own.includes(id) !== true,
    prunesDeadPrincipals: (item, bucket) =>
      datasetOf(operator, item.spec.datasetRef)?.spec.buckets.some(
        (each) => each.name === bucket && each.pruneDeadPrincipals === true,
      ) ?? false,
    documentShare: (name) => cluster.environments.store.get(name)?.spec.limits?.documentShare,
    attachmentQuota: (name) => quotaOf(operator, name),
    boundaryArn: (arn) => boundaryOf(operator, arn),
  });
  if (work === undefined) return withoutContributors(operator, key, { signal, logger });
  memory.orphanOrders.delete(key);
  const questions = new Map(work.contributions.map(({ item }) => [item, intentOf(memory, item, key)?.fingerprint ?? 'hold']));
  const report = await ask(operator, { key, items, work, signal });
  coalescer.ran(key, report.writes.length > 0, work.contributions.length);
  if (report.writes.length > 0) logger.info({ target: key, writes: report.writes }, 'changes in AWS');
  if (report.failure?.kind === 'expired') operator.sessions.forget(work.coordinates.session);
  if (report.failure !== undefined)
    logger.warn({ target: key, code: report.failure.code, awsRequestId: report.failure.requestId }, report.failure.message);
  absorb(operator, { key, items, questions, report, verifyIntervalMs: verifyIntervalOf(operator, items) });
  if (work.kind === 'SharePolicy') rememberPolicies(operator, work.coordinates.principalArn, report);
  if (work.kind === 'AccessPoint') rememberAlias(operator, key, report);
  return report.superseded ? { kind: 'requeue', afterMs: 0, priority: Priority.change } : next(operator, items, report);
}

/** Whether some share has to be taken out of the document. */
function isRemovedFrom({ memory }: Operator, key: string, items: readonly ShareItem[]): boolean {
  return items.some(({ metadata, spec }) =>
    (memory.items.get(metadata.uid ?? '')?.decision.resolved ?? spec.resolved).some(
      ({ state, targets }) => state === 'Revoking' && targets.includes(key),
    ),
  );
}

interface Asked {
  readonly key: string;
  readonly items: readonly ShareItem[];
  readonly work: TargetWork;
  readonly signal: AbortSignal;
}

/** Runs the target, with a note of what is being asked, so that nobody asks the same meanwhile. */
async function ask(operator: TargetOperator, { key, items, work, signal }: Asked): Promise<TargetReport<unknown>> {
  const { memory } = operator;
  const verify = memory.verify.get(key);
  memory.asked.set(key, new Map(work.contributions.map(({ item }) => [item, questionOf(intentOf(memory, item, key))])));
  try {
    const isCurrent = (): boolean => areAsked(operator, key);
    const verifies = verify !== undefined || hasFailed(operator, key) || isVerifyDue(operator, key, items);
    const report = await runWork(operator, work, { kinds: kindsFor(operator, key), signal, isCurrent, verify: verifies });
    if (report.observedAt !== undefined && (verifies || !memory.verifiedAt.has(key)))
      memory.verifiedAt.set(key, report.observedAt);
    const answered = verify !== undefined && (report.observedAt ?? 0) >= verify;
    if (answered && memory.verify.get(key) === verify) memory.verify.delete(key);
    return report;
  } finally {
    memory.asked.delete(key);
  }
}

/** Whether everything that the run would give is still asked for. What is asked for besides, by now, is for the next run. */
function areAsked({ memory }: Operator, key: string): boolean {
  return [...(memory.asked.get(key) ?? [])].every(
    ([contribution, question]) => question.startsWith('hold') || questionOf(intentOf(memory, contribution, key)) === question,
  );
}

/** Each kind has its own types; the writer is generic over them. */
function runWork(
  operator: TargetOperator,
  work: TargetWork,
  options: { readonly kinds: Kinds; readonly signal: AbortSignal; readonly verify: boolean; readonly isCurrent: () => boolean },
): Promise<TargetReport<unknown>> {
  const { writer, sessions } = operator;
  const context = { ...sessions.clients(work.coordinates.session), signal: options.signal };
  const { kinds } = options;
  switch (work.kind) {
    case 'BucketPolicy':
      return writer.run({
        kind: kinds.bucketPolicy,
        coordinates: work.coordinates,
        contributions: work.contributions,
        context,
        ...options,
      });
    case 'AccessPoint':
      return writer.run({
        kind: kinds.accessPoint,
        coordinates: work.coordinates,
        contributions: work.contributions,
        context,
        ...options,
      });
    case 'KeyPolicy':
      return writer.run({
        kind: kinds.keyPolicy,
        coordinates: work.coordinates,
        contributions: work.contributions,
        context,
        ...options,
      });
    case 'SharePolicy':
      return writer.run({
        kind: kinds.sharePolicy,
        coordinates: work.coordinates,
        contributions: work.contributions,
        context,
        ...options,
      });
  }
}

/** When to look again: soon where waiting may help, late where it can't, else at the next verification. */
function next(operator: TargetOperator, items: readonly ShareItem[], report: TargetReport<unknown>): Result {
  const states = [...report.items.values()];
  if (report.failure?.kind === 'transient' || states.some((result) => result.state === 'Pending' && result.code !== undefined)) {
    return { kind: 'retry', error: new Error(report.failure?.message ?? 'AWS asks to be tried again') };
  }
  const now = operator.clock.now();
  const lookedAt = operator.memory.verifiedAt.get(report.key);
  const delays = [untilTurn(report.key, verifyIntervalOf(operator, items), { lookedAt, now })];
  if (states.some((result) => result.state === 'Failed')) delays.push(jittered(permanentRetryMs, operator.random));
  if (states.some((result) => result.state === 'Pending' && result.reason === 'ProgressingWithRetry')) delays.push(1000);
  if (states.some((result) => result.reason === 'WaitingForAttachment')) delays.push(60_000);
  for (const at of [report.readBackAt, report.lookAt, adoptionEnds(operator, report.key)])
    if (at !== undefined) delays.push(at - now);
  return { kind: 'requeue', afterMs: Math.max(0, Math.min(...delays)), priority: Priority.resync };
}

function isVerifyDue(operator: Operator, key: string, items: readonly ShareItem[]): boolean {
  const verifiedAt = operator.memory.verifiedAt.get(key);
  return verifiedAt !== undefined && operator.clock.now() >= nextTurn(key, verifyIntervalOf(operator, items), verifiedAt);
}

/** What a verification found and a plain run doesn't look at (a disabled key) is looked at until it is gone. */
function hasFailed({ memory }: Operator, key: string): boolean {
  return [...(memory.results.get(key)?.values() ?? [])].some(({ state }) => state.state === 'Failed');
}

function boundaryOf({ observations }: Operator, principalArn: string): string | undefined {
  const seen = observations.principals.get(principalArn);
  return seen?.kind === 'found' ? seen.value.boundaryArn : undefined;
}

function quotaOf({ observations }: Operator, environment: string): number | undefined {
  const state = observations.environments.get(environment);
  return state?.kind === 'ready' ? state.attachmentQuota : undefined;
}

/** Nothing contributes to the document: an orphan that is ordered to be removed is removed, anything else is forgotten. */
async function withoutContributors(
  operator: TargetOperator,
  key: string,
  { signal, logger }: Pick<ReconcileContext, 'signal' | 'logger'>,
): Promise<Result> {
  const order = operator.memory.orphanOrders.get(key);
  if (order === undefined || !isOrdered(operator, key, order)) return forgetTarget(operator, key);
  const isCurrent = (): boolean => isOrdered(operator, key, order);
  const report = await runWork(operator, order.work, { kinds: plainKinds, signal, verify: false, isCurrent });
  if (report.writes.length > 0) logger.info({ target: key, writes: report.writes }, 'an orphan is removed from AWS');
  const result = settleRemoval(operator, order, report);
  return result.kind === 'done' ? forgetTarget(operator, key) : result;
}

function forgetTarget({ writer, memory, coalescer }: TargetOperator, key: string): Result {
  writer.forget(key);
  memory.orphanOrders.delete(key);
  memory.adoption.delete(key);
  memory.results.delete(key);
  memory.unowned.delete(key);
  memory.pointAliases.delete(key);
  memory.conflicts.delete(key);
  memory.observedAt.delete(key);
  memory.verifiedAt.delete(key);
  memory.verify.delete(key);
  coalescer.forget(key);
  return { kind: 'done' };
}

/** What a folder's ShareItem shows of the access point. */
function rememberAlias({ memory }: Operator, key: string, { observed }: TargetReport<unknown>): void {
  const alias = observed === undefined ? undefined : accessPointAlias(observed as ObservedAccessPoint);
  if (alias !== undefined) memory.pointAliases.set(key, alias);
}

/** What the ConsumptionRole shows of the principal's policies. */
function rememberPolicies(
  { memory, cluster, queues }: Operator,
  principalArn: string,
  { observed }: TargetReport<unknown>,
): void {
  if (observed === undefined) return;
  const { shards } = observed as ObservedSharePolicies;
  const lines = shards.map(({ arn, attached, text }) => ({ arn, attached, size: characterSize(text) }));
  if (sameJson(memory.policies.get(principalArn) ?? [], lines)) return;
  memory.policies.set(principalArn, lines);
  for (const role of cluster.roles.store.index('principal', principalArn))
    queues.role.add(keyOf(role), { priority: Priority.resync });
}
