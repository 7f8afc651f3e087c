import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../src/policy/document.ts';
import { renderUnits, unitsOf, unitsOfStatement, type IdentityStatement } from '../../../src/policy/units.ts';
import { policyArn, type SharePolicyCoordinates } from '../../../src/targets/share-policy-names.ts';
import type { ObservedShard, ObservedSharePolicies } from '../../../src/targets/share-policy-observe.ts';
import {
  dependsOn,
  planSharePolicies,
  type IdentityGrant,
  type SharePolicyStep,
} from '../../../src/targets/share-policy-plan.ts';
import type { Contribution, Plan } from '../../../src/targets/target.ts';
import { consumer, installation } from './world.ts';

const principal = { arn: `arn:aws:iam::${consumer}:role/analyst`, uniqueId: 'AROAEXAMPLE1234567890' };
const coordinates: SharePolicyCoordinates = {
  session: { environment: 'e', accountId: consumer, region: 'eu-west-1' },
  principalArn: principal.arn,
  prefix: 'sluice',
  management: 'Managed',
};
const read = (resource: string): IdentityStatement => ({ actions: ['s3:GetObject'], resources: [resource] });
const long = (resource: string): IdentityStatement => ({
  actions: ['s3:GetObject', ...Array.from({ length: 20 }, (_, n) => `s3:Action${String(n)}`)],
  resources: [resource],
});
const full = Array.from({ length: 58 }, (_, number) => `arn:aws:s3:::${'b'.repeat(82)}${String(number).padStart(2, '0')}/*`);

function shard(index: number, statements: readonly IdentityStatement[], attached = true): ObservedShard {
  const arn = policyArn(installation, coordinates, index);
  return {
    index,
    arn,
    policyId: `P${String(index)}`,
    owned: true,
    attached,
    version: 'v1',
    text: renderUnits(unitsOf(statements)),
  };
}
const want = (item: string, ...statements: readonly IdentityStatement[]): Contribution<IdentityGrant> => ({
  item,
  order: item,
  mode: 'want',
  repair: true,
  grant: { principal, statements },
});
function plan(shards: readonly ObservedShard[], contributions: readonly Contribution<IdentityGrant>[]): Plan<SharePolicyStep> {
  const observed: ObservedSharePolicies = { installation, principalExists: true, complete: true, otherAttachments: 0, shards };
  return planSharePolicies({ installation, coordinates, contributions, observed });
}
const shape = (step: SharePolicyStep): string => `${step.kind} ${String(step.index)}`;
function resourcesOf(step: SharePolicyStep | undefined): string[] {
  const parsed = parsePolicy(step !== undefined && 'text' in step ? step.text : '');
  const statements = parsed.kind === 'document' ? parsed.document.statements : [];
  return statements
    .flatMap(({ value }) => unitsOfStatement(value) ?? [])
    .map((unit) => `${String(unit.actions.length)} ${unit.resource}`);
}

describe('a permission whose successor finds no room beside it', () => {
  const [first = '', ...others] = full;
  const observed = [shard(0, full.map(read))];
  const widened = [want('a', long(first)), ...others.map((resource, number) => want(`b${String(number)}`, read(resource)))];

  it('leaves its policy after the successor is written and attached', () => {
    const { steps } = plan(observed, widened);
    expect(steps.map(shape)).toEqual(['create 1', 'attach 1', 'update 0']);
    expect(resourcesOf(steps[0])).toEqual([`21 ${first}`]);
    expect(resourcesOf(steps[2])).not.toContain(`1 ${first}`);
  });

  it('stays when writing the successor failed', () => {
    const { steps } = plan(observed, widened);
    const [create, attach, update] = steps as [SharePolicyStep, SharePolicyStep, SharePolicyStep];
    expect([dependsOn(update, create), dependsOn(update, attach), dependsOn(attach, create), dependsOn(create, update)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('waits in its policy while that gets something new', () => {
    const { steps } = plan(observed, [...widened, want('c', read('arn:aws:s3:::c'))]);
    expect(steps.map(shape)).toEqual(['update 0', 'create 1', 'attach 1', 'update 0']);
    expect(resourcesOf(steps[0])).toEqual(expect.arrayContaining([`1 ${first}`, '1 arn:aws:s3:::c']));
    expect(resourcesOf(steps[3])).not.toContain(`1 ${first}`);
  });
});

describe('the order of writes', () => {
  it('attaches a policy only once its content is right', () => {
    const { steps } = plan([shard(0, [read('old')], false)], [want('a', read('new'))]);
    expect(steps.map(shape)).toEqual(['update 0', 'attach 0']);
    expect(resourcesOf(steps[0])).toEqual(['1 new']);
  });

  it('detaches all that is empty before it deletes any', () => {
    const { steps } = plan([shard(0, [read('x')]), shard(1, [read('y')]), shard(2, [read('z')])], [want('z', read('z'))]);
    expect(steps.map(shape)).toEqual(['detach 0', 'detach 1', 'delete 0', 'delete 1']);
  });

  it('deletes a policy that was never attached and is not needed any more', () => {
    const { steps } = plan([shard(0, [read('x')]), shard(1, [read('x')], false)], [want('a', read('x'))]);
    expect(steps.map(shape)).toEqual(['delete 1']);
  });
});
