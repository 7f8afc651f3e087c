/** Makes a table of all combinations readable: rows that differ in one column only, and have the same outcome, become one. No combination is lost. */

/** A row: for each column the values that it stands for, and what becomes of all of them. */
export interface Row {
  readonly columns: readonly (readonly string[])[];
  readonly outcome: string;
}

/** Joins rows, column by column from the last, until no two can be joined. */
export function merge(rows: readonly Row[]): Row[] {
  const width = rows[0]?.columns.length ?? 0;
  let merged = [...rows];
  for (let before = Infinity; merged.length < before;) {
    before = merged.length;
    for (let column = width - 1; column >= 0; column--) merged = mergeColumn(merged, column);
  }
  return merged;
}

function mergeColumn(rows: readonly Row[], column: number): Row[] {
  const alike = Map.groupBy(rows, ({ columns, outcome }) => JSON.stringify([columns.toSpliced(column, 1), outcome]));
  return [...alike.values()].flatMap((group) => {
    const [one] = group;
    if (one === undefined) return [];
    const together = group.flatMap(({ columns }) => columns[column] ?? []);
    return [{ ...one, columns: one.columns.with(column, together) }];
  });
}

/** The values of a column in words: any of them, all but one, or their list. `all`: every value of the column, in order. */
export function inWords(some: readonly string[], all: readonly string[]): string {
  if (some.length === all.length) return 'any';
  const rest = all.filter((value) => !some.includes(value));
  const [only] = rest;
  if (rest.length === 1 && only !== undefined && all.length > 3) return `any but *${only}*`;
  return all.filter((value) => some.includes(value)).join('<br>');
}
