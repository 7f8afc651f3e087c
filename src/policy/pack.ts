/**
 * Which unit stands in which of a principal's policies (shards). Deterministic and stable: a unit that stands somewhere stays there, so adding a
 * share never touches the others, and there are no moves that could cost anybody access. Decides only; the writes and their order are the target's.
 */
import { byText } from './compare.ts';
import { renderUnits, statementSize, type Unit } from './units.ts';

/** One policy as found: its number and what it holds. */
export interface Shard {
  readonly index: number;
  readonly units: readonly Unit[];
}

/** Who wants which units. `order` is seniority: where there is no room, the later ones are refused. */
export interface PackItem {
  readonly item: string;
  readonly order: string;
  readonly units: readonly Unit[];
}

/** What {@link packUnits} decides on. */
export interface PackRequest {
  readonly shards: readonly Shard[];
  readonly items: readonly PackItem[];
  /** True for a unit that stays where it was found though no item wants it. */
  readonly keep: (unit: Unit) => boolean;
  /** Characters that a policy may have. White space inside of texts is counted too, which AWS does not: we err on the small side. */
  readonly limit: number;
  /** How many policies there may be, those found included. */
  readonly maxShards: number;
  /** Numbers that a new policy can't have. */
  readonly taken: ReadonlySet<number>;
}

/** What a shard shall hold. `leaving`: found in it and no longer wanted. */
export interface PackedShard {
  readonly index: number;
  readonly units: readonly Unit[];
  readonly added: readonly Unit[];
  readonly leaving: readonly Unit[];
}

/** The outcome: shards by index, and the items that found no room. A refused item's units stand nowhere, unless others want them too. */
export interface Packing {
  readonly shards: readonly PackedShard[];
  readonly refused: ReadonlySet<string>;
}

/** A shard while it is being filled. */
interface Filling {
  readonly index: number;
  readonly units: Map<string, Unit>;
  readonly added: Map<string, Unit>;
  readonly leaving: readonly Unit[];
  /** Size and bodies of what it holds; measured again when that changes. */
  measured?: Measure | undefined;
}

/** Characters of a policy, and which statements it has. */
interface Measure {
  readonly size: number;
  readonly bodies: ReadonlySet<string>;
}

/** The request, and the resources that units without a place have: what leaves of those may have to wait for its successor. */
interface Room extends PackRequest {
  readonly incoming: ReadonlySet<string>;
}

/** Places all units, senior items first; those that already stand somewhere need no place and are always kept. */
export function packUnits(request: PackRequest): Packing {
  const wanted = new Set(request.items.flatMap((item) => item.units.map((unit) => unit.key)));
  const fillings = request.shards.map((shard) => fillingOf(shard, (unit) => wanted.has(unit.key) || request.keep(unit)));
  const standing = new Set(fillings.flatMap((filling) => [...filling.units.keys()]));
  const missing = request.items.flatMap((item) => item.units.filter((unit) => !standing.has(unit.key)));
  const room: Room = { ...request, incoming: new Set(missing.map((unit) => unit.resource)) };
  const refused = new Set<string>();
  for (const item of inOrder(request.items, standing)) if (!placeItem(item, fillings, room)) refused.add(item.item);
  const shards = fillings.map((filling) => packedShard(filling)).sort((left, right) => left.index - right.index);
  return { shards, refused };
}

/** Items of which something stands already come first; within both groups the senior ones. */
function inOrder(items: readonly PackItem[], standing: ReadonlySet<string>): PackItem[] {
  const rank = (item: PackItem): string => (item.units.some((unit) => standing.has(unit.key)) ? '0' : '1');
  return [...items].sort(byText((item) => JSON.stringify([rank(item), item.order, item.item])));
}

function fillingOf(shard: Shard, stays: (unit: Unit) => boolean): Filling {
  const kept = shard.units.filter(stays);
  return {
    index: shard.index,
    units: new Map(kept.map((unit) => [unit.key, unit])),
    added: new Map(),
    leaving: shard.units.filter((unit) => !stays(unit)),
  };
}

/** All units of the item or none: half a share is no share. Together in one policy where that is possible, since each policy is a write. */
function placeItem(item: PackItem, fillings: Filling[], room: Room): boolean {
  const missing = [...item.units]
    .sort(byText(({ key }) => key))
    .filter(({ key }) => !fillings.some((filling) => filling.units.has(key)));
  const before = fillings.length;
  const placed: Placed[] = [];
  const atHome = missing.filter((unit) => tryPlace(unit, homeOf(unit, fillings), { room, placed }));
  const homeless = missing.filter((unit) => !atHome.includes(unit));
  if (placeTogether(homeless, fillings, { room, placed })) return true;
  if (
    homeless.every((unit) =>
      tryPlace(unit, fillings.find((filling) => fits(filling, unit, room)) ?? open(fillings, room), { room, placed }),
    )
  )
    return true;
  takeBack(placed);
  fillings.length = before;
  return false;
}

/** One unit in its place, so that it can be taken back. */
interface Placed {
  readonly filling: Filling;
  readonly unit: Unit;
}

interface Placing {
  readonly room: Room;
  readonly placed: Placed[];
}

/** The first policy that takes all of them, a new one being the last choice. */
function placeTogether(units: readonly Unit[], fillings: Filling[], { room, placed }: Placing): boolean {
  if (units.length === 0) return true;
  const before = fillings.length;
  for (const filling of [...fillings, undefined]) {
    const into = filling ?? open(fillings, room);
    const tried: Placed[] = [];
    if (units.every((unit) => tryPlace(unit, into, { room, placed: tried }))) {
      placed.push(...tried);
      return true;
    }
    takeBack(tried);
  }
  fillings.length = before;
  return false;
}

function tryPlace(unit: Unit, filling: Filling | undefined, { room, placed }: Placing): boolean {
  if (filling === undefined || !fits(filling, unit, room)) return false;
  filling.units.set(unit.key, unit);
  filling.added.set(unit.key, unit);
  filling.measured = undefined;
  placed.push({ filling, unit });
  return true;
}

function takeBack(placed: readonly Placed[]): void {
  for (const { filling, unit } of placed) {
    filling.units.delete(unit.key);
    filling.added.delete(unit.key);
    filling.measured = undefined;
  }
}

/** Where the unit's predecessor stands: there it is replaced by one write, without a gap. */
function homeOf(unit: Unit, fillings: readonly Filling[]): Filling | undefined {
  return fillings.find((filling) => filling.leaving.some((left) => left.resource === unit.resource));
}

/** A new, empty policy with the lowest free number; undefined when there may be no more. */
function open(fillings: Filling[], { maxShards, taken }: Room): Filling | undefined {
  if (fillings.length >= maxShards) return undefined;
  const used = new Set([...taken, ...fillings.map((filling) => filling.index)]);
  const index = Array.from({ length: used.size + 1 }, (_, number) => number).find((number) => !used.has(number)) ?? used.size;
  const created: Filling = { index, units: new Map(), added: new Map(), leaving: [] };
  fillings.push(created);
  return created;
}

/**
 * What leaves goes in the same write as the additions, except where its successor comes to stand in another policy: then it stays until that one
 * is written, and takes room until then.
 */
function fits(filling: Filling, unit: Unit, room: Room): boolean {
  const waits = (left: Unit): boolean =>
    left.resource !== unit.resource && room.incoming.has(left.resource) && !successorIn(filling, left);
  const waiting = filling.leaving.filter(waits);
  const held = (filling.measured ??= measure(filling.units.values()));
  const before = waiting.length === 0 ? held : measure([...filling.units.values(), ...waiting]);
  return before.size + sizeIn(before.bodies, unit) <= room.limit;
}

function successorIn(filling: Filling, left: Unit): boolean {
  return [...filling.added.values()].some((added) => added.resource === left.resource);
}

const frame = renderUnits([]).length;

/** Length of the policy with these units, reckoned from its parts: rendering it for each try would be slow. */
function measure(units: Iterable<Unit>): Measure {
  const bodies = new Set<string>();
  let size = frame - 1;
  for (const unit of units) {
    size += sizeIn(bodies, unit);
    bodies.add(unit.body);
  }
  return { size, bodies };
}

/** Characters that a unit adds: its resource, or a whole statement where none has its body yet; and a comma. */
function sizeIn(bodies: ReadonlySet<string>, unit: Unit): number {
  return (bodies.has(unit.body) ? JSON.stringify(unit.resource).length : statementSize(unit)) + 1;
}

function packedShard(filling: Filling): PackedShard {
  return {
    index: filling.index,
    units: [...filling.units.values()],
    added: [...filling.added.values()],
    leaving: filling.leaving,
  };
}
