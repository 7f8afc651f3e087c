import { describe, expect, it } from 'vitest';
import { byteSize } from '../../../src/policy/size.ts';
import { bucketPolicy } from '../../../src/targets/bucket-policy.ts';
import { observedOf } from '../../../src/targets/bucket-policy.ts';
import type { ObservedPolicy, ResourceGrant } from '../../../src/targets/resource-policy.ts';
import type { Contribution, Plan } from '../../../src/targets/target.ts';
import type { PolicyStep } from '../../../src/targets/resource-policy.ts';
import { consumer, createWorld, installation, producer, states, wantBucket, writesOf } from './world.ts';

const coordinates = {
  session: { environment: 'e', accountId: producer, region: 'eu-west-1' },
  bucket: 'acme',
  pruneDeadPrincipals: false,
};
const roleAt = (number: number): ResourceGrant['principal'] => ({
  arn: `arn:aws:iam::${consumer}:role/analytics/team-${String(number).padStart(4, '0')}`,
  uniqueId: `AROA${String(number).padStart(16, '0')}`,
});
const order = (number: number): string => `2026-01-01T00:00:00Z ${String(number).padStart(4, '0')}`;
const wants = (count: number): Contribution<ResourceGrant>[] =>
  Array.from({ length: count }, (_, number) => wantBucket(roleAt(number), 'acme', { order: order(number) }));

function plan(
  contributions: readonly Contribution<ResourceGrant>[],
  observed: ObservedPolicy = { kind: 'absent' },
): Plan<PolicyStep> {
  return bucketPolicy.plan({ installation, coordinates, contributions, observed });
}
const textOf = (made: Plan<PolicyStep>): string => made.steps[0]?.text ?? '';

describe('a bucket policy that is full', () => {
  const all = wants(1000);
  const made = plan(all);
  const fitting = 1000 - made.refused.size;

  it('serves as many of 1,000 as fit, and refuses the rest in the order of their consent', () => {
    expect(fitting).toBeGreaterThan(180);
    expect(byteSize(textOf(made))).toBeLessThanOrEqual(20_480);
    expect(byteSize(textOf(made))).toBeGreaterThan(20_480 - 200);
    expect([...made.refused.keys()]).toEqual(all.slice(fitting).map(({ item }) => item));
    expect([...made.refused.values()][0]?.reason).toBe('PolicySizeLimit');
  });

  it('is the same whatever the order in which contributions are listed', () => {
    expect(textOf(plan([...all].reverse()))).toBe(textOf(made));
  });

  it('keeps who is in place when somebody more senior comes', () => {
    const senior = wantBucket({ arn: `arn:aws:iam::${consumer}:role/analytics/senior-role`, uniqueId: 'AROASENIOR' }, 'acme', {
      order: '2020-01-01',
    });
    const again = plan([senior, ...all], observedOf(textOf(made)));
    expect(again.steps).toEqual([]);
    expect([...again.refused.keys()].sort()).toEqual([senior.item, ...made.refused.keys()].sort());
  });

  it('lets the next in when somebody goes, and always writes the removal', () => {
    const [first, ...others] = all;
    const again = plan([{ ...(first as (typeof all)[number]), mode: 'drop' }, ...others], observedOf(textOf(made)));
    expect(again.refused.has(all[fitting]?.item ?? '')).toBe(false);
    expect(textOf(again)).not.toContain('team-0000');
    expect(again.refused.size).toBe(made.refused.size - 1);
  });

  it('takes somebody out even where the rest alone is larger than it may be', () => {
    const filler = {
      Sid: 'Theirs',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: `arn:aws:s3:::acme/${'x'.repeat(21_000)}`,
    };
    const [one, two] = wants(2).map((want) => want.grant.principal.arn);
    const ours = {
      Sid: 'Sluiceabcd1234Read',
      Effect: 'Allow',
      Principal: { AWS: [one, two] },
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*'],
    };
    const observed = observedOf(JSON.stringify({ Version: '2012-10-17', Statement: [filler, ours] }));
    const [first, second] = wants(2);
    const made2 = plan(
      [{ ...(first as Contribution<ResourceGrant>), mode: 'drop' }, second as Contribution<ResourceGrant>],
      observed,
    );
    expect(textOf(made2)).not.toContain('team-0000');
    expect(textOf(made2)).toContain('team-0001');
    expect(made2.refused.size).toBe(0);
  });

  it('is planned fast enough for a work queue', () => {
    const start = performance.now();
    plan(all);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe('a bucket policy near its limit', () => {
  it('takes the share that fits, not the next one, and stays as it is after that', async () => {
    const world = createWorld();
    const [first, second] = [await world.role('first'), await world.role('second')];
    const withFiller = (length: number): string => {
      const resources = [`arn:aws:s3:::acme/${'x'.repeat(length)}`, 'arn:aws:s3:::acme'];
      const filler = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:DeleteBucket', Resource: resources };
      return JSON.stringify({ Version: '2012-10-17', Statement: [filler] });
    };
    const withOne = byteSize(textOf(plan([wantBucket(second, 'acme')], observedOf(withFiller(0)))));
    await world.bucket('acme', withFiller(20_480 - withOne - 10));
    const both = [wantBucket(first, 'acme', { order: '2' }), wantBucket(second, 'acme', { order: '1' })];
    expect(states(await world.runBucket('acme', both))).toEqual(['Failed/PolicySizeLimit', 'Applied']);
    world.aws.calls.reset();
    world.restart();
    expect(states(await world.runBucket('acme', both))).toEqual(['Failed/PolicySizeLimit', 'Applied']);
    expect(writesOf(world)).toEqual([]);
    expect(byteSize((await world.policyOf('acme')) ?? '')).toBeLessThanOrEqual(20_480);
  });

  it('keeps what an item has when the rest of it does not fit', () => {
    const [one] = wants(1);
    const { principal, templates } = (one as Contribution<ResourceGrant>).grant;
    const filler = {
      Sid: 'Theirs',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: `arn:aws:s3:::acme/${'x'.repeat(20_000)}`,
    };
    const read = JSON.parse(textOf(plan(wants(1)))) as { readonly Statement: object[] };
    const observed = observedOf(JSON.stringify({ Version: '2012-10-17', Statement: [filler, ...read.Statement] }));
    const write = { name: 'Write', actions: ['s3:PutObject'], resources: [`arn:aws:s3:::acme/${'y'.repeat(400)}/*`] };
    const made = plan(
      [{ ...(one as Contribution<ResourceGrant>), grant: { principal, templates: [...templates, write] } }],
      observed,
    );
    expect([made.steps, [...made.refused.keys()]]).toEqual([[], [principal.arn]]);
  });

  it('does not let a newcomer without room be a reason to repair what is only reported', async () => {
    const world = createWorld();
    const [first, second] = [await world.role('first'), await world.role('second')];
    const filler = (length: number) => ({
      Sid: 'Theirs',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:DeleteBucket',
      Resource: [`arn:aws:s3:::acme/${'x'.repeat(length)}`, 'arn:aws:s3:::acme'],
    });
    const alone = observedOf(JSON.stringify({ Version: '2012-10-17', Statement: [filler(0)] }));
    const withBoth = byteSize(textOf(plan([wantBucket(first, 'acme'), wantBucket(second, 'acme')], alone)));
    const drifted = {
      Sid: 'Sluiceabcd1234Read',
      Effect: 'Allow',
      Principal: { AWS: [first.arn] },
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::acme/*',
    };
    await world.bucket('acme', JSON.stringify({ Version: '2012-10-17', Statement: [filler(20_490 - withBoth), drifted] }));
    world.aws.calls.reset();
    const report = await world.runBucket('acme', [
      wantBucket(first, 'acme', { repair: false }),
      wantBucket(second, 'acme', { order: '9' }),
    ]);
    expect(states(report)[1]).toBe('Failed/PolicySizeLimit');
    expect(writesOf(world)).toEqual([]);
  });
});
