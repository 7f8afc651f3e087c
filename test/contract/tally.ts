/** Counts how cases ended, and shows it as a table: by service, how many answer as AWS, how many differ and are known to. */
import type { ContractCase, ServiceName } from './case.ts';

/** How a case ended: as AWS; otherwise, and differences.ts says so; otherwise, and nobody knew. */
export type Ending = 'as AWS' | 'known difference' | 'unexpected';

/** A place's counts, or why it was left out. */
export interface Column {
  readonly name: string;
  readonly leftOut?: string;
  readonly endings: ReadonlyMap<string, Ending>;
}

const services: readonly ServiceName[] = ['S3', 'S3 Control', 'IAM', 'KMS', 'STS'];

/** The table, ready to be printed; its last lines say what was left out. */
export function tallyTable(cases: readonly ContractCase[], columns: readonly Column[]): string {
  const run = columns.filter(({ leftOut }) => leftOut === undefined);
  const header = ['', 'cases', ...run.flatMap(({ name }) => [`${name}: as AWS`, 'known to differ', 'unexpected'])];
  const rows = [...services, 'all' as const].map((service) => {
    const chosen = cases.filter((one) => service === 'all' || one.service === service);
    return [service, String(chosen.length), ...run.flatMap(({ endings }) => counts(chosen, endings))];
  });
  const widths = header.map((title, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0), title.length),
  );
  const lines = [header, ...rows].map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  );
  const leftOut = columns.flatMap(({ name, leftOut: why }) => (why === undefined ? [] : [`${name} was left out: ${why}.`]));
  return [...lines, ...leftOut].join('\n');
}

function counts(cases: readonly ContractCase[], endings: ReadonlyMap<string, Ending>): string[] {
  const kinds: readonly Ending[] = ['as AWS', 'known difference', 'unexpected'];
  return kinds.map((kind) => String(cases.filter(({ sentence }) => endings.get(sentence) === kind).length));
}
