/**
 * A whole estate of shares for the benchmark of scale: many roles that each want many buckets, of Datasets with several buckets, with consent given at once. Half of
 * all numbers are fixed: a bucket is shared with 50 roles and a role gets 20 buckets, whatever the size.
 */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { ShareItem } from '../../src/api/index.ts';
import { types } from '../../src/controllers/cluster.ts';
import type { Client, NewObject } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { awsClients } from '../support/aws.ts';
import type { Sluice, World } from '../support/sluice.ts';

const rolesPerBucket = 50;
const bucketsPerRole = 20;
/** Also the number of items of a request. */
const bucketsPerDataset = 10;
const concurrency = 16;

/** An estate that is made. */
export interface Estate {
  readonly world: World;
  readonly buckets: number;
  readonly roles: number;
  readonly datasets: number;
  readonly requests: number;
  readonly items: number;
}

interface Share {
  readonly role: string;
  readonly dataset: number;
}

/** Numbers of an estate with about `items` ShareItems. */
function sizeOf(items: number): { readonly buckets: number; readonly roles: number } {
  const roles = Math.max(rolesPerBucket, Math.round(items / bucketsPerRole));
  return { roles, buckets: Math.max(bucketsPerRole, Math.round((roles * bucketsPerRole) / rolesPerBucket / 10) * 10) };
}

/** Makes the accounts with buckets and roles: nothing is asked for yet. */
export async function makeWorld(sluice: Sluice, items: number): Promise<World> {
  const { buckets, roles } = sizeOf(items);
  return sluice.world({ buckets: names('data', buckets), roles: names('team', roles) });
}

/** Asks for everything and consents to it. Resolves when all objects are made; the operator is at work since the first. */
export async function askForAll(sluice: Sluice, world: World): Promise<Estate> {
  const buckets = Object.keys(world.buckets);
  const roles = Object.keys(world.roles);
  const datasets = Array.from({ length: buckets.length / bucketsPerDataset }, (_, number) => bucketsOf(world, number));
  const shares = roles.flatMap((role, index) =>
    Array.from({ length: bucketsPerRole / bucketsPerDataset }, (_, number): Share => ({
      role,
      dataset: (index * (bucketsPerRole / bucketsPerDataset) + number) % datasets.length,
    })),
  );
  await eachOf(datasets, async (own, number) => {
    const spec = { buckets: own.map((bucket) => ({ name: world.buckets[bucket] })) };
    await create(sluice.client, types.dataset, world.dataset(datasetName(number), spec));
  });
  await eachOf(roles, (role) => create(sluice.client, types.role, world.role(role)));
  await eachOf(shares, (share) => ask(sluice.client, world, share));
  return {
    world,
    buckets: buckets.length,
    roles: roles.length,
    datasets: datasets.length,
    requests: shares.length,
    items: shares.length * bucketsPerDataset,
  };
}

async function ask(client: Client, world: World, { role, dataset }: Share): Promise<void> {
  const name = `${role}-${datasetName(dataset)}`;
  const common = { dataset: datasetName(dataset), role, items: bucketsOf(world, dataset) };
  await create(client, types.request, world.request(name, common));
  await create(client, types.approval, world.approval(name, { ...common, request: name }));
}

/** Whether a role reads what each of some ShareItems shares with it, through the stand-in's evaluation of the policies. */
export async function readAll({ aws }: Sluice, items: readonly ShareItem[]): Promise<number> {
  let count = 0;
  for (const { spec, status } of items) {
    const { s3 } = awsClients(aws, aws.seed.session({ arn: status?.display?.principalArn ?? '' }));
    count += await s3.send(new GetObjectCommand({ Bucket: spec.name, Key: 'data/hello.txt' })).then(
      () => 1,
      () => 0,
    );
  }
  return count;
}

function datasetName(number: number): string {
  return `set-${String(number)}`;
}

function bucketsOf(world: World, dataset: number): string[] {
  return Object.keys(world.buckets).slice(dataset * bucketsPerDataset, (dataset + 1) * bucketsPerDataset);
}

function names(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${what}-${String(number).padStart(4, '0')}`);
}

/** The API server fills in the defaults that the types say are always there. */
async function create<T extends KubeObject>(client: Client, type: ResourceType<T>, object: object): Promise<void> {
  await client.create(type, object as unknown as NewObject<T>);
}

async function eachOf<T>(values: readonly T[], work: (value: T, index: number) => Promise<void>): Promise<void> {
  const left = [...values.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
