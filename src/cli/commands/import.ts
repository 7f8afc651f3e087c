/** `import`: manifests for the shares that data.all has, from what its API answered. Asks no cluster and no AWS, and applies nothing. */
import { readSources } from '../plan/manifests.ts';
import { columns, styled } from '../text.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { cutOverList } from '../import/cut-over.ts';
import { environmentDrafts } from '../import/drafts.ts';
import { readDatasets, readShares } from '../import/export.ts';
import { fileOf, writeFolder, type Written } from '../import/folder.ts';
import { noMapping, readMapping } from '../import/mapping.ts';
import type { Translated } from '../import/naming.ts';
import { removalsOf, type Removal } from '../import/removal.ts';
import { endApproved } from '../import/share-objects.ts';
import { translate, type Translation } from '../import/translate.ts';
import type { Context } from '../context.ts';
import { isForPrograms, printData } from '../output.ts';

/** Flags of the command. */
export interface ImportFlags {
  readonly from: readonly string[];
  readonly datasets?: readonly string[];
  readonly map?: string;
  readonly to: string;
  readonly overwrite?: boolean;
  readonly stdin: NodeJS.ReadableStream;
}

type Output = Pick<Context, 'terminal' | 'output'>;

/** Writes the manifests. Exit code 3 where something was not brought over that somebody has to look at. */
export async function importShares(output: Output, flags: ImportFlags): Promise<ExitCode> {
  const datasets = flags.datasets === undefined ? [] : readDatasets(await readSources(flags.datasets, flags.stdin));
  const shares = readShares(await readSources(flags.from, flags.stdin));
  const [mappingSource] = flags.map === undefined ? [] : await readSources([flags.map], flags.stdin);
  const mapping = mappingSource === undefined ? noMapping : readMapping(mappingSource);
  const translation = translate(shares, datasets, mapping);
  const removals = removalsOf(translation.shares, datasets);
  const files = [
    ...translation.objects.map(fileOf),
    { path: 'environments.yaml.draft', text: environmentDrafts(translation.shares, mapping) },
    { path: 'cut-over.md', text: cutOverList({ ...translation, removals }) },
  ];
  const written = writeFolder(flags.to, files, flags.overwrite ?? false);
  if (isForPrograms(output)) printData(output, reportOf(translation, removals, written));
  else print(output, translation, { written, folder: flags.to });
  return translation.left.some(({ attention }) => attention) ? exitCodes.attention : exitCodes.ok;
}

function reportOf({ shares, left, notes }: Translation, removals: readonly Removal[], { written, others }: Written): object {
  return { shares: shares.map(lineOf), left, notes, removals, files: { written, others } };
}

function lineOf(each: Translated): object {
  const until = endApproved(each.share);
  return {
    share: each.share.shareUri,
    state: each.share.status,
    request: `${each.requester}/${each.requestName}`,
    dataset: `${each.owner}/${each.datasetName}`,
    principal: each.arn,
    permissions: each.permissions,
    items: each.items.length,
    approved: each.items.filter(({ approved }) => approved).length,
    ...(until === undefined ? {} : { until }),
  };
}

function print(
  { terminal }: Output,
  { shares, left, notes }: Translation,
  { written, folder }: { readonly written: Written; readonly folder: string },
): void {
  const table = (title: string, header: readonly string[], rows: readonly (readonly string[])[]): void => {
    if (rows.length === 0) return;
    terminal.line(styled('strong', title));
    for (const line of columns(header, rows, terminal.colours)) terminal.raw(`${line}\n`);
    terminal.line('');
  };
  const rows = shares.map((each) => [
    each.share.shareUri,
    each.share.status,
    `${each.requester}/${each.requestName}`,
    `${each.owner}/${each.datasetName}`,
    `${String(each.items.filter(({ approved }) => approved).length)}/${String(each.items.length)}`,
    endApproved(each.share) ?? '',
  ]);
  table('Brought over', ['SHARE', 'STATE', 'REQUEST', 'DATASET', 'APPROVED', 'UNTIL'], rows);
  const leftRows = left.map(({ share, item, state, why }) => [share, item ?? 'all of it', state, why]);
  table('Not brought over', ['SHARE', 'ITEM', 'STATE', 'WHY'], leftRows);
  for (const { about, message } of notes) terminal.line(styled('strong', about), `: ${message}.`);
  if (notes.length > 0) terminal.line('');
  terminal.line(
    `${String(written.written.length)} files written to ${folder}, ${String(written.unchanged)} were there already. Nothing is applied.`,
  );
  terminal.line('environments.yaml.draft is for the platform team; cut-over.md says in which order data.all is taken out.');
  for (const other of written.others)
    terminal.note(`${other} is in the folder and not of this import: delete it if its share has ended.`);
}
