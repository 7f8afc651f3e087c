/**
 * What the workflow cases share: looking at objects as they are now, waiting for what the operator makes of them, and asking AWS what is left. It
 * starts nothing and changes nothing: the product is in sluice.ts.
 */
import { ListPoliciesCommand } from '@aws-sdk/client-iam';
import { GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import { PutBucketEncryptionCommand } from '@aws-sdk/client-s3';
import type { CallRecord } from '../../sandbox/aws/index.ts';
import type { Condition, ShareItem, ShareRequest } from '../../src/api/index.ts';
import { types } from '../../src/controllers/cluster.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import type { KubeObject, ObjectRef } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { apply } from './cluster.ts';
import { until, type Sluice, type World } from './sluice.ts';

/** Anything with conditions. */
interface Judged extends KubeObject {
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[]; readonly phase?: string };
}

/** What a status should say: its phase, and reasons of its conditions by type (`null`: no such condition). */
export interface Expected {
  readonly phase?: string;
  readonly conditions?: Readonly<Record<string, string | null>>;
  /** Part of the message of Ready (or of Effective, for an approval). */
  readonly message?: string;
}

/** Looks at one world. */
export interface Watcher {
  /** The object now. @throws ApiError */
  get<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T>;
  /** True where the object is gone. */
  gone(type: ResourceType, name: string): Promise<boolean>;
  /** The items of a request. */
  items(request: string): Promise<readonly ShareItem[]>;
  /** Waits until the status is about the current generation and says what is expected; returns the object. */
  shows<T extends KubeObject>(type: ResourceType<T>, name: string, expected: Expected): Promise<T>;
  /** The same for the request. */
  request(name: string, expected: Expected): Promise<ShareRequest>;
  /** The same for the request's item on the bucket of this short name. */
  item(request: string, bucket: string, expected: Expected): Promise<ShareItem>;
  /** What the operator has changed in the world's accounts, oldest first. */
  writes(): readonly CallRecord[];
  /** What Sluice has left in AWS, in words; empty when all is as before. */
  leftInAws(): Promise<string[]>;
  /** Waits until nothing of Sluice's is left in AWS. */
  clean(seconds?: number): Promise<void>;
}

/** Looks at `world` of `sluice`. */
export function watcher(sluice: Sluice, world: World): Watcher {
  const refOf = (type: ResourceType, name: string): ObjectRef => {
    if (!type.namespaced) return { name };
    const owners = [types.dataset, types.approval, types.received].map(({ plural }) => plural);
    return { name, namespace: owners.includes(type.plural) ? world.producer.namespace : world.consumer.namespace };
  };
  const get: Watcher['get'] = (type, name) => sluice.client.get(type, refOf(type, name));
  const shows: Watcher['shows'] = (type, name, expected) =>
    until(`${type.kind} ${name} shows ${JSON.stringify(expected)}`, async () => matching(await get(type, name), expected));
  const items: Watcher['items'] = async (request) => {
    const list = await sluice.client.list(types.item, { namespace: world.consumer.namespace });
    return list.items.filter((item) => item.spec.requestRef.name === request);
  };
  const leftInAws: Watcher['leftInAws'] = async () => {
    const policies = await Promise.all(
      Object.keys(world.buckets).map(async (bucket) =>
        (await world.bucketPolicy(bucket)) === undefined ? [] : [`the policy of bucket ${bucket}`],
      ),
    );
    const shares = await world.consumer.admin.iam.send(new ListPoliciesCommand({ Scope: 'Local', PathPrefix: '/sluice/' }));
    const keys = await Promise.all(
      Object.values(world.keys).map(async (key) =>
        (await keyPolicy(world, key)).includes(world.consumer.account) ? [`a statement in the policy of key ${key}`] : [],
      ),
    );
    return [...policies.flat(), ...(shares.Policies ?? []).map(({ Arn }) => Arn ?? ''), ...keys.flat()];
  };
  return {
    get,
    gone: (type, name) =>
      get(type, name).then(
        () => false,
        (error: unknown) => {
          if (isNotFound(error)) return true;
          throw error;
        },
      ),
    items,
    shows,
    request: (name, expected) => shows(types.request, name, expected),
    item: (request, bucket, expected) =>
      until(`item ${bucket} of ${request} shows ${JSON.stringify(expected)}`, async () => {
        const found = (await items(request)).find(({ spec }) => spec.name === (world.buckets[bucket] ?? bucket));
        if (found === undefined) throw new Error('there is no such item');
        return matching(found, expected);
      }),
    writes: () =>
      sluice.aws.calls
        .writes()
        .filter(({ account }) => account === world.producer.account || account === world.consumer.account)
        .filter(({ caller, operation }) => caller.includes(':assumed-role/sluice/') && operation !== 'AssumeRole'),
    leftInAws,
    clean: async (seconds) => {
      await until(
        'nothing of Sluice is left in AWS',
        async () => {
          const left = await leftInAws();
          if (left.length > 0) throw new Error(left.join(', '));
          return true;
        },
        seconds,
      );
    },
  };
}

/** The condition of this type. */
export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  return (object as Judged).status?.conditions?.find((condition) => condition.type === type);
}

/** The object with these fields of spec set, or left out where they are null. */
export function withSpec(object: object, changes: Readonly<Record<string, unknown>>): object {
  const { spec, ...rest } = object as { readonly spec: object };
  const changed = Object.entries({ ...spec, ...changes }).filter(([, value]) => value !== null);
  return { ...rest, spec: Object.fromEntries(changed) };
}

/** The text of a key policy in the producer's account. */
export async function keyPolicy(world: World, key: string): Promise<string> {
  const { Policy } = await world.producer.admin.kms.send(new GetKeyPolicyCommand({ KeyId: key, PolicyName: 'default' }));
  return Policy ?? '';
}

/** Makes this key the default of the bucket (real name): new objects are encrypted with it. */
export async function encryptWith(world: World, bucket: string, key: string): Promise<void> {
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } } as const;
  const input = { Bucket: bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } };
  await world.producer.admin.s3.send(new PutBucketEncryptionCommand(input));
}

function matching<T extends KubeObject>(object: T, expected: Expected): T {
  const { status, metadata } = object as Judged;
  const conditions = status?.conditions ?? [];
  const reasonOf = (type: string): string | null => conditions.find((each) => each.type === type)?.reason ?? null;
  const wrong = [
    ...(status?.observedGeneration === metadata.generation ? [] : ['the status is about an older generation']),
    ...(expected.phase === undefined || status?.phase === expected.phase ? [] : [`the phase is ${status?.phase ?? '(none)'}`]),
    ...Object.entries(expected.conditions ?? {}).flatMap(([type, reason]) =>
      reasonOf(type) === reason ? [] : [`the reason of ${type} is ${String(reasonOf(type))}`],
    ),
  ];
  const said = conditions.find(({ type }) => type === 'Ready' || type === 'Effective')?.message ?? '';
  if (expected.message !== undefined && !said.includes(expected.message)) wrong.push(`the message is «${said}»`);
  if (wrong.length > 0) throw new Error(`${wrong.join(', ')}: ${JSON.stringify(status)}`);
  return object;
}

/** Shares every bucket of the world with the role `analysts`: Dataset `orders`, request and approval `weekly`. Resolves when it works. */
export async function liveShare(sluice: Sluice, world: World): Promise<void> {
  const items = Object.keys(world.buckets);
  await apply([
    world.dataset('orders'),
    world.role('analysts'),
    world.request('weekly', { items }),
    world.approval('weekly', { request: 'weekly', items }),
  ]);
  await watcher(sluice, world).request('weekly', { phase: 'Processed', conditions: { Ready: 'Succeeded' } });
}
