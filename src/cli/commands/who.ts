/**
 * `who`: who can use a Dataset, by which share, until when. An owner is answered from his own namespace (ReceivedShares and his approvals); with -A, for
 * auditors, from the records of all ShareItems, which say exactly what AWS was asked for.
 */
import { PERMISSIONS, type Permission, type ReceivedShare, type ShareApproval, type ShareItem } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import { shortPrincipal } from '../../shares/arn.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { list } from '../objects.ts';
import { isForPrograms, printData, printTable } from '../output.ts';
import { end, phaseCell } from '../words.ts';
import { placeOf } from './lists.ts';

/** One item that one principal can use. */
export interface Access {
  readonly dataset: string;
  readonly type: string;
  readonly item: string;
  readonly principal: string;
  readonly permissions: readonly Permission[];
  readonly request: string;
  readonly decidedBy: readonly string[];
  /** RFC 3339: the first consent. From the records alone. */
  readonly since?: string;
  /** RFC 3339; absent: no end. */
  readonly until?: string;
  readonly phase: string;
}

/**
 * Phases in which AWS may hold something: from the first write until the last read-back of a revoke. One that failed may have got half way, so it is told.
 */
const sharedPhases: ReadonlySet<string> = new Set([
  'ShareInProgress',
  'ShareSucceeded',
  'ShareFailed',
  'PendingExtension',
  'RevokeApproved',
  'RevokeInProgress',
  'RevokeFailed',
]);

/** Shows who can use the Dataset, or all Datasets of the namespace. */
export async function who(context: Context, dataset: string | undefined): Promise<ExitCode> {
  const found = context.allNamespaces ? await fromRecords(context) : await fromInbox(context);
  const wanted = found.filter((access) => dataset === undefined || names(access, dataset)).toSorted(byDatasetAndPrincipal);
  if (isForPrograms(context)) {
    printData(context, wanted);
    return exitCodes.ok;
  }
  printTable(context, {
    header: ['DATASET', 'ITEM', 'PRINCIPAL', 'PERMISSIONS', 'REQUEST', 'DECIDED BY', 'UNTIL', 'PHASE'],
    wideHeader: ['SINCE', 'ARN'],
    rows: wanted.map((access) => ({
      cells: [
        access.dataset,
        `${access.type} ${access.item}`,
        shortPrincipal(access.principal),
        access.permissions.join(','),
        access.request,
        access.decidedBy.join(','),
        end(access.until),
        phaseCell(access.phase),
      ],
      wide: [access.since ?? '', access.principal],
    })),
    empty: `Nothing is shared of ${dataset === undefined ? placeOf(context) : `dataset ${dataset}`}.`,
  });
  return exitCodes.ok;
}

async function fromInbox(context: Context): Promise<Access[]> {
  const [received, approvals] = await Promise.all([list(context, types.received), list(context, types.approval)]);
  return received.flatMap((each) => accessOf(each, approvals));
}

/** What the owner's namespace knows: what was asked for, as far as what decided allows it. */
export function accessOf({ metadata, spec, status }: ReceivedShare, approvals: readonly ShareApproval[]): Access[] {
  const decidedBy = status?.decidedBy ?? [];
  const deciding = approvals.filter((approval) => decidedBy.includes(approval.metadata.name));
  return (status?.items ?? []).flatMap(({ type, name, phase = '' }): Access[] => {
    if (!sharedPhases.has(phase)) return [];
    const approved = deciding.flatMap(({ spec: { items } }) =>
      items.filter((item) => item.type === type && item.name === name).flatMap((item) => item.permissions),
    );
    // Automatic consent, and an approval that is gone while its share is being taken back, leave what was asked for.
    const allowed = decidedBy.includes('Automatic') || approved.length === 0 ? spec.permissions : approved;
    return [
      {
        dataset: `${metadata.namespace ?? ''}/${spec.datasetRef.name}`,
        type,
        item: name,
        principal: spec.principal?.arn ?? '',
        permissions: PERMISSIONS.filter((permission) => allowed.includes(permission) && spec.permissions.includes(permission)),
        request: `${spec.requestRef.namespace}/${spec.requestRef.name}`,
        decidedBy,
        ...(status?.expireTime === undefined ? {} : { until: status.expireTime }),
        phase,
      },
    ];
  });
}

async function fromRecords(context: Context): Promise<Access[]> {
  return (await list(context, types.item)).flatMap(recordedAccess);
}

/** What the records say: every place that AWS may hold something of. */
export function recordedAccess({ metadata, spec, status }: ShareItem): Access[] {
  const { consent, datasetRef, type, name } = spec;
  const decidedBy =
    consent === undefined ? [] : [consent.source === 'Automatic' ? 'Automatic' : (consent.approvalRef?.name ?? '')];
  return spec.resolved.map(({ principal, permissions }) => ({
    dataset: `${datasetRef.namespace}/${datasetRef.name}`,
    type,
    item: name,
    principal: principal.arn,
    permissions,
    request: `${metadata.namespace ?? ''}/${spec.requestRef.name}`,
    decidedBy,
    ...(consent === undefined ? {} : { since: consent.grantedTime }),
    ...(consent?.expireTime === undefined ? {} : { until: consent.expireTime }),
    phase: status?.phase ?? '',
  }));
}

function names({ dataset }: Access, wanted: string): boolean {
  return dataset === wanted || dataset.endsWith(`/${wanted}`);
}

function byDatasetAndPrincipal(left: Access, right: Access): number {
  const rank = ({ dataset, principal, item }: Access): string => `${dataset} ${principal} ${item}`;
  return rank(left).localeCompare(rank(right));
}
