/**
 * What the case tests of AWS share: one share from request to consent, what its ShareItem says, and what the operator does in AWS meanwhile. It asserts nothing
 * by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { CallRecord } from '../../sandbox/aws/calls.ts';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import type { ReceivedShare, ShareItem, ShareRequest } from '../../src/api/index.ts';
import { types } from '../../src/controllers/cluster.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { apply } from '../support/cluster.ts';
import { until, type ApprovalOptions, type Sluice, type World } from '../support/sluice.ts';

/** What a share is made of; the Dataset is `orders`. */
export interface ShareOptions {
  readonly items: readonly string[];
  readonly role?: string;
  readonly permissions?: readonly string[];
  /** More of the Dataset's spec. */
  readonly dataset?: Readonly<Record<string, unknown>>;
  /** More of the ConsumptionRole's spec. */
  readonly consumptionRole?: Readonly<Record<string, unknown>>;
}

/** Asks for items and consents to them. */
export async function ask(world: World, name: string, options: ShareOptions): Promise<void> {
  const { items, role = 'analysts', permissions = ['Read'] } = options;
  const approval: ApprovalOptions = { request: name, role, items, permissions };
  await apply([
    world.dataset('orders', { sharing: { permissions: ['Read', 'Write'] }, ...options.dataset }),
    world.role(role, options.consumptionRole),
    world.request(name, { items, role, permissions }),
    world.approval(name, approval),
  ]);
}

/** Asks, consents, and waits until all of it is shared. */
export async function share(sluice: Sluice, world: World, name: string, options: ShareOptions): Promise<void> {
  await ask(world, name, options);
  await ready(sluice, world, name);
}

/** Waits until the request is Ready. */
export async function ready(sluice: Sluice, world: World, name: string, seconds = 30): Promise<void> {
  await until(
    `${name} is ready`,
    async () => {
      const request = await requestOf(sluice, world, name);
      const condition = conditionOf(request.status, 'Ready');
      if (condition?.status === 'True') return true;
      throw new Error(JSON.stringify(request.status ?? 'no status'));
    },
    seconds,
  );
}

/** The request as it is now. */
export function requestOf({ client }: Sluice, { consumer }: World, name: string): Promise<ShareRequest> {
  return client.get(types.request, { name, namespace: consumer.namespace });
}

/** The ShareItems of a request. */
export async function itemsOf({ client }: Sluice, { consumer }: World, request: string): Promise<readonly ShareItem[]> {
  const { items } = await client.list(types.item, { namespace: consumer.namespace });
  return items.filter(({ spec }) => spec.requestRef.name === request);
}

/** The only ShareItem of a request. */
export async function itemOf(sluice: Sluice, world: World, request: string): Promise<ShareItem> {
  const [item, ...others] = await itemsOf(sluice, world, request);
  if (item === undefined || others.length > 0) throw new Error(`${request} has ${String(others.length + 1)} items, not one`);
  return item;
}

/** The owner's view of a request. */
export async function receivedOf({ client }: Sluice, { producer }: World, request: string): Promise<ReceivedShare> {
  const { items } = await client.list(types.received, { namespace: producer.namespace });
  const found = items.find(({ spec }) => spec.requestRef.name === request);
  if (found === undefined) throw new Error(`no ReceivedShare of ${request}`);
  return found;
}

/** Waits until a condition of the request's only item has this reason. Returns the item. */
export function itemWith(
  sluice: Sluice,
  world: World,
  { request, type = 'Ready', reason }: { readonly request: string; readonly type?: string; readonly reason: string },
): Promise<ShareItem> {
  return until(
    `the item of ${request} has ${type}/${reason}`,
    async () => {
      const item = await itemOf(sluice, world, request);
      if (conditionOf(item.status, type)?.reason === reason) return item;
      throw new Error(JSON.stringify(item.status ?? 'no status'));
    },
    30,
  );
}

interface WithConditions {
  readonly conditions?:
    readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[] | undefined;
}

/** A condition of a status. */
export function conditionOf(
  status: WithConditions | undefined,
  type: string,
): NonNullable<WithConditions['conditions']>[number] | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Reasons of the Events about an object, in the order of their names' times. */
export async function eventReasons({ client }: Sluice, namespace: string, name: string): Promise<string[]> {
  const { items } = await client.list(eventType, { namespace });
  return items.filter(({ regarding }) => regarding?.name === name).map(({ type, reason }) => `${type ?? ''} ${reason ?? ''}`);
}

interface Event extends KubeObject {
  readonly regarding?: { readonly name?: string };
  readonly type?: string;
  readonly reason?: string;
}
const eventType: ResourceType<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/** Asks for something by annotation on the request, with the time of now. */
export async function annotate(
  { client }: Sluice,
  { consumer }: World,
  request: string,
  what: 'verify' | 'reapply',
): Promise<string> {
  const now = new Date().toISOString();
  const body = { metadata: { annotations: { [`sluice.dev/${what}-requested-at`]: now } } };
  await client.mergePatch(types.request, { name: request, namespace: consumer.namespace, body });
  return now;
}

/** Makes the operator look at AWS and waits until it has. */
export async function verify(sluice: Sluice, world: World, request: string, seconds = 20): Promise<void> {
  const token = await annotate(sluice, world, request, 'verify');
  await until(
    `the verification of ${request} is answered`,
    async () => (await requestOf(sluice, world, request)).status?.lastHandledVerifyAt === token,
    seconds,
  );
}

/** The text of a bucket's policy as AWS returns it. */
export async function policyText(world: World, bucket: string): Promise<string | undefined> {
  try {
    return (await world.producer.admin.s3.send(new GetBucketPolicyCommand({ Bucket: world.buckets[bucket] }))).Policy;
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchBucketPolicy') return undefined;
    throw error;
  }
}

/** Writes a bucket's policy as its owner. */
export async function putPolicy(world: World, bucket: string, policy: string | object): Promise<void> {
  const Policy = typeof policy === 'string' ? policy : JSON.stringify(policy);
  await world.producer.admin.s3.send(new PutBucketPolicyCommand({ Bucket: world.buckets[bucket], Policy }));
}

/** What the operator called in the accounts of the world since `from` (an index into the log). */
export function callsIn(sluice: Sluice, world: World, from = 0): readonly CallRecord[] {
  const accounts = [world.producer.account, world.consumer.account];
  return sluice.aws.calls
    .list()
    .slice(from)
    .filter(({ account, caller }) => accounts.includes(account) && caller.includes('/sluice/'));
}

/** "s3:PutBucketPolicy" */
export function namesOf(calls: readonly CallRecord[]): string[] {
  return calls.map(({ service, operation }) => `${service}:${operation}`);
}

/** Writes among the calls that succeeded. */
export function writesOf(calls: readonly CallRecord[]): string[] {
  return namesOf(calls.filter(({ readOnly, code }) => !readOnly && code === undefined));
}

/** Waits until nobody has called AWS for `ms`. Returns the length of the log. */
export async function quiet({ aws }: Sluice, ms = 1200): Promise<number> {
  let length = -1;
  while (length !== aws.calls.list().length) {
    length = aws.calls.list().length;
    await sleep(ms);
  }
  return length;
}

/**
 * Kills the operator and takes its Lease away. A killed leader lets its Lease run out, for which the next one waits 15 seconds; that wait is tested with a virtual
 * clock, and is not what these tests are about.
 */
export async function crash({ operator, client }: Sluice): Promise<void> {
  await operator.kill();
  const lease = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };
  await client.delete(lease, { name: 'sluice-leader', namespace: operatorNamespace });
}
