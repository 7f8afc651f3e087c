/**
 * The owner's view of a request: one ReceivedShare in the Dataset's namespace, so that an owner needs rights in no other namespace and a requester learns
 * nothing of the owner's side.
 */
import type { Condition, Dataset, ReceivedShare, ReceivedShareSpec, ReceivedShareStatus, ShareRequest } from '../api/index.ts';
import { earliest } from '../earliest.ts';
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { shortPrincipal } from '../shares/arn.ts';
import { isReady } from '../shares/report.ts';
import { receivedShareName } from '../shares/names.ts';
import { ownerPlan } from '../shares/plan.ts';
import type { AskedItem, RequestItem, RequestSummary } from '../shares/request-report.ts';
import { bucketPolicy } from '../targets/bucket-policy.ts';
import { keyPolicy } from '../targets/key-policy.ts';
import { announcePhase, announceReminders } from './announcements.ts';
import { types } from './cluster.ts';
import { isFresh, staleCacheMs } from './fresh.ts';
import { roleOf } from './gather.ts';
import { contributionId } from './ledger.ts';
import { isFarewellTold, tell, tellingOf } from './notices.ts';
import type { Operator } from './operator.ts';
import { cut, sameJson, stampConditions, writeStatus } from './status.ts';

const findingsShown = 20;

/** A request with its Dataset and its summary. */
export interface Received {
  readonly request: ShareRequest;
  readonly dataset: Dataset;
  readonly summary: RequestSummary;
  /** The request's conditions as its status has them: their times say which occurrence something is. */
  readonly conditions: readonly Condition[];
}

/** Makes or updates the owner's view, and tells people what is new. Returns when to look again though nothing has changed (milliseconds since the epoch). */
export async function syncReceivedShare(operator: Operator, received: Received): Promise<number | undefined> {
  const existing = operator.cluster.received.store.get(keyOf(nameOf(received)));
  if (existing !== undefined && !isFresh(operator, types.received, existing)) {
    operator.queues.request.add(keyOf(received.request), { afterMs: staleCacheMs });
    return undefined;
  }
  const telling = tellingOf(operator, received, existing);
  const object = await writeSpec(operator, { received, existing, told: telling.told });
  if (object === undefined) return undefined;
  const written = await writeStatus(operator, types.received, object, statusOf(operator, received, object));
  if (written && object.status?.phase !== received.summary.phase) announcePhase(operator, received, object);
  const remindAt = announceReminders(operator, received, object);
  tell(operator, received, { object, telling });
  return earliest([remindAt, telling.dueAt]);
}

/**
 * Removes the views of a request that is gone, or that the Dataset does not exist for. `key` is the request's. The view of a request that is gone stays until the
 * owner has been told.
 */
export async function removeReceivedShare(operator: Operator, key: string, why: 'gone' | 'hidden'): Promise<void> {
  for (const object of operator.cluster.received.store.index('request', key)) {
    if (why === 'gone' && !isFarewellTold(operator, object)) continue;
    const { name, namespace, uid } = object.metadata;
    try {
      await operator.client.delete(
        types.received,
        { name, ...(namespace === undefined ? {} : { namespace }) },
        uid === undefined ? {} : { preconditions: { uid } },
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

function nameOf({ request, dataset }: Received): Pick<ReceivedShare, 'metadata'> {
  const { namespace = '', name } = request.metadata;
  return { metadata: { name: receivedShareName({ namespace, name }), namespace: dataset.metadata.namespace ?? '' } };
}

interface Writing {
  readonly received: Received;
  readonly existing: ReceivedShare | undefined;
  readonly told: ReceivedShareSpec['told'];
}

async function writeSpec(operator: Operator, { received, existing, told }: Writing): Promise<ReceivedShare | undefined> {
  const { request } = received;
  const spec = { ...specOf(operator, received), ...(told === undefined ? {} : { told }) };
  try {
    if (existing === undefined) return await operator.client.create(types.received, { ...nameOf(received), spec });
    if (sameJson(existing.spec, spec)) return existing;
    return await operator.client.replace(types.received, { ...existing, spec });
  } catch (error) {
    // A namespace that goes away needs no view of anything; the deletion of the Dataset in it brings us back.
    if (isNamespaceTerminating(error)) return undefined;
    // Made or changed before the cache shows it: the next event brings us back.
    if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
    operator.queues.request.add(keyOf(request), { afterMs: 200 });
    return undefined;
  }
}

function specOf(operator: Operator, { request, dataset, summary }: Received): ReceivedShareSpec {
  const { purpose, permissions, expireTime } = request.spec;
  const resolved = summary.asked.find((asked) => asked.resolution.kind === 'resolved')?.resolution;
  const principal = resolved?.kind === 'resolved' ? resolved.entry.principal : undefined;
  const arn = principal?.arn ?? roleOf(operator, request)?.spec.principalArn;
  return {
    datasetRef: { name: dataset.metadata.name },
    requestRef: { namespace: request.metadata.namespace ?? '', name: request.metadata.name },
    ...(arn === undefined ? {} : { principal: { arn, ...(principal === undefined ? {} : { uniqueId: principal.uniqueId }) } }),
    ...(purpose === undefined ? {} : { purpose }),
    permissions,
    ...(expireTime === undefined ? {} : { expireTime }),
    items: summary.asked.map((asked) => ({ type: asked.type, name: asked.name, ...reviewedOf(asked) })),
  };
}

function reviewedOf({ resolution }: AskedItem): { location?: string; digest?: string } {
  if (resolution.kind !== 'resolved') return {};
  const { entry, digest } = resolution;
  const key = entry.kmsKeyArn === undefined ? '' : `, encrypted with ${entry.kmsKeyArn}`;
  const folder = entry.prefix === undefined ? '' : `/${entry.prefix}/`;
  return {
    location: `arn:${entry.partition}:s3:::${entry.bucket}${folder} in account ${entry.environment.accountId}${key}`,
    digest,
  };
}

function statusOf(operator: Operator, { request, summary }: Received, object: ReceivedShare): ReceivedShareStatus {
  const generation = object.metadata.generation ?? 0;
  const plan = planOf(summary);
  const findings = findingsOf(operator, summary.items);
  const decidedBy = decidersOf(summary);
  const ready = summary.items.filter(({ report }) => isReady(report)).length;
  const arn = object.spec.principal?.arn;
  return {
    observedGeneration: generation,
    phase: summary.phase,
    conditions: stampConditions(summary.conditions, object.status?.conditions, { generation, now: operator.clock.now() }),
    ...(plan.length === 0 ? {} : { plan }),
    ...(summary.healthStatus === undefined ? {} : { healthStatus: summary.healthStatus }),
    ...(findings.length === 0 ? {} : { findings }),
    ...(summary.expireTime === undefined ? {} : { expireTime: summary.expireTime }),
    ...(decidedBy.length === 0 ? {} : { decidedBy }),
    items: summary.items.map(({ item, report }) => {
      const message = report.conditions.find(({ type }) => type === 'Ready')?.message ?? '';
      return {
        type: item.spec.type,
        name: item.spec.name,
        phase: report.phase,
        ...(report.healthStatus === undefined ? {} : { healthStatus: report.healthStatus }),
        ...(message === '' ? {} : { message: cut(message, 1024) }),
      };
    }),
    display: {
      requester: `${request.metadata.namespace ?? ''}/${request.metadata.name}`,
      ...(arn === undefined ? {} : { principal: shortPrincipal(arn) }),
      items: `${String(ready)}/${String(summary.counts.total)}`,
      ...(summary.expireTime === undefined ? {} : { expires: summary.expireTime.slice(0, 10) }),
    },
  };
}

/** What approval would still change: items that wait, and what was asked for beyond consent. */
function planOf({ asked, items }: RequestSummary): string[] {
  const open = asked.filter(({ type, name }) => {
    const situation = items.find(({ item }) => item.spec.type === type && item.spec.name === name)?.decision.situation;
    return situation?.kind === 'pending' || (situation?.kind === 'granted' && situation.exceeding.length > 0);
  });
  return ownerPlan(open.flatMap(({ resolution }) => (resolution.kind === 'resolved' ? [resolution.entry] : [])));
}

/**
 * For the owner's eyes only: why AWS refuses one of these items, in words that may name other statements of the document, and what stands under our
 * mark that belongs to nobody's item. The principal's own policies are none of the owner's documents.
 */
function findingsOf({ memory }: Operator, items: readonly RequestItem[]): string[] {
  const contributions = items.flatMap(({ item, decision }) =>
    decision.resolved.flatMap((entry) => {
      const contribution = contributionId(item, entry);
      return entry.targets.filter(isOwners).map((target) => ({ target, contribution }));
    }),
  );
  const refusals = contributions.map(({ target, contribution }) => memory.results.get(target)?.get(contribution)?.ownerMessage);
  const unowned = contributions.flatMap(({ target }) => memory.unowned.get(target) ?? []);
  const findings = [...refusals.filter((message) => message !== undefined), ...unowned];
  return [...new Set(findings)].slice(0, findingsShown).map((finding) => cut(finding, 1024));
}

function isOwners(target: string): boolean {
  return [bucketPolicy, keyPolicy].some(({ kind }) => target.startsWith(`${kind}/`));
}

function decidersOf({ items }: RequestSummary): string[] {
  const names = items.flatMap(({ decision }) => {
    const { consent } = decision;
    if (consent === undefined) return [];
    return [consent.source === 'Automatic' ? 'Automatic' : (consent.approvalRef?.name ?? '')];
  });
  return [...new Set(names)]
    .filter((name) => name !== '')
    .toSorted()
    .slice(0, 20);
}
