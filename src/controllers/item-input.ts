/**
 * What the decision about a ShareItem is taken from, gathered from caches, observations and the results of targets. Reads only.
 */
import type { ShareItem, ShareRequest } from '../api/index.ts';
import type { DecisionInput } from '../shares/decide.ts';
import { expirationProblem, limitProblem } from '../shares/limits.ts';
import type { TargetState } from '../shares/report.ts';
import type { Resolution } from '../shares/resolution.ts';
import { datasetNotAvailable } from '../shares/resolve.ts';
import { releasedEntries } from './force-delete.ts';
import { datasetOf, isVisible, limitsOf, resolutionOf, siblingsOf, standing } from './gather.ts';
import { fingerprintOf, type RepairRule } from './intents.ts';
import { contributionId } from './ledger.ts';
import { annotations, type Operator } from './operator.ts';

/** The request that the item belongs to: the same by uid, not only by name. */
export function requestOf({ cluster }: Operator, item: ShareItem): ShareRequest | undefined {
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

/** The last answer of a target to a question. */
export function lookupIn({ memory }: Operator) {
  return (question: {
    readonly contribution: string;
    readonly target: string;
    readonly fingerprint: string;
  }): TargetState | undefined => {
    const result = memory.results.get(question.target)?.get(question.contribution);
    return result?.fingerprint === question.fingerprint ? result.state : undefined;
  };
}

/** Whether drift may be repaired, and whether somebody asked for it. */
export function repairRule(operator: Operator, item: ShareItem, request: ShareRequest | undefined): RepairRule {
  const dataset = datasetOf(operator, item.spec.datasetRef);
  const token = newest([
    request?.metadata.annotations?.[annotations.reapply],
    dataset?.metadata.annotations?.[annotations.reapply],
  ]);
  const handled = operator.memory.items.get(item.metadata.uid ?? '')?.handledReapply ?? item.status?.lastHandledReapplyAt ?? '';
  return { reportOnly: dataset?.spec.sharing.drift === 'Report', token, reapply: token !== '' && token !== handled };
}

/** The latest of several requests by annotation; they are times, so that the order of text is the order of time. */
export function newest(tokens: readonly (string | undefined)[]): string {
  return (
    tokens
      .filter((token) => token !== undefined)
      .toSorted()
      .at(-1) ?? ''
  );
}
