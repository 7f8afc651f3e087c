/**
 * Two accounts in the AWS stand-in and the parts of an operator that a sweep touches: caches that a test fills by hand, the real writer, and a clock that jumps. What
 * lies around in AWS is written by the writer itself. Tests only.
 */
import type { ConsumptionRole, Dataset, Environment, ResolvedShare, ShareItem } from '../../../src/api/index.ts';
import { createCoalescer } from '../../../src/controllers/coalesce.ts';
import { createMemory } from '../../../src/controllers/memory.ts';
import { createObservations } from '../../../src/controllers/observations.ts';
import { reconcileOrphans } from '../../../src/controllers/orphans.ts';
import { reconcileTarget, type TargetOperator } from '../../../src/controllers/target.ts';
import type { Result } from '../../../src/kube/controller.ts';
import type { EventRecord } from '../../../src/kube/events.ts';
import { silentLogger } from '../../../src/kube/logging.ts';
import { createStore, type WritableStore } from '../../../src/kube/store.ts';
import type { SeenOrphan } from '../../../src/shares/orphans.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { aConsumerEnvironment, aDataset, anEntry, anEnvironment, anItem, meta, spec } from '../../support/builders.ts';
import { createWorld, installation, wantBucket, wantKey, wantShare, type TestWorld } from '../targets/world.ts';

/** How often the tests' Environments are searched. */
export const interval = 24 * 3_600_000;

/** The world. */
export interface OrphanWorld {
  readonly world: TestWorld;
  readonly operator: TargetOperator;
  readonly environments: WritableStore<Environment>;
  readonly datasets: WritableStore<Dataset>;
  readonly items: WritableStore<ShareItem>;
  readonly events: EventRecord[];
  synced: boolean;
  /** Makes bucket policy, share policy and, where a key is given, key policy of a share that no object explains. */
  debris(principal: PrincipalRef, bucket: string, key?: string): Promise<void>;
  /** Sweeps as if it were due. */
  sweep(environment?: string): Promise<Result>;
  /** What the last sweep found, and what it may not remove. */
  found(environment?: string): readonly SeenOrphan[];
  held(environment?: string): boolean;
  /** Runs the target queue until nothing is ordered to be removed and no second look is due; returns the results. */
  runTargets(): Promise<Result[]>;
}

/** Makes the world: Environments `sales` (producer) and `analytics` (consumer), both ready. */
export function createOrphanWorld(): OrphanWorld {
  const world = createWorld();
  const environments = createStore<Environment>({ indexes: { account: (each) => [each.spec.accountId] } });
  const datasets = createStore<Dataset>({ indexes: { bucket: (each) => each.spec.buckets.map(({ name }) => name) } });
  const items = createStore<ShareItem>({ indexes: { target: (each) => each.spec.resolved.flatMap(({ targets }) => targets) } });
  environments.replace([anEnvironment(), aConsumerEnvironment()]);
  const events: EventRecord[] = [];
  const made: OrphanWorld = {
    world,
    environments,
    datasets,
    items,
    events,
    synced: true,
    operator: operatorOn(world, { environments, datasets, items, events, isSynced: () => made.synced }),
    debris: async (principal, bucket, key) => {
      await world.runBucket(bucket, [wantBucket(principal, bucket)]);
      await world.runShare(principal.arn, [wantShare(principal, bucket, key === undefined ? {} : { key })]);
      if (key !== undefined) await world.runKey(key, [wantKey(principal)]);
      world.restart();
      world.aws.calls.reset();
    },
    sweep: (environment = 'sales') => {
      made.operator.memory.sweepPlans.set(environment, { dueAt: 0, basis: '' });
      return reconcileOrphans(made.operator, environment, new AbortController().signal);
    },
    found: (environment = 'sales') => made.operator.memory.sweeps.get(environment)?.orphans ?? [],
    held: (environment = 'sales') => made.operator.memory.sweeps.get(environment)?.held ?? false,
    runTargets: async () => {
      const results: Result[] = [];
      for (let round = 0; made.operator.memory.orphanOrders.size > 0 && round < 3; round++) {
        for (const target of made.operator.memory.orphanOrders.keys()) {
          const signal = new AbortController().signal;
          results.push(await reconcileTarget(made.operator, target, { signal, logger: silentLogger }));
        }
        world.clock.advance(61_000);
      }
      return results;
    },
  };
  return made;
}

/** A ShareItem whose record names these targets for the principal. */
export function anItemOn(
  targets: readonly string[],
  { principal, state = 'Live' }: { readonly principal: PrincipalRef; readonly state?: ResolvedShare['state'] },
): ShareItem {
  const entry: ResolvedShare = { ...anEntry(), state, targets: [...targets], principal };
  return anItem(spec({ resolved: [entry] }));
}

/** A Dataset with these buckets and leftovers. */
export function aDatasetWith(buckets: readonly string[], leftovers: NonNullable<Dataset['status']>['leftovers'] = []): Dataset {
  const dataset = aDataset(spec({ buckets: buckets.map((name) => ({ name })) }));
  return { ...dataset, status: { observedGeneration: 1, leftovers } };
}

/** The Environment with `orphans: Delete`. */
export function deleting(environment: Environment): Environment {
  return spec<Environment>({ orphans: 'Delete' })(environment);
}

/** The Environment with annotations. */
export function annotated(environment: Environment, annotations: Readonly<Record<string, string>>): Environment {
  return meta<Environment>({ annotations })(environment);
}

interface Parts {
  readonly environments: WritableStore<Environment>;
  readonly datasets: WritableStore<Dataset>;
  readonly items: WritableStore<ShareItem>;
  readonly events: EventRecord[];
  readonly isSynced: () => boolean;
}

function operatorOn(world: TestWorld, { environments, datasets, items, events, isSynced }: Parts): TargetOperator {
  const observations = createObservations();
  for (const name of ['sales', 'analytics']) observations.environments.set(name, { kind: 'ready', attachmentQuota: 10 });
  const queue = { add: () => undefined };
  const roles = createStore<ConsumptionRole>({ indexes: { principal: ({ spec: { principalArn } }) => [principalArn] } });
  // Only what a sweep and an orphan's run use: everything else would be noise here.
  const parts = {
    cluster: {
      environments: { store: environments },
      datasets: { store: datasets },
      items: { store: items },
      roles: { store: roles },
      hasSynced: isSynced,
    },
    observations,
    installation,
    memory: createMemory(),
    queues: { environment: queue, dataset: queue, target: queue, orphans: queue },
    sessions: {
      clients: ({ accountId }: { readonly accountId: string }) =>
        accountId === anEnvironment().spec.accountId ? world.producer : world.consumer,
      forget: () => undefined,
    },
    events: { record: (event: EventRecord) => void events.push(event) },
    clock: world.clock,
    logger: silentLogger,
    random: () => 0.5,
    orphanSweepMs: interval,
    verifyIntervalMs: 3_600_000,
    coalescer: createCoalescer(world.clock, () => 0),
    writer: {
      run: (...given: Parameters<TestWorld['writer']['run']>) => world.writer.run(...given),
      forget: (key: string) => world.writer.forget(key),
    },
  };
  return parts as unknown as TargetOperator;
}
