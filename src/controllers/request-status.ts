/** The status of a ShareRequest from its summary: shapes and cuts, nothing is decided here. */
import type { ShareRequest, ShareRequestStatus } from '../api/index.ts';
import { shortPrincipal } from '../shares/arn.ts';
import { requesterPlan } from '../shares/plan.ts';
import { isReady } from '../shares/report.ts';
import type { RequestSummary } from '../shares/request-report.ts';
import { roleOf } from './gather.ts';
import { handledAnnotations } from './handled.ts';
import type { Operator } from './operator.ts';
import { cut, stampConditions } from './status.ts';

const sharedItemsShown = 20;

/** What the status of the request should be. */
export function requestStatus(operator: Operator, request: ShareRequest, summary: RequestSummary): ShareRequestStatus {
  const generation = request.metadata.generation ?? 0;
  const { counts, invalid, exceeding } = summary;
  const principalArn = roleOf(operator, request)?.spec.principalArn;
  const shared = summary.items.filter(({ report }) => report.shared).map(({ item }) => `${item.spec.type}/${item.spec.name}`);
  const ready = summary.items.filter(({ report }) => isReady(report)).length;
  const plan = planOf(summary);
  return {
    observedGeneration: generation,
    phase: summary.phase,
    conditions: stampConditions(summary.conditions, request.status?.conditions, { generation, now: operator.clock.now() }),
    items: counts,
    ...(shared.length === 0 ? {} : { sharedItems: shared.slice(0, sharedItemsShown) }),
    ...(invalid.length === 0 ? {} : { invalidItems: invalid.map((each) => ({ ...each, message: cut(each.message, 512) })) }),
    ...(exceeding.length === 0 ? {} : { exceeding }),
    ...(summary.expireTime === undefined ? {} : { expireTime: summary.expireTime }),
    ...(plan.length === 0 ? {} : { plan }),
    ...handledAnnotations(
      operator,
      request,
      summary.items.map(({ item }) => item),
    ),
    display: {
      shared: `${String(ready)}/${String(counts.total)}`,
      dataset: `${request.spec.datasetRef.namespace}/${request.spec.datasetRef.name}`,
      ...(principalArn === undefined ? {} : { principal: shortPrincipal(principalArn) }),
    },
  };
}

/** Only what still waits for consent has a plan: the rest is done. */
function planOf(summary: RequestSummary): string[] {
  const waiting = summary.asked.filter((asked) =>
    summary.items.some(
      ({ item, decision }) =>
        item.spec.type === asked.type && item.spec.name === asked.name && decision.situation.kind === 'pending',
    ),
  );
  return requesterPlan(waiting.flatMap(({ resolution }) => (resolution.kind === 'resolved' ? [resolution.entry] : [])));
}
