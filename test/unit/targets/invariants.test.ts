/** Random histories of shares, foreign edits, faults and restarts: what must hold after every run, and what it all has to end in. */
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statementOf, type JsonObject } from '../../../src/policy/document.ts';
import { isOwned, ownedPrefix } from '../../../src/policy/merge.ts';
import { atomKey, statementAtoms } from '../../../src/policy/statement-atoms.ts';
import type { IdentityGrant } from '../../../src/targets/share-policy-plan.ts';
import type { ResourceGrant } from '../../../src/targets/resource-policy.ts';
import { grantAtoms } from '../../../src/targets/resource-policy-assess.ts';
import type { Contribution, ContributionMode, PrincipalRef } from '../../../src/targets/target.ts';
import { unitsOf } from '../../../src/policy/units.ts';
import type { TargetReport } from '../../../src/targets/writer-types.ts';
import { consumer, createWorld, installation, states, wantBucket, wantShare, writesOf, type TestWorld } from './world.ts';

const prefix = ownedPrefix(installation);
const modes: readonly ContributionMode[] = ['want', 'hold', 'drop'];

type Event =
  | { readonly kind: 'share'; readonly item: number; readonly mode: ContributionMode }
  | { readonly kind: 'foreign'; readonly number: number }
  | { readonly kind: 'fault'; readonly fault: 'throttle' | 'lose-reply' | 'error' | 'refuse-connection' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'run' };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('share' as const), item: fc.nat(7), mode: fc.constantFrom(...modes) }),
  fc.record({ kind: fc.constant('foreign' as const), number: fc.nat(3) }),
  fc.record({
    kind: fc.constant('fault' as const),
    fault: fc.constantFrom('throttle', 'lose-reply', 'error', 'refuse-connection'),
  }),
  fc.constant({ kind: 'restart' as const }),
  fc.constant({ kind: 'run' as const }),
);
const history = fc.array(event, { minLength: 3, maxLength: 25 });

interface Actor<Grant extends { readonly principal: PrincipalRef }> {
  readonly world: TestWorld;
  readonly contribution: (item: number, mode: ContributionMode) => Contribution<Grant>;
  readonly run: (contributions: readonly Contribution<Grant>[]) => Promise<TargetReport<unknown>>;
  readonly foreign: (number: number) => Promise<void>;
  /** Throws when something does not hold for what was just reported. */
  readonly check: (contributions: readonly Contribution<Grant>[], report: TargetReport<unknown>) => void;
  /** Throws when AWS does not hold exactly what is wanted. */
  readonly ended: (contributions: readonly Contribution<Grant>[]) => void;
}

/** Plays the history, then lets things calm down: everything settles, nothing more is written, and AWS holds what is wanted. */
async function play<Grant extends { readonly principal: PrincipalRef }>(
  events: readonly Event[],
  actor: Actor<Grant>,
): Promise<void> {
  const wanted = new Map<number, ContributionMode>();
  const contributions = (): Contribution<Grant>[] => [...wanted].map(([item, mode]) => actor.contribution(item, mode));
  for (const one of events) {
    actor.world.clock.advance(3000);
    if (one.kind === 'share' && (one.mode !== 'drop' || wanted.has(one.item))) wanted.set(one.item, one.mode);
    if (one.kind === 'foreign') await actor.foreign(one.number);
    if (one.kind === 'fault') actor.world.aws.faults.add({ kind: one.fault, times: 1 });
    if (one.kind === 'restart') actor.world.restart();
    if (one.kind === 'run') actor.check(contributions(), await actor.run(contributions()));
  }
  actor.world.aws.faults.clear();
  for (const [item, mode] of wanted) if (mode === 'hold') wanted.set(item, 'drop');
  actor.world.restart();
  for (let number = 0; number < 3; number++) await actor.run(contributions());
  actor.world.aws.calls.reset();
  const last = await actor.run(contributions());
  actor.check(contributions(), last);
  expect(states(last).filter((state) => state !== 'Applied' && state !== 'Removed')).toEqual([]);
  expect(writesOf(actor.world)).toEqual([]);
  actor.ended(contributions());
}

const wantedOnly = <Grant>(contributions: readonly Contribution<Grant>[]): Grant[] =>
  contributions.filter(({ mode }) => mode === 'want').map(({ grant }) => grant);

async function bucketActor(): Promise<Actor<ResourceGrant>> {
  const world = createWorld();
  const roles = await Promise.all([0, 1, 2, 3].map((number) => world.role(`role-${String(number)}`)));
  let foreign: JsonObject[] = [];
  const stored = (): JsonObject[] => {
    const text = world.aws.snapshot().s3.buckets.get('acme')?.policy.current ?? '{"Statement":[]}';
    return (JSON.parse(text) as { readonly Statement: JsonObject[] }).Statement;
  };
  const arnOf = new Map(roles.map(({ arn, uniqueId }) => [uniqueId, arn]));
  const ownAtoms = (): Set<string> =>
    new Set(
      stored()
        .filter((value) => isOwned(statementOf(value), prefix))
        .flatMap(statementAtoms)
        .map((atom) => atomKey({ ...atom, principal: arnOf.get(atom.principal ?? '') ?? '' })),
    );
  await world.bucket('acme');
  const atomsOf = (grant: ResourceGrant): string[] => grantAtoms(grant).map(atomKey);
  return {
    world,
    contribution: (item, mode) => {
      const principal = roles[item % 4] as PrincipalRef;
      const write = { name: 'Write', actions: ['s3:PutObject'], resources: ['arn:aws:s3:::acme/*'] };
      const made = wantBucket(principal, 'acme', { item: `item${String(item)}`, mode });
      return item < 4 ? made : { ...made, grant: { principal, templates: [write] } };
    },
    run: (contributions) => world.runBucket('acme', contributions),
    foreign: async (number) => {
      const statement = {
        Sid: `Theirs${String(number)}`,
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:DeleteBucket',
        Resource: 'arn:aws:s3:::acme',
      };
      const known = foreign.some(({ Sid }) => Sid === statement.Sid);
      const own = stored().filter((value) => isOwned(statementOf(value), prefix));
      const next = known ? foreign.filter(({ Sid }) => Sid !== statement.Sid) : [...foreign, statement];
      if (next.length + own.length === 0) return;
      world.aws.faults.clear();
      await world.producer.s3.send(
        new PutBucketPolicyCommand({
          Bucket: 'acme',
          Policy: JSON.stringify({ Version: '2012-10-17', Statement: [...next, ...own] }),
        }),
      );
      foreign = next;
    },
    check: (contributions, report) => {
      expect(stored().filter((value) => !isOwned(statementOf(value), prefix))).toEqual(foreign);
      const held = new Set(contributions.filter(({ mode }) => mode !== 'drop').flatMap(({ grant }) => atomsOf(grant)));
      for (const { item, mode, grant } of contributions) {
        const state = report.items.get(item)?.state;
        if (mode === 'want' && state === 'Applied') expect(atomsOf(grant).filter((atom) => !ownAtoms().has(atom))).toEqual([]);
        if (mode === 'drop' && state === 'Removed')
          expect(atomsOf(grant).filter((atom) => ownAtoms().has(atom) && !held.has(atom))).toEqual([]);
      }
    },
    ended: (contributions) => expect(ownAtoms()).toEqual(new Set(wantedOnly(contributions).flatMap(atomsOf))),
  };
}

async function shareActor(): Promise<Actor<IdentityGrant>> {
  const world = createWorld();
  const role = await world.role('analyst');
  const attachedUnits = (): Set<string> => {
    const policies = [...(world.aws.snapshot().iam.accounts.get(consumer)?.policies.values() ?? [])].filter(
      ({ attachedTo }) => attachedTo.size > 0,
    );
    const texts = policies.map(
      ({ content: { current } }) => current.versions.find(({ id }) => id === current.defaultVersion)?.document ?? '{}',
    );
    const statements = texts.flatMap((text) => (JSON.parse(text) as { readonly Statement: JsonObject[] }).Statement);
    return new Set(statements.flatMap(statementAtoms).map(atomKey));
  };
  const atomsOf = (grant: IdentityGrant): string[] =>
    unitsOf(grant.statements)
      .flatMap((unit) =>
        statementAtoms({ Effect: 'Allow', Action: unit.actions, Resource: unit.resource, Condition: unit.condition ?? {} }),
      )
      .map(atomKey);
  return {
    world,
    contribution: (item, mode) => {
      const actions = item >= 4 ? { actions: ['s3:PutObject'] } : {};
      return wantShare(role, `acme-${'long-name-'.repeat(3)}${String(item % 4)}`, {
        item: `item${String(item)}`,
        mode,
        key: `arn:aws:kms:eu-west-1:1:key/${'k'.repeat(1800)}${String(item)}`,
        ...actions,
      });
    },
    run: (contributions) => world.runShare(role.arn, contributions),
    foreign: async () => undefined,
    check: (contributions, report) => {
      const there = attachedUnits();
      const held = new Set(contributions.filter(({ mode }) => mode !== 'drop').flatMap(({ grant }) => atomsOf(grant)));
      for (const { item, mode, grant } of contributions) {
        const state = report.items.get(item)?.state;
        if (mode === 'want' && state === 'Applied') expect(atomsOf(grant).filter((atom) => !there.has(atom))).toEqual([]);
        if (mode === 'drop' && state === 'Removed')
          expect(atomsOf(grant).filter((atom) => there.has(atom) && !held.has(atom))).toEqual([]);
      }
    },
    ended: (contributions) => {
      expect(attachedUnits()).toEqual(new Set(wantedOnly(contributions).flatMap(atomsOf)));
      const policies = [...(world.aws.snapshot().iam.accounts.get(consumer)?.policies.values() ?? [])];
      expect(policies.every(({ attachedTo }) => attachedTo.size === 1)).toBe(true);
    },
  };
}

describe('whatever happens, in whatever order', () => {
  it('a bucket policy keeps foreign statements, never lies, and ends as wanted', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (events) => play(events, await bucketActor())),
      { numRuns: 60 },
    );
  });

  it('the share policies of a role never lie, and end as wanted with nothing left over', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (events) => play(events, await shareActor())),
      { numRuns: 60 },
    );
  });
});
