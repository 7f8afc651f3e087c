/**
 * Permissions that the operator lacks in an account, as AWS has shown them: an action that was denied, and not allowed since. Told in the Environment, for whoever
 * keeps the role; the shares that fail by it say so themselves. In memory: after a restart it is learned anew by trying.
 */
import { actionsOf } from '../aws/actions.ts';
import type { AwsCall } from '../aws/clients.ts';
import type { Environment } from '../api/index.ts';
import { Priority } from '../kube/queue.ts';
import type { ConditionValue } from '../shares/report.ts';
import type { Cluster } from './cluster.ts';
import type { Memory } from './memory.ts';
import type { Queues } from './operator.ts';

/** What changes together is told together (ms): an action that one bucket's owner denies and others allow changes with each call. */
const tellAfterMs = 2000;

/** What AWS answered last time. */
export type ActionAnswer = 'denied' | 'allowed';

interface Parts {
  readonly memory: Pick<Memory, 'permissions'>;
  readonly cluster: Pick<Cluster, 'environments'>;
  readonly queues: Pick<Queues, 'environment'>;
}

/**
 * Notes what AWS answered to a call: only a denial says anything of the role, and only a success takes it back. What changes brings the account's Environments up
 * to date.
 */
export function notePermission({ memory, cluster, queues }: Parts, call: AwsCall): void {
  // What the operator's own identity may not assume is told as AssumeRoleDenied.
  if (call.service === 'STS' || (call.failure !== undefined && call.failure !== 'denied')) return;
  const answers = memory.permissions.get(call.accountId) ?? new Map<string, ActionAnswer>();
  memory.permissions.set(call.accountId, answers);
  const answer = call.failure === 'denied' ? 'denied' : 'allowed';
  const actions = actionsOf(call);
  const isNews = actions.some((action) => (answers.get(action) ?? 'allowed') !== answer);
  for (const action of actions) answers.set(action, answer);
  if (!isNews) return;
  for (const { metadata } of cluster.environments.store.index('account', call.accountId))
    queues.environment.add(metadata.name, { priority: Priority.resync, afterMs: tellAfterMs });
}

/** The actions that AWS denied last time it was asked, in the order of the alphabet. */
export function missingPermissions({ permissions }: Pick<Memory, 'permissions'>, accountId: string): string[] {
  return [...(permissions.get(accountId) ?? [])].flatMap(([action, answer]) => (answer === 'denied' ? [action] : [])).sort();
}

/** The Environment's condition; none while nothing is denied. Ready stays: what needs other permissions goes on. */
export function permissionConditions(memory: Pick<Memory, 'permissions'>, { spec }: Environment): ConditionValue[] {
  const missing = missingPermissions(memory, spec.accountId);
  if (missing.length === 0) return [];
  const role = spec.assumeRole?.arn ?? "the operator's own identity";
  const message = `AWS denies the operator in account ${spec.accountId}: ${missing.join(', ')}. Add them to the policy of ${role}; where it has them, look for a Deny in the resource's policy or of the organization. They leave this list when AWS allows them`;
  return [{ type: 'PermissionsMissing', status: 'True', reason: 'PermissionsMissing', message }];
}
