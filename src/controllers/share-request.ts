/**
 * The ShareRequest controller: makes a ShareItem for each item that can be decided, shows the owner a ReceivedShare, sums the items up, and holds the request
 * until everything that was shared for it is taken back.
 */
import { type Dataset, type ShareItem, type ShareRequest } from '../api/index.ts';
import type { Result } from '../kube/controller.ts';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../kube/errors.ts';
import { shareItemName } from '../shares/names.ts';
import { placeOf } from '../shares/places.ts';
import { invalidItemsOf, reportRequest, type RequestItem } from '../shares/request-report.ts';
import { indexKeys, types } from './cluster.ts';
import { setFinalizer } from './finalizers.ts';
import { approvalsOf, datasetOf, isVisible, resolutionOf } from './gather.ts';
import { finalizers, type Operator } from './operator.ts';
import { untoldMs } from './patience.ts';
import { removeReceivedShare, syncReceivedShare, type Received } from './received-share.ts';
import { requestStatus } from './request-status.ts';
import { sameJson, writeStatus } from './status.ts';

/** Reconciles one ShareRequest. */
export async function reconcileRequest(operator: Operator, key: string): Promise<Result> {
  const request = operator.cluster.requests.store.get(key);
  if (request === undefined) {
    await removeReceivedShare(operator, key, 'gone');
    return { kind: 'done' };
  }
  const items = itemsOf(operator, request);
  if (request.metadata.deletionTimestamp !== undefined && items.length === 0) {
    await removeReceivedShare(operator, key, 'gone');
    operator.memory.untold.delete(request.metadata.uid ?? '');
    operator.memory.reminded.delete(request.metadata.uid ?? '');
    await setFinalizer(operator, types.request, request, { name: finalizers.share, wanted: false });
    return { kind: 'done' };
  }
  const dataset = datasetOf(operator, request.spec.datasetRef);
  const visible = isVisible(operator, dataset, request.metadata.namespace ?? '');
  const missing = visible ? missingItems(request, dataset, items) : [];
  if (missing.length > 0) {
    await createItems(operator, request, missing);
    // Summed up when the cache shows them: until then a part would pass for the whole.
    return { kind: 'done' };
  }
  const summary = summarize(operator, request, { dataset, visible, items });
  if (summary === undefined) return { kind: 'done' };
  const status = requestStatus(operator, request, summary);
  const news = { ...summary, shown: request.status?.conditions ?? [] };
  const waitMs = sameJson(request.status, status) ? 0 : untoldMs(operator, request.metadata.uid ?? '', news);
  if (waitMs > 0) return { kind: 'requeue', afterMs: waitMs };
  await writeStatus(operator, types.request, request, status);
  if (dataset !== undefined && (visible || items.length > 0))
    return tellOwner(operator, { request, dataset, summary, conditions: status.conditions ?? [] });
  await removeReceivedShare(operator, key, 'hidden');
  return { kind: 'done' };
}

/** Looked at again when there is something to tell though nothing has changed, such as that an end comes. */
async function tellOwner(operator: Operator, received: Received): Promise<Result> {
  const lookAt = await syncReceivedShare(operator, received);
  return lookAt === undefined ? { kind: 'done' } : { kind: 'requeue', afterMs: Math.max(0, lookAt - operator.clock.now()) };
}

function itemsOf({ cluster }: Operator, request: ShareRequest): readonly ShareItem[] {
  const key = indexKeys.request(request.metadata.namespace ?? '', request.metadata.name);
  return cluster.items.store.index('request', key).filter((item) => item.spec.requestRef.uid === request.metadata.uid);
}

/** Items that the Dataset lists and that have no ShareItem yet. A draft asks for nothing yet, and what is being deleted for nothing more. */
function missingItems(request: ShareRequest, dataset: Dataset, items: readonly ShareItem[]): ShareRequest['spec']['items'] {
  if (request.spec.state === 'Draft' || request.metadata.deletionTimestamp !== undefined) return [];
  return request.spec.items
    .filter((asked) => placeOf(dataset, asked) !== undefined)
    .filter((asked) => !items.some((item) => item.spec.type === asked.type && item.spec.name === asked.name));
}

/** The finalizer comes first: what is made has to be taken back. */
async function createItems(operator: Operator, request: ShareRequest, missing: ShareRequest['spec']['items']): Promise<void> {
  await setFinalizer(operator, types.request, request, { name: finalizers.share, wanted: true });
  await Promise.all(missing.map((asked) => createItem(operator, request, asked)));
}

async function createItem(
  { client }: Operator,
  request: ShareRequest,
  asked: ShareRequest['spec']['items'][number],
): Promise<void> {
  const { namespace = '', name: requestName, uid = '' } = request.metadata;
  const name = shareItemName({ namespace, request: requestName, requestUid: uid, type: asked.type, name: asked.name });
  const owner = {
    apiVersion: request.apiVersion,
    kind: request.kind,
    name: requestName,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  try {
    await client.create(types.item, {
      metadata: { name, namespace, ownerReferences: [owner] },
      spec: {
        requestRef: { name: requestName, uid },
        datasetRef: request.spec.datasetRef,
        type: asked.type,
        name: asked.name,
        permissions: request.spec.permissions,
        resolved: [],
      },
    });
  } catch (error) {
    // Made before and not in the cache yet, or the namespace is going away: both come right by themselves.
    if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceTerminating(error)) throw error;
  }
}

/** The request summed up; undefined while some item has not been decided since start-up. */
function summarize(
  operator: Operator,
  request: ShareRequest,
  {
    dataset,
    visible,
    items,
  }: { readonly dataset: Dataset | undefined; readonly visible: boolean; readonly items: readonly ShareItem[] },
): ReturnType<typeof reportRequest> | undefined {
  const known = items.map((item) => ({ item, memory: operator.memory.items.get(item.metadata.uid ?? '') }));
  if (known.some(({ memory }) => memory?.report === undefined)) return undefined;
  // A Dataset that is closed by now goes on serving what it consented to, and exists for nothing else.
  const serving = (asked: { readonly type: string; readonly name: string }): boolean =>
    visible || items.some((item) => item.spec.type === asked.type && item.spec.name === asked.name);
  const asked = request.spec.items.map((each) => ({
    ...each,
    resolution: resolutionOf(operator, request, each, serving(each) ? dataset : undefined),
  }));
  if (asked.some(({ resolution }) => resolution.kind === 'unknown')) return undefined;
  const invalid = invalidItemsOf(asked, items);
  const reported = known.flatMap(({ item, memory }): RequestItem[] =>
    memory?.report === undefined ? [] : [{ item, decision: memory.decision, report: memory.report }],
  );
  return reportRequest({ request, items: reported, invalid, asked, approvals: approvalsOf(operator, request) });
}
