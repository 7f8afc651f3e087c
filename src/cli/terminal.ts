/** What a command writes to and asks: the process's own streams, or a test's. Colours only on a terminal, and never with NO_COLOR (no-color.org). */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { paint, type Cell } from './text.ts';

/** Where output goes and answers come from. */
export interface Terminal {
  /** A line of output; its cells follow each other without a space. */
  line(...cells: readonly Cell[]): void;
  /** Output that is already text: JSON, YAML, a script. */
  raw(text: string): void;
  /** A line for people on standard error: progress, warnings, errors. */
  note(...cells: readonly Cell[]): void;
  readonly colours: boolean;
  /** Somebody sits there and can be asked. */
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
}

/** The streams of a process, as far as they are used. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The terminal of a process. */
export function processTerminal({ stdin, stdout, stderr, env }: Streams): Terminal {
  const colourful = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  const colours = colourful && stdout.isTTY;
  const noteColours = colourful && stderr.isTTY;
  return {
    line: (...cells) => stdout.write(`${cells.map((cell) => paint(cell, colours)).join('')}\n`),
    raw: (text) => stdout.write(text),
    note: (...cells) => stderr.write(`${cells.map((cell) => paint(cell, noteColours)).join('')}\n`),
    colours,
    interactive: stdin.isTTY && stderr.isTTY,
    ask: async (question) => {
      const reader = createInterface({ input: stdin, output: stderr });
      try {
        // Input that ends instead of answering (Ctrl-D, Ctrl-C) is no yes.
        return await Promise.race([reader.question(question), once(reader, 'close').then(() => '')]);
      } finally {
        reader.close();
      }
    },
  };
}
