/**
 * `verify` and `reapply`: ask for a comparison with AWS, or for what is missing to be written again, by annotation, and wait until the operator has answered.
 */
import type { Condition, Dataset, HealthStatus, ShareItem } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import { annotations } from '../../controllers/operator.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { isForbidden } from '../../kube/errors.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { list, parseName, read, type Named } from '../objects.ts';
import { isForPrograms, printObjects } from '../output.ts';
import { styled, type Cell } from '../text.ts';
import { waitFor } from '../waiting.ts';
import { conditionOf, count, healthCell, nameOf, spaced } from '../words.ts';
import { fieldManager } from './decide.ts';

/** What is asked for. */
export type Asked = 'verify' | 'reapply';

/** Flags of both. */
export interface AskFlags {
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

interface Answering extends KubeObject {
  readonly status?: {
    readonly lastHandledVerifyAt?: string;
    readonly lastHandledReapplyAt?: string;
    readonly healthStatus?: HealthStatus;
    readonly healthMessage?: string;
    readonly conditions?: readonly Condition[];
  };
}

const allowed: Readonly<Record<Asked, readonly ResourceType[]>> = {
  verify: [types.request, types.item, types.dataset, types.environment],
  reapply: [types.request, types.dataset],
};

/** Asks, and waits for the answer. Exit code 3 where what was found is not healthy. */
export async function ask(
  context: Context,
  asked: Asked,
  { name, flags }: { readonly name: string; readonly flags: AskFlags },
): Promise<ExitCode> {
  const named = parseName(name, types.request, allowed[asked]);
  const token = await annotate(context, asked, named);
  const { terminal } = context;
  const label = `${named.type.kind} ${named.name}`;
  terminal.note(styled('faint', `${asked} of ${label} asked for at ${token}`));
  if (!flags.wait) return exitCodes.ok;
  const seen = new Set<string>();
  const object = await waitFor(context, {
    what: `${asked} of ${label}`,
    timeoutMs: flags.timeout,
    look: () => read(context, named.type as ResourceType<Answering>, named.name),
    done: (each) => isHandled(each, asked, token),
    progress: (each) => {
      const state = conditionOf(each, 'Ready');
      const line = state === undefined ? 'not judged yet' : `${state.reason}: ${state.message}`;
      if (!seen.has(line)) terminal.note(styled('faint', `… ${line}`));
      seen.add(line);
    },
  });
  return report(context, object);
}

/** Times order as texts do: one asked for within a second of the last still has to be later than it. */
async function annotate(context: Context, asked: Asked, { type, name }: Named): Promise<string> {
  const { client, clock, namespace, signal } = context;
  const before = (await read(context, type, name)).metadata.annotations?.[annotations[asked]];
  const last = before === undefined ? 0 : Date.parse(before);
  const at = Math.max(clock.now(), (Number.isNaN(last) ? 0 : last) + 1000);
  const token = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  const body = { metadata: { annotations: { [annotations[asked]]: token } } };
  await client.mergePatch(type, { name, ...(type.namespaced ? { namespace } : {}), body }, { fieldManager, signal });
  return token;
}

function isHandled({ status }: Answering, asked: Asked, token: string): boolean {
  const handled = asked === 'verify' ? status?.lastHandledVerifyAt : status?.lastHandledReapplyAt;
  return handled !== undefined && handled >= token;
}

async function report(context: Context, object: Answering): Promise<ExitCode> {
  const items = await itemsBehind(context, object);
  const healthy = [object, ...items].every(isInOrder);
  if (isForPrograms(context) || context.output === 'name') {
    printObjects(context, [object, ...items], items.length === 0 ? 'one' : 'list');
    return healthy ? exitCodes.ok : exitCodes.attention;
  }
  for (const { spec, status } of items) {
    const message = status?.healthStatus === 'Healthy' ? '' : (status?.healthMessage ?? '');
    context.terminal.line(
      ...spaced(`${spec.type} ${spec.name}`, healthCell(status?.healthStatus ?? 'nothing is shared'), message),
    );
  }
  if (items.length === 0) context.terminal.line(...spaced(`${object.kind} ${nameOf(object)}`, summaryOf(object)));
  return healthy ? exitCodes.ok : exitCodes.attention;
}

/** Whether the comparison found what should be there; of an Environment, which is searched for orphans, whether it found none. */
function isInOrder(object: Answering | ShareItem): boolean {
  if (object.kind === types.environment.kind) return conditionOf(object, 'Orphans')?.status === 'False';
  if (object.kind === types.dataset.kind) return ((object as Dataset).status?.shares?.unhealthy ?? 0) === 0;
  return conditionOf(object, 'Healthy')?.status !== 'False';
}

function summaryOf(object: Answering): Cell {
  const style = isInOrder(object) ? 'good' : 'bad';
  if (object.kind === types.dataset.kind) {
    const { granted = 0, unhealthy = 0 } = (object as Dataset).status?.shares ?? {};
    return styled(style, `${count(granted, 'item')} shared, ${String(unhealthy)} of them unhealthy`);
  }
  const condition = conditionOf(object, object.kind === types.environment.kind ? 'Orphans' : 'Healthy');
  return styled(style, condition === undefined ? 'nothing is shared' : `${condition.reason}: ${condition.message}`);
}

/** The items that were compared, as far as the user may read them: those of a request. A Dataset's are in other namespaces. */
async function itemsBehind(context: Context, object: Answering): Promise<readonly ShareItem[]> {
  if (object.kind === 'ShareItem') return [object as unknown as ShareItem];
  if (object.kind !== 'ShareRequest') return [];
  try {
    const items = await list({ ...context, allNamespaces: false }, types.item);
    return items.filter(({ spec }) => spec.requestRef.uid === object.metadata.uid);
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}
