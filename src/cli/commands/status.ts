/** `status`: requests as trees — the request, its items, and for each item the AWS documents that carry it. */
import type { ShareItem, ShareRequest } from '../../api/index.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { requestsWithItems, type RequestWithItems } from '../objects.ts';
import { isForPrograms, printObjects } from '../output.ts';
import { styled, type Cell } from '../text.ts';
import { conditionOf, end, healthCell, nameOf, phaseCell, spaced } from '../words.ts';

/** Shows the request of this name, or all of the namespace. */
export async function status(context: Context, name: string | undefined): Promise<ExitCode> {
  const found = await requestsWithItems(context, name);
  if (isForPrograms(context) || context.output === 'name') {
    printObjects(
      context,
      found.flatMap(({ request, items }) => [request, ...items]),
    );
    return exitCodes.ok;
  }
  if (found.length === 0)
    context.terminal.note(`No share requests${context.allNamespaces ? '' : ` in namespace ${context.namespace}`}.`);
  for (const each of found) for (const line of requestTree(each, context.output === 'wide')) context.terminal.line(...line);
  return exitCodes.ok;
}

/** A line of a tree: cells that follow each other. */
export type Line = readonly Cell[];

/** The tree of a request. `wide`: with messages of what is in order, too. */
export function requestTree({ request, items }: RequestWithItems, wide: boolean): Line[] {
  const invalid = (request.status?.invalidItems ?? []).map(({ type, name, reason, message }): Line[] => [
    [`${type} ${name}  `, styled('bad', reason), `  ${message}`],
  ]);
  const branches = [...items.map((item) => itemTree(item, wide)), ...invalid];
  return [
    requestLine(request),
    ['  ', ...about(request)],
    ...messageOf(request, wide).map((line): Line => ['  ', line]),
    ...branches.flatMap((branch, index) => hang(branch, index === branches.length - 1)),
  ];
}

function requestLine(request: ShareRequest): Line {
  const shared = request.status?.display?.shared;
  return [
    styled('strong', nameOf(request)),
    '  ',
    phaseCell(request.status?.phase ?? 'not looked at yet'),
    ...(shared === undefined ? [] : [`  ${shared} shared`]),
  ];
}

function about({ spec, status: state }: ShareRequest): Line {
  const principal = state?.display?.principal ?? spec.principal.name;
  const until = state?.expireTime === undefined ? '' : `, until ${end(state.expireTime)}`;
  return [
    styled(
      'faint',
      `dataset ${spec.datasetRef.namespace}/${spec.datasetRef.name}, ${spec.permissions.join(', ')} for ${principal}${until}`,
    ),
  ];
}

function itemTree(item: ShareItem, wide: boolean): Line[] {
  const grants = item.status?.grants ?? [];
  const lines = grants.map(({ target, state, message }): Line => [
    stateCell(state),
    `  ${target}`,
    ...(message === undefined || message === '' ? [] : [`  ${message}`]),
  ]);
  return [
    spaced(
      `${item.spec.type} ${item.spec.name}`,
      phaseCell(item.status?.phase ?? 'not looked at yet'),
      healthCell(item.status?.healthStatus),
    ),
    ...messageOf(item, wide).map((line): Line => [lines.length > 0 ? '│  ' : '   ', line]),
    ...lines.map((line, index): Line => [index === lines.length - 1 ? '└─ ' : '├─ ', ...line]),
  ];
}

/** The message of Ready where somebody wants to know it: when it is not True. */
function messageOf(object: ShareRequest | ShareItem, wide: boolean): Cell[] {
  const ready = conditionOf(object, 'Ready');
  if (ready === undefined || (ready.status === 'True' && !wide)) return [];
  const stalled = conditionOf(object, 'Stalled')?.status === 'True';
  return [styled(stalled ? 'bad' : 'faint', `${ready.reason}: ${ready.message}`)];
}

function stateCell(state: 'Applied' | 'Pending' | 'Failed' | 'Removed'): Cell {
  const styles = { Applied: 'good', Pending: 'busy', Failed: 'bad', Removed: 'faint' } as const;
  return styled(styles[state], state.padEnd(7));
}

function hang(branch: readonly Line[], last: boolean): Line[] {
  return branch.map((line, index) => [index === 0 ? (last ? '└─ ' : '├─ ') : last ? '   ' : '│  ', ...line]);
}
