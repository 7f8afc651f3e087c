/** limits.documentShare: how much of a document that others write too Sluice may fill. Newcomers are refused beyond it; who is in place stays, whoever goes may go. */
import { describe, expect, it } from 'vitest';
import { byteSize } from '../../../src/policy/size.ts';
import { bucketPolicy, observedOf } from '../../../src/targets/bucket-policy.ts';
import { keyPolicy } from '../../../src/targets/key-policy.ts';
import type { ObservedPolicy, PolicyStep, ResourceGrant } from '../../../src/targets/resource-policy.ts';
import type { Contribution, Plan } from '../../../src/targets/target.ts';
import { deny, documentOf, isOurs } from './documents.ts';
import { consumer, installation, producer, wantBucket, wantKey } from './world.ts';

const limit = 20_480;
const session = { environment: 'e', accountId: producer, region: 'eu-west-1' };
const roleAt = (number: number): ResourceGrant['principal'] => ({
  arn: `arn:aws:iam::${consumer}:role/analytics/team-${String(number).padStart(4, '0')}`,
  uniqueId: `AROA${String(number).padStart(16, '0')}`,
});
const wants = (count: number, over: Partial<Contribution<ResourceGrant>> = {}): Contribution<ResourceGrant>[] =>
  Array.from({ length: count }, (_, number) =>
    wantBucket(roleAt(number), 'acme', { order: `2026-01-01T00:00:00Z ${String(number).padStart(4, '0')}`, ...over }),
  );

function plan(
  contributions: readonly Contribution<ResourceGrant>[],
  { share, observed = { kind: 'absent' } }: { readonly share?: number; readonly observed?: ObservedPolicy } = {},
): Plan<PolicyStep> {
  const coordinates = {
    session,
    bucket: 'acme',
    pruneDeadPrincipals: false,
    ...(share === undefined ? {} : { documentShare: share }),
  };
  return bucketPolicy.plan({ installation, coordinates, contributions, observed });
}
const textOf = (made: Plan<PolicyStep>): string => made.steps[0]?.text ?? '';
const ours = (text: string): number => {
  const { Statement } = JSON.parse(text) as { readonly Statement: readonly Parameters<typeof isOurs>[0][] };
  return Statement.filter(isOurs).reduce((size, one) => size + byteSize(JSON.stringify(one)) + 1, 0);
};

describe('newcomers', () => {
  it('given no limit, then AWS’s is the only one', () => {
    const made = plan(wants(1000));
    expect(byteSize(textOf(made))).toBeGreaterThan(limit - 200);
    expect([...made.refused.values()][0]?.message).toMatch(
      /AWS allows 20480 bytes, of which Sluice's statements take 20\d{3} and others \d+\./,
    );
  });

  it.each([10, 25, 60, 100])('given %s percent, then Sluice’s statements take no more, and nearly as much', (share) => {
    const made = plan(wants(1000), { share });
    expect(ours(textOf(made))).toBeLessThanOrEqual((limit * share) / 100);
    expect(ours(textOf(made))).toBeGreaterThan((limit * share) / 100 - 200);
  });

  it('are refused in the order of their consent, with the numbers', () => {
    const all = wants(100);
    const made = plan(all, { share: 25 });
    const served = 100 - made.refused.size;
    expect(served).toBeGreaterThan(40);
    expect([...made.refused.keys()]).toEqual(all.slice(served).map(({ item }) => item));
    const [refusal] = made.refused.values();
    expect(refusal?.reason).toBe('PolicySizeLimit');
    expect(refusal?.message).toMatch(
      /no room left in the bucket policy of acme: Sluice's statements take \d{4} bytes, and may take 5120: 25 % of 20480 \(limits\.documentShare of the Environment\)\. Shares that are in place stay; revoke some/,
    );
  });

  it('given others fill more than the rest, then AWS’s limit still counts', () => {
    const filler = { ...deny, Sid: 'Theirs', Resource: `arn:aws:s3:::acme/${'x'.repeat(15_000)}` };
    const made = plan(wants(1000), { share: 60, observed: observedOf(documentOf(filler)) });
    expect(byteSize(textOf(made))).toBeLessThanOrEqual(limit);
    expect([...made.refused.values()][0]?.message).toContain('AWS allows 20480 bytes');
  });
});

describe('who is in place', () => {
  const many = wants(150, { live: true });
  const before = observedOf(textOf(plan(many)));

  it('given the limit comes later, then it stays, and nothing is written', () => {
    const made = plan(many, { share: 10, observed: before });
    expect([made.steps, made.refused.size]).toEqual([[], 0]);
    const [newcomer] = [wantBucket({ arn: `arn:aws:iam::${consumer}:role/new`, uniqueId: 'AROANEW' }, 'acme', { order: '2027' })];
    expect([...plan([...many, newcomer], { share: 10, observed: before }).refused.keys()]).toEqual([newcomer.item]);
  });

  it('given somebody deletes our statements, then all of it is put back, whatever the limit says by now, before any newcomer', () => {
    const senior = wantBucket({ arn: `arn:aws:iam::${consumer}:role/senior`, uniqueId: 'AROASENIOR' }, 'acme', { order: '2020' });
    const made = plan([senior, ...many], { share: 10, observed: observedOf(documentOf(deny)) });
    expect([...made.refused.keys()]).toEqual([senior.item]);
    expect(textOf(made).match(/team-\d{4}/g)).toHaveLength(150);
  });

  it('given it has to go, then it goes, though what is left is still too much', () => {
    const [first, ...others] = many;
    const made = plan([{ ...(first as Contribution<ResourceGrant>), mode: 'drop' }, ...others], { share: 10, observed: before });
    expect(textOf(made)).not.toContain('team-0000');
    expect(textOf(made).match(/team-\d{4}/g)).toHaveLength(149);
    expect(made.refused.size).toBe(0);
  });
});

it('holds for key policies too', () => {
  const keyArn = `arn:aws:kms:eu-west-1:${producer}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
  const root = {
    Sid: 'Root',
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${producer}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  const made = keyPolicy.plan({
    installation,
    coordinates: { session, keyArn, documentShare: 10 },
    contributions: Array.from({ length: 100 }, (_, number) =>
      wantKey(roleAt(number), { order: String(number).padStart(4, '0') }),
    ),
    observed: { policy: observedOf(documentOf(root)) },
  });
  expect(made.refused.size).toBeGreaterThan(50);
  expect(ours(made.steps[0]?.text ?? '')).toBeLessThanOrEqual(3276);
  expect([...made.refused.values()][0]?.message).toContain('10 % of 32768');
});
