/**
 * Many requests on one bucket at once: makes roles, ConsumptionRoles, ShareRequests and ShareApprovals, waits until each has its answer, and counts what that
 * took. Shared by the benchmark and by the test that bounds it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShareItem } from '../../src/api/index.ts';
import { types } from '../../src/controllers/cluster.ts';
import type { Client, NewObject } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import type { Sluice, World } from '../support/sluice.ts';
import { memoryOf } from './measure.ts';

/** What many requests cost. */
export interface ManyResult {
  /** Seconds until all objects were made, and from then until each item was answered. */
  readonly makingSeconds: number;
  readonly answeringSeconds: number;
  /** Names of the roles that were served and of those for which there was no room. */
  readonly served: readonly string[];
  readonly refused: readonly string[];
  /** AWS calls by operation. */
  readonly calls: Readonly<Record<string, number>>;
  /** Resident memory of the operator, in MiB: before, and the most while it worked. */
  readonly memory: { readonly before: number; readonly most: number };
}

/** Roles have names as long as IAM allows, but for what a ShareItem's name needs: so that a policy is full early. */
const nameLength = 60;
/** How many objects are made at the same time. */
const concurrency = 16;
const pollMs = 500;

/** Asks `count` times for the bucket of the world, each time for another role, with consent given at once. */
export async function askManyTimes(
  sluice: Sluice,
  world: World,
  { count, seconds }: { readonly count: number; readonly seconds: number },
): Promise<ManyResult> {
  const { client, aws, operator } = sluice;
  const names = Array.from({ length: count }, (_, index) => `role-${String(index).padStart(nameLength - 5, '0')}`);
  const roles = names.map((name) => aws.seed.role(world.consumer.account, name));
  const before = memoryOf(operator.pid);
  const counts = aws.calls.counts();
  const start = performance.now();
  await eachOf(roles, ({ name, arn }) => makeShare(client, world, { name, arn }));
  const made = performance.now();
  let most = before;
  for (;;) {
    most = Math.max(most, memoryOf(operator.pid));
    const items = await itemsOf(client, world);
    const answered = items.filter((item) => isAnswered(item));
    if (answered.length === count) return result(answered);
    if (performance.now() - made > seconds * 1000)
      throw new Error(
        `after ${String(seconds)} s only ${String(answered.length)} of ${String(count)} are answered: ${unanswered(items)}`,
      );
    await sleep(pollMs);
  }

  function result(items: readonly ShareItem[]): ManyResult {
    const namesWith = (phase: string): string[] =>
      items.filter(({ status }) => status?.phase === phase).map(({ spec }) => spec.requestRef.name);
    return {
      makingSeconds: (made - start) / 1000,
      answeringSeconds: (performance.now() - made) / 1000,
      served: namesWith('ShareSucceeded'),
      refused: items.filter(isRefused).map(({ spec }) => spec.requestRef.name),
      calls: difference(aws.calls.counts(), counts),
      memory: { before, most },
    };
  }
}

async function makeShare(
  client: Client,
  world: World,
  { name, arn }: { readonly name: string; readonly arn: string },
): Promise<void> {
  const role = { environmentRef: { name: world.consumer.environment }, principalArn: arn };
  await create(client, types.role, { name, namespace: world.consumer.namespace }, role);
  await create(
    client,
    types.request,
    { name, namespace: world.consumer.namespace },
    specOf(world.request(name, { role: name, items: ['orders'] })),
  );
  await create(
    client,
    types.approval,
    { name, namespace: world.producer.namespace },
    specOf(world.approval(name, { request: name, role: arn, items: ['orders'] })),
  );
}

function specOf(object: object): object {
  return (object as { readonly spec: object }).spec;
}

/** The API server fills in the defaults that the types say are always there. */
async function create<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  metadata: { readonly name: string; readonly namespace: string },
  spec: object,
): Promise<void> {
  await client.create(type, { metadata, spec } as unknown as NewObject<T>);
}

async function itemsOf(client: Client, { consumer }: World): Promise<readonly ShareItem[]> {
  return (await client.list(types.item, { namespace: consumer.namespace })).items;
}

function isAnswered(item: ShareItem): boolean {
  return item.status?.phase === 'ShareSucceeded' || isRefused(item);
}

function isRefused({ status }: ShareItem): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'PolicySizeLimit') === true;
}

function unanswered(items: readonly ShareItem[]): string {
  return JSON.stringify(items.find((item) => !isAnswered(item))?.status ?? 'no status');
}

function difference(after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

async function eachOf<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  const left = [...values];
  const worker = async (): Promise<void> => {
    for (let value = left.shift(); value !== undefined; value = left.shift()) await work(value);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
