/**
 * Texts for a terminal: cells with a colour, columns, and texts of other people made harmless. What is asked for in a purpose or said in a reason is somebody
 * else's text and may hold control sequences; nothing gets to the terminal but through `plain`.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

/** What a text says by its colour. */
export type Style = 'good' | 'bad' | 'busy' | 'faint' | 'strong';

/** A text with a colour. */
export interface Styled {
  readonly text: string;
  readonly style: Style;
}

/** A piece of output. */
export type Cell = string | Styled;

const formats = { good: 'green', bad: 'red', busy: 'yellow', faint: 'dim', strong: 'bold' } as const;

/** The text on one line, without control characters and without those that change the direction of what follows. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\t\n\v\f\r\u2028\u2029]+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '�');
}

/** A cell as it goes to the terminal. */
export function paint(cell: Cell, colours: boolean): string {
  if (typeof cell === 'string') return plain(cell);
  const text = plain(cell.text);
  return colours && text !== '' ? styleText(formats[cell.style], text, { validateStream: false }) : text;
}

/** With this colour. */
export function styled(style: Style, text: string): Styled {
  return { style, text };
}

/** Rows under a header, in columns three spaces apart as kubectl's are. The last column is as wide as it gets. */
export function columns(header: readonly string[], rows: readonly (readonly Cell[])[], colours: boolean): string[] {
  const all: readonly (readonly Cell[])[] = [header, ...rows];
  const widths = header.map((_, index) => Math.max(...all.map((row) => widthOf(row[index] ?? ''))));
  return all.map((row) =>
    row
      .map((cell, index) => paint(cell, colours) + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
      .join('   ')
      .trimEnd(),
  );
}

function widthOf(cell: Cell): number {
  return [...plain(typeof cell === 'string' ? cell : cell.text)].length;
}
