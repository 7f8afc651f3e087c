/**
 * What every object says and records, so that two moments can be compared: a new operator looks at everything anew, and when it says something else about a world in which
 * nothing has happened, the one before it had not heard of something, or had not said it.
 */
import { kinds } from '../../src/api/index.ts';
import type { Scene } from './scene.ts';

/**
 * By kind, name and path within the object: what is said there, as JSON. Times and the history are left out: they are about the operator itself. So is what a search for orphans
 * found: it comes once a day, and soon after a start.
 */
export type Tellings = ReadonlyMap<string, string>;

/** Everything that is said now. */
export function tellings({ api }: Pick<Scene, 'api'>): Tellings {
  const found = new Map<string, string>();
  for (const { kind, plural } of kinds)
    for (const object of api.objects.list(plural)) {
      const { spec, status } = object as { readonly spec?: unknown; readonly status?: unknown };
      collect(found, `${kind} ${object.metadata.name}`, { spec, status });
    }
  return found;
}

function collect(found: Map<string, string>, path: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    found.set(path, JSON.stringify(value));
    return;
  }
  for (const [name, member] of Object.entries(value))
    if (member !== undefined && !isTime(name) && !isSweep(name, member))
      collect(found, `${path} .${nameIn(value, name)}`, member);
}

function isTime(name: string): boolean {
  return name.endsWith('Time') || name === 'history';
}

function isSweep(name: string, member: unknown): boolean {
  return name === 'orphans' || (member as { readonly type?: unknown } | null)?.type === 'Orphans';
}

/** Conditions go by their types, since their order means nothing. */
function nameIn(list: object, name: string): string {
  const { type } = ((list as Record<string, unknown>)[name] ?? {}) as { readonly type?: unknown };
  return Array.isArray(list) && typeof type === 'string' ? `${name} ${type}` : name;
}

/** In words, what is said in one of the two only, or otherwise. */
export function differences(before: Tellings, now: Tellings): string[] {
  const places = new Set([...before.keys(), ...now.keys()]);
  return [...places]
    .filter((place) => before.get(place) !== now.get(place))
    .map((place) => `${place}: ${before.get(place) ?? 'nothing'} became ${now.get(place) ?? 'nothing'}`);
}
