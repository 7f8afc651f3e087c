/** Objects and tables in the form that was asked for with -o. */
import { stringify } from 'yaml';
import type { KubeObject } from '../kube/object.ts';
import type { Context } from './context.ts';
import { columns, type Cell } from './text.ts';

/** A table with the columns of `-o wide` last. */
export interface Table {
  readonly header: readonly string[];
  readonly wideHeader?: readonly string[];
  readonly rows: readonly { readonly cells: readonly Cell[]; readonly wide?: readonly Cell[] }[];
  /** What to say instead of a table without rows. */
  readonly empty: string;
}

/** True where programs read the output. */
export function isForPrograms({ output }: Pick<Context, 'output'>): boolean {
  return output === 'json' || output === 'yaml';
}

/** Prints a value as JSON or YAML, whichever was asked for. */
export function printData({ output, terminal }: Pick<Context, 'output' | 'terminal'>, value: unknown): void {
  terminal.raw(output === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value, { lineWidth: 0 }));
}

/** Prints objects as kubectl does: one as it is, several as a List, without what the API server keeps for itself. */
export function printObjects(context: Context, objects: readonly KubeObject[], form: 'one' | 'list' = 'list'): void {
  const tidy = objects.map(withoutManagedFields);
  if (context.output === 'name')
    for (const { kind, metadata } of objects) context.terminal.line(`${kind.toLowerCase()}/${metadata.name}`);
  else printData(context, form === 'one' ? tidy[0] : { apiVersion: 'v1', kind: 'List', items: tidy });
}

/** Prints a table. An empty one is a note on standard error, as kubectl's is, so that programs read nothing. */
export function printTable(context: Context, table: Table): void {
  const { terminal, output } = context;
  if (table.rows.length === 0) return terminal.note(table.empty);
  const wide = output === 'wide';
  const header = wide ? [...table.header, ...(table.wideHeader ?? [])] : table.header;
  const rows = table.rows.map(({ cells, wide: more = [] }) => (wide ? [...cells, ...more] : cells));
  for (const line of columns(header, rows, terminal.colours)) terminal.raw(`${line}\n`);
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _kept, ...metadata } = object.metadata as KubeObject['metadata'] & { readonly managedFields?: unknown };
  return { ...object, metadata };
}
