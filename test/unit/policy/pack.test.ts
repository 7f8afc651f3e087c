import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packUnits, type PackItem, type PackRequest, type Packing, type Shard } from '../../../src/policy/pack.ts';
import { characterSize } from '../../../src/policy/size.ts';
import { renderGroups, type StatementTemplate } from '../../../src/policy/templates.ts';
import { renderUnits, unitsOf, unitsOfStatement, unitStatements, type Unit } from '../../../src/policy/units.ts';

const limit = 700;

function item(name: string, order: string, resources: readonly string[], actions = ['s3:GetObject']): PackItem {
  return {
    item: name,
    order,
    units: unitsOf([{ actions, resources, condition: { StringEquals: { 'aws:ResourceAccount': ['1'] } } }]),
  };
}

function pack(items: readonly PackItem[], shards: readonly Shard[] = [], over: Partial<PackRequest> = {}): Packing {
  return packUnits({
    shards,
    items,
    keep: () => false,
    limit,
    maxShards: 9,
    taken: new Set(shards.map(({ index }) => index)),
    ...over,
  });
}

const asShards = (packing: Packing): Shard[] =>
  packing.shards.filter(({ units }) => units.length > 0).map(({ index, units }) => ({ index, units }));
const keysIn = (units: readonly Unit[]): string[] => units.map(({ key }) => key).sort();
const bucket = (number: number): string => `arn:aws:s3:::${'b'.repeat(20 + (number % 30))}-${String(number)}/*`;

const someItems = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 20 })
  .map((numbers) =>
    numbers.map((number) =>
      item(
        `item${String(number)}`,
        String(number).padStart(3, '0'),
        [bucket(number), bucket(number).slice(0, -2)],
        number % 3 === 0 ? ['s3:PutObject'] : ['s3:GetObject'],
      ),
    ),
  );

describe('packing units into policies', () => {
  it('is the same whatever the order in which shares are listed', () => {
    fc.assert(
      fc.property(someItems, (items) => {
        const [one, other] = [pack(items), pack([...items].reverse())];
        expect(other.shards.map((shard) => keysIn(shard.units))).toEqual(one.shards.map((shard) => keysIn(shard.units)));
        expect(other.refused).toEqual(one.refused);
      }),
    );
  });

  it('changes nothing when done twice', () => {
    fc.assert(
      fc.property(someItems, (items) => {
        const once = pack(items);
        const twice = pack(items, asShards(once));
        expect(asShards(twice).map(({ units }) => keysIn(units))).toEqual(asShards(once).map(({ units }) => keysIn(units)));
        expect(twice.shards.every(({ added, leaving }) => added.length + leaving.length === 0)).toBe(true);
      }),
    );
  });

  it('moves nothing when a share comes or goes', () => {
    fc.assert(
      fc.property(someItems, someItems, (before, after) => {
        const first = asShards(pack(before));
        for (const shard of pack(after, first).shards) {
          const found = first.find(({ index }) => index === shard.index)?.units ?? [];
          const wanted = new Set(after.flatMap(({ units }) => keysIn(units)));
          for (const { key } of found) expect(shard.units.some((unit) => unit.key === key)).toBe(wanted.has(key));
        }
      }),
    );
  });

  it('never exceeds the size of a policy or their number, and places all of a share or nothing', () => {
    fc.assert(
      fc.property(someItems, fc.integer({ min: 1, max: 4 }), (items, maxShards) => {
        const packing = pack(items, [], { maxShards });
        expect(packing.shards.length).toBeLessThanOrEqual(maxShards);
        const placed = new Set(packing.shards.flatMap(({ units }) => keysIn(units)));
        for (const { units } of packing.shards) expect(characterSize(renderUnits(units))).toBeLessThanOrEqual(limit);
        for (const one of items) {
          for (const { key } of one.units) expect(placed.has(key)).toBe(!packing.refused.has(one.item));
        }
      }),
    );
  });

  it('refuses newcomers in the order of their seniority, and never who stands already', () => {
    const items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) =>
      item(`i${String(number)}`, `2026-01-0${String(number)}`, [`${bucket(29)}${bucket(29)}${String(number)}`]),
    );
    const full = pack(items, [], { maxShards: 1 });
    expect(full.refused.size).toBeGreaterThan(0);
    expect([...full.refused]).toEqual(items.map(({ item: name }) => name).slice(-full.refused.size));
    const senior = item('senior', '2025-01-01', [`${bucket(29)}${bucket(29)}senior`]);
    expect([...pack([senior, ...items], asShards(full), { maxShards: 1 }).refused]).toContain('senior');
  });

  it('puts a widened permission where the narrow one stands, in one write', () => {
    const first = asShards(pack([item('a', '1', [bucket(1)]), item('b', '2', [bucket(2)])]));
    const [shard] = pack([item('a', '1', [bucket(1)], ['s3:PutObject']), item('b', '2', [bucket(2)])], first).shards;
    expect(shard?.added.map(({ resource }) => resource)).toEqual([bucket(1)]);
    expect(shard?.leaving.map(({ resource }) => resource)).toEqual([bucket(1)]);
  });

  it('gives a newcomer the room of what leaves in the same write', () => {
    const [a, b] = [item('a', '1', [0, 1, 2, 3].map(bucket)), item('b', '2', [4, 5, 6, 7].map(bucket))];
    const first = asShards(pack([a], [], { maxShards: 1 }));
    expect(pack([a, b], first, { maxShards: 1, limit: 400 }).refused).toEqual(new Set(['b']));
    expect(pack([b], first, { maxShards: 1, limit: 400 }).refused).toEqual(new Set());
  });

  it('keeps what is on hold', () => {
    const first = asShards(pack([item('a', '1', [bucket(1)])]));
    expect(pack([], first, { keep: () => true }).shards[0]?.leaving).toEqual([]);
  });
});

describe('units', () => {
  it('come back out of the statements that they were written into', () => {
    fc.assert(
      fc.property(someItems, (items) => {
        const units = [...new Map(items.flatMap((one) => one.units).map((unit) => [unit.key, unit])).values()];
        const back = unitStatements(units).flatMap((statement) => unitsOfStatement(statement) ?? []);
        expect(keysIn(back)).toEqual(keysIn(units));
      }),
    );
  });

  it('share a statement when actions and conditions are equal, in whatever order and case', () => {
    const units = [
      ...unitsOf([{ actions: ['s3:A', 's3:B'], resources: ['y'] }]),
      ...unitsOf([{ actions: ['S3:b', 's3:a'], resources: ['x'] }]),
    ];
    expect(unitStatements(units)).toEqual([{ Effect: 'Allow', Action: ['s3:A', 's3:B'], Resource: ['x', 'y'] }]);
  });
});

describe('statements of a resource policy', () => {
  const template = (over: Partial<StatementTemplate> = {}): StatementTemplate => ({
    name: 'Read',
    actions: ['s3:GetObject'],
    resources: ['r'],
    ...over,
  });

  it('list the principals of one template in one statement, sorted', () => {
    const [statement, ...others] = renderGroups('SluiceX', [{ template: template(), principals: new Set(['b', 'a']) }]);
    expect(statement).toMatchObject({ Sid: 'SluiceXRead', Principal: { AWS: ['a', 'b'] } });
    expect(others).toEqual([]);
  });

  it('tell different templates of one name apart, and never cross principals with resources', () => {
    const groups = [
      { template: template(), principals: new Set(['a']) },
      { template: template({ resources: ['s'] }), principals: new Set(['b']) },
    ];
    const statements = renderGroups('SluiceX', groups);
    expect(new Set(statements.map(({ Sid }) => Sid)).size).toBe(2);
    expect(statements.every(({ Sid }) => /^SluiceXRead[a-z2-7]{8}$/.test(Sid))).toBe(true);
    expect(renderGroups('SluiceX', [...groups].reverse())).toEqual(statements);
    expect(statements.map(({ Principal, Resource }) => [Principal, Resource])).toEqual(
      expect.arrayContaining([
        [{ AWS: ['a'] }, ['r']],
        [{ AWS: ['b'] }, ['s']],
      ]),
    );
  });

  it('leave out a statement for nobody', () => {
    expect(renderGroups('SluiceX', [{ template: template(), principals: new Set() }])).toEqual([]);
  });
});
