/** Carries out operations: each is done at once, as those who do it would; the operator hears of it in its own time. */
import type { Dataset, ShareItem } from '../../src/api/index.ts';
import { placeOf, right, permissions as allPermissions, type Right } from './access.ts';
import { connectionLost } from './api-server.ts';
import { breakPoint, breakRole, breakShared, editForeign, replaceRole, type Shared } from './by-hand.ts';
import type { Checks } from './checks.ts';
import {
  approvalManifest,
  approvalName,
  datasetManifest,
  datasetsOf,
  environmentManifests,
  owner,
  requester,
  requestManifest,
  requestOf,
  requestsOf,
  roleManifest,
} from './manifests.ts';
import { keyOf } from './objects.ts';
import type { Operation } from './operations.ts';
import type { Oracle } from './oracle.ts';
import { apply, type Scene } from './scene.ts';

/** A world with those who watch it. */
export interface Stage {
  readonly scene: Scene;
  readonly oracle: Oracle;
  readonly checks: Checks;
}

type Doing<Kind extends Operation['do']> = Extract<Operation, { readonly do: Kind }>;

/** Does one operation. Waiting is the caller's. */
export function perform(stage: Stage, operation: Exclude<Operation, { readonly do: 'wait' | 'rest' }>): void {
  switch (operation.do) {
    case 'request':
    case 'approve':
    case 'dataset':
    case 'role':
    case 'doors':
      write(stage, operation);
      break;
    case 'deleteRequest':
    case 'withdraw':
    case 'deleteDataset':
    case 'deleteRole':
    case 'deleteItem':
      remove(stage, operation);
      break;
    case 'iamRole':
    case 'breakBucket':
    case 'breakKey':
    case 'breakPoint':
    case 'breakRole':
    case 'foreignBucket':
    case 'foreignKey':
      tamper(stage, operation);
      break;
    case 'fault':
      failLater(stage, operation);
      break;
    case 'crash':
      crashLater(stage, operation);
      break;
    case 'apiFault':
      failApiLater(stage, operation);
      break;
  }
  stage.checks.after();
}

/** The one with that number among those that there are. */
function pick<T>(list: readonly T[], number: number): T {
  const found = list[number % list.length];
  if (found === undefined) throw new RangeError('a world has at least one of each');
  return found;
}

// — what people write —

function write({ scene, oracle }: Stage, operation: Doing<'request' | 'approve' | 'dataset' | 'role' | 'doors'>): void {
  const ends = (expiresIn: number | null): string | undefined =>
    expiresIn === null ? undefined : new Date(scene.clock.now() + expiresIn).toISOString().replace(/\.\d+Z$/, 'Z');
  switch (operation.do) {
    case 'request': {
      const index = pick(requestsOf(scene), operation.which);
      return apply(
        scene,
        'sharerequests',
        requestManifest(scene, index, { ...operation, expireTime: ends(operation.expiresIn) }),
      );
    }
    case 'approve': {
      const index = pick(requestsOf(scene), operation.which);
      oracle.decided(approvalName(index, operation.second));
      const expireTime = ends(operation.expiresIn);
      return apply(scene, 'shareapprovals', approvalManifest(scene, index, { ...operation, expireTime }));
    }
    case 'dataset':
      return apply(scene, 'datasets', datasetManifest(scene, pick(datasetsOf(scene), operation.which), operation));
    case 'role':
      return apply(scene, 'consumptionroles', roleManifest(scene, operation.which % scene.roles.length));
    case 'doors':
      for (const [plural, object] of environmentManifests(operation)) apply(scene, plural, object);
      return oracle.doors(operation);
  }
}

// — what people take away —

function remove(
  { scene, checks }: Stage,
  operation: Doing<'deleteRequest' | 'withdraw' | 'deleteDataset' | 'deleteRole' | 'deleteItem'>,
): void {
  const { objects } = scene.api;
  const gone = (plural: string, key: string, propagation: 'Orphan' | 'Background' | 'Foreground' = 'Background'): void => {
    if (objects.get(plural, key) !== undefined) objects.delete(plural, key, { propagation });
  };
  switch (operation.do) {
    case 'deleteRequest':
      return gone(
        'sharerequests',
        `${requester}/${requestOf(pick(requestsOf(scene), operation.which)).name}`,
        operation.propagation,
      );
    case 'withdraw':
      return gone('shareapprovals', `${owner}/${approvalName(pick(requestsOf(scene), operation.which), operation.second)}`);
    case 'deleteDataset':
      return gone('datasets', `${owner}/${pick(datasetsOf(scene), operation.which)}`);
    case 'deleteRole':
      return gone('consumptionroles', `${requester}/c${String(operation.which % scene.roles.length)}`);
    case 'deleteItem': {
      const items = objects.list('shareitems') as readonly ShareItem[];
      if (items.length === 0) return;
      const item = pick(items, operation.which);
      checks.disturbed(rightsOf(scene, item));
      return gone('shareitems', keyOf(item));
    }
  }
}

/** Everything that an item may be about. */
function rightsOf(scene: Scene, { spec }: ShareItem): Right[] {
  const place = placeOf(scene, spec);
  return scene.roles.flatMap((_, role) => allPermissions.map((permission) => right(role, place, permission)));
}

// — what somebody does in AWS —

function tamper(
  { scene, oracle, checks }: Stage,
  operation: Doing<'iamRole' | 'breakBucket' | 'breakKey' | 'breakPoint' | 'breakRole' | 'foreignBucket' | 'foreignKey'>,
): void {
  const index = operation.which % scene.roles.length;
  const bucket = operation.which % scene.buckets.length;
  const key = scene.keys[bucket];
  const document: Shared =
    (operation.do === 'breakKey' || operation.do === 'foreignKey') && key !== undefined
      ? { kind: 'key', arn: key }
      : { kind: 'bucket', name: pick(scene.buckets, operation.which) };
  switch (operation.do) {
    case 'iamRole':
      replaceRole(scene, index, operation.becomes);
      oracle.recreated(index);
      return checks.tampered({ role: index }, 'gone');
    case 'breakRole':
      if (breakRole(scene, index, operation.how)) checks.tampered({ role: index }, 'broken');
      return;
    case 'breakBucket':
    case 'breakKey':
      if (breakShared(scene, document, operation.how)) checks.tampered({ document, bucket }, 'broken');
      return;
    case 'breakPoint':
      if (breakPoint(scene, pick(scene.buckets, 0), operation.how)) checks.tampered({ bucket: 0 }, 'broken');
      return;
    case 'foreignBucket':
    case 'foreignKey':
      if (editForeign(scene, document, operation.how)) checks.tampered({ document, bucket }, 'foreign');
  }
}

// — what goes wrong —

/** Waits for so many calls of the operator's to AWS, then acts once for each of `times` calls. */
function onCalls(scene: Scene, when: { readonly after: number; readonly phase: 'before' | 'after' }, act: () => void): void {
  let left = when.after;
  const off = scene.aws.onCall(({ phase }) => {
    if (scene.calm || phase !== when.phase || left-- > 0) return;
    off();
    act();
  });
}

function failLater({ scene }: Stage, { kind, after, times }: Doing<'fault'>): void {
  onCalls(scene, { after, phase: 'after' }, () => void scene.aws.faults.add({ kind, times }));
}

/** The operator is killed at a call, and another one is started a while later. */
function crashLater({ scene }: Stage, { at, phase, after, downFor }: Doing<'crash'>): void {
  const kill = (): never => {
    scene.life.end();
    scene.clock.after(downFor, () => scene.start());
    throw new Error('killed');
  };
  if (at === 'aws') onCalls(scene, { after, phase }, kill);
  else onApiWrites(scene, { after, phase }, kill);
}

/** A write to the API server is refused on its way, or its answer is lost. */
function failApiLater({ scene }: Stage, { loses, after }: Doing<'apiFault'>): void {
  onApiWrites(scene, { after, phase: loses ? 'after' : 'before' }, () => {
    throw connectionLost();
  });
}

function onApiWrites(scene: Scene, when: { readonly after: number; readonly phase: 'before' | 'after' }, act: () => void): void {
  const { api } = scene;
  const previous = api.hook;
  let left = when.after;
  let used = false;
  api.hook = (event) => {
    previous(event);
    if (scene.calm || used || event.phase !== when.phase || left-- > 0) return;
    used = true;
    act();
  };
}

/** Deletes everything that people have written, in an order that the seed decides. */
export function removeEverything({ scene, checks }: Stage, order: number): void {
  const { objects } = scene.api;
  const plurals = ['sharerequests', 'shareapprovals', 'datasets', 'consumptionroles'];
  const all = plurals.flatMap((plural) => objects.list(plural).map((object) => ({ plural, key: keyOf(object) })));
  for (let number = order; all.length > 0; number = (number * 31 + 7) % 10_007) {
    const [one] = all.splice(number % all.length, 1);
    if (one !== undefined && objects.get(one.plural, one.key) !== undefined) objects.delete(one.plural, one.key, {});
  }
  checks.after();
}

/** The Datasets as they are. */
export function datasetsIn({ api }: Scene): readonly Dataset[] {
  return api.objects.list('datasets') as readonly Dataset[];
}
