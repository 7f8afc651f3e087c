/** `inbox` and `outbox`: what an owner is asked for, and what a team asks for itself. Each needs rights in the own namespace only. */
import type { ReceivedShare, ShareRequest } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { list, read } from '../objects.ts';
import { isForPrograms, printObjects, printTable } from '../output.ts';
import { styled, type Cell } from '../text.ts';
import { age, conditionOf, end, healthCell, nameOf, phaseCell, spaced, verdict } from '../words.ts';

/** Phases in which the owner is asked for a decision. */
const openPhases: ReadonlySet<string> = new Set(['Submitted', 'SubmittedForExtension']);

/** Requests on the namespace's Datasets. `pending`: those that wait for a decision. */
export async function inbox(
  context: Context,
  options: { readonly pending?: boolean; readonly dataset?: string },
): Promise<ExitCode> {
  const all = await list(context, types.received);
  const found = all
    .filter(({ status }) => options.pending !== true || openPhases.has(status?.phase ?? ''))
    .filter(({ spec }) => options.dataset === undefined || spec.datasetRef.name === options.dataset)
    .toSorted(newestFirst);
  if (isForPrograms(context) || context.output === 'name') printObjects(context, found);
  else
    printTable(context, {
      header: [
        ...namespaceHeader(context),
        'NAME',
        'REQUESTER',
        'DATASET',
        'PRINCIPAL',
        'ITEMS',
        'PHASE',
        'HEALTHY',
        'EXPIRES',
        'AGE',
      ],
      wideHeader: ['PERMISSIONS', 'DECIDED BY', 'PURPOSE'],
      rows: found.map((each) => ({
        cells: [...namespaceCell(context, each), ...receivedCells(context, each)],
        wide: receivedWide(each),
      })),
      empty: options.pending === true ? 'Nothing waits for a decision.' : `Nobody asks for data of ${placeOf(context)}.`,
    });
  return exitCodes.ok;
}

/** One request on a Dataset of the namespace, as its owner reviews it: who, what, why, and what approval would change in AWS. */
export async function review(context: Context, name: string): Promise<ExitCode> {
  const received = await read(context, types.received, name);
  if (isForPrograms(context) || context.output === 'name') printObjects(context, [received], 'one');
  else for (const line of reviewLines(received)) context.terminal.line(...line);
  return exitCodes.ok;
}

/** What the owner reads before he decides. */
export function reviewLines({ metadata, spec, status }: ReceivedShare): Cell[][] {
  const ready = conditionOf({ status }, 'Ready');
  const states = new Map((status?.items ?? []).map((item) => [`${item.type}/${item.name}`, item]));
  return [
    [styled('strong', metadata.name), '  ', phaseCell(status?.phase)],
    [`Requester:    ${spec.requestRef.namespace}/${spec.requestRef.name}`],
    [`Dataset:      ${spec.datasetRef.name}`],
    [`Principal:    ${spec.principal?.arn ?? 'not known yet'}`],
    [`Permissions:  ${spec.permissions.join(', ')}`],
    [`Purpose:      ${spec.purpose ?? 'none given'}`],
    [`Asked until:  ${end(spec.expireTime)}`],
    ...(status?.expireTime === undefined ? [] : [[`Ends:         ${end(status.expireTime)}`]]),
    ...((status?.decidedBy ?? []).length === 0 ? [] : [[`Decided by:   ${(status?.decidedBy ?? []).join(', ')}`]]),
    ...(ready === undefined ? [] : [[`State:        ${ready.reason}: ${ready.message}`]]),
    ['Items:'],
    ...spec.items.map(({ type, name, location }): Cell[] => {
      const state = states.get(`${type}/${name}`);
      return [
        '  ',
        ...spaced(
          `${type} ${name}`,
          phaseCell(state?.phase),
          healthCell(state?.healthStatus),
          location ?? 'where it is, is not known yet',
        ),
      ];
    }),
    ...section('Approval would change:', status?.plan ?? []),
    ...section('Findings in your documents:', status?.findings ?? []),
  ];
}

/** Requests of the namespace. */
export async function outbox(context: Context): Promise<ExitCode> {
  const found = (await list(context, types.request)).toSorted(newestFirst);
  if (isForPrograms(context) || context.output === 'name') printObjects(context, found);
  else
    printTable(context, {
      header: [
        ...namespaceHeader(context),
        'NAME',
        'DATASET',
        'PRINCIPAL',
        'PHASE',
        'READY',
        'SHARED',
        'HEALTHY',
        'EXPIRES',
        'AGE',
      ],
      wideHeader: ['REASON', 'MESSAGE'],
      rows: found.map((each) => ({
        cells: [...namespaceCell(context, each), ...requestCells(context, each)],
        wide: requestWide(each),
      })),
      empty: `No share requests in ${placeOf(context)}.`,
    });
  return exitCodes.ok;
}

function receivedCells({ clock }: Context, received: ReceivedShare): Cell[] {
  const { metadata, spec, status } = received;
  return [
    metadata.name,
    `${spec.requestRef.namespace}/${spec.requestRef.name}`,
    spec.datasetRef.name,
    status?.display?.principal ?? '',
    status?.display?.items ?? '',
    phaseCell(status?.phase),
    verdict(received, 'Healthy'),
    status?.display?.expires ?? '',
    age(metadata.creationTimestamp, clock.now()),
  ];
}

function receivedWide({ spec, status }: ReceivedShare): Cell[] {
  return [spec.permissions.join(','), (status?.decidedBy ?? []).join(','), spec.purpose ?? ''];
}

function requestCells({ clock }: Context, request: ShareRequest): Cell[] {
  const { metadata, spec, status } = request;
  return [
    metadata.name,
    `${spec.datasetRef.namespace}/${spec.datasetRef.name}`,
    status?.display?.principal ?? spec.principal.name,
    phaseCell(status?.phase),
    verdict(request, 'Ready'),
    status?.display?.shared ?? '',
    verdict(request, 'Healthy'),
    status?.expireTime?.slice(0, 10) ?? '',
    age(metadata.creationTimestamp, clock.now()),
  ];
}

function requestWide(request: ShareRequest): Cell[] {
  const ready = conditionOf(request, 'Ready');
  return [ready?.reason ?? '', ready?.message ?? ''];
}

function section(title: string, lines: readonly string[]): Cell[][] {
  return lines.length === 0 ? [] : [[title], ...lines.map((line): Cell[] => [`  ${line}`])];
}

function namespaceHeader({ allNamespaces }: Context): string[] {
  return allNamespaces ? ['NAMESPACE'] : [];
}

function namespaceCell({ allNamespaces }: Context, { metadata }: ReceivedShare | ShareRequest): Cell[] {
  return allNamespaces ? [nameOf({ metadata: { name: metadata.namespace ?? '' } })] : [];
}

/** Where a list was made, in words. */
export function placeOf({ allNamespaces, namespace }: Context): string {
  return allNamespaces ? 'any namespace' : `namespace ${namespace}`;
}

function newestFirst(left: ReceivedShare | ShareRequest, right: ReceivedShare | ShareRequest): number {
  return (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? '');
}
