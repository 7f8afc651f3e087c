/**
 * From its items to what people see of a ShareRequest (and of the owner's ReceivedShare, which shows the same). Pure. Argo CD and Flux see only what is in
 * git, so the request carries the worst of its items.
 */
import type { ShareApproval, ShareItem, ShareRequest } from '../api/index.ts';
import type { Decision } from './decide.ts';
import { PERMISSIONS } from '../api/index.ts';
import { isReady, type ConditionValue, type ItemReport } from './report.ts';
import { approvedOf } from './request-approved.ts';
import type { Resolution } from './resolution.ts';
import { datasetNotAvailable } from './resolve.ts';

/** An item with its decision and report. */
export interface RequestItem {
  readonly item: ShareItem;
  readonly decision: Decision;
  readonly report: ItemReport;
}

/** An item of the request with what it means in AWS now. */
export interface AskedItem {
  readonly type: ShareItem['spec']['type'];
  readonly name: string;
  readonly resolution: Resolution;
}

/** An item that can't be shared as it is asked for. */
export interface InvalidItem {
  readonly type: ShareItem['spec']['type'];
  readonly name: string;
  readonly reason: string;
  readonly message: string;
}

/** What a summary is made from. */
export interface RequestInput {
  readonly request: ShareRequest;
  readonly items: readonly RequestItem[];
  readonly asked: readonly AskedItem[];
  readonly invalid: readonly InvalidItem[];
  readonly approvals: readonly ShareApproval[];
}

/** A request summed up. */
export interface RequestSummary extends RequestInput {
  readonly phase: NonNullable<NonNullable<ShareRequest['status']>['phase']>;
  readonly conditions: readonly ConditionValue[];
  readonly counts: {
    readonly total: number;
    readonly pending: number;
    readonly shared: number;
    readonly failed: number;
    readonly revoked: number;
    readonly unhealthy: number;
  };
  readonly healthStatus: ItemReport['healthStatus'];
  /** When the last access ends. */
  readonly expireTime: string | undefined;
  readonly exceeding: readonly {
    readonly type: ShareItem['spec']['type'];
    readonly name: string;
    readonly permissions: readonly ('Read' | 'Write' | 'Modify')[];
  }[];
}

/**
 * The items that get no ShareItem, with the reason. Where the Dataset does not exist for the requester there is one answer for the whole request and none per
 * item: a list would say which of them exist. One that is closed by now, while it still serves items of the request, is no secret: what it does not serve is named.
 */
export function invalidItemsOf(asked: readonly AskedItem[], items: readonly ShareItem[]): InvalidItem[] {
  return asked.flatMap(({ type, name, resolution }) => {
    const exists = items.some((item) => item.spec.type === type && item.spec.name === name);
    const told = resolution.kind === 'gone' && (resolution.reason === 'ItemNotFound' || isClosedSince(resolution, items));
    return told && !exists ? [{ type, name, reason: resolution.reason, message: resolution.message }] : [];
  });
}

function isClosedSince({ reason }: { readonly reason: string }, items: readonly ShareItem[]): boolean {
  return reason === datasetNotAvailable.reason && items.length > 0;
}

/** Sums a request up. */
export function reportRequest(input: RequestInput): RequestSummary {
  const counts = countsOf(input);
  const exceeding = exceedingOf(input);
  const unhealthy = input.items.find(
    ({ report }) => report.healthStatus === 'Unhealthy' || report.healthStatus === 'PendingReapply',
  );
  return {
    ...input,
    phase: phaseOf(input),
    conditions: conditionsOf(input, counts, exceeding),
    counts,
    healthStatus: unhealthy?.report.healthStatus ?? overallHealth(input.items),
    expireTime: expireTimeOf(input.items),
    exceeding,
  };
}

/** When the last of the live shares ends; undefined where one never does, or none is live. */
function expireTimeOf(items: readonly RequestItem[]): string | undefined {
  const live = items
    .map(({ decision }) => decision.consent)
    .filter((consent) => consent !== undefined && consent.ended === undefined);
  if (live.some((consent) => consent?.expireTime === undefined)) return undefined;
  return live
    .map((consent) => consent?.expireTime ?? '')
    .toSorted()
    .at(-1);
}

/** Healthy when all that is shared is; undefined where nothing is. */
function overallHealth(items: readonly RequestItem[]): ItemReport['healthStatus'] {
  const known = items.map(({ report }) => report.healthStatus).filter((status) => status !== undefined);
  if (known.length === 0) return undefined;
  return known.every((status) => status === 'Healthy') ? 'Healthy' : 'PendingVerify';
}

/** In order, the first that fits; «all» never holds for zero items. */
function phaseOf({ request, items }: RequestInput): RequestSummary['phase'] {
  const any = (...phases: ItemReport['phase'][]): boolean => items.some(({ report }) => phases.includes(report.phase));
  if (request.spec.state === 'Draft' && !items.some(({ report }) => report.shared)) return 'Draft';
  if (any('RevokeInProgress')) return 'RevokeInProgress';
  if (any('RevokeApproved')) return 'Revoked';
  if (any('ShareInProgress')) return 'ShareInProgress';
  if (any('ShareApproved')) return 'Approved';
  if (any('PendingExtension')) return 'SubmittedForExtension';
  if (items.some(({ decision: { situation } }) => situation.kind === 'granted' && situation.extension === 'Rejected'))
    return 'ExtensionRejected';
  if (any('PendingApproval') || items.length === 0) return 'Submitted';
  return items.every(({ report }) => report.phase === 'ShareRejected') ? 'Rejected' : 'Processed';
}

function countsOf({ items, invalid }: RequestInput): RequestSummary['counts'] {
  const count = (test: (report: ItemReport) => boolean): number => items.filter(({ report }) => test(report)).length;
  return {
    total: items.length + invalid.length,
    pending: count(({ phase }) => phase === 'PendingApproval'),
    shared: count(({ shared }) => shared),
    failed: count(({ phase }) => phase === 'ShareFailed' || phase === 'RevokeFailed'),
    revoked: count(({ phase }) => phase === 'RevokeSucceeded'),
    unhealthy: count(({ healthStatus }) => healthStatus === 'Unhealthy'),
  };
}

/** What is asked for beyond consent, of items that something is shared of. */
function exceedingOf({ request, items }: RequestInput): RequestSummary['exceeding'] {
  return items.flatMap(({ item, decision }) => {
    const { situation } = decision;
    if (situation.kind !== 'granted' || situation.exceeding.length === 0) return [];
    const more = request.spec.permissions.filter((permission) => !decision.permissions.includes(permission));
    // The place itself changed: all of what is asked for waits.
    return [
      {
        type: item.spec.type,
        name: item.spec.name,
        permissions: more.length > 0 ? PERMISSIONS.filter((each) => more.includes(each)) : request.spec.permissions,
      },
    ];
  });
}

function conditionsOf(
  input: RequestInput,
  counts: RequestSummary['counts'],
  exceeding: RequestSummary['exceeding'],
): ConditionValue[] {
  const ready = readyOf(input, counts);
  const conditions: ConditionValue[] = [
    { type: 'Ready', status: ready.ready ? 'True' : 'False', reason: ready.reason, message: ready.message },
    approvedOf(input, exceeding),
  ];
  const unhealthy = input.items.filter(({ report }) =>
    report.conditions.some(({ type, status }) => type === 'Healthy' && status === 'False'),
  );
  const healthy = input.items.filter(({ report }) => report.healthStatus === 'Healthy');
  if (unhealthy.length > 0)
    conditions.push({
      type: 'Healthy',
      status: 'False',
      reason: healthReasonOf(unhealthy[0]),
      message: unhealthy.map(({ item, report }) => `${labelOf(item)}: ${report.healthMessage}`).join(' | '),
    });
  else if (healthy.length > 0)
    conditions.push({
      type: 'Healthy',
      status: 'True',
      reason: 'Verified',
      message: `${String(healthy.length)}/${String(counts.total)} items were read back from AWS and are as consented to`,
    });
  if (ready.progress !== 'none')
    conditions.push({
      type: ready.progress === 'stalled' ? 'Stalled' : 'Reconciling',
      status: 'True',
      reason: ready.reason,
      message: ready.message,
    });
  return conditions;
}

interface Ready {
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  readonly progress: 'none' | 'stalled' | 'reconciling';
}

/** Ready when all items are; else the first of stalled, reconciling, pending, with the worst item's reason. */
function readyOf(input: RequestInput, counts: RequestSummary['counts']): Ready {
  const { request, items, invalid } = input;
  const whole = wholeRequestProblem(input);
  if (whole !== undefined && items.length === 0) return { ready: false, ...whole, progress: 'stalled' };
  if (request.spec.state === 'Draft' && items.length === 0)
    return {
      ready: false,
      reason: 'Draft',
      message: 'a draft asks for nothing yet: set spec.state to Submitted when it is ready',
      progress: 'none',
    };
  const shared = items.filter(({ report }) => isReady(report)).length;
  const prefix = `${String(shared)}/${String(counts.total)} shared`;
  const worst = worstOf(items);
  if (invalid[0] !== undefined && worst?.progress !== 'stalled')
    return {
      ready: false,
      reason: invalid[0].reason,
      message: `${prefix}: ${invalid[0].type} ${invalid[0].name}: ${invalid[0].message}`,
      progress: 'stalled',
    };
  if (worst === undefined) {
    return items.length > 0
      ? { ready: true, reason: 'Succeeded', message: prefix, progress: 'none' }
      : { ready: false, reason: 'Progressing', message: 'items are being made', progress: 'reconciling' };
  }
  return {
    ready: false,
    reason: worst.condition.reason,
    message: `${prefix}: ${labelOf(worst.item)}: ${worst.condition.message}`,
    progress: worst.progress,
  };
}

/** One reason for the whole request: the Dataset does not exist for this namespace, or there is no principal. */
function wholeRequestProblem({ asked }: RequestInput): { readonly reason: string; readonly message: string } | undefined {
  for (const { resolution } of asked) {
    if (resolution.kind === 'gone' && resolution.reason !== 'ItemNotFound')
      return { reason: resolution.reason, message: resolution.message };
  }
  return undefined;
}

interface Worst {
  readonly item: ShareItem;
  readonly condition: ConditionValue;
  readonly progress: Ready['progress'];
}

function worstOf(items: readonly RequestItem[]): Worst | undefined {
  const open = items
    .filter(({ report }) => !isReady(report))
    .map(({ item, report }): Worst => {
      const find = (type: string): ConditionValue | undefined => report.conditions.find((condition) => condition.type === type);
      const [stalled, reconciling] = [find('Stalled'), find('Reconciling')];
      const fallback: ConditionValue = find('Ready') ?? { type: 'Ready', status: 'Unknown', reason: 'Progressing', message: '' };
      if (stalled !== undefined) return { item, condition: stalled, progress: 'stalled' };
      return reconciling === undefined
        ? { item, condition: fallback, progress: 'none' }
        : { item, condition: reconciling, progress: 'reconciling' };
    });
  return (
    open.find(({ progress }) => progress === 'stalled') ?? open.find(({ progress }) => progress === 'reconciling') ?? open[0]
  );
}

function healthReasonOf(item: RequestItem | undefined): string {
  return item?.report.conditions.find(({ type }) => type === 'Healthy')?.reason ?? 'Drifted';
}

function labelOf(item: ShareItem): string {
  return `${item.spec.type} ${item.spec.name}`;
}
