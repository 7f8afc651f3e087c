/** `watch`: follows a request until it is settled: a line for each change of the request and of its items. */
import { explainReason, isReason } from '../../api/index.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { requestsWithItems, type RequestWithItems } from '../objects.ts';
import { isForPrograms, printObjects } from '../output.ts';
import { styled, type Cell } from '../text.ts';
import { waitFor } from '../waiting.ts';
import { conditionOf, healthCell, nameOf, phaseCell, spaced } from '../words.ts';

/** How a request has come out: undefined while it goes on by itself, or waits for somebody else than who asked. */
export function settled({ request }: RequestWithItems): 'ready' | 'stopped' | undefined {
  if ((request.status?.observedGeneration ?? -1) < (request.metadata.generation ?? 0)) return undefined;
  const ready = conditionOf(request, 'Ready');
  if (ready?.status === 'True') return 'ready';
  const { reason = '' } = ready ?? {};
  const isRequesters = isReason(reason) && explainReason(reason).actor === 'requester';
  return isRequesters || conditionOf(request, 'Stalled')?.status === 'True' ? 'stopped' : undefined;
}

/** Follows the request. Exit code 0 when everything is in place, 3 when it can't go on by itself. */
export async function watch(context: Context, name: string, timeoutMs: number): Promise<ExitCode> {
  const last = new Map<string, string>();
  const found = await waitFor(context, {
    what: `ShareRequest ${name}`,
    timeoutMs,
    look: async () => {
      const [each] = await requestsWithItems({ ...context, allNamespaces: false }, name);
      // The read of the one request either found it or threw.
      return each as RequestWithItems;
    },
    done: (each) => settled(each) !== undefined,
    progress: (each) => {
      for (const { key, cells } of linesOf(each)) {
        const line = JSON.stringify(cells);
        if (last.get(key) !== line) tell(context, cells);
        last.set(key, line);
      }
    },
  });
  if (isForPrograms(context)) printObjects(context, [found.request, ...found.items]);
  return settled(found) === 'ready' ? exitCodes.ok : exitCodes.attention;
}

/** With -o json or yaml the output is for programs, and progress is for people. */
function tell(context: Context, cells: readonly Cell[]): void {
  const time = styled('faint', `${new Date(context.clock.now()).toISOString().slice(11, 19)}  `);
  if (isForPrograms(context)) context.terminal.note(time, ...cells);
  else context.terminal.line(time, ...cells);
}

function linesOf({ request, items }: RequestWithItems): { readonly key: string; readonly cells: readonly Cell[] }[] {
  const ready = conditionOf(request, 'Ready');
  return [
    ...items.map(({ metadata, spec, status }) => {
      const applied = (status?.grants ?? []).filter(({ state }) => state === 'Applied').length;
      const of = status?.grants === undefined ? '' : `${String(applied)}/${String(status.grants.length)} AWS documents`;
      return {
        key: metadata.name,
        cells: [
          '  ',
          ...spaced(`${spec.type} ${spec.name}`, phaseCell(status?.phase ?? 'new'), healthCell(status?.healthStatus), of),
        ],
      };
    }),
    {
      key: '',
      cells: spaced(
        styled('strong', nameOf(request)),
        phaseCell(request.status?.phase ?? 'not looked at yet'),
        ready === undefined ? '' : `${ready.reason}: ${ready.message}`,
      ),
    },
  ];
}
