/** The objects of a share: ConsumptionRole and ShareRequest of who uses the data, ShareApproval of who owns it. Pure. */
import type { KubeObject } from '../../kube/object.ts';
import { shareApprovalName } from '../../shares/names.ts';
import type { DataAllShare } from './export.ts';
import type { Brought } from './items.ts';
import { byName, object } from './manifest.ts';
import type { Translated } from './naming.ts';

/** Whoever uses the data: the role, and what is asked for. */
export function sideOfRequester(each: Translated): KubeObject[] {
  const { share, requester: namespace, roleName, requestName } = each;
  const role = {
    environmentRef: { name: each.environments.principal.name },
    principalArn: each.arn,
    policyManagement: each.management,
  };
  const expireTime = endAsked(share);
  const spec = {
    datasetRef: { namespace: each.owner, name: each.datasetName },
    principal: { kind: 'ConsumptionRole', name: roleName },
    permissions: each.permissions,
    ...(share.requestPurpose === undefined || share.requestPurpose === ''
      ? {}
      : { purpose: share.requestPurpose.slice(0, 1024) }),
    ...(each.draft ? { state: 'Draft' } : {}),
    items: itemsOf(each, each.items),
    ...(expireTime === undefined ? {} : { expireTime }),
  };
  return [
    object('ConsumptionRole', { namespace, name: roleName }, role),
    object('ShareRequest', { namespace, name: requestName, from: { 'data.all/shareUri': share.shareUri } }, spec),
  ];
}

/** Whoever owns the data: the consent that data.all has, if it has any. */
export function approvalOf(each: Translated): KubeObject[] {
  const { share, owner, requester, requestName } = each;
  const approved = each.items.filter((item) => item.approved);
  if (approved.length === 0) return [];
  const request = { namespace: requester, name: requestName };
  const expireTime = endApproved(share);
  const spec = {
    datasetRef: { name: each.datasetName },
    requestRef: request,
    decision: 'Approved',
    reason: `Consented to in data.all, share ${share.shareUri}.`,
    principal: { arn: each.arn },
    items: itemsOf(each, approved).map((item) => ({ ...item, permissions: each.permissions })),
    ...(expireTime === undefined ? {} : { expireTime }),
  };
  const from = { 'data.all/shareUri': share.shareUri };
  return [object('ShareApproval', { namespace: owner, name: shareApprovalName('Approved', request), from }, spec)];
}

function itemsOf({ itemNames }: Translated, items: readonly Brought[]): { readonly type: string; readonly name: string }[] {
  return byName(items.map(({ type, uri }) => ({ type, name: itemNames.get(uri) ?? '' })));
}

/** The end that data.all has approved. */
export function endApproved({ nonExpirable, expiryDate }: DataAllShare): string | undefined {
  return nonExpirable === true ? undefined : endOf(expiryDate);
}

/** The end that is asked for: a later one than is approved is an extension, in Sluice as in data.all. */
function endAsked(share: DataAllShare): string | undefined {
  if (share.nonExpirable === true) return undefined;
  const asksForLater = share.status === 'Submitted_For_Extension' || share.expiryDate === undefined;
  return endOf((asksForLater ? share.requestedExpiryDate : undefined) ?? share.expiryDate);
}

/** data.all revokes on the day after (share_expiration_task: expiryDate.date() < today), so access ends with the day. */
function endOf(date: string | undefined): string | undefined {
  const day = /^\d{4}-\d{2}-\d{2}/.exec(date ?? '')?.[0];
  return day === undefined ? undefined : `${day}T23:59:59Z`;
}
