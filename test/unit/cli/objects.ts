/** Objects as the operator leaves them, for what people see of them: a request that waits, one that is shared, and the owner's views of both. */
import type { Condition, ReceivedShare, ShareItem, ShareRequest } from '../../../src/api/index.ts';
import { receivedShareName } from '../../../src/shares/names.ts';
import {
  analystsArn,
  analystsId,
  anEntry,
  anItem,
  aRequest,
  beginning,
  bucketName,
  consumerAccount,
  producerAccount,
  spec,
  time,
  type Modifier,
} from '../../support/builders.ts';

/** Where tests begin: a minute after the objects were made. */
export const start = beginning + 60_000;
/** The request's own name and place. */
export const requestRef = { namespace: 'team-analytics', name: 'orders-for-analysts' };
/** Digest of the item. */
export const digest = `v1:sha256:${'a'.repeat(64)}`;
/** Targets of the item. */
export const targets = [`s3:bucket-policy/${producerAccount}/${bucketName}`, `iam:share-policy/${analystsArn}`] as const;

/** A condition of generation 1. */
export function condition(type: string, status: Condition['status'], reason: string, message = `about ${reason}`): Condition {
  return { type, status, reason, message, observedGeneration: 1, lastTransitionTime: time(5) };
}

/** Sets fields of the status; the generation is the current one. */
export function status<T extends { readonly status?: object; readonly metadata: object }>(patch: object): Modifier<T> {
  return (object) => ({ ...object, status: { observedGeneration: 1, ...object.status, ...patch } });
}

const shared = [
  condition('Ready', 'True', 'Succeeded', '1/1 shared'),
  condition('Approved', 'True', 'Approved'),
  condition('Healthy', 'True', 'Verified'),
];
const waiting = [
  condition('Ready', 'False', 'PendingApproval', '0/1 shared: waits for the owner of team-sales/orders'),
  condition('Approved', 'Unknown', 'PendingApproval', 'waits for the owner'),
];
const display = { dataset: 'team-sales/orders', principal: `${consumerAccount}:analysts` };

/** The request, waiting for its owner. */
export function waitingRequest(...modifiers: Modifier<ShareRequest>[]): ShareRequest {
  const plan = [
    `IAM of ${consumerAccount}: a share policy for Bucket ${bucketName} is created for, and attached to, ${analystsArn}`,
  ];
  const base = status<ShareRequest>({ phase: 'Submitted', conditions: waiting, plan, display: { ...display, shared: '0/1' } });
  return aRequest(base, ...modifiers);
}

/** The request, everything shared. */
export function sharedRequest(...modifiers: Modifier<ShareRequest>[]): ShareRequest {
  return aRequest(
    status<ShareRequest>({ phase: 'Processed', conditions: shared, display: { ...display, shared: '1/1' } }),
    ...modifiers,
  );
}

/** Its item, waiting. */
export function waitingItem(...modifiers: Modifier<ShareItem>[]): ShareItem {
  const conditions = [
    condition('Ready', 'False', 'PendingApproval'),
    condition('Granted', 'False', 'NotGranted'),
    condition('Healthy', 'Unknown', 'NotGranted'),
  ];
  return anItem(status<ShareItem>({ phase: 'PendingApproval', conditions }), ...modifiers);
}

/** Its item, in place. */
export function sharedItem(...modifiers: Modifier<ShareItem>[]): ShareItem {
  const consent = {
    source: 'Approval',
    approvalRef: { name: 'yes', uid: 'uid-yes', generation: 1 },
    digest,
    permissions: ['Read'],
    grantedTime: time(10),
    expireTime: time(86_400),
  } as const;
  return anItem(
    spec({ consent, resolved: [anEntry({ state: 'Live', targets: [...targets] })] }),
    status<ShareItem>({
      phase: 'ShareSucceeded',
      healthStatus: 'Healthy',
      conditions: [
        condition('Ready', 'True', 'Succeeded'),
        condition('Granted', 'True', 'Succeeded'),
        condition('Healthy', 'True', 'Verified'),
      ],
      grants: targets.map((target) => ({ target, state: 'Applied' })),
      history: [
        { time: time(12), action: 'iam:AttachRolePolicy', target: targets[1], result: 'Succeeded', requestId: 'request-3' },
        { time: time(12), action: 'iam:CreatePolicy', target: targets[1], result: 'Succeeded', requestId: 'request-2' },
        { time: time(11), action: 's3:PutBucketPolicy', target: targets[0], result: 'Succeeded', requestId: 'request-1' },
      ],
    }),
    ...modifiers,
  );
}

/** What the owner sees of the request while it waits. */
export function receivedShare(...modifiers: Modifier<ReceivedShare>[]): ReceivedShare {
  const base: ReceivedShare = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'ReceivedShare',
    metadata: {
      name: receivedShareName(requestRef),
      namespace: 'team-sales',
      uid: 'uid-received',
      generation: 1,
      creationTimestamp: time(0),
    },
    spec: {
      datasetRef: { name: 'orders' },
      requestRef,
      principal: { arn: analystsArn, uniqueId: analystsId },
      purpose: 'Weekly revenue report',
      permissions: ['Read'],
      items: [{ type: 'Bucket', name: bucketName, location: `arn:aws:s3:::${bucketName} in account ${producerAccount}`, digest }],
    },
    status: {
      observedGeneration: 1,
      phase: 'Submitted',
      conditions: waiting,
      plan: [`bucket policy of ${bucketName}: allow ${analystsArn} s3:GetObject on arn:aws:s3:::${bucketName}/*`],
      items: [{ type: 'Bucket', name: bucketName, phase: 'PendingApproval' }],
      display: { requester: 'team-analytics/orders-for-analysts', principal: display.principal, items: '0/1' },
    },
  };
  return modifiers.reduce((built, modify) => modify(built), base);
}

/** The owner's view once it is shared. */
export function receivedShared(...modifiers: Modifier<ReceivedShare>[]): ReceivedShare {
  const items = [{ type: 'Bucket', name: bucketName, phase: 'ShareSucceeded', healthStatus: 'Healthy' }];
  const more = { phase: 'Processed', conditions: shared, plan: [], items, decidedBy: ['yes'], expireTime: time(86_400) };
  return receivedShare(status<ReceivedShare>(more), ...modifiers);
}
