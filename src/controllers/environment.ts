/**
 * The Environment controller: can the operator work in this account, as whom, and within which quotas? It writes nothing in AWS.
 */
import { GetAccountSummaryCommand } from '@aws-sdk/client-iam';
import { classifyAwsError, isRetryable } from '../aws/errors.ts';
import type { Environment, EnvironmentStatus } from '../api/index.ts';
import type { Result } from '../kube/controller.ts';
import type { EnvironmentState } from '../shares/judge.ts';
import { allowRemovalAnnotation, isRemovalHeld, removalHeldMessage } from '../shares/guard.ts';
import type { ConditionValue } from '../shares/report.ts';
import { defaultAttachmentQuota } from '../targets/share-policy-names.ts';
import type { SessionRef } from '../targets/target.ts';
import { types } from './cluster.ts';
import { wakeEnvironment } from './dependents.ts';
import { leftoversOf } from './leftovers.ts';
import { orphanStatus } from './orphan-status.ts';
import { recordingMs, setFinalizer } from './finalizers.ts';
import { contestedBuckets } from './holding.ts';
import { sameObservation, type EnvironmentFinding } from './observations.ts';
import { sessionOf } from './session.ts';
import { finalizers, jittered, type Operator } from './operator.ts';
import { permissionConditions } from './permissions.ts';
import { stampConditions, writeStatus } from './status.ts';
import { leftoverConditions, retryMs } from './verdict.ts';

const policySizeLimit = 6144;
/** The list in the CRD holds no more. */
const ownersShown = 400;

/** Reconciles one Environment. */
export async function reconcileEnvironment(operator: Operator, name: string, signal: AbortSignal): Promise<Result> {
  const { cluster, observations } = operator;
  const environment = cluster.environments.store.get(name);
  if (environment === undefined) {
    observations.environments.delete(name);
    observations.entered.delete(name);
    wakeEnvironment(operator, { name });
    return { kind: 'done' };
  }
  const users = cluster.items.store.index('environment', name);
  const inUse = { name: finalizers.inUse, wanted: users.length > 0 };
  const settled = await setFinalizer(operator, types.environment, environment, inUse);
  const found = await inspectWhenDue(operator, environment, signal);
  const state: NonNullable<EnvironmentState> =
    found.kind === 'ready'
      ? { kind: 'ready', attachmentQuota: found.attachmentQuota }
      : { kind: 'notReady', reason: found.reason, message: found.message };
  if (!sameObservation(observations.environments.get(name), state)) {
    observations.environments.set(name, state);
    // At once: if the status can't be written, the next look finds nothing changed.
    wakeEnvironment(operator, { name, accountId: environment.spec.accountId });
    operator.queues.orphans.add(name);
  }
  await writeStatus(operator, types.environment, environment, statusOf(operator, environment, found, users.length));
  if (!settled) return { kind: 'requeue', afterMs: recordingMs };
  const again = found.kind === 'ready' || !found.passing ? operator.verifyIntervalMs : retryAfterFinding(found);
  return { kind: 'requeue', afterMs: jittered(again, operator.random) };
}

/** Where AWS did not answer, soon; where something has to be mended in AWS, less often. */
function retryAfterFinding({ reason }: Extract<EnvironmentFinding, { readonly kind: 'notReady' }>): number {
  return reason === 'ProgressingWithRetry' ? retryMs.passing : retryMs.problem;
}

/** AWS is asked when something that matters has changed, and when it is time; not whenever somebody looks at the Environment. */
async function inspectWhenDue(operator: Operator, environment: Environment, signal: AbortSignal): Promise<EnvironmentFinding> {
  const { observations, cluster, clock } = operator;
  const { name, generation, uid } = environment.metadata;
  const secretRef = environment.spec.assumeRole?.externalIdSecretRef;
  const secret = cluster.secrets.store.list().find(({ metadata }) => metadata.name === secretRef?.name);
  const basis = [
    uid,
    generation,
    secret?.metadata.resourceVersion,
    environment.status?.installation,
    olderTwin(operator, environment),
  ].join('|');
  const last = observations.entered.get(name);
  const interval = last === undefined || last.found.kind === 'ready' ? operator.verifyIntervalMs : retryAfterFinding(last.found);
  if (last?.basis === basis && clock.now() - last.at < interval * 0.9) return last.found;
  // A changed external id must not meet a session that was made with the old one.
  if (last !== undefined && last.basis !== basis) operator.sessions.forget(sessionOf(environment));
  const found = await inspect(operator, environment, signal);
  const served =
    found.kind === 'ready' || found.reason !== 'OwnedByAnotherInstallation'
      ? operator.installation
      : environment.status?.installation;
  observations.entered.set(name, {
    basis: [uid, generation, secret?.metadata.resourceVersion, served, olderTwin(operator, environment)].join('|'),
    at: clock.now(),
    found,
  });
  return found;
}

async function inspect(operator: Operator, environment: Environment, signal: AbortSignal): Promise<EnvironmentFinding> {
  const { installation } = operator;
  const served = environment.status?.installation;
  if (served !== undefined && served !== installation) {
    const message = `installation ${served} serves this Environment; this one is ${installation} and writes nothing here: run one operator per Environment, or carry the installation id over (chart value installation)`;
    return { kind: 'notReady', reason: 'OwnedByAnotherInstallation', message, passing: true };
  }
  const twin = olderTwin(operator, environment);
  if (twin !== undefined) {
    return {
      kind: 'notReady',
      reason: 'DuplicateEnvironment',
      message: `Environment ${twin} is for the same account and region: use that one and delete this`,
      passing: false,
    };
  }
  return enter(operator, environment, signal);
}

function olderTwin({ cluster }: Operator, environment: Environment): string | undefined {
  const rank = ({ metadata }: Environment): string => `${metadata.creationTimestamp ?? ''}/${metadata.name}`;
  const twins = cluster.environments.store
    .index('account', environment.spec.accountId)
    .filter(({ spec }) => spec.region === environment.spec.region);
  const first = twins.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1))[0];
  return first === undefined || first.metadata.name === environment.metadata.name ? undefined : first.metadata.name;
}

async function enter(operator: Operator, environment: Environment, signal: AbortSignal): Promise<EnvironmentFinding> {
  const { sessions, observations } = operator;
  const session = sessionOf(environment);
  try {
    if (observations.ownIdentities.size === 0)
      observations.ownIdentities.add((await sessions.ownIdentity(session.region, signal)).arn);
    const caller = await sessions.callerIdentity(session, signal);
    if (caller.accountId !== session.accountId) {
      const message = `the operator is in account ${caller.accountId} as ${caller.arn}, but spec.accountId is ${session.accountId}: correct spec.assumeRole, or create an Environment for the right account`;
      return { kind: 'notReady', reason: 'AccountMismatch', message, passing: true };
    }
    return { kind: 'ready', callerArn: caller.arn, attachmentQuota: await readQuota(operator, session) };
  } catch (error) {
    sessions.forget(session);
    return refusedEntry(environment, error);
  }
}

function refusedEntry(environment: Environment, error: unknown): EnvironmentFinding {
  const failure = classifyAwsError(error);
  const role = environment.spec.assumeRole?.arn;
  if (failure.code === 'ExternalIdMissing')
    return { kind: 'notReady', reason: 'ExternalIdMissing', message: failure.message, passing: true };
  if (isRetryable(failure.kind) && failure.kind !== 'expired') {
    return {
      kind: 'notReady',
      reason: 'ProgressingWithRetry',
      message: `AWS can't be reached (${failure.code}): ${failure.message}; it is tried again`,
      passing: true,
    };
  }
  const advice =
    role === undefined
      ? "check the operator's own AWS credentials"
      : `check that the trust policy of ${role} names the operator's identity and the external id in the Secret`;
  return {
    kind: 'notReady',
    reason: 'AssumeRoleDenied',
    message: `AWS refuses the operator's session (${failure.code}): ${failure.message}; ${advice}`,
    passing: true,
  };
}

/** Without the permission to read the quota AWS's default is assumed, which is never more than what AWS grants. */
async function readQuota({ sessions }: Operator, session: SessionRef): Promise<number> {
  try {
    const { SummaryMap: summary } = await sessions.clients(session).iam.send(new GetAccountSummaryCommand({}));
    return summary?.AttachedPoliciesPerRoleQuota ?? defaultAttachmentQuota;
  } catch (error) {
    if (classifyAwsError(error).kind === 'denied') return defaultAttachmentQuota;
    throw error;
  }
}

function statusOf(operator: Operator, environment: Environment, found: EnvironmentFinding, users: number): EnvironmentStatus {
  const generation = environment.metadata.generation ?? 0;
  const leftovers = leftoversOf(operator, environment);
  const { condition: orphansCondition, ...orphans } = orphanStatus(operator, environment);
  const conditions = [
    ...conditionsOf(environment, found, users),
    ...orphansCondition,
    ...removalConditions(operator, environment),
    ...leftoverConditions(leftovers),
    ...permissionConditions(operator.memory, environment),
  ];
  const mine = found.kind === 'ready' || found.reason !== 'OwnedByAnotherInstallation';
  const owners = contestedBuckets(operator, environment);
  return {
    observedGeneration: generation,
    conditions: stampConditions(conditions, environment.status?.conditions, { generation, now: operator.clock.now() }),
    ...(mine
      ? { installation: operator.installation }
      : environment.status?.installation === undefined
        ? {}
        : { installation: environment.status.installation }),
    ...(found.kind === 'ready'
      ? {
          callerArn: found.callerArn,
          quotas: { attachedPoliciesPerRole: found.attachmentQuota, managedPolicySize: policySizeLimit },
        }
      : {}),
    ...(owners.length === 0 ? {} : { owners: owners.slice(0, ownersShown) }),
    ...(leftovers.length === 0 ? {} : { leftovers }),
    ...orphans,
  };
}

/** Present only while removals are held back. */
function removalConditions({ memory, clock }: Operator, { metadata }: Environment): ConditionValue[] {
  const count = memory.removals.get(metadata.name)?.count;
  if (count === undefined || !isRemovalHeld(count, metadata.annotations?.[allowRemovalAnnotation], clock.now())) return [];
  return [{ type: 'RemovalHeld', status: 'True', reason: 'MassRevoke', message: removalHeldMessage(count, metadata.name) }];
}

function conditionsOf(environment: Environment, found: EnvironmentFinding, users: number): ConditionValue[] {
  if (environment.metadata.deletionTimestamp !== undefined && users > 0) {
    const message = `deletion waits: ${String(users)} shares still name this Environment; revoke them first (kubectl get shareitems -A)`;
    return [
      { type: 'Ready', status: 'False', reason: 'InUse', message },
      { type: 'Stalled', status: 'True', reason: 'InUse', message },
    ];
  }
  if (found.kind === 'ready')
    return [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Succeeded',
        message: `the operator works in account ${environment.spec.accountId} as ${found.callerArn}`,
      },
    ];
  const { reason, message } = found;
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: reason === 'ProgressingWithRetry' ? 'Reconciling' : 'Stalled', status: 'True', reason, message },
  ];
}
