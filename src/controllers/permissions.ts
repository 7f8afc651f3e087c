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

/** An action that is now denied, now allowed (one bucket's owner denies it) is told this often at most. */
const quietMs = 5 * 60_000;

/** When an action was denied and allowed last (milliseconds since the epoch). */
export interface ActionRecord {
  readonly deniedAt: number | undefined;
  readonly allowedAt: number | undefined;
}

interface Parts {
  readonly memory: Pick<Memory, 'permissions'>;
  readonly cluster: Pick<Cluster, 'environments'>;
  readonly queues: Pick<Queues, 'environment'>;
  readonly clock: { now(): number };
}

/**
 * Notes what AWS answered to a call. Only a denial says anything of the role, and only a success takes it back. A denial that is news, and a success after one, bring the
 * account's Environments up to date.
 */
export function notePermission({ memory, cluster, queues, clock }: Parts, call: AwsCall): void {
  // What the operator's own identity may not assume is told as AssumeRoleDenied.
  if (call.service === 'STS' || (call.failure !== undefined && call.failure !== 'denied')) return;
  const records = memory.permissions.get(call.accountId) ?? new Map<string, ActionRecord>();
  memory.permissions.set(call.accountId, records);
  let isNews = false;
  for (const action of actionsOf(call)) {
    const before = records.get(action);
    const denied = call.failure === 'denied';
    const quietFor = clock.now() - (before?.deniedAt ?? Number.NEGATIVE_INFINITY);
    isNews ||= denied ? !isMissing(before) && quietFor >= quietMs : isMissing(before);
    const times = { deniedAt: before?.deniedAt, allowedAt: before?.allowedAt };
    records.set(action, denied ? { ...times, deniedAt: clock.now() } : { ...times, allowedAt: clock.now() });
  }
  if (!isNews) return;
  for (const { metadata } of cluster.environments.store.index('account', call.accountId))
    queues.environment.add(metadata.name, { priority: Priority.resync });
}

/** The actions that AWS denied last time it was asked, in the order of the alphabet. */
export function missingPermissions({ permissions }: Pick<Memory, 'permissions'>, accountId: string): string[] {
  return [...(permissions.get(accountId) ?? [])].flatMap(([action, record]) => (isMissing(record) ? [action] : [])).sort();
}

/** The Environment's condition; none while nothing is denied. Ready stays: what needs other permissions goes on. */
export function permissionConditions(memory: Pick<Memory, 'permissions'>, { spec }: Environment): ConditionValue[] {
  const missing = missingPermissions(memory, spec.accountId);
  if (missing.length === 0) return [];
  const role = spec.assumeRole?.arn ?? "the operator's own identity";
  const message = `AWS denies the operator in account ${spec.accountId}: ${missing.join(', ')}. Add them to the policy of ${role}; where it has them, look for a Deny in the resource's policy or of the organization. They leave this list when AWS allows them`;
  return [{ type: 'PermissionsMissing', status: 'True', reason: 'PermissionsMissing', message }];
}

function isMissing(record: ActionRecord | undefined): boolean {
  return record?.deniedAt !== undefined && record.deniedAt > (record.allowedAt ?? Number.NEGATIVE_INFINITY);
}
