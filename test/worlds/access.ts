/**
 * Who can do what right now, as the stand-in's data plane decides it: identity policies, bucket policy, key policy, all really evaluated. Nothing of the product's own
 * documents or code is looked at.
 */
import type { Scene } from './scene.ts';

/** What a permission is worth in the data plane. */
export const actionsOf = { Read: ['get', 'list'], Write: ['put'], Modify: ['delete'] } as const;
/** A permission, and an action by which it is used. */
export type Permission = keyof typeof actionsOf;
/** One of the actions. */
export type Action = (typeof actionsOf)[Permission][number];

/** All permissions. */
export const permissions: readonly Permission[] = ['Read', 'Write', 'Modify'];

/** Something that a role may or may not: "role|bucket|permission", by index. */
export type Right = `${number}|${number}|${Permission}`;

/** Everything that roles can do, as "role|bucket|action". */
export type Access = ReadonlySet<string>;

/** Names a right. */
export const right = (role: number, bucket: number, permission: Permission): Right => `${role}|${bucket}|${permission}`;

/** The parts of a right. */
export function partsOf(named: Right): { readonly role: number; readonly bucket: number; readonly permission: Permission } {
  const [role = '', bucket = '', permission = ''] = named.split('|');
  return { role: Number(role), bucket: Number(bucket), permission: permission as Permission };
}

const questions = (bucket: string): readonly (readonly [Action, string, object])[] => [
  ['get', 'GetObject', { Bucket: bucket, Key: 'data/hello' }],
  ['list', 'ListObjectsV2', { Bucket: bucket, MaxKeys: 1 }],
  ['put', 'PutObject', { Bucket: bucket, Key: 'data/new' }],
  ['delete', 'DeleteObject', { Bucket: bucket, Key: 'data/hello' }],
];

/** Asks the data plane for everybody and everything. */
export function accessIn({ aws, roles, buckets }: Scene): Access {
  const found = new Set<string>();
  for (const [role, { arn }] of roles.entries())
    for (const [bucket, name] of buckets.entries())
      for (const [action, operation, input] of questions(name))
        if (aws.direct.allows(arn, { service: 's3', operation, input })) found.add(`${String(role)}|${String(bucket)}|${action}`);
  return found;
}

/** Whether all of the right is there. */
export function holds(access: Access, named: Right): boolean {
  const { role, bucket, permission } = partsOf(named);
  return actionsOf[permission].every((action) => access.has(`${String(role)}|${String(bucket)}|${action}`));
}

/** The rights of which at least a part is there. */
export function touched(access: Access): Set<Right> {
  const found = new Set<Right>();
  for (const one of access) {
    const [role = '', bucket = '', action = ''] = one.split('|');
    const permission = permissions.find((each) => (actionsOf[each] as readonly string[]).includes(action));
    if (permission !== undefined) found.add(right(Number(role), Number(bucket), permission));
  }
  return found;
}
