/**
 * `why`: everything that keeps an object from Ready, in order, with the next step and who has to do it. Follows references: a request to its items, «not ready»
 * to the object that is not, as far as the user may read.
 */
import type { ConsumptionRole, Dataset, ReceivedShare, ShareItem, ShareRequest } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import { isForbidden, isNotFound } from '../../kube/errors.ts';
import type { ObjectRef } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { causeFrom, causesOf, isInOrder, type Cause, type Explained } from '../causes.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { list, parseName, read } from '../objects.ts';
import { isForPrograms, printData } from '../output.ts';
import { styled } from '../text.ts';
import { nameOf } from '../words.ts';

/** The answer about one object. */
export interface Answer {
  readonly ready: boolean;
  readonly causes: readonly Cause[];
  /** What could not be looked at, and why. */
  readonly unread: readonly string[];
}

/** Explains an object: a ShareRequest, or `kind/name`. Exit code 3 where it is not Ready. */
export async function why(context: Context, text: string): Promise<ExitCode> {
  const { type, name } = parseName(text, types.request);
  const object = (await read(context, type, name)) as Explained;
  const answer = await explain(context, object);
  const { kind } = object;
  if (isForPrograms(context)) printData(context, { kind, name: nameOf(object), ...answer });
  else tell(context, { title: `${kind} ${nameOf(object)}`, order: kind === types.approval.kind ? 'Effective' : 'Ready' }, answer);
  return answer.ready ? exitCodes.ok : exitCodes.attention;
}

/** What keeps an object from Ready, the objects that it rests on included. */
export async function explain(context: Context, object: Explained): Promise<Answer> {
  const details = detailsOf(object);
  const items = object.kind === 'ShareRequest' ? await itemCauses(context, object as ShareRequest) : { causes: [], unread: [] };
  const closer = [...details, ...items.causes];
  // A request carries the worst of its items: what they say themselves is said better.
  const told = new Set(closer.map(({ reason }) => reason));
  const direct = [...closer, ...causesOf(object).filter(({ reason }) => reason === undefined || !told.has(reason))];
  const behind = await causesBehind(context, object, direct);
  return {
    ready: isInOrder(object),
    causes: [...behind.causes, ...direct],
    unread: [...new Set([...items.unread, ...behind.unread])],
  };
}

/** Reasons that a status gives for single items rather than by conditions. */
function detailsOf(object: Explained): Cause[] {
  if (object.kind === 'ShareRequest') {
    const { status } = object as ShareRequest;
    return (status?.invalidItems ?? []).map(({ type, name, ...found }) =>
      causeFrom(object, { ...found, subject: `${type} ${name}` }),
    );
  }
  return [];
}

interface Found {
  readonly causes: readonly Cause[];
  readonly unread: readonly string[];
}

async function itemCauses(context: Context, { metadata }: ShareRequest): Promise<Found> {
  const place = { ...context, allNamespaces: false };
  const items = await readable(list(place, types.item), `ShareItems in ${context.namespace}`);
  if (typeof items === 'string') return { causes: [], unread: [items] };
  const own = items.filter(({ spec }) => spec.requestRef.uid === metadata.uid);
  const causes = own.flatMap((item) =>
    causesOf(item as Explained).map((cause) => ({ ...cause, subject: `${item.spec.type} ${item.spec.name}` })),
  );
  return { causes, unread: [] };
}

/** Reasons that only say that another object is not ready, and which object that is. */
async function causesBehind(context: Context, object: Explained, causes: readonly Cause[]): Promise<Found> {
  const reasons = new Set(causes.map(({ reason }) => reason));
  const found: Cause[] = [];
  const unread: string[] = [];
  for (const { reason, type, ref } of referencesOf(object, context.namespace)) {
    if (!reason.some((each) => reasons.has(each))) continue;
    const other = await readable(
      context.client.get(type, ref, { signal: context.signal }),
      `${type.kind} ${nameOf({ metadata: ref })}`,
    );
    if (typeof other === 'string') {
      unread.push(other);
      continue;
    }
    const deeper = await explain(context, { ...(other as Explained), kind: type.kind });
    found.push(...deeper.causes);
    unread.push(...deeper.unread);
  }
  return { causes: found, unread };
}

interface Reference {
  readonly reason: readonly string[];
  readonly type: ResourceType;
  readonly ref: ObjectRef;
}

const environmentReasons = ['EnvironmentNotReady', 'NotClaimed', 'MassRevoke'] as const;

function referencesOf(object: Explained, namespace: string): Reference[] {
  switch (object.kind) {
    case 'ShareRequest': {
      const { spec } = object as ShareRequest;
      return [
        { reason: ['DatasetNotReady'], type: types.dataset, ref: spec.datasetRef },
        // What is wrong with the requester's own role stands in the request itself; what is behind it does not.
        { reason: ['EnvironmentNotReady'], type: types.role, ref: { namespace, name: spec.principal.name } },
      ];
    }
    case 'ShareItem':
      return [{ reason: ['DatasetNotReady'], type: types.dataset, ref: (object as ShareItem).spec.datasetRef }];
    case 'ReceivedShare':
      return [
        {
          reason: ['DatasetNotReady'],
          type: types.dataset,
          ref: { namespace, name: (object as ReceivedShare).spec.datasetRef.name },
        },
      ];
    case 'Dataset':
    case 'ConsumptionRole': {
      const { name } = (object as Dataset | ConsumptionRole).spec.environmentRef;
      return [{ reason: environmentReasons, type: types.environment, ref: { name } }];
    }
    default:
      return [];
  }
}

/** The answer, or a sentence why it can't be read: what is behind a reason often belongs to somebody else. */
async function readable<T>(answer: Promise<T>, what: string): Promise<T | string> {
  try {
    return await answer;
  } catch (error) {
    if (isForbidden(error)) return `${what}: you may not read it; whoever it belongs to can ask why there`;
    if (isNotFound(error)) return `${what}: it does not exist`;
    throw error;
  }
}

/** `order`: the condition that says that all is in order. */
function tell(
  { terminal }: Context,
  { title, order }: { readonly title: string; readonly order: string },
  { ready, causes, unread }: Answer,
): void {
  const rest = causes.length > 0 ? (ready ? ', but:' : ':') : ready ? ': nothing is the matter.' : '.';
  terminal.line(styled('strong', title), ' is ', ready ? styled('good', order) : styled('bad', `not ${order}`), rest);
  for (const [index, cause] of causes.entries()) {
    const { object, subject, condition, reason, message, actor, meaning, next } = cause;
    const where = `${object.kind} ${nameOf({ metadata: object })}${subject === undefined ? '' : ` (${subject})`}`;
    const state = condition === undefined ? '' : `  ${condition.type}=${condition.status}`;
    terminal.line('');
    terminal.line(`${String(index + 1)}. `, styled('strong', reason ?? 'Not judged yet'), styled('faint', state), `  ${where}`);
    terminal.line(`   ${message}`);
    terminal.line(styled('faint', `   ${meaning}`));
    terminal.line('   ', styled('busy', actor === 'nobody' ? 'nobody has to act' : actor), `: ${next}`);
  }
  if (unread.length > 0) terminal.line('');
  for (const each of unread) terminal.line(styled('faint', `Not looked at: ${each}.`));
}
