/** `logs`: what was changed in AWS for a request's items, oldest first: each item keeps its last twenty changes (ShareItem.status.history). */
import type { ShareItem } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { parseName, read, requestsWithItems } from '../objects.ts';
import { isForPrograms, printData, printTable } from '../output.ts';
import { styled, type Cell } from '../text.ts';

/** A change in AWS, and the item that it was made for. */
export type Change = NonNullable<NonNullable<ShareItem['status']>['history']>[number] & { readonly item: string };

/** Shows the changes of a request's items, or of one item (`shareitem/name`). */
export async function logs(context: Context, text: string): Promise<ExitCode> {
  const { type, name } = parseName(text, types.request, [types.request, types.item]);
  const items =
    type.kind === types.item.kind
      ? [await read(context, types.item, name)]
      : (await requestsWithItems(context, name)).flatMap((found) => found.items);
  const changes = changesOf(items);
  if (isForPrograms(context)) {
    printData(context, changes);
    return exitCodes.ok;
  }
  printTable(context, {
    header: ['TIME', 'ITEM', 'ACTION', 'TARGET', 'RESULT'],
    wideHeader: ['REQUEST ID'],
    rows: changes.map(({ time, item, action, target, result, requestId }) => ({
      cells: [time, item, action, target, resultCell(result)],
      wide: [requestId ?? ''],
    })),
    empty: 'Nothing was changed in AWS yet.',
  });
  return exitCodes.ok;
}

/** All changes of the items, oldest first; of one second in the order in which they were made. */
export function changesOf(items: readonly ShareItem[]): Change[] {
  return items
    .flatMap(({ spec, status }) =>
      (status?.history ?? []).toReversed().map((change) => ({ item: `${spec.type} ${spec.name}`, ...change })),
    )
    .toSorted((left, right) => left.time.localeCompare(right.time));
}

function resultCell(result: string): Cell {
  return styled(result === 'Succeeded' ? 'good' : result === 'Repaired' ? 'busy' : 'bad', result);
}
