/**
 * What must hold in every world, while things happen. Each check is numbered after the invariant that it stands for (docs/testing.md). Nothing throws in the midst of the
 * operator's work: what does not hold is noted, and the world ends with it.
 */
import type { CallEvent } from '../../sandbox/aws/index.ts';
import type { ShareItem } from '../../src/api/index.ts';
import { accessIn, holds, partsOf, placeOf, right, touched, type Access, type Right } from './access.ts';
import { documentsOf, isOurs, nameOf, statementsOf, type Shared } from './by-hand.ts';
import type { Oracle } from './oracle.ts';
import { verifyIntervalMs, type Scene } from './scene.ts';
import { slackMs } from './versions.ts';

/** What somebody has tampered with. */
export type Tampered = { readonly role: number } | { readonly document?: Shared; readonly bucket: number };

/** The checks of a world. */
export interface Checks {
  /** What did not hold, in the order in which it was seen. */
  readonly violations: readonly string[];
  note(violation: string): void;
  /** After something that people did: what there is now is not the operator's doing. */
  after(): void;
  /** Somebody changed AWS by hand. */
  tampered(what: Tampered, how: 'broken' | 'foreign' | 'gone'): void;
  /** Rights that may go for a while, though consent stands. */
  disturbed(rights: readonly Right[]): void;
  /** Things have calmed down: what is there by a plain consent must never be missing from now on. */
  settle(): void;
  /** Whether the right may deviate, since somebody broke it by hand and nothing repairs it by itself, or two wrote at the same moment. */
  isBroken(named: Right): boolean;
  /** Whether something may be left in the document, or of the right: two wrote at the same moment (docs/testing.md). */
  isRaced(what: Shared | Right): boolean;
  readonly access: Access;
}

interface State {
  readonly scene: Scene;
  readonly oracle: Oracle;
  readonly violations: string[];
  access: Access;
  /** Rights in force, with the requests that back each of them. */
  secure: Map<Right, Set<string>>;
  /** Other people's statements, by document. */
  readonly foreign: Map<string, string>;
  /** When somebody else wrote each document last, and when the operator read it last (ms). */
  readonly editedAt: Map<string, number>;
  readonly readAt: Map<string, number>;
  /** When the last reading was asked for: AWS may have looked at any moment since. */
  readonly askedAt: Map<string, number>;
  /** When somebody tampered with anything last. */
  tamperedAt: number;
  readonly broken: Set<string>;
  /** Buckets whose documents two wrote at the same moment, while AWS shows old copies. */
  readonly raced: Set<number>;
}

/** A read of a document that others write too is at most this old when it is written (invariant 1). */
const freshMs = 1000;
/** How long what somebody broke may go unnoticed (ms): every document is verified within this time. */
const unnoticedMs = 1.3 * verifyIntervalMs;

/** Watches a world from now on. */
export function createChecks(scene: Scene, oracle: Oracle): Checks {
  const state: State = {
    scene,
    oracle,
    violations: [],
    access: new Set(),
    secure: new Map(),
    foreign: new Map(),
    editedAt: new Map(),
    readAt: new Map(),
    askedAt: new Map(),
    tamperedAt: Number.NEGATIVE_INFINITY,
    broken: new Set(),
    raced: new Set(),
  };
  const note = (violation: string): void => void state.violations.push(violation);
  for (const document of documentsOf(scene)) state.foreign.set(nameOf(document), foreignIn(scene, document));
  scene.aws.onCall((event) => watchCall(state, event));
  const hook = scene.api.hook;
  scene.api.hook = (event) => {
    hook(event);
    const item = /\/namespaces\/([^/]+)\/shareitems\/([^/]+)\/status$/.exec(event.path);
    if (event.phase === 'after' && item !== null) watchStatus(state, `${item[1] ?? ''}/${item[2] ?? ''}`);
  };
  return {
    violations: state.violations,
    note,
    after: () => {
      state.access = accessIn(scene);
      keepBacked(state);
    },
    tampered: (what, how) => tampered(state, what, how),
    disturbed: (rights) => {
      for (const named of rights) state.secure.delete(named);
    },
    settle: () => {
      const backing = oracle.backing('whole');
      state.secure = new Map(
        [...backing].filter(([named]) => holds(state.access, named)).map(([named, by]) => [named, new Set(by)]),
      );
      if (scene.setup.drift === 'Reapply') state.broken.clear();
    },
    isBroken: (named) => {
      const bucket = bucketBehind(scene, named);
      const role = `role ${String(partsOf(named).role)}`;
      return state.broken.has(role) || state.broken.has(`bucket ${String(bucket)}`) || state.raced.has(bucket);
    },
    isRaced: (what) => state.raced.has(typeof what === 'string' ? bucketBehind(scene, what) : bucketOf(scene, what)),
    get access() {
      return state.access;
    },
  };
}

/** What is backed no longer may go. */
function keepBacked({ secure, oracle }: State): void {
  oracle.may();
  const backing = oracle.backing('live');
  for (const [named, by] of secure) {
    for (const request of by) if (backing.get(named)?.has(request) !== true) by.delete(request);
    if (by.size === 0) secure.delete(named);
  }
}

function tampered(state: State, what: Tampered, how: 'broken' | 'foreign' | 'gone'): void {
  const { scene, secure } = state;
  if (how !== 'foreign') state.tamperedAt = scene.clock.now();
  if ('bucket' in what && what.document !== undefined) {
    const name = nameOf(what.document);
    state.foreign.set(name, foreignIn(scene, what.document));
    state.editedAt.set(name, scene.clock.now());
  }
  if (how === 'foreign') return;
  state.broken.add('role' in what ? `role ${String(what.role)}` : `bucket ${String(what.bucket)}`);
  for (const named of secure.keys()) {
    if ('role' in what ? partsOf(named).role === what.role : bucketBehind(scene, named) === what.bucket) secure.delete(named);
  }
}

// — during: after every call of the operator's —

function watchCall(state: State, event: CallEvent): void {
  const { scene } = state;
  if (event.resource === '' && event.readOnly) return;
  const document = documentOf(scene, event);
  if (document !== undefined && event.readOnly && event.phase === 'before')
    state.askedAt.set(nameOf(document), scene.clock.now());
  if (document !== undefined && event.readOnly && event.phase === 'after') state.readAt.set(nameOf(document), scene.clock.now());
  if (event.readOnly) return;
  if (event.phase === 'before') {
    if (document !== undefined) readBefore(state, event, document);
    return;
  }
  if (event.code !== undefined) return;
  if (document !== undefined) foreignKept(state, event, document);
  accessKept(state, event);
}

const documentOperations = new Set(['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy', 'GetKeyPolicy', 'PutKeyPolicy']);

function documentOf(scene: Scene, { operation, resource }: CallEvent): Shared | undefined {
  if (!documentOperations.has(operation)) return undefined;
  return documentsOf(scene).find((each) =>
    each.kind === 'bucket' ? resource === `arn:aws:s3:::${each.name}` : resource === each.arn,
  );
}

/** Invariant 1: nobody's document is written on an old reading. */
function readBefore(state: State, { operation }: CallEvent, document: Shared): void {
  const age = state.scene.clock.now() - (state.readAt.get(nameOf(document)) ?? Number.NEGATIVE_INFINITY);
  if (age > freshMs) state.violations.push(`1: ${operation} of ${nameOf(document)} on a reading that is ${String(age)} ms old`);
}

/** Invariants 1 and 9: other people's statements are as they were, byte for byte; administrators among them. */
function foreignKept(state: State, { operation }: CallEvent, document: Shared): void {
  const { scene, foreign, askedAt, editedAt } = state;
  const name = nameOf(document);
  const now = foreignIn(scene, document);
  // AWS has no compare-and-set here: who writes between our reading and our write, or before AWS shows it, may lose what he wrote.
  const reading = (askedAt.get(name) ?? 0) - scene.setup.staleMs;
  const raced = (editedAt.get(name) ?? Number.NEGATIVE_INFINITY) >= reading;
  if (now !== foreign.get(name) && !raced)
    state.violations.push(
      `1: ${operation} changed other people's statements of ${name}: ${foreign.get(name) ?? ''} became ${now}`,
    );
  foreign.set(name, now);
  // What was lost may be read once more from an old copy, and written again.
  if (!raced) return;
  editedAt.set(name, scene.clock.now());
  if (scene.setup.staleMs > 0) state.raced.add(bucketOf(scene, document));
}

/** Index of the bucket that the right is about. */
function bucketBehind({ places }: Scene, named: Right): number {
  return places[partsOf(named).place]?.bucket ?? -1;
}

/** Index of the bucket that the document is about. */
function bucketOf({ buckets, keys }: Scene, document: Shared): number {
  return document.kind === 'bucket' ? buckets.indexOf(document.name) : keys.indexOf(document.arn);
}

function foreignIn(scene: Scene, document: Shared): string {
  return JSON.stringify(statementsOf(scene, document).filter((each) => !isOurs(each)));
}

/** Invariants 3, 4, 11 and 12: nobody loses what he has, and nobody gets what no consent covers. */
function accessKept(state: State, { service, operation }: CallEvent): void {
  const { scene, oracle, violations } = state;
  const before = state.access;
  state.access = accessIn(scene);
  keepBacked(state);
  for (const named of state.secure.keys()) {
    if (!holds(state.access, named)) {
      violations.push(`4: ${service}:${operation} took ${named}, which is in force`);
      state.secure.delete(named);
    }
  }
  const { setup, clock } = scene;
  const gained = new Set([...state.access].filter((each) => !before.has(each)));
  if (gained.size === 0) return;
  const may = oracle.mayHaveSince(clock.now() - slackMs(setup));
  for (const named of touched(gained))
    if (!may.has(named)) violations.push(`12: ${service}:${operation} gave ${named}, which no consent covers`);
}

// — invariant 2: whoever is called Ready can really use it —

function watchStatus(state: State, key: string): void {
  const { scene, violations } = state;
  const item = scene.api.objects.get('shareitems', key) as ShareItem | undefined;
  if (item === undefined || !isReady(item) || scene.clock.now() - state.tamperedAt < unnoticedMs) return;
  const transition = item.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  if (Date.parse(transition ?? '') < Math.floor(scene.clock.now() / 1000) * 1000) return;
  for (const named of rightsOf(scene, item))
    if (!holds(state.access, named)) violations.push(`2: ${item.metadata.name} became Ready without ${named}`);
}

/** Whether an item's Ready is True. */
export function isReady({ status }: ShareItem): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
}

/** What the item's record says is shared. */
export function rightsOf(scene: Scene, { spec }: ShareItem): Right[] {
  const place = placeOf(scene, spec);
  return spec.resolved
    .filter((entry) => entry.state !== 'Revoking')
    .flatMap((entry) =>
      entry.permissions.map((permission) =>
        right(
          scene.roles.findIndex(({ arn }) => arn === entry.principal.arn),
          place,
          permission,
        ),
      ),
    );
}
