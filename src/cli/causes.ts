/**
 * Why an object is not Ready: its conditions that are not as they should be, each with its meaning, who has to act and the next step from the table of reasons. Pure.
 * What other objects say (a Dataset that is not Ready) is followed in commands/why.ts.
 */
import { conditionTypes, explainReason, isReason, type Actor, type Condition, type ConditionType } from '../api/index.ts';
import type { KubeObject } from '../kube/object.ts';

/** An object with conditions. */
export interface Explained extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[] | undefined;
  };
}

/** Something that keeps an object from Ready, or is not as it should be although it is Ready. */
export interface Cause {
  readonly object: { readonly kind: string; readonly namespace?: string; readonly name: string };
  /** What it is about in words, where that is not the object: `Bucket acme-orders`. */
  readonly subject?: string;
  /** The condition that says so; absent where no condition does. */
  readonly condition?: { readonly type: string; readonly status: string };
  readonly reason?: string;
  readonly message: string;
  readonly meaning: string;
  readonly actor: Actor | 'unknown';
  readonly next: string;
}

/** Conditions that are there or True only when something is the matter. */
const alarms: ReadonlySet<string> = new Set<ConditionType>([
  'Reconciling',
  'Stalled',
  'RemovalHeld',
  'PermissionsMissing',
  'Leftovers',
  'Orphans',
]);

/** In the order in which they are told. Granted follows from the others and says nothing by itself. */
const order = (Object.keys(conditionTypes) as ConditionType[]).filter((type) => type !== 'Granted');

/** The causes of one object, in order. Empty: all is as it should be. Two conditions with one reason are one cause. */
export function causesOf(object: Explained): Cause[] {
  const { observedGeneration = -1, conditions = [] } = object.status ?? {};
  const deletion = deletionOf(object);
  if (deletion !== undefined) return [deletion];
  if (conditions.length === 0 || observedGeneration < (object.metadata.generation ?? 0)) return [unjudged(object)];
  const found = order.flatMap((type) => conditions.filter((condition) => condition.type === type && isAmiss(condition)));
  const distinct = found.filter((condition, index) => found.findIndex(({ reason }) => reason === condition.reason) === index);
  const causes = distinct.map((condition) => causeOf(object, condition));
  // «Not compared yet» and the like matter only where nothing else does. And consent that is not known while something is wrong was not looked at: whether there is an approval
  // already, nobody has said.
  const told = causes.filter(
    ({ actor, condition }) =>
      (actor !== 'nobody' || condition?.type === 'Ready' || condition?.type === 'Effective') &&
      (condition?.type !== 'Approved' || condition.status !== 'Unknown'),
  );
  return told.length > 0 ? told : causes;
}

/** How whoever deletes an object finds the shares that it waits for. */
const waitsFor: Readonly<Record<string, string>> = {
  Dataset: 'why receivedshare/… says of each of them what it waits for (kubectl get receivedshares)',
  ConsumptionRole: 'why says of each request for it what it waits for (kubectl share outbox)',
};

/** What of these two goes on until the end: their conditions are of before. An Environment says it itself. */
function deletionOf(object: Explained): Cause | undefined {
  const how = waitsFor[object.kind];
  if (object.metadata.deletionTimestamp === undefined || how === undefined) return undefined;
  const message = `it is being deleted, and goes when nothing of its shares is left in AWS: ${how}`;
  return causeFrom(object, { reason: 'InUse', message });
}

/** True where the object's summary is in order: Ready, or for an approval Effective. */
export function isInOrder(object: Explained): boolean {
  const { kind, status } = object;
  if (deletionOf(object) !== undefined) return false;
  const type = kind === 'ShareApproval' ? 'Effective' : 'Ready';
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/** A cause that a reason and a message make, with what the table of reasons knows of it. */
export function causeFrom(
  object: Explained,
  found: {
    readonly reason: string;
    readonly message: string;
    readonly condition?: Cause['condition'];
    readonly subject?: string;
  },
): Cause {
  const { reason, message, condition, subject } = found;
  const known = isReason(reason) ? explainReason(reason) : undefined;
  return {
    object: refOf(object),
    ...(subject === undefined ? {} : { subject }),
    ...(condition === undefined ? {} : { condition }),
    reason,
    message,
    meaning: known?.meaning ?? 'This version of kubectl share does not know the reason: it is older than the operator.',
    actor: known?.actor ?? 'unknown',
    next: known?.next ?? 'Update kubectl share, or read the message.',
  };
}

/** Who has to act on a reason, and how, in one line. */
export function describeProblem(reason: string): string {
  if (!isReason(reason)) return '';
  const { actor, next } = explainReason(reason);
  return actor === 'nobody' ? next : `${actor}: ${next}`;
}

function causeOf(object: Explained, { type, status, reason, message }: Condition): Cause {
  return causeFrom(object, { reason, message, condition: { type, status } });
}

function isAmiss({ type, status }: Condition): boolean {
  if (alarms.has(type)) return status === 'True' || (type === 'Orphans' && status === 'Unknown');
  return status !== 'True';
}

function unjudged(object: Explained): Cause {
  return {
    object: refOf(object),
    message: 'the operator has not looked at it since it was made or changed',
    meaning: 'Its status is about an earlier version, or there is none yet.',
    actor: 'nobody',
    next: 'Wait a moment. If that lasts, no operator runs: ask the platform team.',
  };
}

function refOf({ kind, metadata: { namespace, name } }: Explained): Cause['object'] {
  return { kind, ...(namespace === undefined ? {} : { namespace }), name };
}
