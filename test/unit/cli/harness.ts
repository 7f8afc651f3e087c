/**
 * `kubectl share` without a process and without an API server: a client on objects in memory (whole reads and writes, no schemas, rights by a list of what is
 * forbidden), a terminal that keeps what is written, and a virtual clock. Returns what a person would see.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runProgram } from '../../../src/cli/program.ts';
import { paint, type Cell } from '../../../src/cli/text.ts';
import type { Client } from '../../../src/kube/client.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { createMemoryClient, keyOf } from './memory-client.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

// Commands are loaded when they are called, which takes real time, in which a virtual clock would go on.
const commands = join(import.meta.dirname, '../../../src/cli/commands');
for (const name of readdirSync(commands)) await import(join(commands, name));

/** What a run left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Both, as a terminal shows them. */
  readonly all: string;
}

/** A cluster in memory, and the program on it. */
export interface World {
  readonly clock: VirtualClock;
  readonly objects: Map<string, KubeObject>;
  /** Every request: `list sharerequests team-x`, `get …`, `apply …`, `patch …`. */
  readonly requests: string[];
  /** Adds or replaces an object. */
  put(...objects: readonly KubeObject[]): void;
  /** Runs a command line; `while` it runs, time goes on by `seconds`. */
  run(line: string | readonly string[], options?: RunOptions): Promise<Ran>;
}

/** Who sits at the terminal. */
export interface RunOptions {
  readonly answer?: string;
  readonly colours?: boolean;
  /** Seconds that pass while it runs. @default 0 */
  readonly seconds?: number;
  /** Called after each second. */
  readonly each?: (second: number) => void;
}

/** Where everything is made, unless an object says otherwise. */
export interface WorldOptions {
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string;
  /** Requests that are refused: their beginning, such as `list environments`. */
  readonly forbidden?: readonly string[];
  readonly start: number;
}

/** A world with these objects. */
export function createWorld(options: WorldOptions, ...objects: readonly KubeObject[]): World {
  const clock = createVirtualClock({ start: options.start });
  const world: World = {
    clock,
    objects: new Map(),
    requests: [],
    put: (...more) => {
      for (const object of more) world.objects.set(keyOf(object.kind, object.metadata), object);
    },
    run: (line, runOptions = {}) =>
      run(world, options, { line: typeof line === 'string' ? line.split(' ') : line, ...runOptions }),
  };
  world.put(...objects);
  return world;
}

async function run(
  world: World,
  { namespace, forbidden = [] }: WorldOptions,
  { line, ...options }: RunOptions & { readonly line: readonly string[] },
): Promise<Ran> {
  return runOn({ clock: world.clock, namespace, client: createMemoryClient(world, forbidden) }, line, options);
}

/** What a command line is run on. */
export interface Place {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly namespace: string;
}

/** Runs a command line on any client. */
export async function runOn(
  { clock, client, namespace }: Place,
  line: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const { colours = false, answer, seconds, each } = options;
  const [out, err, all]: [string[], string[], string[]] = [[], [], []];
  const put = (stream: string[], text: string): void => void [stream, all].forEach((each) => each.push(text));
  const lineOf = (cells: readonly Cell[]): string => `${cells.map((cell) => paint(cell, colours)).join('')}\n`;
  const running = runProgram(line, {
    clock,
    signal: new AbortController().signal,
    connect: () => Promise.resolve({ client, namespace, close: () => Promise.resolve() }),
    terminal: {
      line: (...cells) => put(out, lineOf(cells)),
      raw: (text) => put(out, text),
      note: (...cells) => put(err, lineOf(cells)),
      colours,
      interactive: answer !== undefined,
      ask: (question) => {
        put(err, question);
        return Promise.resolve(answer ?? '');
      },
    },
  });
  const state = { ended: false };
  const ending = running.finally(() => (state.ended = true));
  for (let second = 1; second <= (seconds ?? 0) && !state.ended; second++) {
    await clock.advance(1000);
    each?.(second);
  }
  const code = await ending;
  return { code, out: out.join(''), err: stripVTControlCharacters(err.join('')), all: all.join('') };
}
