/**
 * The Dataset controller: are the buckets there, claimed, and shareable? Counts what became of the requests. Reads only.
 */
import { observeBucket, observeKey } from '../aws/buckets.ts';
import type { Dataset, DatasetStatus } from '../api/index.ts';
import type { Result } from '../kube/controller.ts';
import { keyOf } from '../kube/object.ts';
import { needsTags } from '../shares/claims.ts';
import { judgeBucket, type BucketCase, type Seen, type Verdict } from '../shares/judge.ts';
import { bucketWarning } from '../shares/preconditions.ts';
import { types } from './cluster.ts';
import { wakeShares } from './dependents.ts';
import { leftoversOf } from './leftovers.ts';
import { handledAnnotations } from './handled.ts';
import { recordingMs, setFinalizer } from './finalizers.ts';
import { bucketCaseOf } from './gather.ts';
import { platformOf } from './gather-context.ts';
import { afterLook, bucketKey, sameObservation, seen } from './observations.ts';
import { finalizers, jittered, type Operator } from './operator.ts';
import { sessionOf } from './session.ts';
import { stampConditions, writeStatus } from './status.ts';
import { nextTurn, untilTurn } from './turns.ts';
import { leftoverConditions, retryAfter, verdictConditions } from './verdict.ts';

/** Stands for the time of a look where nothing could be read: overdue, so that what can be read later is read at once. */
const neverRead = 0;

/** Reconciles one Dataset. */
export async function reconcileDataset(operator: Operator, key: string): Promise<Result> {
  const dataset = operator.cluster.datasets.store.get(key);
  if (dataset === undefined) {
    operator.inspected.delete(key);
    wakeShares(operator, key);
    return { kind: 'done' };
  }
  const users = operator.cluster.items.store.index('dataset', key).filter((item) => item.spec.resolved.length > 0);
  const settled = await setFinalizer(operator, types.dataset, dataset, { name: finalizers.inUse, wanted: users.length > 0 });
  // At once: if the status can't be written, the next look finds nothing changed.
  if (await inspect(operator, dataset, key)) wakeSharers(operator, dataset);
  const verdicts = dataset.spec.buckets.map((bucket) => verdictOf(operator, dataset, bucket.name));
  const worst = verdicts.find(({ kind }) => kind !== 'ok');
  if (worst?.kind !== 'unknown') await writeStatus(operator, types.dataset, dataset, statusOf(operator, dataset, worst));
  if (!settled) return { kind: 'requeue', afterMs: recordingMs };
  if (worst !== undefined) return { kind: 'requeue', afterMs: jittered(retryAfter(worst), operator.random) };
  const look = { lookedAt: operator.inspected.get(key)?.at, now: operator.clock.now() };
  return { kind: 'requeue', afterMs: untilTurn(key, operator.verifyIntervalMs, look) };
}

function verdictOf(operator: Operator, dataset: Dataset, bucket: string): Verdict {
  const input = bucketCaseOf(operator, dataset, bucket);
  return input === undefined ? { kind: 'unknown' } : judgeBucket(input, platformOf(operator));
}

/**
 * Reads buckets and keys of which something is not known yet, or that are due. Nothing is read that no claim covers: a Dataset is no means to find out what exists.
 * Returns whether anything changed on which shares depend.
 */
async function inspect(operator: Operator, dataset: Dataset, key: string): Promise<boolean> {
  const { clock, inspected } = operator;
  const generation = dataset.metadata.generation ?? 0;
  const last = inspected.get(key);
  const cases = dataset.spec.buckets
    .map((bucket) => bucketCaseOf(operator, dataset, bucket.name))
    .filter((each) => each !== undefined);
  const worst = cases.map((each) => judgeBucket(each, platformOf(operator))).find(({ kind }) => kind !== 'ok');
  const lookedAt = last?.at ?? neverRead;
  const dueAt = worst === undefined ? nextTurn(key, operator.verifyIntervalMs, lookedAt) : lookedAt + retryAfter(worst) * 0.9;
  const due = last === undefined || last.generation !== generation || clock.now() >= dueAt;
  const unseen = cases.filter(
    (each) =>
      judgeBucket({ ...each, seenBucket: undefined, seenKey: undefined }, platformOf(operator)).kind === 'unknown' &&
      each.known?.state?.kind === 'ready',
  );
  const toRead = due
    ? unseen
    : unseen.filter(
        (each) => each.seenBucket === undefined || (each.bucket.kmsKeyArn !== undefined && each.seenKey === undefined),
      );
  // A generation is news once, even where nothing can be read: two Datasets on one bucket would wake each other for ever.
  const readAt = due ? neverRead : last.at;
  inspected.set(key, { at: toRead.length > 0 ? clock.now() : readAt, generation });
  const changes = await Promise.all(toRead.map((each) => readCase(operator, each)));
  return changes.includes(true) || last?.generation !== generation;
}

async function readCase(operator: Operator, { bucket, known, keyKnown }: BucketCase): Promise<boolean> {
  const { sessions, observations } = operator;
  if (known === undefined) return false;
  const { accountId, claims } = known.environment.spec;
  const found = await observeBucket(sessions, sessionOf(known.environment), bucket.name, needsTags(claims));
  const changed = keep(observations.buckets, bucketKey(accountId, bucket.name), seen(found));
  if (bucket.kmsKeyArn === undefined || keyKnown?.state?.kind !== 'ready') return changed;
  const { environment } = keyKnown;
  const key = await observeKey(sessions, sessionOf(environment), bucket.kmsKeyArn, needsTags(environment.spec.claims));
  return keep(observations.keys, bucket.kmsKeyArn, seen(key)) || changed;
}

/** Keeps what was seen; true where that is something else than what is known, which another Dataset may have read meanwhile. */
function keep<T>(known: Map<string, NonNullable<Seen<T>>>, place: string, look: NonNullable<Seen<T>>): boolean {
  const before = known.get(place);
  const after = afterLook(before, look);
  known.set(place, after);
  return !sameObservation(before, after);
}

/** Whoever shares the same bucket or key hears of it: what one Dataset has read is known to all, and none of them would find it changed again. */
function wakeSharers(operator: Operator, dataset: Dataset): void {
  const places = ({ spec }: Dataset): string[] => spec.buckets.flatMap(({ name, kmsKeyArn = '' }) => [name, kmsKeyArn]);
  const own = new Set(places(dataset).filter((place) => place !== ''));
  for (const other of operator.cluster.datasets.store.list()) {
    if (!places(other).some((place) => own.has(place))) continue;
    wakeShares(operator, keyOf(other));
    if (keyOf(other) !== keyOf(dataset)) operator.queues.dataset.add(keyOf(other));
  }
}

function statusOf(operator: Operator, dataset: Dataset, worst: Verdict | undefined): DatasetStatus {
  const generation = dataset.metadata.generation ?? 0;
  const leftovers = leftoversOf(operator, dataset);
  const conditions = [
    ...verdictConditions(
      worst ?? { kind: 'ok' },
      [`${itemsInWords(dataset)} can be shared`, ...warningsOf(operator, dataset)].join('; '),
    ),
    ...leftoverConditions(leftovers),
  ];
  return {
    observedGeneration: generation,
    conditions: stampConditions(conditions, dataset.status?.conditions, { generation, now: operator.clock.now() }),
    shares: countsOf(operator, keyOf(dataset)),
    ...(leftovers.length === 0 ? {} : { leftovers }),
    ...handledAnnotations(operator, dataset, operator.cluster.items.store.index('dataset', keyOf(dataset))),
  };
}

function warningsOf(operator: Operator, dataset: Dataset): string[] {
  return dataset.spec.buckets.flatMap((bucket) => {
    const seen = bucketCaseOf(operator, dataset, bucket.name)?.seenBucket;
    const warning = seen?.kind === 'found' ? bucketWarning(bucket, seen.value) : undefined;
    return warning === undefined ? [] : [warning];
  });
}

function itemsInWords({ spec }: Dataset): string {
  const counted = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
  const folders = spec.folders.length === 0 ? '' : ` and ${counted(spec.folders.length, 'folder')}`;
  return `${counted(spec.buckets.length, 'bucket')}${folders}`;
}

function countsOf({ cluster, memory }: Operator, key: string): NonNullable<DatasetStatus['shares']> {
  const states = cluster.items.store.index('dataset', key).map((item) => {
    // What was not looked at since start-up counts as its status says.
    const { phase, healthStatus } = memory.items.get(item.metadata.uid ?? '')?.report ?? item.status ?? {};
    const request = `${item.metadata.namespace ?? ''}/${item.spec.requestRef.name}`;
    return { phase, healthStatus, shared: item.spec.resolved.length > 0, request };
  });
  return {
    pendingRequests: new Set(states.filter(({ phase }) => phase === 'PendingApproval').map(({ request }) => request)).size,
    granted: states.filter(({ shared }) => shared).length,
    failed: states.filter(({ phase }) => phase === 'ShareFailed' || phase === 'RevokeFailed').length,
    unhealthy: states.filter(({ healthStatus }) => healthStatus === 'Unhealthy').length,
  };
}
