/** What a situation is, and what several of them do. */
import type { Reason } from '../../../../src/api/index.ts';
import { operatorRolePolicy } from '../../../../sandbox/operator-policy.ts';
import type { Setup } from '../../../worlds/scene.ts';
import { bucket, owner, type Hands } from './hands.ts';

/** A share that does not become Ready, or does not stay so. */
export interface Situation {
  readonly reason: Reason;
  readonly what: string;
  readonly setup?: Partial<Setup>;
  /** Before the operator starts. Without it the request is made and approved. */
  readonly before?: (hands: Hands) => void;
  /** When the share is in place. */
  readonly after?: (hands: Hands) => void | Promise<void>;
  /** Seconds until it is asked. */
  readonly wait?: number;
  /** Whom and what is asked for: the requester for q0. */
  readonly ask?: readonly [namespace: string, object: string];
}

/** Asks, and is approved. */
export const ask = (hands: Hands): void => {
  hands.request();
  hands.approve();
};
/** The Dataset with other terms. */
export const withSharing =
  (sharing: object) =>
  (hands: Hands): void => {
    hands.edit('datasets', `${owner}/orders`, (spec) => ({ ...spec, sharing: { ...(spec['sharing'] as object), ...sharing } }));
    ask(hands);
  };
/** The Dataset and the request with other buckets. */
export const withBuckets =
  (...buckets: readonly object[]) =>
  (hands: Hands): void => {
    hands.edit('datasets', `${owner}/orders`, (spec) => ({ ...spec, buckets }));
    hands.request({ items: buckets.map((each) => ({ type: 'Bucket', name: (each as { readonly name: string }).name })) });
    hands.approve({ items: buckets.map((each) => ({ type: 'Bucket', name: (each as { readonly name: string }).name })) });
  };
/** An Environment that says something else. */
export const editEnvironment =
  (name: string, more: object) =>
  (hands: Hands): void => {
    hands.edit('environments', name, (spec) => ({ ...spec, ...more }));
    ask(hands);
  };
/** Takes actions from the role that Sluice works with. */
export const withhold = (hands: Hands, account: string, ...actions: readonly string[]): void => {
  const { Version, Statement } = operatorRolePolicy(account);
  const rest = Statement.map((each) => ({ ...each, Action: each.Action.filter((action) => !actions.includes(action)) }));
  const document = { Version, Statement: rest.filter(({ Action }) => Action.length > 0) };
  hands.act(account, 'iam', 'PutRolePolicy', {
    RoleName: 'sluice',
    PolicyName: 'sluice',
    PolicyDocument: JSON.stringify(document),
  });
};
/** A Deny on the objects of the bucket. */
export const deny = (more: object): object => ({
  Effect: 'Deny',
  Action: 's3:GetObject',
  Resource: `arn:aws:s3:::${bucket}/*`,
  ...more,
});
