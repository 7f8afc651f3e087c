/**
 * Who can do what right now, as the stand-in's data plane decides it: identity policies, bucket policy, key policy, all really evaluated. Nothing of the product's own
 * documents or code is looked at.
 */
import { pointsOf } from './by-hand.ts';
import type { Place, Scene } from './scene.ts';

/** What a permission is worth in the data plane. */
export const actionsOf = { Read: ['get', 'list'], Write: ['put'], Modify: ['delete'] } as const;
/** A permission, and an action by which it is used. */
export type Permission = keyof typeof actionsOf;
/** One of the actions. */
export type Action = (typeof actionsOf)[Permission][number];

/** All permissions. */
export const permissions: readonly Permission[] = ['Read', 'Write', 'Modify'];

/** Something that a role may or may not: "role|place|permission", by index. */
export type Right = `${number}|${number}|${Permission}`;

/** Everything that roles can do, as "role|place|action". */
export type Access = ReadonlySet<string>;

/** Names a right. */
export const right = (role: number, place: number, permission: Permission): Right => `${role}|${place}|${permission}`;

/** The parts of a right. */
export function partsOf(named: Right): { readonly role: number; readonly place: number; readonly permission: Permission } {
  const [role = '', place = '', permission = ''] = named.split('|');
  return { role: Number(role), place: Number(place), permission: permission as Permission };
}

/** Index of the place that is shared by an item of that type and name. */
export function placeOf({ places }: Pick<Scene, 'places'>, item: { readonly type: string; readonly name: string }): number {
  return places.findIndex(({ type, name }) => type === item.type && name === item.name);
}

/** A bucket is asked itself, and all of it; a folder through each access point that somebody made to its bucket. */
function doorsTo(scene: Scene, { type, bucket }: Place): readonly string[] {
  const name = scene.buckets[bucket] ?? '';
  return type === 'Bucket' ? [name] : pointsOf(scene, name).map(({ arn }) => arn);
}

const questions = (Bucket: string, { type, prefix }: Place): readonly (readonly [Action, string, object])[] => [
  ['get', 'GetObject', { Bucket, Key: `${prefix}/hello` }],
  ['list', 'ListObjectsV2', { Bucket, MaxKeys: 1, ...(type === 'Bucket' ? {} : { Prefix: `${prefix}/` }) }],
  ['put', 'PutObject', { Bucket, Key: `${prefix}/new` }],
  ['delete', 'DeleteObject', { Bucket, Key: `${prefix}/hello` }],
];

/** Asks the data plane for everybody and everything. */
export function accessIn(scene: Scene): Access {
  const found = new Set<string>();
  for (const [index, place] of scene.places.entries())
    for (const door of doorsTo(scene, place))
      for (const [role, { arn }] of scene.roles.entries())
        for (const [action, operation, input] of questions(door, place))
          if (scene.aws.direct.allows(arn, { service: 's3', operation, input }))
            found.add(`${String(role)}|${String(index)}|${action}`);
  return found;
}

/** Whether all of the right is there. */
export function holds(access: Access, named: Right): boolean {
  const { role, place, permission } = partsOf(named);
  return actionsOf[permission].every((action) => access.has(`${String(role)}|${String(place)}|${action}`));
}

/** The rights of which at least a part is there. */
export function touched(access: Access): Set<Right> {
  const found = new Set<Right>();
  for (const one of access) {
    const [role = '', place = '', action = ''] = one.split('|');
    const permission = permissions.find((each) => (actionsOf[each] as readonly string[]).includes(action));
    if (permission !== undefined) found.add(right(Number(role), Number(place), permission));
  }
  return found;
}
