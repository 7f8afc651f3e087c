/**
 * Who may have what, read from what people wrote and nothing else: requests, approvals, Datasets and ConsumptionRoles as they are in the API server. It does not use
 * the product's decisions, and it is simpler: an upper bound. What exactly has to be there is asked of it only where the answer is plain (`must`).
 */
import type { Dataset, ShareApproval, ShareItem, ShareRequest } from '../../src/api/index.ts';
import { right, type Permission, type Right } from './access.ts';
import { uniqueIdOf } from './by-hand.ts';
import { requester } from './manifests.ts';
import type { Place, Scene } from './scene.ts';
import { createVersions, slackMs, type Versions, type Written } from './versions.ts';

/** The oracle of a world. */
export interface Oracle {
  /** Who may have what right now. Ask after everything that people do, in order. */
  may(): ReadonlySet<Right>;
  /**
   * Which requests (by uid) speak for a right in plain words. What is live by such a request stays; `whole`: what has to be there once things have calmed down,
   * which is not asked for where somebody else has a say: full documents, detached policies, closed doors, consent that ended before.
   */
  backing(how: 'live' | 'whole'): ReadonlyMap<Right, ReadonlySet<string>>;
  /** Whether nothing ends by itself between two times (ms): no request, no approval, no claim that was lost. */
  isQuiet(from: number, to: number): boolean;
  /** Rights that some consent has covered since `since` (ms). */
  mayHaveSince(since: number): ReadonlySet<Right>;
  /** A role was made again: what was consented to before was for another one. */
  recreated(role: number): void;
  /** An approval was written. */
  decided(name: string): void;
  /** The platform team has opened or closed the doors. */
  doors(open: { readonly claimed: boolean; readonly admitted: boolean }): void;
}

interface State {
  readonly scene: Scene;
  readonly versions: Versions;
  /** What has been consented to lately, newest last. */
  history: { readonly at: number; readonly rights: ReadonlySet<Right> }[];
  /** When approvals were written last, by name. */
  readonly decidedAt: Map<string, number>;
  /** When roles were made again, by index. */
  readonly recreatedAt: Map<number, number>;
  /** Rights that a rule of the Dataset's has given to a request (by uid) at some time: they outlive the rule. */
  readonly byRule: Set<string>;
  admitted: boolean;
  /** When the doors were closed last. */
  closedAt: number;
  /** Since when nobody has a claim to anything. */
  unclaimedSince: number | undefined;
}

/** Older history than this is of no use to anybody (ms). */
const rememberMs = 600_000;
/** How long shares outlive a lost claim, and as much as it may take until everybody has noticed (ms). */
const graceMs = 25 * 3_600_000;

/** An oracle that sees a world from its beginning. */
export function createOracle(scene: Scene): Oracle {
  const state: State = {
    scene,
    versions: createVersions(scene),
    history: [],
    decidedAt: new Map(),
    recreatedAt: new Map(),
    byRule: new Set(),
    admitted: true,
    closedAt: Number.NEGATIVE_INFINITY,
    unclaimedSince: undefined,
  };
  const now = (): number => scene.clock.now();
  const may = (): ReadonlySet<Right> => {
    state.versions.look();
    const rights = mayNow(state);
    const recent = state.history.filter(({ at }) => at > now() - rememberMs);
    state.history = [...recent, { at: now(), rights }];
    return rights;
  };
  return {
    may,
    backing: (how) => backingNow(state, how),
    mayHaveSince: (since) => {
      may();
      const older = state.history.findLastIndex(({ at }) => at <= since);
      return new Set(state.history.slice(Math.max(0, older)).flatMap(({ rights }) => [...rights]));
    },
    isQuiet: (from, to) => {
      const specs = ['sharerequests', 'shareapprovals'].flatMap((plural) =>
        scene.api.objects.list(plural).map(({ spec }) => spec),
      );
      const ends = specs.map((spec) => Date.parse((spec as { readonly expireTime?: string }).expireTime ?? ''));
      const grace = (state.unclaimedSince ?? Number.NaN) + graceMs;
      return !ends.some((end) => end > from && end <= to) && !(grace > from && grace - 2 * 3_600_000 <= to);
    },
    recreated: (role) => void state.recreatedAt.set(role, now()),
    decided: (name) => void state.decidedAt.set(name, now()),
    doors: ({ claimed, admitted }) => {
      if (!claimed || !admitted) state.closedAt = now();
      state.admitted = admitted;
      state.unclaimedSince = claimed ? undefined : (state.unclaimedSince ?? now());
    },
  };
}

const isDeleted = ({ metadata }: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean =>
  metadata.deletionTimestamp !== undefined;

/** `at most`: as the operator may see things, which may be a while behind. `surely`: as they are. */
type How = 'at most' | 'surely';

function listed<T extends Written>({ scene, versions }: State, plural: string, how: How): readonly T[] {
  const found: readonly Written[] = how === 'at most' ? versions.recent(plural) : scene.api.objects.list(plural);
  return found as readonly T[];
}

/** All of a request's approvals in force. */
function approvalsOf(state: State, request: ShareRequest, how: How): readonly ShareApproval[] {
  return listed<ShareApproval>(state, 'shareapprovals', how).filter(
    (each) =>
      !isDeleted(each) &&
      each.spec.requestRef.name === request.metadata.name &&
      each.spec.datasetRef.name === request.spec.datasetRef.name,
  );
}

function hasPassed(time: string | undefined, now: number): boolean {
  return time !== undefined && Date.parse(time) <= now;
}

interface Asking {
  readonly request: ShareRequest;
  readonly dataset: Dataset;
  readonly role: number;
}

/** Requests in force whose Dataset and role are in force too. */
function asking(state: State, how: How): Asking[] {
  const datasets = listed<Dataset>(state, 'datasets', how).filter((each) => !isDeleted(each));
  const requests = listed<ShareRequest>(state, 'sharerequests', how).filter((each) => !isDeleted(each));
  return requests.flatMap((request) => {
    const role = state.scene.api.objects.get('consumptionroles', `${requester}/${request.spec.principal.name}`);
    if (role === undefined || isDeleted(role)) return [];
    return datasets
      .filter(({ metadata }) => metadata.name === request.spec.datasetRef.name)
      .map((dataset) => ({ request, dataset, role: Number(request.spec.principal.name.slice(1)) }));
  });
}

function mayNow(state: State): ReadonlySet<Right> {
  const { scene } = state;
  // What was consented to for a moment the operator may have seen or not: it may have been down.
  const before = new Set(state.history.flatMap(({ rights }) => [...rights]));
  const rights = new Set<Right>();
  if (scene.clock.now() - (state.unclaimedSince ?? Infinity) > graceMs) return rights;
  const isClosed = state.unclaimedSince !== undefined || !state.admitted;
  const closed = isClosed && scene.clock.now() - state.closedAt > slackMs(scene.setup);
  for (const one of asking(state, 'at most')) {
    const isDraft = one.request.spec.state === 'Draft';
    if (hasPassed(one.request.spec.expireTime, scene.clock.now())) continue;
    for (const [index, place] of scene.places.entries()) {
      if (!lists(one.dataset, place)) continue;
      if (!isDraft && !isAmong(one.request.spec.items, place)) continue;
      for (const permission of consented(state, one, place, 'at most')) {
        // A draft adds nothing to what there was, and closed doors let nothing new in.
        const named = right(one.role, index, permission);
        if ((!isDraft && !closed) || before.has(named)) rights.add(named);
      }
    }
  }
  return rights;
}

function lists({ spec }: Dataset, { type, name }: Place): boolean {
  return (type === 'Bucket' ? spec.buckets : type === 'Folder' ? spec.folders : []).some((each) => each.name === name);
}

function isAmong(items: readonly { readonly type: string; readonly name: string }[], place: Place): boolean {
  return items.some(({ type, name }) => type === place.type && name === place.name);
}

function consented(state: State, one: Asking, place: Place, how: How): Permission[] {
  const { request, dataset, role } = one;
  const asked: readonly Permission[] = request.spec.state === 'Draft' ? ['Read', 'Write', 'Modify'] : request.spec.permissions;
  const approvals = approvalsOf(state, request, how);
  const names = (each: ShareApproval): boolean => isAmong(each.spec.items, place);
  const heard = (each: ShareApproval): boolean => how === 'surely' || state.versions.isHeard('shareapprovals', each);
  if (approvals.some((each) => each.spec.decision === 'Rejected' && heard(each) && (each.spec.items.length === 0 || names(each))))
    return [];
  return asked
    .filter((permission) => dataset.spec.sharing.permissions.includes(permission))
    .filter(
      (permission) =>
        isByRule(state, one, { place, permission, how }) ||
        approvals.some((each) => approves(state, each, { place, permission, role, request })),
    );
}

/** What a rule gives outlives the rule, but not the principal. What it gave for sure is on record: it may have come and gone unseen. */
function isByRule(
  state: State,
  { request, dataset, role }: Asking,
  what: { readonly place: Place; readonly permission: Permission; readonly how: How },
): boolean {
  const { place, permission, how } = what;
  const key = [request.metadata.uid, place.type, place.name, permission, state.recreatedAt.get(role) ?? 0].join('|');
  const isInForce = dataset.spec.sharing.approval === 'Automatic';
  if (isInForce) state.byRule.add(key);
  const consent = itemOf(state, request, place)?.spec.consent;
  const onRecord = consent?.source === 'Automatic' && consent.permissions.includes(permission);
  return state.byRule.has(key) && (how === 'at most' || isInForce || onRecord);
}

function itemOf({ scene }: State, request: ShareRequest, place: Place): ShareItem | undefined {
  return (scene.api.objects.list('shareitems') as readonly ShareItem[]).find(
    ({ spec }) => spec.requestRef.uid === request.metadata.uid && isAmong([spec], place),
  );
}

interface Question {
  readonly place: Place;
  readonly permission: Permission;
  readonly role: number;
  readonly request: ShareRequest;
}

function approves(state: State, approval: ShareApproval, { place, permission, role, request }: Question): boolean {
  const { scene, decidedAt, recreatedAt } = state;
  if (approval.spec.decision !== 'Approved' || approval.spec.principal?.arn !== scene.roles[role]?.arn) return false;
  if (hasPassed(approval.spec.expireTime, scene.clock.now())) return false;
  const covers = approval.spec.items.some((item) => isAmong([item], place) && item.permissions.includes(permission));
  const madeAgain = recreatedAt.get(role);
  // Consent was to somebody: where it had been used before the role was made again, the new role needs a newer one.
  const stale =
    madeAgain !== undefined &&
    (decidedAt.get(approval.metadata.name) ?? 0) < madeAgain &&
    wasGranted(state, request, { place, before: madeAgain });
  return covers && !stale;
}

/** Had the request's item been granted to the role before that time? Read from the record, which is where it has to be. */
function wasGranted(
  state: State,
  request: ShareRequest,
  { place, before }: { readonly place: Place; readonly before: number },
): boolean {
  const consent = itemOf(state, request, place)?.spec.consent;
  // Times are whole seconds, rounded down.
  return consent !== undefined && Date.parse(consent.grantedTime) + 1000 <= before;
}

/** The plain cases: requests whose principal exists and whose policies Sluice looks after. */
function backingNow(state: State, how: 'live' | 'whole'): ReadonlyMap<Right, ReadonlySet<string>> {
  const { scene } = state;
  const found = new Map<Right, Set<string>>();
  if (scene.clock.now() - (state.unclaimedSince ?? Infinity) > graceMs / 2) return found;
  for (const one of asking(state, 'surely')) {
    const { request, role } = one;
    const place = scene.roles[role];
    if (place === undefined || uniqueIdOf(scene, place.account, place.name) === undefined) continue;
    if (hasPassed(request.spec.expireTime, scene.clock.now())) continue;
    for (const [index, target] of scene.places.entries()) {
      const asked = isAmong(request.spec.items, target);
      if (!lists(one.dataset, target) || (!asked && request.spec.state !== 'Draft')) continue;
      if (how === 'whole' && !isPlain(state, one, target)) continue;
      for (const permission of consented(state, one, target, 'surely')) {
        const named = right(role, index, permission);
        found.set(named, (found.get(named) ?? new Set<string>()).add(request.metadata.uid ?? ''));
      }
    }
  }
  return found;
}

/** Nothing stands in the way of granting the place to the role. */
function isPlain(state: State, { request, dataset, role }: Asking, place: Place): boolean {
  const { bucket } = place;
  const { scene, admitted, unclaimedSince } = state;
  const { setup, buckets, keys } = scene;
  if (!admitted || unclaimedSince !== undefined || request.spec.state === 'Draft') return false;
  if (setup.management[role] === 'Detached' || setup.attachmentQuota < 2 || setup.foreign[bucket] === 'nearlyFull') return false;
  const listed = dataset.spec.buckets.find(({ name }) => name === buckets[bucket]);
  const item = itemOf(state, request, place);
  const ended = item?.spec.consent?.ended !== undefined || item?.metadata.deletionTimestamp !== undefined;
  return listed?.kmsKeyArn === keys[bucket] && !ended;
}
