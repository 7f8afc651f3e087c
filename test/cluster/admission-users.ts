/**
 * Who acts in the tests of the admission policies: the operator; Wanda, who may do all that RBAC can give but holds none of Sluice's own
 * verbs, so that whatever is refused to her is refused by a policy; and Alice, who may approve one Dataset.
 */
import { expect, vi } from 'vitest';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { group } from '../../src/api/kind.ts';
import type { KindDefinition } from '../../src/api/kind.ts';
import { kinds } from '../../src/api/kinds.ts';
import { installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';
import type { Changes, Manifest, SampleKind } from '../unit/api/objects.ts';
import { manifest } from '../unit/api/objects.ts';

/** The operator, as the chart installs it. */
export const operator = { as: `system:serviceaccount:${operatorNamespace}:sluice` };
/** May read and write every kind and its status, and neither approve nor forcedelete. */
export const wanda = { as: 'wanda' };
/** Like Wanda, and may approve the Dataset orders. */
export const alice = { as: 'alice', groups: ['writers'] };
/** The administrator, whom RBAC refuses nothing. */
export const administrator = {};

/** Somebody to act as. */
export interface User {
  readonly as?: string;
  readonly groups?: readonly string[];
}

const definitions = kinds as readonly KindDefinition[];
const resources = definitions.flatMap(({ plural }) => [`${plural}.${group}`, `${plural}.${group}/status`]).join(',');

/** Plural of a kind, as kubectl takes it. */
export function plural(kind: string): string {
  const found = definitions.find((definition) => definition.kind === kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found.plural;
}

/** Installs the chart and waits until its policies are in force, which the API server does a moment later. */
export async function installPolicies(): Promise<void> {
  await installChart();
  const namespace = await uniqueNamespace('probe');
  const probe = (): Promise<string> => create(manifest('ShareItem', 'probe', { namespace }), administrator, '--dry-run=server');
  const refused = async (): Promise<void> => expect(await probe().catch(String)).toContain('only the operator creates');
  await vi.waitFor(refused, { timeout: 30_000, interval: 200 });
}

/** A new namespace in which Wanda and Alice have their roles. */
export async function namespaceWithUsers(): Promise<string> {
  const namespace = await uniqueNamespace('admission');
  const place = ['--namespace', namespace];
  await kubectl([
    'create',
    'role',
    'writer',
    '--verb=get,list,watch,create,update,patch,delete',
    `--resource=${resources}`,
    ...place,
  ]);
  await kubectl(['create', 'rolebinding', 'writer', '--role=writer', '--user=wanda', '--group=writers', ...place]);
  await kubectl([
    'create',
    'role',
    'approver',
    '--verb=approve',
    `--resource=datasets.${group}`,
    '--resource-name=orders',
    ...place,
  ]);
  await kubectl(['create', 'rolebinding', 'approver', '--role=approver', '--user=alice', ...place]);
  return namespace;
}

/** Creates an object as this user. */
export function create(object: Manifest, user: User, ...flags: string[]): Promise<string> {
  return kubectl(['create', ...flags, '--filename', '-'], { input: JSON.stringify(object), ...user });
}

/** An object of a namespace that is there already. */
export interface Place {
  readonly kind: SampleKind;
  readonly name: string;
  readonly namespace: string;
}

/** Makes a valid object as its own writer would: the operator its kinds, the administrator the rest. */
export async function given(place: Place, changes: Changes = {}): Promise<Place> {
  const own = place.kind === 'ShareItem' || place.kind === 'ReceivedShare';
  await create(manifest(place.kind, place.name, { namespace: place.namespace, changes }), own ? operator : administrator);
  return place;
}

/** Changes an object by a merge patch, as this user. */
export function patch({ kind, name, namespace }: Place, change: object, user: User, ...flags: string[]): Promise<string> {
  const args = [
    'patch',
    plural(kind),
    name,
    '--namespace',
    namespace,
    '--type=merge',
    '--patch',
    JSON.stringify(change),
    ...flags,
  ];
  return kubectl(args, user);
}

/** Deletes an object as this user and waits until it is gone. */
export function remove({ kind, name, namespace }: Place, user: User, cascade: Cascade = 'background'): Promise<string> {
  return kubectl(['delete', plural(kind), name, '--namespace', namespace, `--cascade=${cascade}`, '--timeout=30s'], user);
}

/** What becomes of an object's dependents. */
export type Cascade = 'foreground' | 'background' | 'orphan';
/** All of them. */
export const cascades: readonly Cascade[] = ['foreground', 'background', 'orphan'];
