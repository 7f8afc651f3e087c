/**
 * What people wrote lately. The operator hears of each kind on a watch of its own, later than it is written and in no order among kinds, so for a while it may decide on any of
 * the versions that an object had a moment ago, together with any of another one's.
 */
import type { ObjectMeta } from '../../src/kube/object.ts';
import { keyOf } from './objects.ts';
import type { Scene, Setup } from './scene.ts';

/** An object that people write. */
export interface Written {
  readonly metadata: ObjectMeta;
}

/** How long the operator may be behind what people wrote, with a decision that was under way (ms). */
export function slackMs({ watchLagMs, latencyMs }: Setup): number {
  return 3000 + 2 * watchLagMs + 20 * latencyMs;
}

/** Versions of people's objects. */
export interface Versions {
  /** Looks at what there is. Call it after everything that people do. */
  look(): void;
  /** Every version that the operator may take for the current one. */
  recent(plural: string): readonly Written[];
  /** Whether this is the current version, and the operator has surely heard of it. */
  isHeard(plural: string, object: Written): boolean;
}

interface Version {
  readonly object: Written;
  /** When it was written, and when it was replaced (ms). */
  readonly since: number;
  until: number;
}

const plurals = ['sharerequests', 'shareapprovals', 'datasets'] as const;

/** Remembers versions for as long as the operator of this world may be behind. */
export function createVersions({ api, clock, setup }: Scene): Versions {
  const slack = slackMs(setup);
  const known = new Map<string, Version[]>(plurals.map((plural) => [plural, []]));
  const same = (left: Written, right: Written): boolean =>
    left.metadata.uid === right.metadata.uid && left.metadata.generation === right.metadata.generation;
  return {
    look: () => {
      const now = clock.now();
      for (const plural of plurals) {
        const current = new Map(api.objects.list(plural).map((object) => [keyOf(object), object]));
        const kept = (known.get(plural) ?? []).filter(({ until }) => until > now - slack);
        for (const version of kept.filter(({ until }) => until === Infinity)) {
          const found = current.get(keyOf(version.object));
          if (found === undefined || !same(found, version.object)) version.until = now;
          else current.delete(keyOf(version.object));
        }
        known.set(plural, [...kept, ...[...current.values()].map((object) => ({ object, since: now, until: Infinity }))]);
      }
    },
    recent: (plural) => (known.get(plural) ?? []).map(({ object }) => object),
    isHeard: (plural, object) => {
      const version = (known.get(plural) ?? []).find((each) => each.until === Infinity && same(each.object, object));
      return version !== undefined && version.since <= clock.now() - slack;
    },
  };
}
