/** The ShareApproval controller: tells the owner whether an approval has an effect. An approval has no finalizer: withdrawing always works. */
import type { Result } from '../kube/controller.ts';
import { reportApproval } from '../shares/approval-report.ts';
import { indexKeys, types } from './cluster.ts';
import { datasetOf, resolutionOf, roleOf } from './gather.ts';
import type { Operator } from './operator.ts';
import { stampConditions, writeStatus } from './status.ts';
import { timeOf } from '../shares/approval.ts';

/** Reconciles one ShareApproval. */
export async function reconcileApproval(operator: Operator, key: string): Promise<Result> {
  const { cluster, clock } = operator;
  const approval = cluster.approvals.store.get(key);
  if (approval === undefined) return { kind: 'done' };
  const { requestRef, datasetRef, expireTime } = approval.spec;
  const found = cluster.requests.store.get(`${requestRef.namespace}/${requestRef.name}`);
  const named = { namespace: approval.metadata.namespace ?? '', name: datasetRef.name };
  const request =
    found?.spec.datasetRef.namespace === named.namespace && found.spec.datasetRef.name === named.name ? found : undefined;
  const dataset = datasetOf(operator, named);
  const digests = new Map(
    (request?.spec.items ?? []).flatMap((item) => {
      const resolution = request === undefined ? undefined : resolutionOf(operator, request, item, dataset);
      return resolution?.kind === 'resolved' ? [[`${item.type}/${item.name}`, resolution.digest] as const] : [];
    }),
  );
  const items =
    request === undefined ? [] : cluster.items.store.index('request', indexKeys.request(requestRef.namespace, requestRef.name));
  const principalArn = request === undefined ? undefined : roleOf(operator, request)?.spec.principalArn;
  const generation = approval.metadata.generation ?? 0;
  const condition = reportApproval({ approval, request, principalArn, items, digests, now: clock.now() });
  await writeStatus(operator, types.approval, approval, {
    observedGeneration: generation,
    conditions: stampConditions([condition], approval.status?.conditions, { generation, now: clock.now() }),
  });
  const expiresAt = timeOf(expireTime);
  return expiresAt === undefined || expiresAt <= clock.now()
    ? { kind: 'done' }
    : { kind: 'requeue', afterMs: expiresAt - clock.now() };
}
