/**
 * `kubectl share` without a process and without an API server: a client on objects in memory (whole reads and writes, no schemas, rights by a list of what is
 * forbidden), a terminal that keeps what is written, and a virtual clock. Returns what a person would see.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Connection } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { paint } from '../../../src/cli/text.ts';
import type { Client } from '../../../src/kube/client.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import type { ResourceType } from '../../../src/kube/resource.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

/** What a run left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
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
  options: WorldOptions,
  { line, ...terminal }: RunOptions & { readonly line: readonly string[] },
): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const colours = terminal.colours ?? false;
  const lineOf = (cells: readonly Parameters<typeof paint>[0][]): string =>
    `${cells.map((cell) => paint(cell, colours)).join('')}\n`;
  const connection: Connection = {
    client: clientOf(world, options),
    namespace: options.namespace,
    close: () => Promise.resolve(),
  };
  const running = runProgram(line, {
    clock: world.clock,
    signal: new AbortController().signal,
    connect: () => Promise.resolve(connection),
    terminal: {
      line: (...cells) => out.push(lineOf(cells)),
      raw: (text) => out.push(text),
      note: (...cells) => err.push(lineOf(cells)),
      colours,
      interactive: terminal.answer !== undefined,
      ask: (question) => {
        err.push(question);
        return Promise.resolve(terminal.answer ?? '');
      },
    },
  });
  const state = { ended: false };
  const ending = running.finally(() => (state.ended = true));
  // Commands are loaded when they are called, which takes real time: virtual time begins when something waits for it.
  while (terminal.seconds !== undefined && !state.ended && world.clock.pending() === 0) await world.clock.settle();
  for (let second = 1; second <= (terminal.seconds ?? 0); second++) {
    await world.clock.advance(1000);
    terminal.each?.(second);
  }
  const code = await ending;
  return { code, out: out.join(''), err: stripVTControlCharacters(err.join('')) };
}

function keyOf(kind: string, { namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return `${kind} ${namespace}/${name}`;
}

function clientOf(world: World, { forbidden = [] }: WorldOptions): Client {
  const note = (
    verb: string,
    { plural }: ResourceType,
    ref: { readonly namespace?: string | undefined; readonly name?: string },
  ): void => {
    const request = `${verb} ${plural} ${ref.namespace ?? '*'}${ref.name === undefined ? '' : `/${ref.name}`}`;
    world.requests.push(request);
    if (!forbidden.some((each) => `${request} `.startsWith(`${each} `))) return;
    const message = `${plural}.sluice.dev is forbidden: User "bob" cannot ${verb} resource "${plural}"`;
    throw new ApiError({ status: 403, reason: 'Forbidden', message, details: { kind: plural } });
  };
  const find = <T extends KubeObject>(type: ResourceType<T>, ref: { readonly namespace?: string; readonly name: string }): T => {
    const found = world.objects.get(keyOf(type.kind, ref));
    if (found !== undefined) return found as T;
    const message = `${type.plural}.sluice.dev "${ref.name}" not found`;
    throw new ApiError({ status: 404, reason: 'NotFound', message, details: { kind: type.plural, name: ref.name } });
  };
  const store = <T extends KubeObject>(object: T, dryRun: boolean | undefined): T => {
    if (dryRun !== true) world.put(object);
    return object;
  };
  const unused = (): Promise<never> => Promise.reject(new Error('kubectl share does not use this'));
  return {
    get: async (type, ref) => {
      note('get', type, ref);
      return find(type, ref);
    },
    list: async <T extends KubeObject>(type: ResourceType<T>, options: { readonly namespace?: string } = {}) => {
      const namespace = type.namespaced ? options.namespace : undefined;
      note('list', type, { namespace });
      const items = [...world.objects.values()].filter(
        ({ kind, metadata }) => kind === type.kind && (namespace === undefined || metadata.namespace === namespace),
      ) as T[];
      return { items, resourceVersion: '1' };
    },
    apply: async (type, object, options) => {
      note('apply', type, object.metadata);
      return store({ apiVersion: 'sluice.dev/v1alpha1', kind: type.kind, ...object } as never, options.dryRun);
    },
    mergePatch: async <T extends KubeObject>(
      type: ResourceType<T>,
      patch: { readonly name: string; readonly namespace?: string; readonly body: Readonly<Record<string, unknown>> },
      options: { readonly dryRun?: boolean } = {},
    ) => {
      note('patch', type, patch);
      return store(merged(find(type, patch), patch.body) as T, options.dryRun);
    },
    create: unused,
    delete: unused,
    replace: unused,
    applyStatus: unused,
    jsonPatch: unused,
  };
}

/** RFC 7386, as far as patches here go. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const entries = Object.entries(patch).map(([key, value]) => [
    key,
    merged((target as Record<string, unknown> | undefined)?.[key], value),
  ]);
  return { ...(target as object), ...(Object.fromEntries(entries) as object) };
}
