/** How much fits into the policy of an access point, and that what is measured beforehand is what is written. */
import { GetAccessPointPolicyCommand } from '@aws-sdk/client-s3-control';
import { describe, expect, it } from 'vitest';
import { accessPointPolicySize } from './access-point-policy-size.ts';
import { accessPointPolicyLimit, byteSize } from '../../../src/policy/size.ts';
import { openWorld, place, policyStatements, runPoint, wantFolder } from './access-points.ts';
import { createWorld } from './world.ts';

describe('a point that is full', () => {
  it('keeps the folders that it has, refuses newcomers in the order of their consent, and was measured to the byte', async () => {
    const world = createWorld();
    const analyst = await openWorld(world, 'analyst');
    const folders = Array.from({ length: 100 }, (_, number) =>
      wantFolder(analyst, `landing/orders/${String(number).padStart(3, '0')}`, { order: String(number).padStart(3, '0') }),
    );
    const [first, later] = [folders.slice(90), folders.slice(0, 90)];
    await runPoint(world, first);
    const report = await runPoint(world, folders);
    const stateOf = ({ item }: { readonly item: string }): string => report.items.get(item)?.state ?? '';
    expect(new Set(first.map(stateOf))).toEqual(new Set(['Applied']));
    const served = later.filter((one) => stateOf(one) === 'Applied');
    expect(served).toEqual(later.slice(0, served.length));
    expect(report.items.get(later[served.length]?.item ?? '')).toMatchObject({ state: 'Failed', reason: 'PolicySizeLimit' });

    const inPlace = [...first, ...served].map(({ grant }) => grant);
    const next = later[served.length]?.grant;
    const { Policy = '' } = await world.producer.s3control.send(new GetAccessPointPolicyCommand(place));
    expect(byteSize(Policy)).toBe(accessPointPolicySize(inPlace));
    expect(accessPointPolicySize(inPlace)).toBeLessThan(accessPointPolicyLimit);
    expect(accessPointPolicySize(next === undefined ? inPlace : [...inPlace, next])).toBeGreaterThanOrEqual(
      accessPointPolicyLimit,
    );
  });

  it('has one statement for the objects of all folders of a permission', async () => {
    const world = createWorld();
    const analyst = await openWorld(world, 'analyst');
    await runPoint(
      world,
      ['a', 'b', 'c'].map((folder) => wantFolder(analyst, folder)),
    );
    const statements = await policyStatements(world);
    expect(statements.filter(({ Action }) => JSON.stringify(Action) === '["s3:GetObject"]')).toHaveLength(1);
    expect(statements).toHaveLength(4);
  });
});

describe('the size of no grant', () => {
  it('is that of an empty policy', () => {
    expect(accessPointPolicySize([])).toBe('{"Version":"2012-10-17","Statement":[]}'.length);
  });
});
