/**
 * Writing status: conditions get their times here, and a status goes out only when it differs from the one in the cache. The only place that knows
 * metav1.Condition's bookkeeping.
 */
import type { Condition } from '../api/index.ts';
import type { Client, DeepPartial } from '../kube/client.ts';
import { isNotFound } from '../kube/errors.ts';
import { keyOf, type DeepReadonly, type KubeObject } from '../kube/object.ts';
import type { ReadYourWrites } from '../kube/read-your-writes.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { ConditionValue } from '../shares/report.ts';

/** Field manager of everything under status. */
export const statusManager = 'sluice-status';

const messageLength = 1024;

/** Conditions as they are written: lastTransitionTime moves only when the status of the condition changes (Kubernetes API conventions). */
export function stampConditions(
  values: readonly ConditionValue[],
  previous: readonly Condition[] | undefined,
  at: { readonly generation: number; readonly now: number },
): Condition[] {
  return values.map((value) => {
    const before = previous?.find((each) => each.type === value.type);
    const same = before?.status === value.status;
    return {
      type: value.type,
      status: value.status,
      observedGeneration: at.generation,
      lastTransitionTime: same ? before.lastTransitionTime : timestamp(at.now),
      reason: value.reason,
      message: cut(value.message, messageLength),
    };
  });
}

/** RFC 3339 in whole seconds, as metav1.Time has it. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Text cut to a length, with an ellipsis where something was left out. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** What writing a status needs. */
export interface StatusWriter {
  readonly client: Client;
  readonly writes: ReadYourWrites;
}

/**
 * Applies `status` where it differs from what the cache holds. Returns whether it was written. An object that is gone by now is no error.
 * Nothing is ever left out by accident: the whole status is ours, so that what is not in `status` disappears.
 */
export async function writeStatus<T extends KubeObject>(
  writer: StatusWriter,
  type: ResourceType<T>,
  object: DeepReadonly<T>,
  status: DeepPartial<DeepReadonly<NonNullable<T['status']>>>,
): Promise<boolean> {
  if (sameJson(object.status, status)) return false;
  const { name, namespace, uid } = object.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
  try {
    const written = await writer.client.applyStatus(type, { metadata, status }, { fieldManager: statusManager, force: true });
    writer.writes.wrote(`${type.plural}/${keyOf(object)}`, written.metadata.resourceVersion ?? '');
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Equal as JSON, whatever the order of keys; a member that is undefined is no member. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const leftKeys = definedKeys(left);
  const rightKeys = definedKeys(right);
  return (
    leftKeys.length === rightKeys.length &&
    leftKeys.every((key) => sameJson((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]))
  );
}

function definedKeys(value: object): string[] {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key]) => key);
}
